"""Recorded replies: found by what they answer, once each, and a clear reason where there is none."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import StageError
from pipeline.models.calls import Item, Stage
from pipeline.models.recorded import Recorded, read_recordings
from tests.buyer import Buyer

SAMPLE = Path(__file__).parents[1] / "sample" / "replies"


def record(folder: Path, *rows: dict[str, Any]) -> Recorded:
    folder.mkdir(exist_ok=True)
    (folder / "answer.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Recorded(folder, latency=0)


def row(number: int) -> dict[str, Any]:
    return {"doc_id": f"doc-{number // 5}", "level": -2, "slot": 10, "rollout": number % 5, "text": f"answer {number}"}


@pytest.fixture
def buyer(tmp_path: Path) -> Buyer:
    return Buyer(tmp_path / "data", count=450, cap="0")


def test_every_request_gets_its_own_recording(buyer: Buyer, tmp_path: Path) -> None:
    outcome = buyer.buy(record(tmp_path / "replies", *map(row, range(450))))
    assert (outcome.done, outcome.dead, outcome.spent) == (450, 0, 0)
    assert buyer.is_complete()
    texts = {int(reply.item.doc_id[4:]) * 5 + reply.item.rollout: reply.text for reply in buyer.replies()}
    assert texts == {number: f"answer {number}" for number in range(450)}


def test_a_second_run_does_nothing(buyer: Buyer, tmp_path: Path) -> None:
    backend = record(tmp_path / "replies", *map(row, range(450)))
    buyer.buy(backend)
    files = {path: path.stat().st_mtime_ns for path in buyer.folder.iterdir()}
    buyer.buy(backend)
    assert {path: path.stat().st_mtime_ns for path in buyer.folder.iterdir()} == files


def test_a_request_without_a_recording_is_a_clear_reject(buyer: Buyer, tmp_path: Path) -> None:
    buyer.count = 3
    outcome = buyer.buy(record(tmp_path / "replies", row(0), row(2)))
    assert (outcome.done, outcome.dead) == (2, 1)
    assert (
        buyer.dead()[0].reason == f"{tmp_path / 'replies'} has no reply to answer doc-0, level -2, slot 10, rollout 1."
    )
    assert buyer.answered() == Counter([0, 2])


def test_a_recording_that_comes_later_is_found_when_asked_for(buyer: Buyer, tmp_path: Path) -> None:
    buyer.count = 2
    buyer.buy(record(tmp_path / "replies", row(0)))
    outcome = buyer.buy(record(tmp_path / "replies", row(0), row(1)), retry_dead=True)
    assert (outcome.done, outcome.dead) == (2, 0)


@pytest.mark.parametrize("line", ["{", "[]", '{"doc_id": "a"}', '{"doc_id": "a", "level": 0}', "null"])
def test_a_damaged_recording_is_named_by_its_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "judge.jsonl").write_text(json.dumps({**row(0)}) + "\n" + line + "\n")
    with pytest.raises(StageError, match=r"judge\.jsonl:2 is no recording"):
        read_recordings(tmp_path, Stage.JUDGE)


def test_the_sample_has_every_reply_of_its_level(tmp_path: Path) -> None:
    recordings = read_recordings(SAMPLE, Stage.ANSWER)
    assert len(recordings) == 2640
    assert len(read_recordings(SAMPLE, Stage.GENERATE)) == 88
    assert read_recordings(SAMPLE, Stage.CEILING) == {}


def test_a_document_is_found_without_slot_and_rollout(tmp_path: Path) -> None:
    (tmp_path / "generate.jsonl").write_text('{"doc_id": "d", "level": 0, "text": "{}"}\n')
    [key] = read_recordings(tmp_path, Stage.GENERATE)
    item = Item(Stage.GENERATE, "d", 0)
    assert key == (item.doc_id, item.level, item.slot, item.rollout)
