"""Questions on real builds: every file binds, filters add up, threads do not mix, SQL reaches nothing else."""

import itertools
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.listing import Listing
from queries.schema import Filter, Flag, Label, Scope, Search, SearchField, Sort, Target, Thresholds, flag_bits
from queries.store import FOLDER, BuildError, SearchError, Store, question, read_index
from queries.tables import FACETS
from tests.builds import make_build, published_row

LAYOUT = {"chosen", "ordered", "facets", "opinions", "queued", "row_sets"}  # run once when a build is opened
WRITES = {"opinions_take", "judged_set", "search_question", "search_atom", "search_answers", "search_document"}
ELSEWHERE = ("part_", "matches", "check_", "siblings")  # asked of other tables, in tests of their own
QUESTIONS = sorted(
    {path.stem for path in FOLDER.glob("*.sql") if not path.stem.startswith(ELSEWHERE)} - LAYOUT - WRITES
)


def rows() -> list[dict[str, Any]]:
    """Six documents, each with every scope and target, scored on a spread of values."""
    made = []
    for number, (scope, target) in itertools.product(range(6), itertools.product(Scope, Target)):
        score = (number * 17 + len(made) * 7) % 101 / 100
        made.append(
            published_row(
                doc_id=f"doc-{number}",
                doc_source=f"https://{'abc'[number % 3]}.example.org/x",
                row_seed=number,
                scope=scope,
                target=target,
                verbalizer_prompt=f"What of {scope} number {number}?",
                **({"bb_answer_rollout_scores": [0.0, score, 0.0, 0.0, 0.0]} if scope in ("sentence", "whole") else {}),
            )
        )
    return made


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(read_index(make_build(rows(), tmp_path_factory.mktemp("store"))))


def empty_store(root: Path) -> Store:
    return Store(read_index(make_build([], root)))


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_binds(store: Store, name: str) -> None:
    cursor = store._con.cursor()
    statement = cursor.extract_statements(question(name))[0]
    values = {
        "where": Filter().parameters(),
        "anything": Filter().parameters(),
        "sort": "score",
        "descending": True,
        **dict.fromkeys(("key", "place", "count", "rows"), 1),
        "scopes": ["whole"],
        "answers": 5,
        "draws": [5, 10, 10, 5, 1],
        "misses": [[1] * 6] * 5,
        "file": str(next((store.index.docs[0].parents[1] / "rounds").rglob("*.parquet"))),
    }
    cursor.execute(f"explain {question(name)}", {key: values.get(key) for key in statement.named_parameters})
    assert cursor.fetchall()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sql")), ids=lambda path: path.stem)
def test_every_question_says_what_a_row_is(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("--")


FILTERS = st.builds(
    Filter,
    scopes=st.lists(st.sampled_from([*map(str, Scope), "", "clause"]), max_size=3).map(tuple),
    targets=st.lists(st.sampled_from([*map(str, Target)]), max_size=2).map(tuple),
    score_from=st.none() | st.integers(0, 100),
    score_to=st.none() | st.integers(0, 100),
    flags=st.lists(st.sampled_from([*map(str, Flag), ""]), max_size=3).map(tuple),
    host=st.none() | st.sampled_from(["a.example.org", "nowhere", ""]),
    thresholds=st.builds(Thresholds, st.integers(0, 50), st.integers(50, 100)),
)


@given(where=FILTERS)
@settings(max_examples=60, deadline=None)
def test_the_labels_of_any_filter_add_up_to_it(store: Store, where: Filter) -> None:
    from dataclasses import replace

    def probes(chosen: Filter) -> int:
        return int(store.fetch("count", chosen)[0]["probes"])

    assert sum(probes(replace(where, labels=(label,))) for label in Label) == probes(where)


@given(where=FILTERS, flag=st.sampled_from(Flag))
@settings(max_examples=40, deadline=None)
def test_a_flag_narrows_and_no_flag_is_the_rest(store: Store, where: Filter, flag: Flag) -> None:
    from dataclasses import replace

    every = store.fetch("count", replace(where, flags=()))[0]["probes"]
    any_flag = store.fetch("count", replace(where, flags=tuple(map(str, Flag))))[0]["probes"]
    none = store.fetch("count", replace(where, flags=("",)))[0]["probes"]
    assert any_flag + none == every
    assert store.fetch("count", replace(where, flags=(str(flag),)))[0]["probes"] <= any_flag


def test_the_bits_of_the_flags_are_those_of_the_layout() -> None:
    names = [name.removeprefix("flag_") for name in FACETS.names if name.startswith("flag_")]
    assert [flag_bits([name]) for name in names] == [1 << bit for bit in range(len(names))]
    layout = question("facets")
    assert all(f"(coalesce(flag_{name}, false)::int << {bit})" in layout for bit, name in enumerate(names))


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (Search(text="WORD NUMBER 3"), 2),
        (Search(text="number 3", fields=(SearchField.QUESTION,)), 10),
        (Search(text="%"), 0),
        (Search(text="(word|lens) number [12]", regex=True), 8),
        (Search(text="granddaughter", fields=(SearchField.DOCUMENT,)), 60),
        (Search(text="granddaughter", fields=(SearchField.ATOM, SearchField.QUESTION)), 18),
        (Search(text="blind answer number 5", fields=(SearchField.ANSWERS,)), 36),
        (Search(text="5.blind", regex=True, fields=(SearchField.ANSWERS,)), 0),
    ],
)
def test_a_search_finds(store: Store, search: Search, found: int) -> None:
    assert store.fetch("count", Filter(search=search))[0]["probes"] == found


def test_a_wrong_expression_is_said_and_leaves_nothing_behind(store: Store) -> None:
    wrong = Search(text="(", regex=True)
    for _ in range(2):
        with pytest.raises(SearchError, match="no regular expression"):
            store.fetch("count", Filter(search=wrong))


def test_a_filter_finds_its_search_again_however_many_came_between(store: Store) -> None:
    first = Filter(search=Search(text="number 3"))
    assert store.fetch("count", first)[0]["probes"] == 10
    for number in range(20):
        store.search(Search(text=f"nothing {number}"))
    assert store.fetch("count", first)[0]["probes"] == 10


def test_a_filter_finds_its_search_in_another_revision(store: Store) -> None:
    searched = Filter(search=Search(text="number 3"))
    assert Store(store.index).fetch("count", searched) == store.fetch("count", searched)


@pytest.mark.parametrize("written", ["{", "{}", '{"revision": "r", "parts": [{}]}'])
def test_a_damaged_index_is_told_in_a_sentence(tmp_path: Path, written: str) -> None:
    build = make_build(rows()[:2], tmp_path)
    (build / "index" / "index.json").write_text(written)
    with pytest.raises(BuildError, match=rf"{build.name} is damaged .* pipeline index --build {build.name}\."):
        read_index(build)


def test_a_truncated_part_is_told_in_a_sentence(tmp_path: Path) -> None:
    index = read_index(make_build(rows()[:2], tmp_path))
    index.docs[0].write_bytes(index.docs[0].read_bytes()[:100])
    with pytest.raises(BuildError, match="cannot be read"):
        Store(index)


def test_an_empty_build_answers(tmp_path: Path) -> None:
    empty = empty_store(tmp_path)
    assert empty.fetch("count")[0] == {"probes": 0, "documents": 0, "total": 0}
    listing = Listing(ask=empty.fetch, where=Filter(), sort=Sort.SCORE, descending=True)
    assert listing.first() is None


def test_probes_without_a_host_can_be_meant(tmp_path: Path) -> None:
    made = [published_row(doc_id=name, doc_source=source) for name, source in (("a", "https://x.org/1"), ("b", None))]
    store = Store(read_index(make_build(made, tmp_path)))
    assert [store.fetch("count", Filter(host=host))[0]["probes"] for host in ("x.org", "", None)] == [1, 1, 2]


def test_threads_get_their_own_answers(store: Store) -> None:
    wrong: list[object] = []

    def read(host: str) -> None:
        for _ in range(40):
            got = store.fetch("count", Filter(host=host))[0]["probes"]
            if got != (20 if host != "nowhere" else 0):
                wrong.append((host, got))

    threads = [
        threading.Thread(target=read, args=(host,)) for host in ("a.example.org", "b.example.org", "nowhere") * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    "attempt",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/hostname')",
        "select * from glob('/*')",
        "attach '/tmp/other.duckdb'",
        "copy facets to '/tmp/stolen.parquet'",
        "install httpfs",
        "set enable_external_access = true",
        "set memory_limit = '100GB'",
        "create secret s (type s3)",
    ],
)
def test_sql_reaches_nothing_but_the_build(store: Store, attempt: str) -> None:
    with pytest.raises(duckdb.Error):
        store._con.cursor().execute(attempt)


@pytest.mark.parametrize("field", [SearchField.QUESTION, SearchField.ATOM, SearchField.ANSWERS, SearchField.DOCUMENT])
def test_a_dot_matches_a_line_feed_wherever_it_is_searched(tmp_path: Path, field: SearchField) -> None:
    text = "one\nline"
    row = published_row(verbalizer_prompt=text, atom_text=text, bb_answer_rollout_answers=[text] * 5, doc=text * 40)
    store = Store(read_index(make_build([row | {"split_char_offset": 8}], tmp_path)))
    found = Filter(search=Search(text="one.line", regex=True, fields=(field,)))
    assert store.fetch("count", found)[0]["probes"] == 1


def test_no_match_spans_two_answers(tmp_path: Path) -> None:
    store = Store(
        read_index(make_build([published_row(bb_answer_rollout_answers=["two", "line", "", "", ""])], tmp_path))
    )
    spanning = Search(text="two[^a-z]*line", regex=True, fields=(SearchField.ANSWERS,))
    assert store.fetch("count", Filter(search=spanning))[0]["probes"] == 0
