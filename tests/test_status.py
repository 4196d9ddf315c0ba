"""What `status` says of a build, to a person and to a program."""

import json
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.importer import Import, run
from pipeline.status import differences, status
from queries.schema import Flag
from tests.builds import document_rows, make_build, published_row, write_published

KEYS = {
    "build",
    "documents",
    "probes",
    "rejects",
    "by_scope",
    "by_target",
    "scored",
    "labels",
    "histogram",
    "mean",
    "sd",
    "flags",
    "rounds",
    "levels",
    "differences",
    "course",
}
CARD = """
| word | 5 | a single content word |
| whole | 2 | one half-doc |
**Total probes in this build: 32** across 2 distinct
source docs (2 round(s)).
mean=0.5 std=0.1
"""


def scored(*maxima: float | None) -> list[dict[str, object]]:
    changes = [
        {"bb_answer_rollout_scores": None if value is None else [value] * 5, "doc_id": f"doc-{number}"}
        for number, value in enumerate(maxima)
    ]
    return [published_row(**change) for change in changes]


def test_counts_labels_and_bins_are_those_of_the_rows(tmp_path: Path) -> None:
    found = status(
        make_build([*scored(0.0, 0.2, 0.39, 0.4, 0.6, 0.79, 0.8, 1.0, None), published_row(scope="word")], tmp_path)
    )
    assert (found.probes, found.documents, found.scored, found.rejects) == (10, 10, 8, 0)
    assert found.labels == {"HARD": 3, "MIDDLE": 3, "EASY": 2, "UNSCORED": 1}
    assert found.histogram == [1, 2, 1, 2, 2]
    assert found.mean == pytest.approx(0.5225)
    assert found.by_scope == {"sentence": 9, "word": 1}
    assert found.rounds == {"0": 10}
    assert found.levels == {"": 10}
    assert found.flags["unscored"] == 1


def test_flags_that_were_not_computed_are_absent(tmp_path: Path) -> None:
    flags = status(make_build([published_row()], tmp_path)).flags
    assert flags.keys() == set(Flag) - {Flag.TOKEN_COUNT, Flag.NEAR_DUPLICATE, Flag.OFF_POLICY}
    assert set(flags.values()) == {0}


@pytest.mark.parametrize("rows", [[], scored(None), scored(0.5)], ids=["empty", "unscored", "one score"])
def test_small_builds_have_a_status(rows: list[dict[str, object]], tmp_path: Path) -> None:
    found = status(make_build(rows, tmp_path))
    assert found.probes == len(rows)
    assert sum(found.histogram) == found.scored
    assert str(found).startswith(f"tiny: {len(rows)} probes")


def test_json_has_the_promised_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_build(document_rows(), tmp_path)
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    assert main(["status", "--build", "tiny", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == KEYS
    assert told["by_scope"] == {"lens": 5, "paragraph": 2, "sentence": 3, "whole": 1, "word": 5}
    assert told["by_target"] == {"prefix": 8, "suffix": 8}
    assert sum(told["labels"].values()) == 6


def test_a_build_without_an_index_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    assert main(["status", "--build", "nothing"]) == 2
    assert capsys.readouterr().err == (
        "status: The build nothing has no index; run: python -m pipeline import SOURCE --build nothing\n"
    )


def test_the_card_beside_the_data_is_compared_with_them(tmp_path: Path) -> None:
    source = tmp_path / "published"
    write_published([*document_rows(0), *document_rows(1)], source / "train-00000-of-00001.parquet")
    (source / "README.md").write_text(CARD, encoding="utf-8")
    build = tmp_path / "builds" / "carded"
    run(Import(source=str(source), build=build))
    found = {difference.subject: difference for difference in differences(build)}
    assert found["scope word"].amount == 5
    assert found["rounds"].amount == -1
    assert found["scopes"].amount == -25
    assert {"probes", "documents", "scope whole"}.isdisjoint(found)
    assert "the card: rounds: the card says 2, the data hold 1 (-1)" in str(status(build)).splitlines()


def test_a_build_without_a_card_has_no_differences(tmp_path: Path) -> None:
    assert differences(make_build([published_row()], tmp_path)) == []


def test_labels_follow_the_thresholds_of_the_build(tmp_path: Path) -> None:
    build = make_build(scored(0.0, 0.3, 0.5, 0.9), tmp_path)
    settings = json.loads((build / "build.json").read_text())
    (build / "build.json").write_text(json.dumps(settings | {"thresholds": {"hard_below": 20, "easy_from": 50}}))
    assert status(build).labels == {"HARD": 1, "MIDDLE": 1, "EASY": 2, "UNSCORED": 0}
