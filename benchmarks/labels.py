"""What a label costs, and a filter by label, with 100,000 labels beside none; the build must be imported already."""

import os
import tempfile
import time
import uuid
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.table import Figure, lines
from pipeline.settings import build_folder
from queries.labels import Change, LabelLog, Op, Reversal, Verdict, open_database
from queries.labels.overlay import overlay
from queries.queues import Ordering, Queue, Queues, Wish
from queries.schema import Filter, Label
from queries.store import Store, read_index

LABELS = 100_000
TIMES = 60
QUEUE = 2000  # probes: a week of one annotator
FILTERS = {
    "human label HARD": Filter(verdicts=("HARD",)),
    "HARD or unlabelled": Filter(verdicts=("HARD", "")),
    "what two annotators call EASY": Filter(annotators=("person 1", "person 2"), verdicts=("EASY",)),
    "human HARD, automatic EASY": Filter(verdicts=("HARD",), labels=(Label.EASY,)),
}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `labels` takes."""
    parser.add_argument("--build", required=True, metavar="NAME", help="the build whose probes are labelled")


def run(arguments: Namespace) -> None:
    """Print the table. Labels go to PROBES_LABELS_URL, or to a file that is deleted afterwards."""
    store = Store(read_index(build_folder(arguments.build)))
    with tempfile.TemporaryDirectory() as folder:
        log = LabelLog(open_database(url=os.environ.get("PROBES_LABELS_URL"), path=Path(folder) / "labels.db"))
        for line in lines("Labels", _figures(store, log), unit="ms", beside="empty"):
            print(line, flush=True)
        log.database.close()


def _figures(store: Store, log: LabelLog) -> Iterator[Figure]:
    build = uuid.uuid4().hex
    queues = Queues(log.database)
    wish = Wish(name="n", made_by="person 1", where=Filter(), ordering=Ordering.STRATIFIED, size=LABELS, per_probe=2)
    probes = [item.probe_id for item in queues.items(queues.make(store, wish, build=build))]
    hashes = {row["probe_id"]: row["content_hash"] for row in store.fetch("probe_hashes", probes=probes)}
    small = Wish(name="n", made_by="person 1", where=Filter(), ordering=Ordering.RANDOM, size=QUEUE, per_probe=2)
    queue = queues.make(store, small, build=build)
    empty = dict(_presses(log, queues, queue, build=build))
    people = [f"person {number}" for number in range(1, 4)]
    for start in range(0, len(probes), 5_000):
        log.append_all(
            _press(probe, build=build, annotator=people[at % 3], content=hashes[probe], verdict=list(Verdict)[at % 3])
            for at, probe in enumerate(probes[start : start + 5_000])
        )
    for name, values in _presses(log, queues, queue, build=build):
        yield Figure(name=name, values=values, beside=empty[name], target=60 if name == "store a verdict" else None)
    yield Figure(name="read all opinions into a new store", values=_timed(lambda: overlay(store, log, build=build), 1))
    yield Figure(name="read one new opinion", values=tuple(_new_opinions(store, log, probes, hashes, build)))
    for name, where in FILTERS.items():
        yield Figure(name=f"count: {name}", values=_timed(lambda where=where: store.fetch("count", where)), target=150)  # type: ignore[misc]


def _presses(log: LabelLog, queues: Queues, queue: Queue, *, build: str) -> Iterator[tuple[str, tuple[float, ...]]]:
    own = f"reader {uuid.uuid4().hex}"
    yield "store a verdict", _timed(lambda: log.append(_press(uuid.uuid4().hex, build=build, annotator=own)))
    undo = {"build": build, "annotator": own, "op": Op.UNDO}
    yield "undo it", _timed(lambda: log.append(Reversal(event_id=str(uuid.uuid4()), **undo)), TIMES // 2)  # type: ignore[arg-type]
    yield "all opinions of a probe", _timed(lambda: log.opinions(build, "p"))
    yield "serve twelve probes of a queue", _timed(lambda: queues.serve(queue, annotator=own))
    yield f"progress in a queue of {QUEUE:,}", _timed(lambda: queues.progress(queue, annotator=own), 10)


def _press(probe: str, *, build: str, annotator: str, content: str = "c", verdict: Verdict = Verdict.HARD) -> Change:
    return Change(
        event_id=str(uuid.uuid4()),
        build=build,
        probe_id=probe,
        content_hash=content,
        annotator=annotator,
        verdict=verdict,
    )


def _new_opinions(
    store: Store, log: LabelLog, probes: list[str], hashes: dict[str, str], build: str
) -> Iterator[float]:
    for probe in probes[:TIMES]:
        log.append(_press(probe, build=build, annotator="person 9", content=hashes[probe]))
        yield from _timed(lambda: overlay(store, log, build=build), 1)


def _timed(call: Callable[[], object], times: int = TIMES) -> tuple[float, ...]:
    found = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        found.append((time.perf_counter() - started) * 1000)
    return tuple(found)
