"""What a label costs, and a filter by label, with 100,000 labels beside none; the build must be imported already.

First in the log alone, then as an annotator feels it, in a browser (benchmarks/presses.py).
"""

import os
import tempfile
import time
import uuid
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from benchmarks import interactions, presses
from benchmarks.app import machine
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
    """Print the tables. Labels go to PROBES_LABELS_URL, or to a file that is deleted afterwards."""
    source = build_folder(arguments.build).resolve()
    store = Store(read_index(source))
    with tempfile.TemporaryDirectory() as folder:
        data, build = Path(folder), uuid.uuid4().hex  # a build of this name has no labels, in whichever database
        (data / "builds").mkdir()
        (data / "builds" / build).symlink_to(source)
        log = LabelLog(open_database(url=os.environ.get("PROBES_LABELS_URL"), path=data / "labels.db"))
        for line in _report(store, log, data=data, build=build):
            print(line, flush=True)
        log.database.close()


def _report(store: Store, log: LabelLog, *, data: Path, build: str) -> Iterator[str]:
    yield from machine()
    with interactions.chromium() as browser:

        def felt(state: str) -> Iterator[Figure]:
            queues = Queues(log.database)
            read = [_queue(queues, store, build=build, blind=blind) for blind in (False, True)]
            yield from presses.figures(browser, data=data, open_queue=read[0], blind_queue=read[1], log=state)

        title = "From a key, in a browser, beside a page that stores nothing"
        yield from lines(f"{title}: empty log", list(felt("empty log")), unit="ms", beside="floor")
        yield from lines("Labels", list(_figures(store, log, build=build)), unit="ms", beside="empty")
        full = f"{log.head().seq:,} events"
        yield from lines(f"{title}: {full}", list(felt(full)), unit="ms", beside="floor")


def _queue(queues: Queues, store: Store, *, build: str, blind: bool) -> Queue:
    wish = Wish(
        name="n", made_by="person 1", where=Filter(), ordering=Ordering.RANDOM, size=QUEUE, per_probe=9, blind=blind,
        seed=uuid.uuid4().int % 2**31,
    )  # fmt: skip
    return queues.make(store, wish, build=build)


def _figures(store: Store, log: LabelLog, *, build: str) -> Iterator[Figure]:
    queues = Queues(log.database)
    rows = store.fetch("list_up", Filter(), sort="document", descending=False, key=-1.0, place=0, count=LABELS)
    probes = [row["probe_id"] for row in rows]
    hashes = {row["probe_id"]: row["content_hash"] for row in store.fetch("probe_hashes", probes=probes)}
    queue = _queue(queues, store, build=build, blind=True)
    empty = dict(_presses(log, queues, queue, build=build))
    people = [f"person {number}" for number in range(1, 4)]
    pairs = list(islice(((person, probe) for person in people for probe in probes), LABELS))
    for start in range(0, len(pairs), 5_000):
        log.append_all(
            _press(probe, build=build, annotator=person, content=hashes[probe], verdict=list(Verdict)[at % 3])
            for at, (person, probe) in enumerate(pairs[start : start + 5_000])
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
