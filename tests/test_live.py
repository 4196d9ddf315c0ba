"""What a round or a sweep has so far is read from its files alone, whatever state they were left in."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipeline import sweep
from pipeline.asking import Asking
from pipeline.models.calls import Stage
from pipeline.rounds import level_folder, round_folder
from pipeline.running import live
from pipeline.work import Work
from tests.sweeps import order, recordings


def spoiled(stage: str, row: dict[str, Any]) -> dict[str, Any]:
    """One judge talks at level 0, and at level 3 no reply of the generator can be read."""
    if stage == "judge" and row["level"] == 0 and (row["slot"], row["rollout"]) == (10, 0):
        return {**row, "text": "quite good"}
    return {**row, "text": "{"} if stage == "generate" and row["level"] == 3 else row


def test_a_sweep_tells_scores_and_rejects_of_all_its_levels(tmp_path: Path) -> None:
    held = recordings(tmp_path / "held", levels=(0, 3), changes=spoiled)
    done = sweep.run(order(tmp_path, levels=(0, 3), by=Asking(recordings=held)))
    assert isinstance(done, sweep.Summary)
    work = order(tmp_path).work
    found = live.so_far(work)
    assert found.scores.total() == 8 * 6
    assert found.rejects[Stage.JUDGE, "not_a_number"] == 8
    assert found.rejects.total() == 8 + done.results[3].documents
    by_level = Counter(each.level for each in found.newest)
    assert by_level == {0: 8, 3: 8}
    replies = live.raw_replies(work, found.newest)
    assert Counter(replies) == {"quite good": 8, "{": 8}


def test_a_sweep_tells_what_was_given_up_and_its_purse(tmp_path: Path) -> None:
    held = recordings(tmp_path / "held", levels=(0, 3))
    lines = (held / "judge.jsonl").read_text(encoding="utf-8").splitlines()
    (held / "judge.jsonl").write_text("\n".join(line for line in lines if json.loads(line)["level"] == 0) + "\n")
    sweep.run(order(tmp_path, levels=(0, 3), by=Asking(recordings=held, cap=Decimal(2))))
    account = live.account(order(tmp_path).work)
    assert account is not None
    assert account.given_up == {Stage.JUDGE: 8 * 6 * 5}
    assert {each.level for each in account.first} == {3}


@pytest.mark.parametrize("reason", ["no_reply", "no_json"])
def test_a_document_that_is_not_asked_yet_is_no_reject(tmp_path: Path, reason: str) -> None:
    folder = round_folder(tmp_path / "builds" / "demo", 0)
    folder.mkdir(parents=True)
    (folder / "finalize.json").write_text(json.dumps({"rejects": {reason: 3}}))
    reject = {"doc_id": "a", "level": -2, "slot": None, "reason": reason, "detail": ""}
    (folder / "rejects.jsonl").write_text(f"{json.dumps(reject)}\n")
    found = live.so_far(Work(build=tmp_path / "builds" / "demo", folder=folder))
    told = 0 if reason == "no_reply" else 3
    assert (found.rejects.total(), len(found.newest)) == (told, min(told, 1))


def test_nothing_yet_is_nothing(tmp_path: Path) -> None:
    work = order(tmp_path).work
    assert live.so_far(work) == live.SoFar(scores=Counter(), rejects=Counter(), newest=())
    assert live.account(work) is None
    level_folder(work.folder, 0).mkdir(parents=True)
    assert live.so_far(work).rejects.total() == 0
