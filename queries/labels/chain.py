"""The chain of the log: each event carries a hash of itself and of the one before, so that no row can be changed, taken
out or moved without the check noticing it, whatever the database allowed."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from queries.labels.opinion import State

COLUMNS = (
    "seq", "event_id", "build", "probe_id", "voice", "revision", "annotator", "op", "about", *State._fields,
    "queue_id", "shown", "dwell_ms", "made_at",
)  # fmt: skip
"""What an event is, in the order of the table; `sha256` follows them."""


class DamageError(Exception):
    """The log is not what was written; the message names the first event that is not."""


class Head(NamedTuple):
    """The newest event of a log: its number and the hash that stands for the whole log up to it."""

    seq: int = 0
    sha256: str = ""


def digest(before: str, row: Mapping[str, Any]) -> str:
    """Return the hash of an event that follows the one with the hash `before`, in hexadecimal."""
    content = json.dumps([row[name] for name in COLUMNS], separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{content}".encode("ascii")).hexdigest()


def follow(head: Head, rows: Iterable[Mapping[str, Any]]) -> Head:
    """Return the head of the chain after `rows`, which come after `head`.

    Raises DamageError at the first row that does not follow the one before it.
    """
    for row in rows:
        if row["seq"] != head.seq + 1:
            raise DamageError(f"The label log is damaged: event {head.seq + 1} is missing.")
        if row["sha256"] != digest(head.sha256, row):
            raise DamageError(f"The label log is damaged: event {row['seq']} is not as it was written.")
        head = Head(row["seq"], row["sha256"])
    return head
