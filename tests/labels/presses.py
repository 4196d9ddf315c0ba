"""Events as a screen would make them."""

import uuid
from typing import Any

from queries.labels import Change, Conflict, LabelLog, Op, Opinion, Outcome, Reversal, Saved, Verdict

BUILD = "tiny"


def press(probe_id: str = "p1", *, annotator: str = "ada", **what: Any) -> Change:
    """Return a HARD verdict on a probe, but for `what`."""
    own = {"event_id": str(uuid.uuid4()), "build": BUILD, "content_hash": "h1"}
    return Change(
        **({"verdict": Verdict.HARD} if not what.keys() & SAYS else {}),
        **{**own, **what},
        probe_id=probe_id,
        annotator=annotator,
    )


SAYS = {"verdict", "blind_verdict", "answer", "reasons", "note", "flagged", "skipped", "op"}


def reversal(op: Op = Op.UNDO, *, annotator: str = "ada", **what: Any) -> Reversal:
    """Return an undo, or a redo."""
    return Reversal(**{"event_id": str(uuid.uuid4()), "build": BUILD, **what}, annotator=annotator, op=op)


def saved(outcome: Outcome) -> Saved:
    """Return an outcome that must be a stored event."""
    assert isinstance(outcome, Saved), outcome
    return outcome


def refused(outcome: Outcome) -> Conflict:
    """Return an outcome that must be a conflict."""
    assert isinstance(outcome, Conflict), outcome
    return outcome


def opinion(log: LabelLog, probe_id: str = "p1", *, voice: str = "ada") -> Opinion:
    """Return what one voice holds of a probe."""
    return next(each for each in log.opinions(BUILD, probe_id) if each.voice == voice)
