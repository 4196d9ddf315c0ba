"""The label log: events are added, each is on disk before the caller hears of it, and nothing is ever changed.

An append is one transaction that no other one runs beside: it looks for the event's id (a resend is answered with the
number it already has), compares the revision that the person saw, and adds one row. All look-ups go by an index, so an
append costs the same with ten labels as with 100,000.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from queries.labels.boundary import checked
from queries.labels.chain import Head, digest, follow
from queries.labels.database import Database, Row, Session
from queries.labels.opinion import (
    Change,
    Conflict,
    Event,
    LabelError,
    Op,
    Opinion,
    Outcome,
    Refusal,
    Reversal,
    Saved,
    State,
    after,
    opinion_of,
    standing,
    state_of,
    undone,
)

BATCH = 500  # events read at once where all of them are wanted
LOOK_BACK = 50  # own events read at once for an undo, which nearly always wants the first of them
FURTHEST = 2**53  # after every event number

CURRENT = pa.schema(
    [
        ("probe_id", pa.string()),
        ("voice", pa.string()),  # "" for the adjudicated decision
        ("annotator", pa.string()),
        ("content_hash", pa.string()),
        ("verdict", pa.string()),  # the final one, or the blind one where there is no final one
        ("final_verdict", pa.string()),
        ("blind_verdict", pa.string()),
        ("answer", pa.string()),
        ("reasons", pa.string()),  # a JSON list
        ("note", pa.string()),
        ("flagged", pa.bool_()),
        ("skipped", pa.bool_()),
        ("queue_id", pa.string()),
        ("made_at", pa.string()),
        ("revision", pa.int32()),
        ("seq", pa.int64()),
    ]
)
"""What everybody thinks now: one row a voice on a probe."""


class LabelLog:
    """The labels of all builds. Any number of threads and processes may use one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def append(self, event: Event) -> Outcome:
        """Store one event, and return where it stands or why it was not stored.

        Raises LabelError where the event is wrong in itself, LabelStoreError where the database cannot store it now.
        """
        return self.append_all([event])[0]

    def append_all(self, events: Iterable[Event]) -> list[Outcome]:
        """Store events in their order in one transaction, and return the outcome of each; a conflict stops no other.

        Raises LabelError or LabelStoreError as `append`; then none of them is stored.
        """
        ready = [checked(event) for event in events]
        if not ready:
            return []
        with self.database.writing() as session:
            now, head = session.now(), _head(session)
            outcomes = []
            for event in ready:
                outcome, head = _append(session, event, head=head, now=now)
                outcomes.append(outcome)
        return outcomes

    def head(self) -> Head:
        """Return the newest event's number and hash: what tells whether anything has changed."""
        with self.database.reading() as session:
            return _head(session)

    def opinions(self, build: str, probe_id: str) -> list[Opinion]:
        """Return what every voice holds of a probe, the adjudicated one first."""
        with self.database.reading() as session:
            return [opinion_of(row) for row in session.rows("newest", build=build, probe_id=probe_id)]

    def held_by(self, voice: str, build: str, probe_ids: Iterable[str]) -> dict[str, Opinion | None]:
        """Return what one voice holds of some probes, None where it never said anything: one transaction for all."""
        with self.database.reading() as session:
            rows = {
                probe_id: session.row("voice", build=build, probe_id=probe_id, voice=voice) for probe_id in probe_ids
            }
        return {probe_id: opinion_of(row) if row else None for probe_id, row in rows.items()}

    def history(self, build: str, probe_id: str) -> list[Row]:
        """Return all events on a probe, oldest first, each with the state that it left."""
        with self.database.reading() as session:
            return session.rows("history", build=build, probe_id=probe_id)

    def current(self, build: str, *, since: int = 0) -> pa.Table:
        """Return the opinions of a build that have changed after event `since`, as CURRENT, in the order of the events.

        An opinion that was undone stays as a row without a verdict.
        """
        with self.database.reading() as session:
            names, rows = session.table("current", build=build, since=since)
        columns = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
        flags = {name: [bool(value) for value in columns[name]] for name in ("flagged", "skipped")}
        return pa.table({**columns, **flags}, schema=CURRENT)

    def annotators(self, build: str) -> list[str]:
        """Return who has labelled a build, in the order of their first events."""
        with self.database.reading() as session:
            return [row["annotator"] for row in session.rows("annotators", build=build)]

    def events(self, *, since: int = 0) -> Iterator[Row]:
        """Yield the events after number `since`, oldest first, with their hashes: the whole log, for a copy of it."""
        while True:
            with self.database.reading() as session:
                rows = session.rows("events", since=since, count=BATCH)
            yield from rows
            if len(rows) < BATCH:
                return
            since = rows[-1]["seq"]

    def verify(self) -> Head:
        """Read the whole log and return its head; raises DamageError at the first event that is not as written."""
        return follow(Head(), self.events())

    def restore(self, events: Iterable[Mapping[str, Any]]) -> int:
        """Add the events of a copy that this log lacks, exactly as they were, and return how many.

        All or nothing. Raises DamageError where the copy is damaged or cut at its start, LabelError where the log holds
        something else than the copy.
        """
        added = 0
        with self.database.writing() as session:
            head, followed = _head(session), Head()
            for row in events:
                followed = follow(followed, [row])
                if followed.seq == head.seq and followed != head:
                    raise LabelError(f"The copy and this log differ at event {head.seq} or before; nothing was added.")
                if followed.seq > head.seq:
                    session.run("insert_event", **row)
                    added += 1
            if followed.seq < head.seq and followed.seq and not _holds(session, followed):
                raise LabelError(f"The copy and this log differ at event {followed.seq} or before; nothing was added.")
        return added


def _holds(session: Session, head: Head) -> bool:
    rows = session.rows("events", since=head.seq - 1, count=1)
    return bool(rows) and rows[0]["sha256"] == head.sha256


def _head(session: Session) -> Head:
    row = session.row("head")
    return Head(**row) if row else Head()


def _append(session: Session, event: Event, *, head: Head, now: str) -> tuple[Outcome, Head]:
    known = session.row("event", event_id=event.event_id)
    if known:
        return _repeated(event, known), head
    plan = _change(session, event) if isinstance(event, Change) else _reversal(session, event)
    if isinstance(plan, Conflict):
        return plan, head
    row = plan | {"seq": head.seq + 1, "event_id": event.event_id, "op": str(event.op), "made_at": now}
    row["sha256"] = digest(head.sha256, row)
    session.run("insert_event", **row)
    return Saved(event.event_id, row["seq"], opinion_of(row)), Head(row["seq"], row["sha256"])


def _repeated(event: Event, known: Row) -> Saved:
    """Return where an event stands that was sent before; raises LabelError where another event has its id."""
    said = {"build": event.build, "annotator": event.annotator, "op": str(event.op)}
    if isinstance(event, Change):
        said["probe_id"] = event.probe_id
    if any(known[name] != value for name, value in said.items()):
        raise LabelError(f"The event id {event.event_id} already belongs to another event, number {known['seq']}.")
    return Saved(event.event_id, known["seq"], opinion_of(known), repeated=True)


def _change(session: Session, change: Change) -> Row | Conflict:
    """Return the row that `change` adds, without its place in the log."""
    key = {"build": change.build, "probe_id": change.probe_id, "voice": change.voice}
    newest = session.row("voice", **key)
    state = state_of(newest) if newest else None
    revision = newest["revision"] if newest else 0
    if change.expected is not None and change.expected != revision:
        return _conflict(change, Refusal.REVISION, newest)
    left = after(state, change)
    unseen = not (state and state.content_hash == change.content_hash and state.seen)
    if change.blind_verdict is not None and not unseen:
        return _conflict(change, Refusal.SEEN, newest)
    return {
        **key,
        "revision": revision + 1,
        "annotator": change.annotator,
        "about": None,
        **_columns(left),
        "queue_id": change.queue_id,
        "shown": json.dumps(dict(change.shown), sort_keys=True),
        "dwell_ms": change.dwell_ms,
    }


def _reversal(session: Session, reversal: Reversal) -> Row | Conflict:
    """Return the row that an undo or redo adds: the state before the change it undoes, or the one it brings back."""
    newest_first = _own_events(session, reversal)
    undo = reversal.op is Op.UNDO
    row = standing(newest_first) if undo else undone(newest_first)
    if row is None:
        return Conflict(reversal.event_id, Refusal.NOTHING_LEFT, None)
    about = row["event_id"] if undo else row["about"]
    key = {"build": reversal.build, "probe_id": row["probe_id"], "voice": row["voice"]}
    newest = session.row("voice", **key)
    if reversal.about not in (None, about) or newest is None or newest["holds"] != row["holds"]:
        return _conflict(reversal, Refusal.NOT_LAST, newest)
    if undo:
        before = session.row("voice_at", **key, revision=row["revision"] - 1)
    else:
        before = session.row("event", event_id=about)
    back = state_of(before) if before else State(content_hash=newest["content_hash"])
    same = back.content_hash == newest["content_hash"]
    return {
        **key,
        "revision": newest["revision"] + 1,
        "annotator": reversal.annotator,
        "about": about,
        **_columns(back._replace(seen=back.seen or (same and bool(newest["seen"])))),
        "queue_id": newest["queue_id"],
        "shown": "{}",
        "dwell_ms": None,
    }


def _own_events(session: Session, reversal: Reversal) -> Iterator[Row]:
    own = {"build": reversal.build, "annotator": reversal.annotator, "count": LOOK_BACK}
    before = FURTHEST
    while rows := session.rows("own_events", **own, before=before):
        yield from rows
        before = rows[-1]["seq"]


def _conflict(event: Event, refusal: Refusal, newest: Row | None) -> Conflict:
    return Conflict(event.event_id, refusal, opinion_of(newest) if newest else None)


def _columns(state: State) -> Row:
    """Return a state as the columns of a row."""
    return state._asdict() | {
        "reasons": json.dumps(state.reasons),
        "flagged": int(state.flagged),
        "skipped": int(state.skipped),
        "seen": int(state.seen),
    }
