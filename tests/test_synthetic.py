"""The synthetic build holds what it says: exact counts, the card's form, stated dirt, the same bytes each time."""

from collections import Counter
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from benchmarks import growth, questions
from benchmarks.interactions import FLOOR
from benchmarks.plan import BIN, CARD_DOCUMENTS, MID_WORD_SPLITS, RATES, Dirt, counts, plan
from benchmarks.synthetic import Published, make
from pipeline import importer
from queries.schema import SCORED_SCOPES, SLOTS, Scope, Target
from queries.splits import complement, hidden
from queries.store import read_index
from queries.tables import CARD

DOCUMENTS = 300

Row = dict[str, Any]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return make(tmp_path_factory.mktemp("synthetic") / "build", documents=DOCUMENTS)


@pytest.fixture(scope="module")
def rows(published: Published) -> list[Row]:
    return [row for shard in published.shards for row in pq.read_table(shard).to_pylist()]


def test_the_whole_build_has_the_counts_of_the_card() -> None:
    card = counts(CARD_DOCUMENTS)
    assert (card.probes, sum(card.histogram), card.stated_scored) == (590_741, 188_894, 188_819)
    assert card.scopes == {"word": 184_959, "lens": 184_805, "sentence": 110_882, "paragraph": 73_932, "whole": 35_622}
    assert card.histogram == (33_518, 45_525, 25_803, 52_087, 31_961)


@pytest.mark.parametrize("documents", [1, 7, DOCUMENTS, 5_000])
def test_a_plan_has_exactly_the_counts_of_its_size(documents: int) -> None:
    stated, cells = counts(documents), plan(documents, rng=np.random.default_rng(1))
    scopes = np.broadcast_to([str(scope) for scope in SLOTS], cells.filled.shape)[cells.filled & ~cells.unscoped]
    scored = cells.score[cells.score >= 0]
    bins = np.minimum(scored // BIN, len(stated.histogram) - 1)
    assert {str(scope): int((scopes == scope).sum()) for scope in Scope} == stated.scopes
    assert (int(cells.filled.sum()), int(cells.unscoped.sum())) == (stated.probes, stated.unscoped)
    assert tuple(np.bincount(bins, minlength=len(stated.histogram))) == stated.histogram


def test_dirt_comes_at_the_stated_rates() -> None:
    cells = plan(5_000, rng=np.random.default_rng(1))
    found = Counter(cells.dirt[cells.dirt >= 0].tolist())
    probes = counts(5_000).probes
    assert {kind: found[place] for place, kind in enumerate(Dirt)} == {
        kind: int(rate.share * probes) for kind, rate in RATES.items()
    }
    assert int(cells.mid_word.sum()) == int(5_000 * MID_WORD_SPLITS)


def test_every_shard_has_the_columns_and_types_of_the_card(published: Published) -> None:
    assert all(pq.read_schema(shard).equals(CARD) for shard in published.shards)


def test_the_rows_have_the_counts_they_were_planned_with(rows: list[Row]) -> None:
    stated = counts(DOCUMENTS)
    scopes = Counter(row["scope"] for row in rows)
    bins = Counter(
        min(round(row["bb_answer_score_max"] * 100) // BIN, len(stated.histogram) - 1)
        for row in rows
        if row["bb_answer_score_max"] is not None
    )
    assert scopes == {**stated.scopes, None: stated.unscoped}
    assert tuple(bins[place] for place in range(len(stated.histogram))) == stated.histogram
    assert len({row["doc_id"] for row in rows}) == DOCUMENTS


def test_the_rows_of_a_document_stand_together(rows: list[Row]) -> None:
    runs = [doc_id for doc_id, _ in groupby(rows, key=lambda row: row["doc_id"])]
    assert len(runs) == len(set(runs))


def test_documents_and_questions_have_realistic_lengths(rows: list[Row]) -> None:
    documents = [len(doc) for doc, _ in groupby(row["doc"] for row in rows)]
    questions = [len(row["verbalizer_prompt"]) for row in rows if row["verbalizer_prompt"]]
    answers = [len(answer) for row in rows for answer in row["bb_answer_rollout_answers"] or ()]
    assert 700 <= min(documents) <= max(documents) <= 12_000
    assert 4_000 < np.mean(documents) < 6_000
    assert 40 <= min(questions) <= max(questions) <= 150
    assert 60 <= min(answers) <= max(answers) <= 300
    assert any(not row["doc"].isascii() for row in rows)


def test_scores_agree_with_their_summary(rows: list[Row]) -> None:
    for row in rows:
        scores = row["bb_answer_rollout_scores"]
        summary = (row["bb_answer_score_min"], row["bb_answer_score_mean"], row["bb_answer_score_max"])
        if scores is None:
            assert summary == (None, None, None)
        else:
            assert len(scores) == len(row["bb_answer_rollout_answers"])
            assert summary == (min(scores), pytest.approx(sum(scores) / len(scores)), max(scores))
            assert all(0 <= score <= 1 for score in scores)


def test_only_the_stated_dirt_keeps_an_atom_or_a_context_from_its_place(rows: list[Row]) -> None:
    def share(*kinds: Dirt) -> int:
        return sum(int(RATES[kind].share * len(rows)) for kind in kinds)

    sides = [(row, {"split": row["split_char_offset"], "target": Target(row["target"])}) for row in rows]
    moved = sum(bool(row["atom_text"]) and row["atom_text"] not in hidden(row["doc"], **side) for row, side in sides)
    altered = sum(row["context"] != complement(row["doc"], **side) for row, side in sides)
    missing = sum(not row["atom_text"] for row in rows)
    assert moved == share(Dirt.ATOM_RESPACED, Dirt.ATOM_REWORDED)
    assert altered <= share(Dirt.CONTEXT_TRIMMED, Dirt.CONTEXT_OTHER)
    assert missing == share(Dirt.ATOM_NULL, Dirt.ATOM_EMPTY)


def test_only_sentence_paragraph_and_whole_probes_are_scored_and_checked(rows: list[Row]) -> None:
    templated = [row for row in rows if row["scope"] in (Scope.WORD, Scope.LENS)]
    assert all(row["bb_answer_rollout_scores"] is None and row["synergy_check"] is None for row in templated)
    assert any(row["bb_answer_rollout_scores"] is None for row in rows if row["scope"] in SCORED_SCOPES)


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(published: Published, tmp_path: Path) -> None:
    def written(build: Published) -> list[str]:
        return [sha256(shard.read_bytes()).hexdigest() for shard in build.shards]

    again = make(tmp_path / "again", documents=DOCUMENTS)
    other = make(tmp_path / "other", documents=DOCUMENTS, seed=1)
    assert written(again) == written(published) != written(other)


def test_a_build_that_is_there_is_left_alone_and_another_size_replaces_it(tmp_path: Path) -> None:
    folder = tmp_path / "build"
    first = make(folder, documents=20).shards[0].stat().st_mtime_ns
    assert make(folder, documents=20).shards[0].stat().st_mtime_ns == first
    assert pq.read_metadata(make(folder, documents=21).shards[0]).num_rows == counts(21).probes


def test_the_readme_states_the_numbers_of_the_card(tmp_path: Path) -> None:
    make(tmp_path / "build", documents=DOCUMENTS)
    stated = counts(DOCUMENTS)
    text = (tmp_path / "build" / "README.md").read_text(encoding="utf-8")
    assert f"**Total probes in this build: {stated.probes:,}** across {DOCUMENTS}" in text
    assert f"| paragraph | {stated.scopes[Scope.PARAGRAPH]:,} |" in text
    assert f"spw probes scored: **{stated.stated_scored:,}**" in text


def test_the_benchmark_can_ask_all_its_questions_and_let_a_document_appear(
    published: Published, tmp_path: Path
) -> None:
    build = tmp_path / "builds" / "small"
    importer.run(importer.Import(source=str(published.folder), build=build))
    asked = list(questions.figures(read_index(build), published))
    appeared = list(growth.figures(build, published))
    assert all(figure.values for figure in (*asked, *appeared))
    assert sorted(path.name for path in build.parent.iterdir()) == ["small"]


@pytest.mark.parametrize("screen", ["", "scores"])
def test_the_empty_page_of_the_benchmark_draws_both_screens(screen: str) -> None:
    assert [path.name for path in FLOOR.parent.glob("*.py")] == [FLOOR.name], "it would hide a package of that name"
    page = AppTest.from_file(FLOOR, default_timeout=30)
    page.query_params["screen"] = screen
    assert not page.run().exception
