"""Queues: what they take and in which order, that they stay as drawn, and whom they serve."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.labels import LabelError, LabelLog, LabelStoreError, Op, Verdict
from queries.labels.overlay import overlay
from queries.queues import FLOOR, Ordering, Queue, QueueError, Queues, Wish, allocate
from queries.schema import Filter, Scope
from queries.store import Store, read_index
from tests.builds import document_rows, make_build, published_row
from tests.labels.conftest import Place
from tests.labels.presses import BUILD, press, reversal, saved

SCORED = Filter(scopes=(Scope.SENTENCE, Scope.PARAGRAPH, Scope.WHOLE))


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [row for number in range(12) for row in document_rows(number)]
    return make_build(rows, tmp_path_factory.mktemp("queues"), name=BUILD)


@pytest.fixture
def store(build: Path) -> Store:
    return Store(read_index(build))


@pytest.fixture
def queues(place: Place) -> Queues:
    return Queues(place.log().database)


def wish(**what: Any) -> Wish:
    own = {"name": "queue", "made_by": "ada", "where": SCORED, "ordering": Ordering.RANDOM, "size": 10}
    return Wish(**(own | what))


def facts(store: Store, queues: Queues, queue: Queue) -> list[dict[str, Any]]:
    """Return what the index knows of a queue's probes, in the queue's order."""
    cursor = store._con.cursor()
    names = ("probe_id", "scope", "score", "spread", "flags")
    cursor.execute("select probe_id, scope, score, spread, bit_count(flag_bits) from facets")
    known = {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
    return [known[item.probe_id] for item in queues.items(queue)]


def test_a_queue_stays_as_it_was_drawn_whoever_opens_it(place: Place, store: Store) -> None:
    made = Queues(place.log().database).make(store, wish(per_probe=2, blind=False, seed=7), build=BUILD)
    again = Queues(place.log().database)
    assert again.of(BUILD) == [made]
    assert again.find(made.queue_id) == made
    assert (made.size, made.per_probe, made.blind, made.seed, made.estimates) == (10, 2, False, 7, True)
    assert made.filter["scopes"] == ["sentence", "paragraph", "whole"]
    assert made.revision == store.index.revision
    positions = [item.position for item in again.items(made)]
    assert positions == list(range(1, 11))
    assert again.items(made, after=4, count=3) == again.items(made)[4:7]
    assert again.of("other") == []


def test_the_same_seed_draws_the_same_probes_and_another_one_others(queues: Queues, store: Store) -> None:
    drawn = [
        [item.probe_id for item in queues.items(queues.make(store, wish(seed=seed), build=BUILD))] for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_boundary_comes_from_both_sides_of_both_thresholds_outwards(queues: Queues, store: Store) -> None:
    queue = queues.make(store, wish(ordering=Ordering.BOUNDARY, size=100), build=BUILD)
    away = [min(abs(row["score"] + 0.5 - cut) for cut in (40, 80)) for row in facts(store, queues, queue)]
    assert away == sorted(away)
    assert {row["scope"] for row in facts(store, queues, queue)} <= {"sentence", "paragraph", "whole"}


def test_the_largest_spread_comes_first(queues: Queues, store: Store) -> None:
    queue = queues.make(store, wish(ordering=Ordering.SPREAD, size=100), build=BUILD)
    spreads = [row["spread"] for row in facts(store, queues, queue)]
    assert spreads == sorted(spreads, reverse=True)
    assert len(set(spreads)) > 1


def test_most_flags_come_first_and_probes_without_a_flag_not_at_all(queues: Queues, tmp_path: Path) -> None:
    dirt = [{}, {"verbalizer_prompt": ""}, {"verbalizer_prompt": "", "slot_idx": -1.0}]
    rows = [published_row(doc_id=f"doc-{number}", row_seed=number, **each) for number, each in enumerate(dirt)]
    store = Store(read_index(make_build(rows, tmp_path)))
    queue = queues.make(store, wish(ordering=Ordering.FLAGS, where=Filter(), size=1000), build=BUILD)
    counts = [row["flags"] for row in facts(store, queues, queue)]
    assert len(counts) == 2
    assert counts[0] > counts[1] > 0


def test_disagreement_takes_the_probes_whose_automatic_label_persons_contradict(queues: Queues, store: Store) -> None:
    log = LabelLog(queues.database)
    easy = Filter(scopes=SCORED.scopes, score_from=80)
    with pytest.raises(QueueError, match="disagreement"):
        queues.make(store, wish(ordering=Ordering.DISAGREEMENT), build=BUILD)
    rows = queues.items(queues.make(store, wish(where=easy, size=3), build=BUILD))
    known = {
        row["probe_id"]: row["content_hash"]
        for row in store.fetch("probe_hashes", probes=[item.probe_id for item in rows])
    }
    once, twice, agreed = rows
    for item, annotator, verdict in (
        (once, "ada", Verdict.HARD),
        (twice, "ada", Verdict.HARD),
        (twice, "bob", Verdict.HARD),
        (agreed, "ada", Verdict.EASY),
    ):
        given = press(item.probe_id, annotator=annotator, verdict=verdict, content_hash=known[item.probe_id])
        saved(log.append(given))
    overlay(store, log, build=BUILD)
    queue = queues.make(store, wish(ordering=Ordering.DISAGREEMENT), build=BUILD)
    assert [item.probe_id for item in queues.items(queue)] == [twice.probe_id, once.probe_id]
    assert not queue.estimates


def test_a_stratified_queue_records_the_chance_of_every_probe(queues: Queues, store: Store) -> None:
    queue = queues.make(store, wish(ordering=Ordering.STRATIFIED, size=40, where=Filter()), build=BUILD)
    strata = {part.stratum: part for part in queues.strata(queue)}
    items = queues.items(queue)
    assert sum(part.probes for part in strata.values()) == 12 * 16
    assert sum(part.drawn for part in strata.values()) == len(items) == 40
    for name, part in strata.items():
        own = [item for item in items if item.stratum == name]
        assert len(own) == part.drawn
        assert {item.inclusion for item in own} == {part.drawn / part.probes}
    assert sum(1 / item.inclusion for item in items) == pytest.approx(12 * 16)
    for row, item in zip(facts(store, queues, queue), items, strict=True):
        low = None if row["score"] is None else min(row["score"] // 20, 4) * 20
        assert item.stratum == (f"{row['scope']} unscored" if low is None else f"{row['scope']} {low}-{low + 20}")


def test_only_estimate_queues_carry_a_chance(queues: Queues, store: Store) -> None:
    for ordering in (Ordering.RANDOM, Ordering.BOUNDARY):
        queue = queues.make(store, wish(ordering=ordering), build=BUILD)
        chances = {item.inclusion for item in queues.items(queue)}
        assert chances == ({10 / 72} if ordering is Ordering.RANDOM else {None})


@given(
    sizes=st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 1000), min_size=1, max_size=20),
    size=st.integers(1, 3000),
)
def test_an_allocation_spends_exactly_what_there_is_and_gives_every_stratum_its_floor(
    sizes: dict[str, int], size: int
) -> None:
    drawn = allocate(sizes, size)
    size = min(size, sum(sizes.values()))
    assert sum(drawn.values()) == size
    floor = min(FLOOR, size // len(sizes))
    assert all(min(floor, probes) <= drawn[name] <= probes for name, probes in sizes.items())


def test_an_allocation_is_proportional_above_the_floor() -> None:
    assert allocate({"a": 1000, "b": 3000, "c": 5}, 100) == {"a": 5 + 21, "b": 5 + 64, "c": 5}


@pytest.mark.parametrize(
    "what",
    [
        {"size": 0},
        {"per_probe": 0},
        {"where": Filter(doc_id="nowhere")},
        {"ordering": Ordering.SPREAD, "where": Filter(scopes=("word",))},
    ],
)
def test_a_queue_that_cannot_be_is_refused_with_nothing_left_behind(
    queues: Queues, store: Store, what: dict[str, Any]
) -> None:
    with pytest.raises(QueueError):
        queues.make(store, wish(**what), build=BUILD)
    assert queues.of(BUILD) == []


def test_a_queue_needs_a_name_that_can_be_read(queues: Queues, store: Store) -> None:
    with pytest.raises(LabelError):
        queues.make(store, wish(name="\n"), build=BUILD)


def label(queues: Queues, queue: Queue, annotator: str, count: int, **what: Any) -> list[str]:
    """Let an annotator judge the next probes that the queue serves him; return them."""
    log, done = LabelLog(queues.database), []
    for _ in range(count):
        (item,) = queues.serve(queue, annotator=annotator, count=1)
        saved(log.append(press(item.probe_id, annotator=annotator, queue_id=queue.queue_id, dwell_ms=2000, **what)))
        done.append(item.probe_id)
    return done


def test_each_probe_is_served_to_as_many_annotators_as_asked_and_nobody_sees_one_twice(
    queues: Queues, store: Store
) -> None:
    queue = queues.make(store, wish(per_probe=2, size=6), build=BUILD)
    everything = [item.probe_id for item in queues.items(queue)]
    assert label(queues, queue, "ada", 6) == everything
    assert label(queues, queue, "bob", 3) == everything[:3]
    assert label(queues, queue, "eve", 3) == everything[3:]
    assert [queues.serve(queue, annotator=name) for name in ("ada", "bob", "eve", "new")] == [[], [], [], []]


def test_a_probe_on_one_screen_is_not_served_to_another_and_a_late_label_counts_all_the_same(
    queues: Queues, store: Store
) -> None:
    queue = queues.make(store, wish(size=4), build=BUILD)
    mine = queues.serve(queue, annotator="ada", count=2)
    theirs = queues.serve(queue, annotator="bob", count=12)
    assert [item.position for item in mine + theirs] == [1, 2, 3, 4]
    assert queues.serve(queue, annotator="ada", count=2) == mine
    log = LabelLog(queues.database)
    saved(log.append(press(mine[0].probe_id, annotator="bob")))
    saved(log.append(press(mine[0].probe_id, annotator="ada")))
    assert queues.progress(queue, annotator="ada").judged == 1


def test_a_probe_that_was_held_too_long_is_served_to_another_by_the_clock_of_the_database(
    queues: Queues, store: Store
) -> None:
    queue = queues.make(store, wish(size=2), build=BUILD)
    mine = queues.serve(queue, annotator="ada")
    assert queues.serve(queue, annotator="bob") == []
    for year, served in (("2999", []), ("1970", mine)):
        with queues.database.writing() as session:
            for item in mine:
                expires = f"{year}-01-01T00:00:00.000Z"
                held = {"queue_id": queue.queue_id, "annotator": "ada", "probe_id": item.probe_id}
                session.run("insert_lease", **held, expires_at=expires)
        assert queues.serve(queue, annotator="bob") == served


def test_skipped_probes_do_not_come_back_but_undone_ones_do(queues: Queues, store: Store) -> None:
    queue = queues.make(store, wish(size=3), build=BUILD)
    first, second, third = (item.probe_id for item in queues.items(queue))
    log = LabelLog(queues.database)
    log.append_all([press(first, skipped=True), press(second, blind_verdict=Verdict.HARD)])
    assert [item.probe_id for item in queues.serve(queue, annotator="ada")] == [second, third]
    log.append_all([press(second, verdict=Verdict.EASY), reversal(), reversal(), reversal()])
    assert [item.probe_id for item in queues.serve(queue, annotator="ada")] == [first, second, third]
    log.append(reversal(Op.REDO))
    assert [item.probe_id for item in queues.serve(queue, annotator="ada", after=0)] == [second, third]


def test_a_restart_goes_on_where_the_labels_stop(place: Place, store: Store) -> None:
    queues = Queues(place.log().database)
    queue = queues.make(store, wish(size=5), build=BUILD)
    done = label(queues, queue, "ada", 2)
    after = Queues(place.log().database)
    left = [item.probe_id for item in after.serve(after.find(queue.queue_id), annotator="ada")]
    assert done + left == [item.probe_id for item in queues.items(queue)]


def test_progress_counts_verdicts_skips_and_the_time_left_at_ones_own_pace(queues: Queues, store: Store) -> None:
    queue = queues.make(store, wish(size=5, per_probe=2), build=BUILD)
    assert queues.progress(queue, annotator="ada").ms_left is None
    label(queues, queue, "ada", 2)
    label(queues, queue, "bob", 1)
    LabelLog(queues.database).append(press(queues.items(queue)[4].probe_id, skipped=True, queue_id=queue.queue_id))
    progress = queues.progress(queue, annotator="ada")
    assert progress._asdict() == {
        "judged": 2, "skipped": 1, "left": 2, "ms_left": 4000.0, "opinions": 3, "wanted": 10,
    }  # fmt: skip


def test_probes_that_are_gone_are_passed_over_held_for_nobody_and_not_left(queues: Queues, store: Store) -> None:
    queue = queues.make(store, wish(size=5), build=BUILD)
    probes = [item.probe_id for item in queues.items(queue)]
    gone = {probes[0], probes[2]}
    served = queues.serve(queue, annotator="ada", count=2, hold=1, gone=gone)
    assert [item.probe_id for item in served] == [probes[1], probes[3]]
    theirs = [item.probe_id for item in queues.serve(queue, annotator="bob", gone=gone)]
    assert theirs == [probes[3], probes[4]]
    label(queues, queue, "ada", 1)  # which is one of those that are gone
    progress = queues.progress(queue, annotator="ada", gone=gone)
    assert (progress.judged, progress.left, progress.wanted) == (1, 1, 5)  # bob holds two of the three that are there


def test_where_a_probe_cannot_be_held_it_is_served_all_the_same(store: Store, tmp_path: Path) -> None:
    place = Place(None, tmp_path / "labels.db")
    queues = Queues(place.log().database)
    queue = queues.make(store, wish(size=2), build=BUILD)
    with sqlite3.connect(place.path) as con:
        con.execute("drop table label_lease")
        con.execute("create table label_lease (queue_id, probe_id, annotator, expires_at check (0))")
    con.close()
    assert len(queues.serve(queue, annotator="ada")) == 2


def test_a_queue_that_does_not_exist_is_said_so(queues: Queues) -> None:
    with pytest.raises(QueueError, match="no queue"):
        queues.find("x")
    with pytest.raises(LabelStoreError):
        Queues(Place(None, Path("/proc/none/labels.db")).log().database)
