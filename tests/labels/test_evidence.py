"""Which labels speak for the probes on a screen: those of a queue drawn from all of them, and no others."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queries.evidence import Evidence, contains, evidence
from queries.labels import LabelLog, Op, Verdict
from queries.labels.overlay import overlay
from queries.queues import Ordering, Queue, Queues, Wish
from queries.schema import Filter, Label, Scope, Search, SearchField, Target, Thresholds
from queries.statistics import CARD_BINS
from queries.store import Store, read_index
from tests.builds import make_build, spread_rows
from tests.labels.presses import BUILD, press
from tests.labels.queue_builds import open_log

HARD, EASY, UNSURE = Verdict
EVERYTHING = 6 * 16


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("evidence")
    make_build(spread_rows(6), root, name=BUILD)
    return root


@pytest.fixture
def store(root: Path) -> Iterator[Store]:
    store = Store(read_index(root / "builds" / BUILD))
    yield store
    store.close()


@pytest.fixture
def log(tmp_path: Path) -> LabelLog:
    return open_log(tmp_path)


def queue(store: Store, log: LabelLog, **wish: Any) -> Queue:
    asked = {"name": "q", "made_by": "ada", "where": Filter(), "ordering": Ordering.RANDOM, "size": EVERYTHING}
    return Queues(log.database).make(store, Wish(**{**asked, **wish}), build=BUILD)


def hashes(store: Store) -> dict[str, str]:
    rows = store._con.cursor().execute("select probe_id, content_hash from probes order by probe_id").fetchall()
    return dict(rows)


def label(store: Store, log: LabelLog, given: Queue, verdicts: dict[str, Verdict], **what: Any) -> None:
    known = hashes(store)
    log.append_all(
        press(probe, **{"content_hash": known[probe], **what}, queue_id=given.queue_id, verdict=verdict)
        for probe, verdict in verdicts.items()
    )
    overlay(store, log, build=BUILD)


def told(store: Store, log: LabelLog, given: Queue, where: Filter | None = None) -> Evidence:
    queues = Queues(log.database)
    items = queues.items(given)
    rows = store.fetch("queue_labels", where or Filter(), **asked(log, given))
    return evidence(given, strata=queues.strata(given), items=items, labels=rows)


def asked(log: LabelLog, given: Queue) -> dict[str, Any]:
    return {"queue": given.queue_id, "probes": [item.probe_id for item in Queues(log.database).items(given)]}


def scores(store: Store, where: Filter) -> dict[str, int | None]:
    rows = store.fetch("list_up", where, sort="document", descending=False, key=-1.0, place=0, count=1000)
    return {row["probe_id"]: row["score"] for row in rows}


SETS: dict[str, Any] = {
    "scopes": (Scope.WORD, Scope.SENTENCE, Scope.WHOLE, ""),
    "targets": tuple(Target),
    "typicalities": ("typical", ""),
    "labels": tuple(Label),
    "rounds": (0, 1),
    "flags": ("", "unscored", "short_complement"),
}
SOME = {
    name: st.lists(st.sampled_from(values), unique=True, max_size=2).map(tuple) for name, values in SETS.items()
} | {
    "score_from": st.sampled_from([None, 0, 20, 50]),
    "score_to": st.sampled_from([None, 50, 80, 100]),
    "doc_id": st.sampled_from([None, None, "doc-0001"]),
    "search": st.sampled_from([None, None, Search(text="slot 1", fields=(SearchField.QUESTION,))]),
    "thresholds": st.sampled_from([Thresholds(), Thresholds(30, 60)]),
}
LOOSE = {name: st.one_of(st.just(getattr(Filter(), name)), values) for name, values in SOME.items()}


@given(wide=st.builds(Filter, **LOOSE), narrow=st.builds(Filter, **SOME))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_filter_contains_is_among_its_probes(shared: Store, wide: Filter, narrow: Filter) -> None:
    if contains(wide, narrow):
        assert set(scores(shared, narrow)) <= set(scores(shared, wide))
    assert contains(wide, wide)
    assert contains(Filter(), narrow)


@pytest.fixture(scope="module")
def shared(root: Path) -> Store:
    return Store(read_index(root / "builds" / BUILD))


@pytest.mark.parametrize(
    ("whole", "part", "expected"),
    [
        (Filter(scopes=("word", "lens")), Filter(scopes=("word",)), True),
        (Filter(scopes=("word",)), Filter(), False),
        (Filter(scopes=("word",)), Filter(scopes=("word", "lens")), False),
        (Filter(score_to=40), Filter(score_from=10, score_to=30), True),
        (Filter(score_from=10), Filter(), False),
        (Filter(labels=(Label.HARD,)), Filter(labels=(Label.HARD,), thresholds=Thresholds(30, 80)), False),
        (Filter(), Filter(thresholds=Thresholds(30, 80)), True),
        (Filter(verdicts=("",)), Filter(verdicts=("",)), False),  # whom it means moves with every label
        (Filter(annotators=("ada",)), Filter(annotators=("ada",)), False),
        (Filter(), Filter(verdicts=("HARD",)), True),
        (Filter(doc_id="a"), Filter(doc_id="b"), False),
    ],
)
def test_one_filter_contains_another(whole: Filter, part: Filter, *, expected: bool) -> None:
    assert contains(whole, part) is expected


@given(where=st.builds(Filter, **SOME, host=st.sampled_from([None, "example.org"])))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_queue_remembers_the_filter_that_was_asked_for(shared: Store, tmp_path: Path, where: Filter) -> None:
    if scores(shared, where):
        assert queue(shared, open_log(tmp_path), where=where).where == where


@given(where=st.builds(Filter, **{name: SOME[name] for name in ("scopes", "targets", "score_from", "score_to")}))
@settings(max_examples=25, deadline=None)
def test_a_queue_of_all_probes_tells_the_true_shares_of_any_part(
    counted: tuple[Store, LabelLog, Queue], where: Filter
) -> None:
    store, log, everything = counted
    found = told(store, log, everything, where)
    bins = found.hard_by_score(CARD_BINS)
    verdicts = {row["probe_id"]: row["verdict"] for row in store.fetch("human_labels", where)}
    scored = {probe: min(score // 20, 4) for probe, score in scores(store, where).items() if score is not None}
    assert found.labels == len(scored)
    for number in range(5):
        inside = [verdicts[probe] == HARD for probe, at in scored.items() if at == number]
        assert (number in bins) == bool(inside)
        if inside:
            assert (bins[number].value, bins[number].labels) == (pytest.approx(sum(inside) / len(inside)), len(inside))


@pytest.fixture(scope="module")
def counted(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, LabelLog, Queue]:
    store, log = Store(read_index(root / "builds" / BUILD)), open_log(tmp_path_factory.mktemp("counted"))
    everything = queue(store, log, ordering=Ordering.STRATIFIED)
    label(store, log, everything, {probe: list(Verdict)[at % 3] for at, probe in enumerate(hashes(store))})
    return store, log, everything


def test_what_was_said_in_a_hunt_counts_only_where_the_turn_of_a_probe_has_come(store: Store, log: LabelLog) -> None:
    drawn, hunt = queue(store, log), queue(store, log, ordering=Ordering.BOUNDARY)
    scored = scores(store, Filter())
    line = [item.probe_id for item in Queues(log.database).items(drawn) if scored[item.probe_id] is not None]
    here, missing = [*line[:5], *line[6:10]], line[5]  # the reader was not served the sixth: he had judged it
    label(store, log, drawn, dict.fromkeys(here, HARD))
    before = told(store, log, drawn)
    label(store, log, hunt, dict.fromkeys(line[:5] + line[10:], EASY), annotator="bob")
    assert told(store, log, drawn).labels == before.labels == 9
    assert told(store, log, drawn).hard_by_score(CARD_BINS) == before.hard_by_score(CARD_BINS)
    label(store, log, hunt, {missing: EASY})
    after = told(store, log, drawn)
    assert after.labels == 10
    assert sum(after.sample.hard) == 9  # type: ignore[union-attr]


def test_labels_of_hunts_alone_say_nothing(store: Store, log: LabelLog) -> None:
    drawn, hunt = queue(store, log), queue(store, log, ordering=Ordering.SPREAD)
    label(store, log, hunt, dict.fromkeys(hashes(store), HARD))
    assert told(store, log, drawn).labels == 0


def test_a_decision_counts_and_what_was_said_of_older_content_does_not(store: Store, log: LabelLog) -> None:
    drawn = queue(store, log)
    probes = [probe for probe, score in scores(store, Filter()).items() if score is not None][:6]
    label(store, log, drawn, dict.fromkeys(probes[:4], HARD))
    label(store, log, drawn, dict.fromkeys(probes[4:], HARD), content_hash="older")
    label(store, log, drawn, dict.fromkeys(probes[:1], EASY), annotator="eve", op=Op.ADJUDICATE)
    rows = {row["probe_id"]: row["verdict"] for row in store.fetch("queue_labels", Filter(), **asked(log, drawn))}
    assert rows == {probes[0]: "EASY", **dict.fromkeys(probes[1:4], "HARD")}
    assert told(store, log, drawn).labels == 4
    assert told(store, log, drawn).population == EVERYTHING


def test_a_queue_with_fewer_than_two_labels_says_nothing(store: Store, log: LabelLog) -> None:
    drawn = queue(store, log)
    label(store, log, drawn, {next(iter(hashes(store))): HARD})
    found = told(store, log, drawn)
    assert (found.sample, found.labels, found.hard_by_score(CARD_BINS)) == (None, 0, {})
