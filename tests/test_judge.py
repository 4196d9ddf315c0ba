"""Judge and answerer are read by one documented rule; nothing else becomes a score or an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.calls import Stage
from pipeline.prompts import answerer, judge
from pipeline.rejects import Reason, Rejected
from tests.openings import recorded, reply


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("0.7", 0.7),
        (" 0.70\n", 0.7),
        ("1", 1.0),
        ("1.", 1.0),
        ("0", 0.0),
        ("-0", 0.0),
        ("+0.5", 0.5),
        (".85", 0.85),
        ("0.7.", 0.7),
        ('"0.7"', 0.7),
        ("`0.7`", 0.7),
        ("**0.7**", 0.7),
        ("Score: 0.7", 0.7),
        ("**Score:** 0.7", 0.7),
        ("Final score = 0.7", 0.7),
        ("0.6\n\nThe answer has the theme but not the 3 numbers.", 0.6),
        ("The answer gets 2 of 3 parts.\n\n0.6", 0.6),
        ("0.6\n\nFinal score: 0.60", 0.6),
        ("```\n0.3\n```", 0.3),
    ],
)
def test_a_number_alone_on_a_line_is_the_score(text: str, score: float) -> None:
    assert judge.parse(reply(text, stage=Stage.JUDGE)) == score


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("true", Reason.NOT_A_NUMBER),
        ("null", Reason.NOT_A_NUMBER),
        ("NaN", Reason.NOT_A_NUMBER),
        ("inf", Reason.NOT_A_NUMBER),
        ("70%", Reason.NOT_A_NUMBER),
        ("7/10", Reason.NOT_A_NUMBER),
        ("0,7", Reason.NOT_A_NUMBER),
        ("0.5-0.7", Reason.NOT_A_NUMBER),
        ("0.5 or 0.7", Reason.NOT_A_NUMBER),
        ("1e-1", Reason.NOT_A_NUMBER),
        ("٠.٧", Reason.NOT_A_NUMBER),
        ('{"score": 0.7}', Reason.NOT_A_NUMBER),
        ("I would give this 0.7 because it is close.", Reason.NOT_A_NUMBER),
        ("high", Reason.NOT_A_NUMBER),
        ("0.2\n0.9", Reason.TWO_NUMBERS),
        ("1.5", Reason.OUT_OF_RANGE),
        ("-0.1", Reason.OUT_OF_RANGE),
        ("7", Reason.OUT_OF_RANGE),
        ("9" * 400, Reason.OUT_OF_RANGE),
        ("", Reason.EMPTY),
        ("\n ", Reason.EMPTY),
        ("0.7" * 200_000, Reason.TOO_LONG),
    ],
)
def test_anything_else_leaves_the_answer_unscored_with_a_reason(text: str, reason: Reason) -> None:
    value = judge.parse(reply(text, stage=Stage.JUDGE))
    assert isinstance(value, Rejected)
    assert value.reason is reason


@pytest.mark.parametrize(("stop_reason", "reason"), [("refusal", Reason.REFUSAL), ("max_tokens", Reason.TRUNCATED)])
@pytest.mark.parametrize("stage", [Stage.ANSWER, Stage.JUDGE])
def test_refused_and_cut_replies_are_neither_answers_nor_scores(stage: Stage, stop_reason: str, reason: Reason) -> None:
    parse = {Stage.ANSWER: answerer.parse, Stage.JUDGE: judge.parse}[stage]
    value = parse(reply("0.7", stage=stage, stop_reason=stop_reason))
    assert isinstance(value, Rejected)
    assert value.reason is reason


def test_a_score_above_an_explanation_that_was_cut_counts() -> None:
    assert judge.parse(reply("0.6\n\nThe answer has the", stage=Stage.JUDGE, stop_reason="max_tokens")) == 0.6


@given(st.text())
def test_a_score_is_always_within_its_range(text: str) -> None:
    value = judge.parse(reply(text, stage=Stage.JUDGE))
    assert isinstance(value, Rejected) or 0 <= value <= 1


def test_an_answer_is_kept_as_it_was_written() -> None:
    assert answerer.parse(reply(" Two\nlines. ", stage=Stage.ANSWER)) == " Two\nlines. "


def test_all_recorded_scores_and_answers_are_read() -> None:
    scores = [judge.parse(each) for each in recorded(Stage.JUDGE)]
    answers = [answerer.parse(each) for each in recorded(Stage.ANSWER)]
    assert len(scores) == len(answers) == 2640
    assert not [value for value in (*scores, *answers) if isinstance(value, Rejected)]
