"""What a label costs, a filter by label, and labels on the screens, with 100,000 of them beside none.

First in the log alone, then as an annotator feels it, in a browser (benchmarks/presses.py). The build must be imported
already.
"""

import os
import tempfile
import time
import uuid
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks import interactions, presses
from benchmarks.app import machine
from benchmarks.table import Figure, lines
from pipeline.settings import build_folder
from queries.evidence import evidence
from queries.labels import Change, LabelLog, Op, Reversal, Verdict, open_database
from queries.labels.overlay import overlay
from queries.listing import PAGE, Listing
from queries.parts import Facet
from queries.queues import Ordering, Queue, Queues, Wish
from queries.schema import Filter, Label, Sort
from queries.statistics import CARD_BINS
from queries.store import Store, read_index

LABELS = 100_000
TIMES = 60
QUEUE = 2000  # probes: a week of one annotator
FILTERS = {
    "human label HARD": Filter(verdicts=("HARD",)),
    "HARD or unlabelled": Filter(verdicts=("HARD", "")),
    "what two annotators call EASY": Filter(annotators=("person 1", "person 2"), verdicts=("EASY",)),
    "human HARD, automatic EASY": Filter(verdicts=("HARD",), labels=(Label.EASY,)),
    "one says HARD, another EASY": Filter(votes=("person 1:HARD", "person 9:EASY")),
}
FILTER_TARGET = 150  # milliseconds
MARK_TARGET = 5  # the marks of human labels must not slow the list down


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
    wish = Wish(name="n", made_by="person 1", where=Filter(), ordering=Ordering.STRATIFIED, size=LABELS, per_probe=2)
    long = queues.make(store, wish, build=build)
    probes = [item.probe_id for item in queues.items(long)]
    hashes = {row["probe_id"]: row["content_hash"] for row in store.fetch("probe_hashes", probes=probes)}
    queue = _queue(queues, store, build=build, blind=True)
    empty = dict(_presses(log, queues, queue, build=build))
    people = [f"person {number}" for number in range(1, 4)]
    turns = ((people[(at + turn) % 3], probe) for turn in range(3) for at, probe in enumerate(probes))
    pairs = list(islice(turns, LABELS))
    for start in range(0, len(pairs), 5_000):
        log.append_all(
            _press(
                probe,
                build=build,
                annotator=person,
                content=hashes[probe],
                verdict=list(Verdict)[at % 3],
                queue_id=long.queue_id,
            )
            for at, (person, probe) in enumerate(pairs[start : start + 5_000])
        )
    for name, values in _presses(log, queues, queue, build=build):
        yield Figure(name=name, values=values, beside=empty[name], target=60 if name == "store a verdict" else None)
    yield Figure(name="read all opinions into a new store", values=_timed(lambda: overlay(store, log, build=build), 1))
    yield Figure(name="read one new opinion", values=tuple(_new_opinions(store, log, probes, hashes, build)))
    bare = Store(store.index)
    for what, ask in ASKED.items():
        values, beside = _in_turn(partial(ask, store, Filter()), partial(ask, bare, Filter()))
        yield Figure(name=f"{what}: no filter by label", values=values, beside=beside)
    bare.close()
    for name, where in FILTERS.items():
        for what, ask in ASKED.items():
            yield Figure(name=f"{what}: {name}", values=_timed(partial(ask, store, where)), target=FILTER_TARGET)
    yield from _shown(store, queues, long, probes)


def _count(store: Store, where: Filter) -> object:
    return store.fetch("count", where)


def _first_page(store: Store, where: Filter) -> object:
    return Listing(ask=store.fetch, where=where, sort=Sort.SCORE, descending=False).first_page()


def _histogram(store: Store, where: Filter) -> object:
    return store.fetch("score_lattice", where, facet=str(Facet.NOTHING))


ASKED = {"count": _count, "first page": _first_page, "histogram": _histogram}


def _shown(store: Store, queues: Queues, queue: Queue, probes: list[str]) -> Iterator[Figure]:
    """Yield what labels cost where no filter asks for them: on the list, on the card, over the Scores histogram."""
    yield Figure(name="names of the annotators", values=_timed(lambda: store.fetch("label_voices")))
    marks = _timed(lambda: store.fetch("verdicts", probes=probes[:PAGE]))
    yield Figure(name="labels of a page of the list", values=marks, target=MARK_TARGET)
    each = iter(probes)
    opinions = _timed(lambda: store.fetch("probe_opinions", probe_id=next(each)))
    yield Figure(name="opinions on the probe card", values=opinions)
    yield Figure(name="human labels by score", values=_timed(lambda: store.fetch("human_scores", Filter())))
    asked = {"queue": queue.queue_id, "probes": probes}
    labels = _timed(lambda: store.fetch("queue_labels", Filter(), **asked), 10)
    yield Figure(name=f"labels of a queue of {LABELS:,}", values=labels)
    rows = store.fetch("queue_labels", Filter(), **asked)
    strata, items = queues.strata(queue), queues.items(queue)
    found = _timed(lambda: evidence(queue, strata=strata, items=items, labels=rows).hard_by_score(CARD_BINS), 5)
    yield Figure(name=f"human P(HARD) by score from {LABELS:,} labels", values=found)


def _presses(log: LabelLog, queues: Queues, queue: Queue, *, build: str) -> Iterator[tuple[str, tuple[float, ...]]]:
    own = f"reader {uuid.uuid4().hex}"
    yield "store a verdict", _timed(lambda: log.append(_press(uuid.uuid4().hex, build=build, annotator=own)))
    undo = {"build": build, "annotator": own, "op": Op.UNDO}
    yield "undo it", _timed(lambda: log.append(Reversal(event_id=str(uuid.uuid4()), **undo)), TIMES // 2)  # type: ignore[arg-type]
    yield "all opinions of a probe", _timed(lambda: log.opinions(build, "p"))
    yield "serve twelve probes of a queue", _timed(lambda: queues.serve(queue, annotator=own))
    yield f"progress in a queue of {QUEUE:,}", _timed(lambda: queues.progress(queue, annotator=own), 10)


def _press(
    probe: str,
    *,
    build: str,
    annotator: str,
    content: str = "c",
    verdict: Verdict = Verdict.HARD,
    queue_id: str | None = None,
) -> Change:
    return Change(
        event_id=str(uuid.uuid4()),
        build=build,
        probe_id=probe,
        content_hash=content,
        annotator=annotator,
        verdict=verdict,
        queue_id=queue_id,
    )


def _new_opinions(
    store: Store, log: LabelLog, probes: list[str], hashes: dict[str, str], build: str
) -> Iterator[float]:
    for probe in probes[:TIMES]:
        log.append(_press(probe, build=build, annotator="person 9", content=hashes[probe]))
        yield from _timed(lambda: overlay(store, log, build=build), 1)


def _in_turn(one: Callable[[], object], other: Callable[[], object]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the timings of two calls made in turn, so that whatever else the machine does meets both alike."""
    pairs = [(*_timed(one, 1), *_timed(other, 1)) for _ in range(TIMES)]
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)


def _timed(call: Callable[[], object], times: int = TIMES) -> tuple[float, ...]:
    found = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        found.append((time.perf_counter() - started) * 1000)
    return tuple(found)
