"""Queues of probes to judge: frozen lists, drawn once with a recorded seed and kept beside the labels.

An *estimate* queue (random, stratified) is a probability sample: each probe carries the chance with which it was
drawn, and its labels say something of all probes that the filter means (queries/estimate.py). A *hunt* queue (all
other orders) looks for what is wrong, and its labels never enter an estimate.
"""

import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Any, NamedTuple

from queries.labels.boundary import check_name
from queries.labels.database import Database, LabelStoreError, Row
from queries.schema import Filter, Label, Search, SearchField, Thresholds
from queries.store import Store

FLOOR = 5  # probes of every stratum, as far as there are: fewer say nothing of its variance (research: n_h >= 5)
LEASE = timedelta(minutes=10)  # longer than nearly every probe takes; afterwards others are served it too
RECENT = 50  # verdicts whose times tell the pace


class Ordering(StrEnum):
    """How a queue takes its probes."""

    RANDOM = "random"
    STRATIFIED = "stratified"
    BOUNDARY = "boundary"
    SPREAD = "spread"
    FLAGS = "flags"
    DISAGREEMENT = "disagreement"


ESTIMATE = (Ordering.RANDOM, Ordering.STRATIFIED)


class QueueError(ValueError):
    """A queue cannot be made; the message is one sentence for the person who asked for it."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a queue shall be: `size` probes of those that `where` means, each for `per_probe` annotators."""

    name: str
    made_by: str
    where: Filter
    ordering: Ordering
    size: int
    per_probe: int = 1
    blind: bool = True
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A queue as it was frozen; `filter` is what was asked for, `revision` the index it was drawn from."""

    queue_id: str
    build: str
    name: str
    ordering: Ordering
    blind: bool
    seed: int
    per_probe: int
    size: int
    filter: Mapping[str, Any]
    revision: str
    made_by: str
    made_at: str

    @property
    def estimates(self) -> bool:
        """Whether its labels may enter estimates."""
        return self.ordering in ESTIMATE

    @property
    def where(self) -> Filter:
        """The filter that was asked for, as a screen's."""
        kept: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in self.filter.items()
        }
        kept["labels"] = tuple(Label(label) for label in self.filter["labels"])
        kept["thresholds"] = Thresholds(*self.filter["thresholds"])
        if search := self.filter["search"]:
            kept["search"] = Search(**{**search, "fields": tuple(SearchField(name) for name in search["fields"])})
        return Filter(**kept)


class Stratum(NamedTuple):
    """A part of the probes that a queue was drawn from: all, drawn, scored, and the sum of scores in hundredths."""

    stratum: str
    probes: int
    drawn: int
    scored: int
    total: int


class Item(NamedTuple):
    """A probe of a queue; `inclusion` is the chance with which it was drawn, None in a hunt queue."""

    position: int
    probe_id: str
    doc_key: str
    stratum: str
    inclusion: float | None


class Progress(NamedTuple):
    """How far an annotator is: probes judged and skipped, those left for him, and the time they take at his pace.

    `opinions` counts the verdicts of all annotators, `wanted` those that the queue asks for.
    """

    judged: int
    skipped: int
    left: int
    ms_left: float | None
    opinions: int
    wanted: int


def allocate(sizes: Mapping[str, int], size: int) -> dict[str, int]:
    """Return how many probes to draw of each stratum: FLOOR first, the rest in proportion, `size` in all.

    Never more than a stratum has; where there are too few for the floor, the floor is what all strata can have.
    """
    size = min(size, sum(sizes.values()))
    floor = min(FLOOR, size // max(len(sizes), 1))
    drawn = {stratum: min(floor, probes) for stratum, probes in sizes.items()}
    room = {stratum: probes - drawn[stratum] for stratum, probes in sizes.items()}
    rest, total = size - sum(drawn.values()), sum(room.values())
    shares = {stratum: divmod(rest * free, total) for stratum, free in room.items()} if total else {}
    largest = sorted(shares, key=lambda stratum: (-shares[stratum][1], stratum))
    extra = rest - sum(share for share, _ in shares.values())
    for stratum, (share, _) in shares.items():
        drawn[stratum] += share + (stratum in largest[:extra])
    return drawn


class Queues:
    """The queues in a label database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def make(self, store: Store, wish: Wish, *, build: str) -> Queue:
        """Draw a queue from `store` and freeze it in the database.

        Raises QueueError where it would be empty or cannot be, LabelStoreError where the database cannot store it.
        """
        check_name("queue", wish.name)
        if wish.size < 1 or wish.per_probe < 1:
            raise QueueError("A queue needs at least one probe and one annotator for each.")
        asked = {"ordering": str(wish.ordering), "seed": wish.seed}
        strata = store.fetch("queue_strata", wish.where, **asked)
        drawn = allocate({row["stratum"]: row["probes"] for row in strata}, wish.size)
        items = store.fetch("queue_draw", wish.where, **asked, strata=list(drawn), drawn=list(drawn.values()))
        if not items:
            raise QueueError(f"No probe that the filter means can be in a queue ordered by {wish.ordering}.")
        queue_id = uuid.uuid4().hex
        counts = [{**row, "queue_id": queue_id, "drawn": drawn[row["stratum"]]} for row in strata]
        known = {row["stratum"]: row["drawn"] / row["probes"] for row in counts}
        chances = known if wish.ordering in ESTIMATE else {}
        with self.database.writing() as session:
            session.run(
                "insert_queue",
                queue_id=queue_id, build=build, name=wish.name, ordering=str(wish.ordering), blind=int(wish.blind),
                seed=wish.seed, per_probe=wish.per_probe, size=len(items), filter=json.dumps(asdict(wish.where)),
                revision=store.index.revision, made_by=wish.made_by, made_at=session.now(),
            )  # fmt: skip
            session.run_many("insert_queue_stratum", counts)
            placed = [
                {**row, "queue_id": queue_id, "position": position, "inclusion": chances.get(row["stratum"])}
                for position, row in enumerate(items, 1)
            ]
            session.run_many("insert_queue_item", placed)
        return self.find(queue_id)

    def of(self, build: str) -> list[Queue]:
        """Return the queues of a build, newest first."""
        with self.database.reading() as session:
            return [_queue(row) for row in session.rows("queues", build=build)]

    def find(self, queue_id: str) -> Queue:
        """Return a queue; raises QueueError where there is none with this id."""
        with self.database.reading() as session:
            row = session.row("queue", queue_id=queue_id)
        if row is None:
            raise QueueError(f"There is no queue {queue_id}.")
        return _queue(row)

    def strata(self, queue: Queue) -> list[Stratum]:
        """Return the strata that a queue was drawn from."""
        with self.database.reading() as session:
            return [Stratum(**row) for row in session.rows("queue_strata", queue_id=queue.queue_id)]

    def items(self, queue: Queue, *, after: int = 0, count: int | None = None) -> list[Item]:
        """Return up to `count` probes of a queue (None: all) in order, from after a position on."""
        with self.database.reading() as session:
            rows = session.rows("queue_items", queue_id=queue.queue_id, after=after, count=count or queue.size)
        return [Item(**row) for row in rows]

    def serve(
        self,
        queue: Queue,
        *,
        annotator: str,
        after: int = 0,
        count: int = 12,
        hold: int | None = None,
        gone: Collection[str] = (),
    ) -> list[Item]:
        """Return the next probes for an annotator, from after a position on, and hold them for him for ten minutes.

        Those that are `gone` from the build are passed over. With `hold` only the first so many are held. A probe comes
        again to others when it is not judged by then. Holding only saves double work: a label that comes late or twice
        is stored like any other, and where the database cannot take the lease now, the probes are served all the same.
        """
        asked = {"queue_id": queue.queue_id, "annotator": annotator}
        with self.database.reading() as session:
            now = session.now()
            rows = session.rows("queue_upcoming", **asked, after=after, count=count + len(gone), now=now)
        items = [Item(**row) for row in rows if row["probe_id"] not in gone][:count]
        if not items:
            return []
        until = (datetime.fromisoformat(now) + LEASE).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        try:
            with self.database.writing() as session:
                leases = [{**asked, "probe_id": item.probe_id, "expires_at": until} for item in items[:hold]]
                session.run_many("insert_lease", leases)
        except LabelStoreError:
            return items
        return items

    def progress(self, queue: Queue, *, annotator: str, gone: Collection[str] = ()) -> Progress:
        """Return how far `annotator` and all together are, nobody having to judge the probes that are `gone`."""
        with self.database.reading() as session:
            rows = session.rows("queue_progress", queue_id=queue.queue_id)
            recent = session.rows("queue_dwell", queue_id=queue.queue_id, annotator=annotator, count=RECENT)
            now = session.now()
            left = session.rows(
                "queue_upcoming", queue_id=queue.queue_id, annotator=annotator, after=0, count=queue.size, now=now
            )
        left = [row for row in left if row["probe_id"] not in gone]
        own = next((row for row in rows if row["annotator"] == annotator), {"judged": 0, "skipped": 0})
        pace = median(row["dwell_ms"] for row in recent) if recent else None
        return Progress(
            judged=own["judged"],
            skipped=own["skipped"],
            left=len(left),
            ms_left=None if pace is None else pace * len(left),
            opinions=sum(row["judged"] for row in rows),
            wanted=queue.size * queue.per_probe,
        )


def _queue(row: Row) -> Queue:
    given = {"ordering": Ordering(row["ordering"]), "blind": bool(row["blind"]), "filter": json.loads(row["filter"])}
    return Queue(**{**row, **given})
