"""Recurrence: a claim that a sibling repeats in its words is found, one that it does not make is not."""

import json
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import siblings
from pipeline.errors import StageError
from pipeline.models.calls import Stage
from pipeline.probes.made import Made, read_made, write_made
from pipeline.probes.recurrence import containment, stems
from pipeline.probes.resolution import resolve
from pipeline.rounds import Drawn, read_documents, write_documents
from queries.schema import SCORED_SCOPES, Target
from tests.openings import MODEL, drawn, probe, recorded, reply, sample, templates, written

WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=30)


def best_stretch(claim: list[str], sibling: list[str]) -> float:
    """Containment, the slow way."""
    size = max(len(claim), 8)
    stretches = [sibling[start : start + size] for start in range(max(1, len(sibling) - size + 1))]
    return max(len(set(claim) & set(stretch)) for stretch in stretches) / len(set(claim))


@given(WORDS.filter(bool), WORDS)
def test_containment_is_that_of_the_best_stretch(claim: list[str], sibling: list[str]) -> None:
    assert containment(claim, sibling) == best_stretch(claim, sibling)


@given(WORDS.filter(bool), WORDS, WORDS)
def test_a_claim_stands_whole_in_a_text_that_quotes_it(claim: list[str], before: list[str], after: list[str]) -> None:
    assert containment(claim, before + claim + after) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The grains were sliding, and it slid in 09.", ["grain", "slid", "slid", "09"]),
        ("There were some of them, though.", []),
        ("Walks, walked; WALKING.", ["walk", "walk", "walk"]),
        ("", []),
    ],
)
def test_stems_leave_function_words_and_endings_out(text: str, expected: list[str]) -> None:
    assert stems(text) == expected


def finalized(documents: list[Drawn], replies: dict[str, str], folder: Path) -> list[Made]:
    write_documents(folder, documents)
    made = [
        resolve(each, reply(replies[each.doc_id], doc_id=each.doc_id), templates=templates(), source_model=MODEL).made
        for each in documents
    ]
    write_made(folder / "probes.parquet", [each for each in made if each])
    return [each for _, each in read_made(folder / "probes.parquet", read_documents(folder))]


def rows(folder: Path) -> dict[tuple[str, int], tuple[int, int, float]]:
    return {
        (row["doc_id"], row["slot"]): (row["siblings"], row["recurs_in"], row["recurrence"])
        for row in pq.read_table(folder / "siblings.parquet").to_pylist()
    }


def test_a_claim_is_counted_in_the_siblings_that_repeat_it(tmp_path: Path) -> None:
    claim = " The rod sank two fingers deeper each morning, although the air was colder than before."
    rollouts = [drawn().rollouts[0], "\n\nA bell rang." + claim, "", " The children stole his chalk."]
    text = json.dumps(written(probes=[probe(10, "suffix", "A3"), probe(11, "prefix", "P4")]))
    finalized([drawn(rollouts=rollouts)], {"small": text}, tmp_path)
    siblings.run(siblings.Siblings(folder=tmp_path))
    found = rows(tmp_path)
    assert found["small", 10] == (2, 1, 0.5)
    assert ("small", 11) not in found


class Compared(NamedTuple):
    """What the stage made of the sample at level -2."""

    summary: siblings.Summary
    documents: list[Made]
    rows: dict[tuple[str, int], tuple[int, int, float]]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    folder = tmp_path_factory.mktemp("siblings")
    replies = {each.item.doc_id: each.text for each in recorded(Stage.GENERATE) if each.item.level == -2}
    documents = finalized(sample(), replies, folder)
    return Compared(siblings.run(siblings.Siblings(folder=folder)), documents, rows(folder))


def measured(compared: Compared, label: str) -> list[tuple[int, float]]:
    """Return count and measure of the scored suffix atoms that the generator labels so."""
    return [
        compared.rows[made.doc_id, each.slot][1:]
        for made in compared.documents
        for each in made.probes
        if each.typicality == label and (made.doc_id, each.slot) in compared.rows
    ]


def test_on_the_sample_the_measure_sides_with_the_generator_more_often_than_chance(compared: Compared) -> None:
    typical = [recurrence for _, recurrence in measured(compared, "typical")]
    atypical = [recurrence for _, recurrence in measured(compared, "atypical")]
    wins = sum((high > low) + (high == low) / 2 for high in typical for low in atypical)
    assert wins / len(typical) / len(atypical) > 0.6


def test_the_summary_counts_what_the_file_holds(compared: Compared) -> None:
    found = measured(compared, "typical")
    recurring = sum(recurs_in > 0 for recurs_in, _ in found)
    assert f"{recurring:,}  of {len(found)} typical atoms recur" in str(compared.summary)
    assert compared.summary.probes == len(compared.rows)


def test_human_text_and_prefix_targets_are_not_compared(compared: Compared) -> None:
    assert {key for key in compared.rows if key[1] >= 10} == {
        (made.doc_id, each.slot)
        for made in compared.documents
        for each in made.probes
        if each.target is Target.SUFFIX and each.atom.start >= made.opening_end and each.scope in SCORED_SCOPES
    }


def test_measures_stay_in_their_ranges(compared: Compared) -> None:
    for count, recurs_in, recurrence in compared.rows.values():
        assert 0 <= recurs_in <= count == 2
        assert 0 <= recurrence <= 1


def test_comparing_needs_probes(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="run the stage finalize first"):
        siblings.run(siblings.Siblings(folder=tmp_path))
