"""What a person thinks of a probe, and the events that change it: pure values and one pure function, `after`.

An event says what was pressed; a state says everything that holds after it. The log (queries/labels/log.py) stores both
in one row, so that the newest row of a voice is its opinion and no reader ever replays anything.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

ADJUDICATED = ""
"""The voice of the adjudicated decision; every other voice is the name of an annotator."""


class LabelError(ValueError):
    """An event is wrong in itself and will never be stored; the message says what, for the person or the program."""


class Verdict(StrEnum):
    """What a person says of a probe: whether the visible side answers the question."""

    HARD = "HARD"
    EASY = "EASY"
    UNSURE = "UNSURE"


class ReasonTag(StrEnum):
    """Why a probe got its verdict, in the order of the keys Shift+1 to Shift+9."""

    TRULY_LATENT = "truly_latent"
    WINDOW_TRUNCATED = "window_truncated"
    VAGUE_QUESTION = "vague_question"
    ATOM_TOO_LONG = "atom_too_long_to_judge"
    DEGENERATE_COMPLEMENT = "degenerate_complement"
    MID_WORD_SPLIT = "mid_word_split"
    HUMAN_TEXT = "human_text"
    JUDGE_ERROR = "judge_error"
    ATOM_NOT_IN_DOCUMENT = "atom_not_in_document"


class Op(StrEnum):
    """What an event does. `set` also skips, flags and notes; only `set` and `adjudicate` can be undone."""

    SET = "set"
    ADJUDICATE = "adjudicate"
    REVEAL = "reveal"
    IMPORT = "import"
    UNDO = "undo"
    REDO = "redo"


UNDOABLE = (Op.SET, Op.ADJUDICATE)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One press that concerns one probe. What is None stays as it was; "" and () clear.

    `event_id` is a UUID made when the press was offered, so that a double press or a resend is the same event.
    `expected` is the revision that the person saw of their opinion (0: none yet); None asks for no check.
    In a blind reading the first press gives `blind_verdict`, the second `verdict`; in an open one there is only the
    latter. Opening the hidden side without a verdict is an event of its own, `Op.REVEAL`.
    `shown` is what was on the screen (scores, level, version); `dwell_ms` the time since the probe was painted.
    """

    event_id: str
    build: str
    probe_id: str
    content_hash: str
    annotator: str
    op: Op = Op.SET
    expected: int | None = None
    verdict: Verdict | None = None
    blind_verdict: Verdict | None = None
    answer: str | None = None
    reasons: tuple[ReasonTag, ...] | None = None
    note: str | None = None
    flagged: bool | None = None
    skipped: bool | None = None
    queue_id: str | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    dwell_ms: int | None = None

    @property
    def voice(self) -> str:
        """Whose opinion it changes: the annotator's own, or the adjudicated one."""
        return ADJUDICATED if self.op is Op.ADJUDICATE else self.annotator


@dataclass(frozen=True, kw_only=True)
class Reversal:
    """An undo of the annotator's newest standing change in a build, or a redo of the one undone last.

    `about` names the change meant by its event id; where the log would reverse another one, nothing happens.
    """

    event_id: str
    build: str
    annotator: str
    op: Op = Op.UNDO
    about: str | None = None


Event = Change | Reversal


class State(NamedTuple):
    """Everything that holds for one voice on one probe after an event. `holds` is the change it comes from, if any.

    `seen` says that the hidden side has been shown to the annotator: it stays true through every undo.
    """

    content_hash: str = ""
    verdict: Verdict | None = None
    blind_verdict: Verdict | None = None
    answer: str = ""
    reasons: tuple[ReasonTag, ...] = ()
    note: str = ""
    flagged: bool = False
    skipped: bool = False
    seen: bool = False
    holds: str | None = None


class Opinion(NamedTuple):
    """The state of one voice on one probe, at its newest revision, as the screen shows it."""

    build: str
    probe_id: str
    voice: str
    annotator: str
    revision: int
    seq: int
    made_at: str
    queue_id: str | None
    state: State

    @property
    def given(self) -> Verdict | None:
        """The verdict that counts: the final one, or the blind one where no final one was given."""
        return self.state.verdict or self.state.blind_verdict


class Refusal(StrEnum):
    """Why an event was not stored although nothing is wrong with it."""

    REVISION = "revision"  # the opinion has changed since the person saw it
    SEEN = "seen"  # a blind verdict for a hidden side that the annotator has seen
    NOTHING_LEFT = "nothing_left"  # no change to undo or redo
    NOT_LAST = "not_last"  # another change stands above the one meant


class Saved(NamedTuple):
    """The event is stored for good, under the number `seq`; `repeated` where it was stored before."""

    event_id: str
    seq: int
    opinion: Opinion
    repeated: bool = False


class Conflict(NamedTuple):
    """The event is not stored; `opinion` is what the log holds instead, None where it holds nothing."""

    event_id: str
    refusal: Refusal
    opinion: Opinion | None


Outcome = Saved | Conflict


def after(state: State | None, change: Change) -> State:
    """Return the state that `change` leaves. A probe whose content has changed starts anew."""
    before = state if state and state.content_hash == change.content_hash else State(content_hash=change.content_hash)
    judged = change.verdict is not None or change.blind_verdict is not None
    return State(
        content_hash=change.content_hash,
        verdict=_or(change.verdict, before.verdict),
        blind_verdict=_or(change.blind_verdict, before.blind_verdict),
        answer=_or(change.answer, before.answer),
        reasons=_or(change.reasons, before.reasons),
        note=_or(change.note, before.note),
        flagged=_or(change.flagged, before.flagged),
        skipped=_or(change.skipped, before.skipped and not judged),
        seen=before.seen or judged or change.op in (Op.REVEAL, Op.ADJUDICATE),
        holds=(state.holds if state else None) if change.op is Op.REVEAL else change.event_id,
    )


def _or(given: Any, before: Any) -> Any:
    return before if given is None else given


def standing(newest_first: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the change that an undo would cancel among one annotator's events, newest first; None where there is none.

    An undo cancels the nearest standing change before it, a redo the nearest undo, so two counters replay them.
    """
    undos = redos = 0
    for row in newest_first:
        if row["op"] == Op.REDO:
            redos += 1
        elif row["op"] == Op.UNDO:
            redos, undos = (redos - 1, undos) if redos else (0, undos + 1)
        elif row["op"] in UNDOABLE:
            if not undos:
                return row
            undos -= 1
    return None


def undone(newest_first: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the undo that a redo would cancel among one annotator's events, newest first; None where there is none.

    A new change ends what can be redone.
    """
    redos = 0
    for row in newest_first:
        if row["op"] == Op.REDO:
            redos += 1
        elif row["op"] == Op.UNDO:
            if not redos:
                return row
            redos -= 1
        elif row["op"] in UNDOABLE:
            return None
    return None


def state_of(row: Mapping[str, Any]) -> State:
    """Return the state that a row of the log carries."""
    return State(
        content_hash=row["content_hash"],
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        blind_verdict=Verdict(row["blind_verdict"]) if row["blind_verdict"] else None,
        answer=row["answer"],
        reasons=tuple(ReasonTag(tag) for tag in json.loads(row["reasons"])),
        note=row["note"],
        flagged=bool(row["flagged"]),
        skipped=bool(row["skipped"]),
        seen=bool(row["seen"]),
        holds=row["holds"],
    )


def opinion_of(row: Mapping[str, Any]) -> Opinion:
    """Return the opinion that a row of the log is."""
    names = ("build", "probe_id", "voice", "annotator", "revision", "seq", "made_at", "queue_id")
    return Opinion(**{name: row[name] for name in names}, state=state_of(row))
