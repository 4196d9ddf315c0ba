"""Disagreements between annotators, one after another, and the decision that counts for each.

A decision is stored first, from values that were bound when it was drawn, and before anything of Streamlit is touched
that could interrupt it. Keys belong to the document component, which tells which probe was on the screen when a key was
pressed, and does not let a held key decide the next one.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared import data, label_data, rail
from pages.shared.document import document, probe_card, reading
from pages.shared.document.document import KEYS, Action, Key
from pages.shared.escape import safe
from pages.shared.picks import STYLE, link
from queries.labels import ADJUDICATED, Conflict, LabelError, LabelLog, LabelStoreError, Opinion, Outcome, Verdict
from queries.listing import Place
from queries.ruling import Offer, decide, offered, take_back
from queries.schema import Filter
from queries.store import Row

UNREAD = 0.4  # seconds after a probe is drawn in which a click was meant for the one before: a slow double click's
LISTED = 50  # of the disagreements, the clearest first
DECIDING = {str(at): verdict for at, verdict in enumerate(Verdict, 1)}
UNDO = "undo"
KEYS_HERE = (
    *KEYS,
    *(Key((name,), str(verdict), f"Decide {verdict}") for name, verdict in DECIDING.items()),
    Key(("u",), UNDO, "Take the last decision back"),
)
_OPEN, _LAST = "dispute", "ruling"  # in the session: the probe that is open; what came of the last press


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What came of the last press, and the decision that can be taken back, if it is one."""

    words: str
    stored: bool
    decided: Opinion | None = None
    undo_id: str = ""


@dataclass(frozen=True, kw_only=True)
class _Desk:
    """What the presses of one drawn screen are bound to; `before` and `after` are the probes beside the open one."""

    log: LabelLog
    offer: Offer
    before: str
    after: str
    last: _Said | None
    drawn: float


def show(where: Filter) -> None:
    """Draw the disputed probes of `where`, the open one in its document, and the buttons that decide it."""
    counts = data.ask("dispute_counts", where)[0]
    rows = data.ask("disputed", where, count=LISTED)
    st.subheader(_headline(counts))
    _decided(counts, where)
    if rows:
        ids = [row["probe_id"] for row in rows]
        at = ids.index(st.session_state[_OPEN]) if st.session_state.get(_OPEN) in ids else 0
        _read(rows, at, where, disputed=counts["disputed"])
        return
    _outcome(st.session_state.get(_LAST))
    st.text(
        "Every disagreement among these probes is decided."
        if counts["decided"]
        else "Probes that annotators judge differently come here. Relabel can let a queue serve each probe to several."
    )


def _headline(counts: Row) -> str:
    if not counts["disputed"]:
        return "No disagreement is open"
    probes = "1 probe" if counts["disputed"] == 1 else f"{counts['disputed']:,} probes"
    return f"Annotators disagree on {probes}, {counts['split']:,} of them HARD against EASY"


def _decided(counts: Row, where: Filter) -> None:
    if counts["decided"]:
        shown = Filter(**{**_fields(where), "annotators": (ADJUDICATED,)})
        opened = link(f"{counts['decided']:,} decided", shown, title="Probes with an adjudicated decision")
        st.html(f'{STYLE}<p class="rests shares">{opened}</p>')


def _fields(where: Filter) -> dict[str, object]:
    return {name: getattr(where, name) for name in where.__dataclass_fields__}


def _read(rows: Sequence[Row], at: int, where: Filter, *, disputed: int) -> None:
    row = rows[at]
    here = Place(probe_id=row["probe_id"], doc_key=row["doc_key"], key=0.0, place=row["place"], before=at)
    probe, doc, _, opinions = reading.read(here, where)
    try:
        log = label_data.label_log()
        offer = offered(
            log, build=data.current_build().name, probe_id=here.probe_id, content_hash=probe["content_hash"]
        )
    except LabelStoreError as error:
        st.text("The labels cannot be reached, so nothing can be decided now.")
        st.code(str(error), language=None, wrap_lines=True)
        return
    desk = _Desk(
        log=log,
        offer=offer,
        before=rows[max(at - 1, 0)]["probe_id"],
        after=rows[at + 1 if at + 1 < len(rows) else max(at - 1, 0)]["probe_id"],
        last=st.session_state.get(_LAST),
        drawn=time.monotonic(),
    )
    with st.container(key="reading"):
        rail_side, text_side, card_side = st.columns([5, 12, 8], gap="medium")
    with rail_side:
        st.text(f"{at + 1:,} of {disputed:,}" + (f", the first {len(rows)} below" if disputed > len(rows) else ""))
        with st.container(key="list"):
            rail.rows("disputes", rows, verdicts={}, current=here.probe_id, on_open=_open, on_return=_stay)
    with text_side:
        st.text(reading.title(doc))
        document.show(
            probe_id=here.probe_id,
            segments=reading.segments(doc, probe, where.search),
            on_action=partial(_act, desk),
            keys=KEYS_HERE,
        )
    with card_side:
        _buttons(desk)
        with st.container(key="probe"):
            label = where.thresholds.label(probe["score"])
            probe_card.show(probe, label=label, opinions=opinions, voices_open=True)


def _buttons(desk: _Desk) -> None:
    """Draw the decisions with their keys, the note that goes along, and what came of the last press."""
    with st.container(horizontal=True, gap="small"):
        for key, verdict in DECIDING.items():
            st.button(f"{key}  {verdict}", key=f"decide-{verdict}", on_click=_click, args=(desk, verdict))
        if desk.last and desk.last.decided:
            st.button("U  Undo", key="take-back", on_click=_undo, args=(desk.log, desk.last))
    st.text_input("Note, stored with the decision", key=_note_key(desk.offer), max_chars=2000)
    _outcome(desk.last)


def _outcome(last: _Said | None, place: DeltaGenerator | None = None) -> None:
    if last:
        tone = "" if last.stored else ' style="color: #c8414b"'
        (place or st).html(f"<small{tone}>{safe(last.words)}</small>")


def _note_key(offer: Offer) -> str:
    return f"note {offer.probe_id}"


def _act(desk: _Desk, action: Action) -> None:
    """Do what a key asks; a verdict only for the probe that is offered here."""
    if action.name == UNDO:
        _undo(desk.log, st.session_state.get(_LAST))
    elif action.name in set(Verdict):
        if action.probe_id == desk.offer.probe_id:
            _decide(desk, Verdict(action.name))
    else:
        _open(desk.after if action.name == "next" else desk.before)


def _click(desk: _Desk, verdict: Verdict) -> None:
    """Decide by button, which a key that repeats cannot press; but the second click of two can meet the next probe."""
    if time.monotonic() - desk.drawn < UNREAD:
        st.session_state[_LAST] = _Said(
            words="Left out: clicked before this probe could be read. Click again.", stored=False
        )
        return
    _decide(desk, verdict)


def _decide(desk: _Desk, verdict: Verdict) -> None:
    note = st.session_state.get(_note_key(desk.offer), "")
    try:
        outcome = decide(desk.log, desk.offer, verdict, by=data.annotator(), note=note.strip())
    except (LabelError, LabelStoreError) as error:
        st.session_state[_LAST] = _Said(words=f"NOT SAVED: {error} Press again.", stored=False)
        return
    st.session_state[_LAST] = _told(outcome)
    if not isinstance(outcome, Conflict):
        st.session_state[_OPEN] = desk.after


def _told(outcome: Outcome) -> _Said:
    opinion = outcome.opinion
    if isinstance(outcome, Conflict):
        by = f"{opinion.annotator} decided {opinion.given} at {opinion.made_at[11:19]} UTC" if opinion else "it changed"
        return _Said(words=f"Not stored: {by}, after this screen was drawn. That decision holds.", stored=False)
    words = f"Saved #{outcome.seq}: {outcome.opinion.given} for the probe {outcome.opinion.probe_id}."
    return _Said(words=words, stored=True, decided=outcome.opinion, undo_id=str(uuid.uuid4()))


def _undo(log: LabelLog, last: _Said | None) -> None:
    if last is None or last.decided is None:
        return
    try:
        outcome = take_back(log, last.decided, event_id=last.undo_id, by=data.annotator())
    except (LabelError, LabelStoreError) as error:
        words = f"NOT SAVED: {error} Press again."
        st.session_state[_LAST] = _Said(words=words, stored=False, decided=last.decided, undo_id=last.undo_id)
        return
    if isinstance(outcome, Conflict):
        words = "Not taken back: you have judged or decided something else since. Decide the probe anew instead."
        st.session_state[_LAST] = _Said(words=words, stored=False)
        return
    st.session_state[_LAST] = _Said(words=f"Saved #{outcome.seq}: the decision is taken back.", stored=True)
    st.session_state[_OPEN] = last.decided.probe_id


def _open(probe_id: str) -> None:
    st.session_state[_OPEN] = probe_id


def _stay(probe_id: str) -> None:
    """Do nothing on Back and Forward: the address does not name the disputed probe that is open."""
