"""Who is compared with whom, which probes a cell counts, and decisions over what annotators say."""

import itertools
import random
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from queries.agreement import THREE, TWO
from queries.labels import ADJUDICATED, Conflict, LabelLog, Op, Verdict
from queries.labels.overlay import overlay
from queries.raters import AUTOMATIC, HUMAN, Board, Given, Kind, Rater, board, cell
from queries.ruling import decide, offered, take_back
from queries.schema import Filter
from queries.store import Store, read_index
from tests.builds import make_build, spread_rows
from tests.labels.presses import BUILD, opinion, press, refused, saved
from tests.labels.queue_builds import open_log

HARD, EASY, UNSURE = Verdict
UGLY = "x :**y** & z"
ADA, BOB, EVE = (Rater(Kind.ANNOTATOR, name) for name in ("ada", "bob", UGLY))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    make_build(spread_rows(8), tmp_path, name=BUILD)
    store = Store(read_index(tmp_path / "builds" / BUILD))
    yield store
    store.close()


@pytest.fixture
def log(tmp_path: Path) -> LabelLog:
    return open_log(tmp_path)


def contents(store: Store) -> dict[str, str]:
    rows = store.fetch("list_up", Filter(), sort="score", descending=False, key=-1.0, place=0, count=1000)
    probes = [row["probe_id"] for row in rows]
    return {row["probe_id"]: row["content_hash"] for row in store.fetch("probe_hashes", probes=probes)}


def label(store: Store, log: LabelLog) -> None:
    """Three annotators judge most probes, blind and then again, some of both differently; one probe is decided."""
    draw = random.Random(4)
    for name, (probe, content) in itertools.product(("ada", "bob", UGLY), contents(store).items()):
        if draw.random() < 0.8:
            own = {"annotator": name, "content_hash": content}
            log.append(press(probe, **own, blind_verdict=draw.choice(list(Verdict))))
            if draw.random() < 0.7:
                log.append(press(probe, **own, verdict=draw.choice(list(Verdict))))
    probe, content = next(iter(contents(store).items()))
    log.append(press(probe, annotator="zoe", content_hash=content, op=Op.ADJUDICATE, verdict=EASY))
    probe, _ = list(contents(store).items())[1]
    log.append(press(probe, annotator="old", content_hash="older", verdict=HARD))
    overlay(store, log, build=BUILD)


def read(store: Store, given: Given, where: Filter | None = None) -> Board:
    where = where or Filter()
    return board(store.fetch("human_opinions", where), store.fetch("human_labels", where), given=given)


@pytest.mark.parametrize("given", Given)
@pytest.mark.parametrize("categories", [TWO, THREE])
@pytest.mark.parametrize("where", [Filter(), Filter(scopes=("sentence", "whole"), score_to=80)])
def test_a_cell_opens_exactly_the_probes_that_it_counts(
    store: Store, log: LabelLog, given: Given, categories: tuple[str, ...], where: Filter
) -> None:
    label(store, log)
    found, seen = read(store, given, where), 0
    for pair in found.pairs():
        agreed = found.between(pair, categories=categories)
        for row, column in itertools.product(range(len(categories)), repeat=2):
            count = 0 if agreed.table is None else int(agreed.table[row, column])
            opened = cell(where, {pair[0]: categories[row], pair[1]: categories[column]}, given=given)
            assert store.fetch("count", opened)[0]["probes"] == count, (pair, categories[row], categories[column])
            seen += count
    assert seen > 20


def test_pairs_are_the_automatic_label_with_everybody_and_persons_who_met(store: Store, log: LabelLog) -> None:
    assert read(store, Given.FINAL).pairs() == []
    (one, first), (two, second) = list(contents(store).items())[:2]
    log.append(press(one, annotator="ada", content_hash=first, verdict=HARD))
    log.append(press(two, annotator="bob", content_hash=second, verdict=HARD))
    overlay(store, log, build=BUILD)
    assert read(store, Given.FINAL).pairs() == [(HUMAN, AUTOMATIC), (ADA, AUTOMATIC), (BOB, AUTOMATIC)]
    log.append(press(two, annotator="ada", content_hash=second, verdict=EASY))
    overlay(store, log, build=BUILD)
    assert read(store, Given.FINAL).pairs()[-1] == (ADA, BOB)
    assert read(store, Given.FINAL).between((ADA, BOB)).table.tolist() == [[0, 0], [1, 0]]


def test_a_blind_verdict_is_not_the_one_that_counts(store: Store, log: LabelLog) -> None:
    probe, content = next(iter(contents(store).items()))
    for name, blind, final in (("ada", HARD, EASY), ("bob", HARD, HARD)):
        log.append(press(probe, annotator=name, content_hash=content, blind_verdict=blind))
        log.append(press(probe, annotator=name, content_hash=content, verdict=final))
    overlay(store, log, build=BUILD)
    assert read(store, Given.BLIND).between((ADA, BOB)).raw.value == 1
    assert read(store, Given.FINAL).between((ADA, BOB)).raw.value == 0


def test_decisions_and_stale_opinions_are_no_raters(store: Store, log: LabelLog) -> None:
    label(store, log)
    assert read(store, Given.FINAL).annotators == [ADA, BOB, EVE]


def test_disputed_probes_are_those_judged_differently_and_not_decided(store: Store, log: LabelLog) -> None:
    probes = list(contents(store).items())
    told = {0: (HARD, EASY), 1: (HARD, HARD), 2: (HARD, UNSURE), 3: (EASY, EASY, HARD, HARD), 4: (UNSURE,)}
    for at, verdicts in told.items():
        probe, content = probes[at]
        for number, verdict in enumerate(verdicts):
            log.append(press(probe, annotator=f"a{number}", content_hash=content, verdict=verdict))
    overlay(store, log, build=BUILD)
    rows = store.fetch("disputed", Filter(), count=10)
    assert [row["probe_id"] for row in rows] == [probes[3][0], probes[0][0], probes[2][0]]
    assert store.fetch("dispute_counts", Filter())[0] == {"disputed": 3, "split": 2, "decided": 0}
    offer = offered(log, build=BUILD, probe_id=probes[3][0], content_hash=probes[3][1])
    saved(decide(log, offer, HARD, by="zoe"))
    overlay(store, log, build=BUILD)
    assert store.fetch("dispute_counts", Filter())[0] == {"disputed": 2, "split": 1, "decided": 1}
    assert store.fetch("count", Filter(annotators=(ADJUDICATED,)))[0]["probes"] == 1


def test_a_double_press_is_one_decision_and_a_later_one_of_another_is_refused(log: LabelLog) -> None:
    mine = offered(log, build=BUILD, probe_id="p1", content_hash="h1")
    theirs = replace(offered(log, build=BUILD, probe_id="p1", content_hash="h1"), event_id=str(uuid.uuid4()))
    first = saved(decide(log, mine, HARD, by="zoe", note="clear"))
    again = saved(decide(log, mine, HARD, by="zoe", note="clear"))
    assert (first.seq, again.repeated) == (again.seq, True)
    conflict = refused(decide(log, theirs, EASY, by="yan"))
    assert conflict.opinion is not None
    assert (conflict.opinion.annotator, conflict.opinion.given) == ("zoe", HARD)
    assert opinion(log, voice=ADJUDICATED).state.note == "clear"
    next_one = offered(log, build=BUILD, probe_id="p1", content_hash="h1")
    saved(decide(log, next_one, EASY, by="yan"))
    assert opinion(log, voice=ADJUDICATED).given == EASY


def test_a_decision_is_taken_back_alone_and_only_while_it_is_the_last_word_of_its_author(log: LabelLog) -> None:
    decided = saved(decide(log, offered(log, build=BUILD, probe_id="p1", content_hash="h1"), HARD, by="zoe")).opinion
    undo = str(uuid.uuid4())
    saved(take_back(log, decided, event_id=undo, by="zoe"))
    assert saved(take_back(log, decided, event_id=undo, by="zoe")).repeated
    assert opinion(log, voice=ADJUDICATED).given is None
    decided = saved(decide(log, offered(log, build=BUILD, probe_id="p1", content_hash="h1"), HARD, by="zoe")).opinion
    saved(log.append(press("p2", annotator="zoe")))
    assert isinstance(take_back(log, decided, event_id=str(uuid.uuid4()), by="zoe"), Conflict)
    assert opinion(log, voice=ADJUDICATED).given == HARD
