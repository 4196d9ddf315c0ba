"""Human labels: what persons think of probes, kept for ever in an append-only log on SQLite or Postgres.

The public door: open a database, append events, read opinions.

    log = LabelLog(open_database(url=None, path=root / "labels.db"))
    outcome = log.append(Change(event_id=..., build="b", probe_id=..., content_hash=..., annotator="ada",
                                expected=0, blind_verdict=Verdict.HARD))
    match outcome:
        case Saved(): say(f"saved #{outcome.seq}")
        case Conflict(): show(outcome.opinion)
"""

from queries.labels.chain import DamageError, Head
from queries.labels.database import Database, LabelStoreError, open_database
from queries.labels.log import CURRENT, LabelLog
from queries.labels.opinion import (
    ADJUDICATED,
    Change,
    Conflict,
    Event,
    LabelError,
    Op,
    Opinion,
    Outcome,
    ReasonTag,
    Refusal,
    Reversal,
    Saved,
    State,
    Verdict,
)

__all__ = [
    "ADJUDICATED",
    "CURRENT",
    "Change",
    "Conflict",
    "DamageError",
    "Database",
    "Event",
    "Head",
    "LabelError",
    "LabelLog",
    "LabelStoreError",
    "Op",
    "Opinion",
    "Outcome",
    "ReasonTag",
    "Refusal",
    "Reversal",
    "Saved",
    "State",
    "Verdict",
    "open_database",
]
