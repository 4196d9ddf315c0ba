"""Reading one probe after another on Browse: which one is open, where it stands in the list, how its document is cut.

Which probe is open is the session's own state, written to the address after every step and read from it only when the
session begins or when the browser says that the reader went Back or Forward (rail.js). While keys come faster than
pages are drawn, the browser sends along the values of widgets and its address as they were before the last answer: a
probe read from either would take a step back. And a newer key interrupts the run that was answering the last one, at
any call of Streamlit: so what is asked for is queued by the callbacks, and a run notes how far it has answered in the
same assignment as the place it has come to.
"""

from dataclasses import dataclass

import streamlit as st

from pages.shared import data
from pages.shared.document.document import Action
from pages.shared.spelling import counted
from queries import segments as cuts
from queries.listing import PAGE, Listing, Page, Place
from queries.schema import Filter, Flag, Scope, Search, SplitGroup, Target
from queries.splits import Span
from queries.store import Row


@dataclass(frozen=True, kw_only=True)
class _Ask:
    """What the reader asked for: some steps along the list, some pages, or a probe by its id ("" for the first)."""

    steps: int = 0
    pages: int = 0
    probe_id: str | None = None
    by_history: bool = False  # by Back or Forward, so that the address is right as it is


@dataclass(frozen=True, kw_only=True)
class _Memory:
    """The open probe: where it stood, on which page of which list, and how many asks have led to it.

    `turning` while the reader goes by pages.
    """

    listing: tuple[str, str, Filter, str, bool]
    place: Place
    page: Page
    counts: Row
    answered: int
    turning: bool


def _queue(ask: _Ask) -> None:
    st.session_state["asks"] = (*st.session_state.get("asks", ()), ask)


def id_field() -> None:
    """Draw the field that opens a probe by its id."""
    with st.sidebar:
        st.text_input("Open probe id", key="probe_id", on_change=_open_typed)


def place(listing: Listing) -> tuple[Place, Page, Row] | None:
    """Return the probe to show, its page and how many are listed: the open one, or where the asks lead.

    None where the list is empty.

    A probe that the filter does not mean stays open when a link or a click asked for it, and gives way to the first
    of the list when the filter was changed over it.
    """
    memory: _Memory | None = st.session_state.get("place")
    asks: tuple[_Ask, ...] = st.session_state.get("asks", ())
    todo = asks[memory.answered :] if memory else (_Ask(probe_id=st.query_params.get("probe", "").strip()), *asks)
    here, page, counts = _reopen(listing, memory) if memory else (listing.first(), None, None)
    for ask in todo:
        here, page = _follow(listing, here, ask, page=page)
    if here is None:
        st.session_state["asks"] = ()
        st.session_state.pop("place", None)
        return None
    page = page if page and here.listed and page.step(here, 0) == here else listing.page(here)
    moved = memory is None or st.session_state["arrived"] or memory.place.probe_id != here.probe_id
    counts = counts or data.ask("count", listing.where)[0]
    turning = any(ask.pages for ask in todo) or bool(memory and memory.turning and not moved)
    st.session_state["place"] = _Memory(
        listing=_identity(listing), place=here, page=page, counts=counts, answered=len(asks), turning=turning
    )
    if moved and not any(ask.by_history for ask in todo):
        st.query_params["probe"] = here.probe_id
    st.session_state["arrived"] = False
    return here, page, counts


def _follow(listing: Listing, here: Place | None, ask: _Ask, *, page: Page | None) -> tuple[Place | None, Page | None]:
    """Return where an ask leads from `here`, and the page of that place where it is at hand."""
    if ask.probe_id is not None:
        found = listing.find(ask.probe_id) if ask.probe_id else None
        if ask.probe_id and found is None:
            st.session_state["missing"] = ask.probe_id
        return found or listing.first(), None
    if here is None:
        return None, None
    steps = ask.steps + _to_page(here, ask.pages)
    for near in (page, listing.turn(page, onward=steps > 0) if page and abs(steps) <= PAGE else None):
        there = near.step(here, steps) if near else None
        if there:
            return there, near
    return (listing.move(here, steps) if steps else here), page


def _identity(listing: Listing) -> tuple[str, str, Filter, str, bool]:
    build = data.current_build()
    return (build.name, build.revision, listing.where, str(listing.sort), listing.descending)


def _reopen(listing: Listing, memory: _Memory) -> tuple[Place | None, Page | None, Row | None]:
    """Return where the open probe stands in what may be another list now, and its page and counts where at hand."""
    here = _identity(listing)
    if memory.listing == here:
        return memory.place, memory.page, None if listing.where.by_label else memory.counts
    changed = memory.listing[2] != listing.where
    if changed and (*memory.listing[:2], *memory.listing[3:]) == (*here[:2], *here[3:]):
        found = listing.around(memory.place)
        return found.place, found.page, found.counts
    again = listing.find(memory.place.probe_id)
    return again if again and (again.listed or not changed) else listing.first(), None, None


def _to_page(here: Place, pages: int) -> int:
    """Return the steps from `here` to the first probe of the page `pages` further on; 0 for no page."""
    return (here.before // PAGE + pages) * PAGE - here.before if pages else 0


def standing(here: Place, counts: Row) -> str:
    """Return "12 of 640 probes in 40 documents", or what stands in its place for a probe outside the list."""
    missing = st.session_state.pop("missing", None)
    probes = f"{counted(counts['probes'], 'probe')} in {counted(counts['documents'], 'document')}"
    if missing:
        return f"No probe has the id {missing} in this build; the first of {probes} is shown."
    if not here.listed:
        return f"This probe is outside the filters, which mean {probes}."
    return f"{here.before + 1:,} of {probes}" + (f" (build: {counts['total']:,})" if _narrowed(counts) else "")


def _narrowed(counts: Row) -> bool:
    return bool(counts["probes"] != counts["total"])


def pager(here: Place, probes: int) -> None:
    """Draw the page's number and the buttons to the pages beside it."""
    page, pages = here.before // PAGE + 1, max(1, -(-probes // PAGE))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.button("←", key="page-back", help="Page before", on_click=_flip, args=(-1,), disabled=page <= 1)
        st.text(f"Page {page:,} of {pages:,}", width="content")
        st.button("→", key="page-next", help="Page after", on_click=_flip, args=(1,), disabled=page >= pages)


def _flip(pages: int) -> None:
    _queue(_Ask(pages=pages))


def open_probe(probe_id: str) -> None:
    """Show `probe_id` from the next run on."""
    _queue(_Ask(probe_id=probe_id))


def return_to(probe_id: str) -> None:
    """Show the probe that the address names since the reader went Back or Forward; "" where it names none."""
    _queue(_Ask(probe_id=probe_id, by_history=True))


def _open_typed() -> None:
    open_probe(st.session_state["probe_id"].strip())
    st.session_state["probe_id"] = ""


def act(action: Action) -> None:
    """Do what a key asks, from the probe that was on the screen: one step along the list; without a probe, nothing."""
    if action.probe_id:
        _queue(_Ask(steps={"next": 1, "previous": -1}[action.name]))


_BADGES = {
    Flag.CONTEXT_MISMATCH: "The stored context is not the visible side of this document",
    Flag.SPLIT_OUTSIDE: "The split lies outside the document and is drawn at the end that is nearer",
    Flag.ATOM_MISSING: "The atom was not found on the hidden side",
}


def badges(probe: Row) -> None:
    """Draw a warning where what is stored cannot be what the document shows."""
    evidence = dict(probe["evidence"] or {})
    words = [said for flag, said in _BADGES.items() if flag in evidence]
    if words:
        st.warning(". ".join(words) + ".", icon=":material/warning:")


def read(here: Place, where: Filter) -> tuple[Row, Row, list[Row], list[Row]]:
    """Return a probe, its document, the document's probes, and what persons say of the probe."""
    return (
        data.ask("probe", probe_id=here.probe_id, doc_key=here.doc_key, place=here.place)[0],
        data.ask("document", doc_key=here.doc_key)[0],
        data.ask("document_probes", Filter(thresholds=where.thresholds), doc_key=here.doc_key),
        data.ask("probe_opinions", probe_id=here.probe_id),
    )


def verdicts(page: Page) -> dict[str, str]:
    """Return the human labels of the probes on a page, by probe; those that have none are left out."""
    rows = data.ask("verdicts", probes=[row["probe_id"] for row in page.rows])
    return {row["probe_id"]: row["verdict"] for row in rows}


def read_ahead(listing: Listing, page: Page, here: Place) -> None:
    """Read the next probe while this one is being painted, so that the key for it finds everything in memory.

    The next page too while the reader goes by pages, but not otherwise: reading takes the processors from the browser.
    """
    ahead = [page.step(here, 1)]
    if ahead == [None] or st.session_state["place"].turning:
        after = listing.turn(page, onward=True)
        ahead += [after.place(0)] if after.rows else []
    for following in ahead:
        if following:
            read(following, listing.where)


def title(doc: Row) -> str:
    """Return the line above a document: which one it is, from where, how long."""
    sibling = "" if doc["doc_idx"] is None else f", sibling {doc['doc_idx']}"
    where = cuts.spelled(f"{doc['doc_id'] or 'no id'}{sibling} · {doc['host'] or 'no host'}")
    return f"{where} · {len(doc['text']):,} characters"


def segments(doc: Row, probe: Row, looked_for: Search | None) -> list[cuts.Segment]:
    """Return the document of `probe` cut for drawing."""
    text = doc["text"]
    atom = None if probe["atom_start"] is None else Span(probe["atom_start"], probe["atom_end"])
    return cuts.segments(
        text,
        split=probe["split"],
        target=Target(probe["target"]),
        scope=Scope(probe["scope"]) if probe["scope"] in set(Scope) else None,
        splits={group: probe[f"split_{group}"] for group in SplitGroup if probe[f"split_{group}"] is not None},
        atom=atom,
        window=Span(probe["window_start"], probe["window_end"]),
        opening_end=doc["opening_end"],
        hits=data.hits(text, looked_for) if looked_for else [],
    )


def stored_row(build: data.OpenBuild, probe: Row) -> None:
    """Draw the row as it was imported, read from its file only when the reader opens it."""
    opened = st.expander("The row as stored", key="stored", on_change="rerun")
    if opened.open:
        rows = data.ask("stored_row", file=str(build.path / probe["source_file"]), row=probe["source_row"])
        opened.json(rows[0] if rows else {})
