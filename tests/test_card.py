"""What a dataset card states, where it contradicts itself, and where the data contradict it."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.dataset.card import Card, Difference, Facts, parse, reconcile

CARD = (Path(__file__).parent / "data" / "card.md").read_text(encoding="utf-8")
TRUE = Facts(
    total=590_741,
    documents=36_997,
    rounds=3,
    scopes={"word": 184_959, "lens": 184_805, "sentence": 110_882, "paragraph": 73_932, "whole": 35_622, "": 541},
    scored=188_819,
    histogram=(33_518, 45_525, 25_803, 52_087, 31_961),
    mean=0.4612,
    sd=0.2957,
    hard=41.84,
    easy=16.92,
)


def about(found: list[Difference]) -> dict[str, Difference]:
    return {difference.subject: difference for difference in found}


def test_the_reference_card_is_read_whole() -> None:
    card = parse(CARD)
    assert (card.total, card.rows, card.documents, card.rounds, card.scored) == (590_741, 590_741, 36_997, 3, 188_819)
    assert card.scopes == {scope: count for scope, count in TRUE.scopes.items() if scope}
    assert card.histogram == TRUE.histogram
    assert [share.value for share in card.shares] == [17.7, 24.1, 13.7, 27.6, 16.9]
    stated = (card.mean, card.prose_mean, card.sd, card.hard, card.easy)
    assert [number.value for number in stated if number] == [0.461, 0.5, 0.296, 41.8, 16.9]


def test_the_reference_card_contradicts_itself_where_it_does() -> None:
    found = about(reconcile(CARD))
    assert found.keys() == {"scopes", "slots", "histogram", "unscored", "mean"}
    assert found["scopes"].amount == -541
    assert found["slots"].amount == -1_211
    assert found["histogram"].amount == 75
    assert found["unscored"].amount == -31_617
    assert "31,617 unscored" in str(found["unscored"])
    assert (found["mean"].stated, found["mean"].found) == (0.5, 0.461)


def test_data_that_agree_with_the_card_add_only_what_it_says_wrongly_of_itself() -> None:
    added = reconcile(CARD, TRUE)[len(reconcile(CARD)) :]
    assert [difference.subject for difference in added] == ["mean in the text"]


@pytest.mark.parametrize(
    ("changed", "subject", "amount"),
    [
        (replace(TRUE, total=590_740), "probes", -1),
        (replace(TRUE, documents=37_000), "documents", 3),
        (replace(TRUE, rounds=1), "rounds", -2),
        (replace(TRUE, scopes=TRUE.scopes | {"whole": 35_621}), "scope whole", -1),
        (replace(TRUE, scopes={}), "scope word", -184_959),
        (replace(TRUE, scored=188_894), "scored", 75),
        (replace(TRUE, histogram=(33_518, 45_525, 25_803, 52_087, 31_962)), "histogram bin 5", 1),
        (replace(TRUE, mean=0.4616), "mean", pytest.approx(0.0006)),
        (replace(TRUE, sd=0.2954), "sd", pytest.approx(-0.0006)),
        (replace(TRUE, hard=41.9), "HARD share", pytest.approx(0.1)),
        (replace(TRUE, easy=16.8), "EASY share", pytest.approx(-0.1)),
    ],
)
def test_each_number_is_compared_with_the_data(changed: Facts, subject: str, amount: float) -> None:
    assert about(reconcile(CARD, changed))[subject].amount == amount


@pytest.mark.parametrize("text", ["", "# A build\nNothing is counted here.", "\x00\ud800| word | many |", "mean=high"])
def test_a_card_without_numbers_has_no_differences(text: str) -> None:
    assert parse(text) == Card()
    assert reconcile(text, TRUE) == []


def test_a_build_without_scores_is_compared_in_what_it_has() -> None:
    unscored = replace(TRUE, scored=0, histogram=(0,) * 5, mean=None, sd=None, hard=None, easy=None)
    found = about(reconcile(CARD, unscored))
    assert found["scored"].amount == -188_819
    assert not {"sd", "HARD share"} & found.keys()


def test_a_difference_reads_as_one_line_with_its_sign() -> None:
    assert str(about(reconcile(CARD))["histogram"]) == (
        "histogram: the card says 188,819 scored, its histogram adds up to 188,894 (+75)"
    )
