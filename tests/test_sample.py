"""A round is drawn once, from any kind of source, in an order of its own, and shares no document with another."""

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import sample
from pipeline.errors import StageError
from pipeline.files import sha256
from pipeline.rounds import read_documents, read_round, round_folder
from tests.builds import make_build, published_row


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "doc_id": f"doc-{number}",
            "doc_source": f"https://example.org/{number}" if number % 2 else None,
            "prefix": f"Opening {number}.",
            "rollouts": [f" First end of {number}.", "", f" Third end of {number}."],
        }
        for number in range(count)
    ]


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def draw(source: Path, build: Path, **settings: Any) -> sample.Summary:
    given = {"round": 0, "documents": 10, "source_model": "some model"} | settings
    return sample.run(sample.Sample(source=str(source), build=build, **given))


def ids(build: Path, round_: int = 0) -> list[str]:
    return [drawn.doc_id for drawn in read_documents(round_folder(build, round_))]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "rollouts.jsonl", rows(40))


def test_two_rounds_are_disjoint_and_a_third_says_that_no_documents_are_left(source: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    draw(source, build, documents=20)
    draw(source, build, documents=20, round=1)
    assert len(ids(build)) == len(ids(build, 1)) == 20
    assert len({*ids(build), *ids(build, 1)}) == 40
    with pytest.raises(StageError, match="No documents are left: build has all 40 usable openings"):
        draw(source, build, documents=20, round=2)


def test_a_draw_depends_on_neither_the_order_nor_the_form_of_the_source(source: Path, tmp_path: Path) -> None:
    shuffled = rows(40)
    random.Random(1).shuffle(shuffled)
    jsonl = write_jsonl(tmp_path / "shuffled.jsonl", shuffled)
    folder = tmp_path / "parquet"
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(shuffled[:15]), folder / "train-0.parquet")
    pq.write_table(pa.Table.from_pylist(shuffled[15:]), folder / "train-1.parquet")
    draws = []
    for number, each in enumerate((source, jsonl, folder)):
        draw(each, tmp_path / f"build{number}")
        draws.append(list(read_documents(round_folder(tmp_path / f"build{number}", 0))))
    assert draws[0] == draws[1] == draws[2]


def test_what_else_the_source_holds_keeps_the_order_of_a_draw(source: Path, tmp_path: Path) -> None:
    draw(source, tmp_path / "all", documents=40)
    half = write_jsonl(tmp_path / "half.jsonl", rows(40)[::2])
    draw(half, tmp_path / "half", documents=40)
    assert ids(tmp_path / "half") == [each for each in ids(tmp_path / "all") if int(each[4:]) % 2 == 0]


def test_seeds_give_different_draws_and_the_same_seed_the_same(source: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        draw(source, tmp_path / name, seed=seed)
    a, b, c = (list(read_documents(round_folder(tmp_path / name, 0))) for name in "abc")
    assert a == b
    assert {each.doc_id for each in a} != {each.doc_id for each in c}


def test_every_rollout_is_kept_in_its_place(source: Path, tmp_path: Path) -> None:
    draw(source, tmp_path / "build", documents=40)
    given = {row["doc_id"]: row for row in rows(40)}
    for drawn in read_documents(round_folder(tmp_path / "build", 0)):
        row = given[drawn.doc_id]
        assert (drawn.opening, drawn.rollouts, drawn.doc_source) == (row["prefix"], row["rollouts"], row["doc_source"])
        assert 0 <= drawn.row_seed < 2**48


def test_a_second_run_does_nothing_and_another_draw_of_the_round_is_refused(source: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    first = draw(source, build)
    path = round_folder(build, 0) / "documents.parquet"
    before = path.stat().st_mtime_ns
    again = draw(source, build)
    assert (again.unchanged, again.drawn, path.stat().st_mtime_ns) == (True, first.drawn, before)
    with pytest.raises(StageError, match="a round never changes"):
        draw(source, build, documents=11)
    with pytest.raises(StageError, match="a round never changes"):
        draw(source, build, seed=5)


def test_a_draw_that_died_before_it_was_recorded_is_drawn_again(source: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    draw(source, build)
    before = ids(build)
    (build / "documents.db").unlink()
    (round_folder(build, 0) / "documents.parquet").write_bytes(b"half a fi")
    assert not draw(source, build).unchanged
    assert ids(build) == before


def test_fewer_documents_than_asked_for_are_drawn_and_it_is_said(source: Path, tmp_path: Path) -> None:
    summary = draw(source, tmp_path / "build", documents=100)
    assert summary.drawn.documents == 40
    assert "100 were asked for" in str(summary)


def test_documents_that_were_imported_are_not_drawn(source: Path, tmp_path: Path) -> None:
    build = make_build([published_row(doc_id=f"doc-{number}") for number in range(30)], tmp_path)
    draw(source, build, documents=40, round=1)
    assert sorted(ids(build, 1)) == sorted(f"doc-{number}" for number in range(30, 40))
    with pytest.raises(StageError, match="Round 0 of tiny was imported"):
        draw(source, build, round=0)


def test_openings_that_no_document_can_be_made_of_are_left_out_and_counted(tmp_path: Path) -> None:
    good, *bad = rows(5)
    bad[0]["prefix"] = " \n"
    bad[1]["rollouts"] = []
    bad[2]["rollouts"] = [" ", None]
    bad[3]["doc_id"] = None
    summary = draw(write_jsonl(tmp_path / "odd.jsonl", [good, *bad]), tmp_path / "build")
    assert ids(tmp_path / "build") == [good["doc_id"]]
    assert summary.drawn.unusable == {
        "doc_id is empty": 1,
        "prefix is empty": 1,
        "there is no rollout with text": 2,
    }


def test_lone_surrogates_do_not_stop_a_draw(tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    row = '{"doc_id": "d", "doc_source": null, "prefix": "A \\ud800 B.", "rollouts": [" \\ud83e\\uddca."]}'
    path.write_text(row, encoding="utf-8")
    draw(path, tmp_path / "build")
    (drawn,) = read_documents(round_folder(tmp_path / "build", 0))
    assert (drawn.opening, drawn.rollouts) == ("A \ufffd B.", [" \U0001f9ca."])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json\n", r"rows\.jsonl, row 1 is no JSON object"),
        ("[1]\n", r"rows\.jsonl, row 1 is no JSON object"),
        ('{"doc_id": "a", "prefix": "x"}\n', r"row 1 has no doc_source, rollouts \(it has doc_id, prefix\)"),
        ('{"doc_id": "a", "doc_source": "", "prefix": 3, "rollouts": []}\n', "row 1: prefix is no text but int"),
        ('{"doc_id": "a", "doc_source": "", "prefix": "x", "rollouts": "y"}\n', "row 1: rollouts is no list of texts"),
        ('{"doc_id": "a", "doc_source": "", "prefix": "x", "rollouts": [1]}\n', "row 1: rollouts is no list of texts"),
        ('{"doc_id": "a", "doc_source": "", "prefix": "x", "rollouts": ["y"]}\n' * 2, "the doc_id 'a' stands twice"),
        ("[" * 100_000 + "\n", "row 1 is no JSON object"),
        ("", r"rows\.jsonl holds no opening that a document can be made of"),
    ],
)
def test_a_source_that_is_not_rollouts_is_named_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StageError, match=message) as caught:
        draw(path, tmp_path / "build")
    assert "\n" not in str(caught.value)
    assert read_round(round_folder(tmp_path / "build", 0)) is None


def test_parquet_that_holds_something_else_is_named_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="it has no column doc_source, prefix, rollouts"):
        draw(_parquet(tmp_path / "other.parquet", {"doc_id": ["a"], "text": ["b"]}), tmp_path / "build")
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 no")
    with pytest.raises(StageError, match="cannot be read as Parquet"):
        draw(broken, tmp_path / "build")


def _parquet(path: Path, columns: dict[str, list[Any]]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_a_round_remembers_how_it_was_drawn(source: Path, tmp_path: Path) -> None:
    summary = draw(source, tmp_path / "build", seed=3)
    kept = read_round(round_folder(tmp_path / "build", 0))
    assert kept == summary.drawn
    assert (kept.seed, kept.documents, kept.source_model) == (3, 10, "some model")
    assert list(kept.source["fingerprint"].values()) == [sha256(source)]


def test_a_source_may_move_between_runs_and_may_not_change(source: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    draw(source, build)
    moved = source.rename(tmp_path / "elsewhere.jsonl")
    assert draw(moved, build).unchanged
    write_jsonl(moved, rows(41))
    with pytest.raises(StageError, match="a round never changes"):
        draw(moved, build)


@pytest.mark.parametrize("wrong", [{"documents": 0}, {"round": -1}])
def test_impossible_numbers_are_refused(source: Path, tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(StageError, match="at least 1 document"):
        draw(source, tmp_path / "build", **wrong)
