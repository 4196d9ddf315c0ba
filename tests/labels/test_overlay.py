"""Human labels beside the build's columns: any filter, any question, at once."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.labels import LabelLog, Op, Verdict, open_database
from queries.labels.overlay import overlay
from queries.schema import Filter, Label
from queries.store import Store, read_index
from tests.builds import document_rows, make_build
from tests.labels.presses import BUILD, press, reversal

HARD, EASY, UNSURE = Verdict


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [row for number in range(3) for row in document_rows(number)]
    return make_build(rows, tmp_path_factory.mktemp("overlay"), name=BUILD)


@pytest.fixture
def store(build: Path) -> Store:
    return Store(read_index(build))


@pytest.fixture
def log(tmp_path: Path) -> LabelLog:
    return LabelLog(open_database(url=None, path=tmp_path / "labels.db"))


def hashes(store: Store) -> dict[str, str]:
    everything = [
        row[0] for row in store._con.cursor().execute("select probe_id from facets order by place").fetchall()
    ]
    found = {row["probe_id"]: row["content_hash"] for row in store.fetch("probe_hashes", probes=everything)}
    return {probe: found[probe] for probe in everything}


def count(store: Store, **where: object) -> int:
    return int(store.fetch("count", Filter(**where))[0]["probes"])  # type: ignore[arg-type]


VOTES = st.lists(st.sampled_from([*Verdict, None]), min_size=2, max_size=3)


@pytest.mark.parametrize(
    ("votes", "adjudicated", "stale", "label", "source"),
    [
        ([HARD], None, [], "HARD", "human"),
        ([HARD, EASY], None, [], "UNSURE", "disputed"),
        ([HARD, EASY, EASY], None, [], "EASY", "human"),
        ([HARD, UNSURE], None, [], "HARD", "human"),
        ([UNSURE], None, [], "UNSURE", "human"),
        ([HARD, HARD], EASY, [], "EASY", "adjudicated"),
        ([], UNSURE, [], "UNSURE", "adjudicated"),
        ([], None, [HARD, HARD], "STALE", "stale"),
        ([EASY], None, [HARD, HARD], "EASY", "human"),
    ],
)
def test_the_human_label_of_a_probe(
    store: Store, log: LabelLog, votes: list, adjudicated: Verdict | None, stale: list, label: str, source: str
) -> None:
    probe, now = next(iter(hashes(store).items()))
    everyone = [(verdict, now) for verdict in votes] + [(verdict, "old") for verdict in stale]
    for number, (verdict, content) in enumerate(everyone):
        log.append(press(probe, annotator=f"a{number}", verdict=verdict, content_hash=content))
    if adjudicated:
        log.append(press(probe, op=Op.ADJUDICATE, verdict=adjudicated, content_hash=now))
    overlay(store, log, build=BUILD)
    (row,) = store.fetch("human_labels", Filter())
    assert (row["probe_id"], row["verdict"], row["source"]) == (probe, label, source)
    assert row["final"] == (row["automatic"] if label == "STALE" else label)
    assert count(store, verdicts=(label,)) == 1
    assert count(store, verdicts=("",)) == 3 * 16 - 1


def test_a_filter_by_annotators_means_what_each_of_them_says(store: Store, log: LabelLog) -> None:
    (one, first), (two, second) = list(hashes(store).items())[:2]
    log.append_all(
        [
            press(one, verdict=HARD, content_hash=first),
            press(one, annotator="bob", verdict=EASY, content_hash=first),
            press(two, annotator="bob", verdict=EASY, content_hash=second),
            press(two, note="no verdict", content_hash=second),
        ]
    )
    overlay(store, log, build=BUILD)
    assert count(store, annotators=("ada",)) == 1
    assert count(store, annotators=("ada", "bob")) == 2
    assert count(store, annotators=("bob",), verdicts=("EASY",)) == 2
    assert count(store, annotators=("ada",), verdicts=("EASY",)) == 0
    assert count(store, annotators=("ada",), verdicts=("", "HARD")) == 3 * 16
    assert count(store, annotators=("ada",), verdicts=("",)) == 3 * 16 - 1
    assert count(store, annotators=("nobody",)) == 0
    assert count(store) == 3 * 16


def test_every_label_is_there_at_the_next_question_and_gone_when_it_is_undone(store: Store, log: LabelLog) -> None:
    for number, (probe, content) in enumerate(list(hashes(store).items())[:5], 1):
        log.append(press(probe, content_hash=content))
        assert overlay(store, log, build=BUILD) == number
        assert count(store, verdicts=("HARD",)) == number
    log.append(reversal())
    overlay(store, log, build=BUILD)
    assert count(store, verdicts=("HARD",)) == 4
    log.append(reversal(Op.REDO))
    overlay(store, log, build=BUILD)
    assert count(store, verdicts=("HARD",)) == 5


def test_an_older_reading_never_replaces_a_newer_one(store: Store, log: LabelLog) -> None:
    probe, content = next(iter(hashes(store).items()))
    log.append(press(probe, verdict=HARD, content_hash=content))
    older = log.current(BUILD)
    log.append(press(probe, verdict=EASY, content_hash=content))
    overlay(store, log, build=BUILD)
    store.take(older)
    assert [row["verdict"] for row in store.fetch("human_labels", Filter())] == ["EASY"]
    assert store.labels_seq == 2


def test_labels_of_other_builds_and_of_probes_that_are_gone_are_not_joined(store: Store, log: LabelLog) -> None:
    probe, content = next(iter(hashes(store).items()))
    log.append_all([press(probe, build="other", content_hash=content), press("gone", content_hash=content)])
    overlay(store, log, build=BUILD)
    assert store.fetch("human_labels", Filter()) == []
    assert store.fetch("human_opinions", Filter()) == []


@given(
    verdicts=st.sets(st.sampled_from(["HARD", "EASY", "UNSURE", "STALE", ""])).map(tuple),
    annotators=st.sampled_from([(), ("ada",), ("ada", "bob")]),
    labels=st.sampled_from([(), (Label.HARD,), (Label.UNSCORED, Label.EASY)]),
)
@settings(max_examples=15, deadline=None)
def test_a_filter_and_its_parts_by_verdict_cover_the_same_probes(
    labelled: Store, verdicts: tuple[str, ...], annotators: tuple[str, ...], labels: tuple[Label, ...]
) -> None:
    def chosen(wanted: tuple[str, ...]) -> set[str]:
        where = Filter(verdicts=wanted, annotators=annotators, labels=labels)
        rows = labelled.fetch("list_up", where, sort="document", descending=False, key=-1.0, place=0, count=1000)
        return {row["probe_id"] for row in rows}

    if verdicts:
        assert chosen(verdicts) == set().union(*(chosen((verdict,)) for verdict in verdicts))
    if not annotators:
        parts = [chosen((verdict,)) for verdict in ("HARD", "EASY", "UNSURE", "STALE", "")]
        assert sum(map(len, parts)) == len(set().union(*parts)) == count(labelled, labels=labels)


@pytest.fixture(scope="module")
def labelled(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(read_index(build))
    log = LabelLog(open_database(url=None, path=tmp_path_factory.mktemp("labelled") / "labels.db"))
    choices = product(("ada", "bob", "eve"), hashes(store).items())
    log.append_all(
        press(probe, annotator=who, verdict=list(Verdict)[at % 3], content_hash=content if at % 4 else "old")
        for at, (who, (probe, content)) in enumerate(choices)
        if at % 5
    )
    overlay(store, log, build=BUILD)
    return store
