"""Answers and scores keep their places; what could not be read is null with a reason, never a number."""

import json
from pathlib import Path

import pytest

from pipeline import scores
from pipeline.models.calls import Item, Reply, Stage
from pipeline.probes.made import Scores, published, write_made
from pipeline.probes.resolution import resolve
from pipeline.rounds import write_documents
from tests.openings import MODEL, drawn, reply, templates, write_raw, written

TWO = [drawn(), drawn("other")]


def said(stage: Stage, rollout: int, text: str, *, slot: int = 10, attempt: int = 0, stop: str = "end_turn") -> Reply:
    return reply(text, stage=stage, stop_reason=stop)._replace(item=Item(stage, "small", -2, slot, rollout, attempt))


ANSWERS = [said(Stage.ANSWER, number, f"Answer {number}.") for number in range(3)]


def collect(folder: Path, *replies: Reply) -> scores.Summary:
    """Collect replies about the first of two finalized documents."""
    write_documents(folder, TWO)
    text = json.dumps(written())
    made = [resolve(each, reply(text), templates=templates(), source_model=MODEL).made for each in TWO]
    write_made(folder / "probes.parquet", [each for each in made if each])
    write_raw(folder, sorted(replies, key=lambda each: each.item.stage))
    return scores.collect(folder, level=-2)


def found(folder: Path) -> dict[int, Scores]:
    """Return the scores of the first document by slot; the second has none."""
    (_, first), (_, second) = scores.with_scores(folder)
    assert second == {}
    return first


def test_answers_and_scores_stand_by_rollout(tmp_path: Path) -> None:
    judged = [said(Stage.JUDGE, number, f"0.{number}") for number in (2, 0, 1)]
    collect(tmp_path, *ANSWERS[::-1], *judged)
    assert found(tmp_path) == {10: Scores(["Answer 0.", "Answer 1.", "Answer 2."], [0.0, 0.1, 0.2], [None] * 3)}


def test_what_cannot_be_read_is_null_with_its_reason(tmp_path: Path) -> None:
    answers = [*ANSWERS[:2], said(Stage.ANSWER, 2, "", stop="refusal"), said(Stage.ANSWER, 4, "Answer 4.")]
    judged = [said(Stage.JUDGE, 0, "great"), said(Stage.JUDGE, 1, "0.5"), said(Stage.JUDGE, 2, "0.9")]
    summary = collect(tmp_path, *answers, *judged)
    assert found(tmp_path)[10] == Scores(
        ["Answer 0.", "Answer 1.", None, None, "Answer 4."],
        [None, 0.5, None, None, None],
        ["not_a_number", None, "refusal", "no_reply", "no_reply"],
    )
    assert str(summary).splitlines() == [
        "1 of 1 answered probes have a score.",
        "          2  answers unscored: no_reply",
        "          1  answers unscored: not_a_number",
        "          1  answers unscored: refusal",
    ]


def test_a_probe_without_any_score_has_no_summary_and_is_not_zero(tmp_path: Path) -> None:
    collect(tmp_path, *ANSWERS, *(said(Stage.JUDGE, number, "true") for number in range(3)))
    made, by_slot = next(scores.with_scores(tmp_path))
    (probe,) = [each for each in made.probes if each.slot == 10]
    row = published(made, probe, by_slot[10])
    assert (row.bb_answer_score_mean, row.bb_answer_score_max, row.bb_answer_score_min) == (None, None, None)
    assert row.bb_answer_rollout_scores == [None, None, None]


def test_the_last_attempt_counts(tmp_path: Path) -> None:
    again = said(Stage.JUDGE, 0, "0.8", attempt=1)
    collect(tmp_path, ANSWERS[0], again, said(Stage.JUDGE, 0, "no idea"))
    assert found(tmp_path)[10].scores == [0.8]


@pytest.mark.parametrize(("text", "score", "reason"), [("0.95", 0.95, None), ("yes", None, "not_a_number")])
def test_the_ceiling_is_kept_apart(tmp_path: Path, text: str, score: float | None, reason: str | None) -> None:
    collect(tmp_path, ANSWERS[0], said(Stage.JUDGE, 0, "0.2"), said(Stage.CEILING, 0, text))
    assert found(tmp_path)[10] == Scores(["Answer 0."], [0.2], [None], score, reason)


def test_other_levels_and_unknown_documents_stay_out(tmp_path: Path) -> None:
    sweep = ANSWERS[0]._replace(item=ANSWERS[0].item._replace(level=3))
    stranger = ANSWERS[0]._replace(item=ANSWERS[0].item._replace(doc_id="stranger"))
    assert collect(tmp_path, sweep, stranger).probes == 0
    assert found(tmp_path) == {}


def test_a_round_that_was_never_scored_has_no_scores(tmp_path: Path) -> None:
    collect(tmp_path)
    (tmp_path / "scores.parquet").unlink()
    assert found(tmp_path) == {}
