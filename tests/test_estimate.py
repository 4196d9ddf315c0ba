"""Estimates: the card's own bill, and a ceiling that holds."""

from pipeline.models import catalog
from pipeline.models.calls import Stage
from pipeline.money import estimate
from tests.buyer import numbered

SCORED_CALLS = 944_095  # dataset card: 188,819 probes x 5


def test_the_scoring_pass_of_the_card_costs_what_the_card_says() -> None:
    answer = catalog.call("claude-haiku-4-5", prompt="f", max_tokens=800)
    judge = catalog.call("claude-haiku-4-5", prompt="f", max_tokens=16)
    both = estimate.typical(answer, Stage.ANSWER, requests=SCORED_CALLS, batch=True) + estimate.typical(
        judge, Stage.JUDGE, requests=SCORED_CALLS, batch=True
    )
    assert str(both).startswith("1,888,190 requests")
    assert "$1,003.10 expected" in str(both)


def test_requests_are_priced_by_their_bytes_and_a_batch_costs_half() -> None:
    full = estimate.estimate(numbered(10), batch=False)
    half = estimate.estimate(numbered(10), batch=True)
    assert full.requests == half.requests == 10
    assert full.input_tokens == sum(round(len(request.body) / 3.5) for request in numbered(10))
    assert full.output_tokens == 10 * 80
    assert full.expected == 2 * half.expected
    assert half.ceiling > half.expected


def test_no_requests_cost_nothing() -> None:
    assert estimate.estimate([], batch=True) == estimate.NOTHING
    assert "$0.0000 expected" in str(estimate.NOTHING)
