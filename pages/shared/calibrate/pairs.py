"""Paired reading: one document and slot at two levels, side by side, with everything else that differs named."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import streamlit as st

from pages.shared import filters, label_data, links
from pages.shared.calibrate.bench import DUE, Bench
from pages.shared.calibrate.level_charts import signed
from pages.shared.calibrate.levels import SHEET
from pages.shared.document import probe_card
from pages.shared.escape import safe
from pages.shared.picks import link
from pipeline import addenda
from pipeline.sweeping.sweeps import rejects, sweep_folder
from queries.calibration import Measure, counts
from queries.schema import SLOTS, Filter
from queries.store import Row


def two_levels(bench: Bench) -> tuple[int, int]:
    """Draw the choice of two levels and return them; the lowest and the highest where nothing is chosen."""
    options = [addenda.signed(level) for level in bench.levels]  # stands in the address: the sign of a keyboard
    links.expect("a", options)
    links.expect("b", options)
    left, right = (
        st.selectbox(words, options, index=index, key=key, bind="query-params", width=120)
        for words, index, key in (("Level", 0, "a"), ("beside level", len(options) - 1, "b"))
    )
    return int(left), int(right)


def show(bench: Bench) -> None:
    """Draw the choice of levels, document and slot, and the two probes."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        start, to = two_levels(bench)
        apart = _documents(bench, start, to)
        if not apart:
            st.text("No document has been made into probes at both levels.")
            return
        links.expect("pair-doc", apart)
        doc_id = st.selectbox(
            "Document, the most different first", list(apart), key="pair-doc", bind="query-params", width=360
        )
        scopes = bench.where.scopes or DUE
        slots = [f"{slot} {scope}" for slot, scope in enumerate(SLOTS) if scope in scopes]
        links.expect("slot", slots)
        slot = filters.choose("Slot", "slot", slots)
    _said(apart[doc_id])
    _read(bench, (start, to), doc_id=doc_id, slot=int(slot.split()[0]))


def _said(moved: float | None) -> None:
    told = "no score at one of the levels" if moved is None else f"{moved:+.2f}".replace("-", "−")
    st.text(f"Mean max score of the document's probes, from the one level to the other: {told}.")


def _read(bench: Bench, pair: tuple[int, int], *, doc_id: str, slot: int) -> None:
    found = {level: bench.ask("sweep_probe", doc_id=doc_id, level=level, slot=slot) for level in pair}
    one, other = (found[level][0] if found[level] else None for level in pair)
    if one and other:
        _differences(one, other)
    for place, level in zip(st.columns(2, gap="large"), pair, strict=True):
        with place:
            _probe(bench, found[level], level=level, doc_id=doc_id, slot=slot)


def _documents(bench: Bench, start: int, to: int) -> dict[str, float | None]:
    """Return the documents of both levels with how their mean max score differs, the most different first."""
    rows = [row for row in bench.documents(bench.where) if row["level"] in (start, to)]
    both = {row["doc_id"] for row in rows if row["level"] == start} & {
        row["doc_id"] for row in rows if row["level"] == to
    }
    means = counts(rows, Measure.MEAN)
    found: dict[str, float | None] = {}
    for doc in sorted(both):
        before, after = means.get(start, {}).get(doc), means.get(to, {}).get(doc)
        found[doc] = after.amount / after.size - before.amount / before.size if before and after else None
    return dict(sorted(found.items(), key=lambda each: -abs(each[1] or 0)))


def _differences(one: Row, other: Row) -> None:
    found = list(differences(one, other))
    if not found:
        told = "Nothing but the addendum differs: sibling, split, target and atom are the same."
    else:
        told = "Besides the addendum there differ:"
    lines = "".join(f"<li>{safe(line)}</li>" for line in found)
    st.html(f'{SHEET}<div class="differs">{told}<ul>{lines}</ul></div>')


def differences(one: Row, other: Row) -> Iterable[str]:
    """Yield what differs between two probes of a document and slot besides the level, in words."""
    if one["doc_idx"] != other["doc_idx"]:
        yield f"the sibling: {one['doc_idx']} and {other['doc_idx']}, so the texts after the opening are not the same"
    if one["split"] != other["split"]:
        yield f"the split: character {one['split']:,} and {other['split']:,}"
    for name, what in (("target", "the target"), ("typicality", "typicality")):
        if one[name] != other[name]:
            yield f"{what}: {one[name] or 'none'} and {other[name] or 'none'}"
    if one["atom"] != other["atom"]:
        yield "the atom"


def _probe(bench: Bench, found: Sequence[Row], *, level: int, doc_id: str, slot: int) -> None:
    st.subheader(f"Level {signed(level)}")
    note = bench.sweep.levels[level].note
    if note:
        st.caption(note)
    if not found:
        st.text("There is no probe.")
        for reject in rejects(sweep_folder(bench.home, bench.sweep.name), level=level, doc_id=doc_id, slot=slot):
            st.text(f"Rejected: {reject}")
        return
    probe = found[0]
    label_data.bring_labels_of(bench.opened)
    opinions = bench.ask("probe_opinions", probe_id=probe["probe_id"])
    probe_card.show(probe, label=bench.where.thresholds.label(probe["score"]), opinions=opinions)
    where = replace(Filter(thresholds=bench.where.thresholds), levels=(level,), doc_id=doc_id)
    st.html(link("Open it in its document", where, probe_id=probe["probe_id"], build=bench.opened.name))
