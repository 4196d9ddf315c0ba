"""What the Relabel screen sends: presses as a browser's outbox holds them, read into events of the log.

The outbox comes from a browser, so every value is checked here; what has another shape is no press. A press names the
event that it is, so that the same press sent twice is one event.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from queries.labels.opinion import Change, Event, LabelError, Op, ReasonTag, Reversal, Verdict

SHOWN = ("stage", "score", "automatic", "level", "opening_seen")  # what a press may say of the screen it was made on


class Kind(StrEnum):
    """What a press does."""

    BLIND = "blind"
    FINAL = "final"
    REVEAL = "reveal"
    SKIP = "skip"
    FLAG = "flag"
    NOTE = "note"
    ANSWER = "answer"
    REASONS = "reasons"
    UNDO = "undo"
    REDO = "redo"


class Outbox(NamedTuple):
    """What one browser page last sent: presses not known to be stored, where the reader is, which cards it has."""

    entries: tuple[Mapping[str, Any], ...] = ()
    here: str = ""
    at: int = 0
    have: frozenset[str] = frozenset()


def read_outbox(value: object) -> Outbox:
    """Return a browser's outbox; an empty one where `value` is none."""
    match value:
        case {"entries": list(entries), "here": str(here), "at": int(at), "have": list(have)}:
            known = [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("event"), str)]
            return Outbox(tuple(known), here, at, frozenset(name for name in have if isinstance(name, str)))
    return Outbox()


def event_of(entry: Mapping[str, Any], *, build: str, annotator: str) -> Event:
    """Return the event that an entry of an outbox is. Raises LabelError where it is none.

    Whose event it is and of which build is never taken from the entry.
    """
    own: dict[str, Any] = {"event_id": str(entry["event"]), "build": build, "annotator": annotator}
    kind = entry.get("kind")
    if kind in (Kind.UNDO, Kind.REDO):
        return Reversal(**own, op=Op.UNDO if kind == Kind.UNDO else Op.REDO)
    match entry:
        case {
            "probe": str(probe), "content": str(content), "queue": str(queue), "expected": int(expected),
            "dwell": int(dwell), "shown": dict(shown),
        }:  # fmt: skip
            said = _said(entry)
        case _:
            raise LabelError("The browser sent a press that lacks its probe; reload the page.")
    return Change(
        **own,
        **said,
        probe_id=probe,
        content_hash=content,
        queue_id=queue,
        expected=expected,
        dwell_ms=min(max(dwell, 0), 2**31 - 1),
        shown={name: shown[name] for name in SHOWN if isinstance(shown.get(name), (str, int, bool))},
    )


def _said(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of Change that a press sets."""
    match entry:
        case {"kind": Kind.REVEAL}:
            return {"op": Op.REVEAL}
        case {"kind": Kind.BLIND, "value": str(verdict)} if verdict in list(Verdict):
            return {"blind_verdict": Verdict(verdict)}
        case {"kind": Kind.FINAL, "value": str(verdict)} if verdict in list(Verdict):
            return {"verdict": Verdict(verdict)}
        case {"kind": Kind.SKIP, "value": bool(skipped)}:
            return {"skipped": skipped}
        case {"kind": Kind.FLAG, "value": bool(flagged)}:
            return {"flagged": flagged}
        case {"kind": Kind.NOTE, "value": str(note)}:
            return {"note": note}
        case {"kind": Kind.ANSWER, "value": str(answer)}:
            return {"answer": answer}
        case {"kind": Kind.REASONS, "value": list(tags)} if all(tag in list(ReasonTag) for tag in tags):
            return {"reasons": tuple(ReasonTag(tag) for tag in tags)}
    raise LabelError("The browser sent a press that this version does not know; reload the page.")
