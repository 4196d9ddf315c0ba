"""Replies that were recorded beforehand, found by stage, document, level, slot and rollout. Needs no key, no network.

A folder of recordings holds `generate.jsonl`, `answer.jsonl`, `judge.jsonl` and, where the full-information ceiling was
recorded too, `ceiling.jsonl`: one object a line with `doc_id`, `level`, `text`, and for all but `generate`, `slot` and
`rollout` (sample/README.md).
"""

import json
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pipeline.crashpoint import crashpoint
from pipeline.errors import StageError
from pipeline.models import raw
from pipeline.models.backend import Asked, Outcome, RunContext, Tally
from pipeline.models.calls import Item, Request, Stage, custom_id
from pipeline.models.catalog import Prices
from pipeline.models.raw import Result
from pipeline.money.submission import Fate, Settled, State, Submission

FREE = Prices(0, 0, 0, 0, 0)
GROUP = 200  # requests whose replies share a raw file
NOT_RECORDED = "not_recorded"


class Key(NamedTuple):
    """What a recording is found by."""

    doc_id: str
    level: int
    slot: int | None
    rollout: int


def read_recordings(folder: Path, stage: Stage) -> dict[Key, str]:
    """Return the recorded replies of a stage; none where the folder has no file for it.

    Raises StageError, with the line's number, for a line that is no recording.
    """
    path = folder / f"{stage}.jsonl"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8") as file:
        return dict(_recording(line, f"{path}:{number}") for number, line in enumerate(file, start=1))


def _recording(line: str, where: str) -> tuple[Key, str]:
    try:
        row = json.loads(line)
        return Key(row["doc_id"], row["level"], row.get("slot"), row.get("rollout", 0)), str(row["text"])
    except (ValueError, KeyError, TypeError) as error:
        raise StageError(f"{where} is no recording: {type(error).__name__} {error}.") from error


class Recorded:
    """The back end that replays the recordings in `folder`, pausing `latency` seconds a reply so that one can watch."""

    name = "recorded"

    def __init__(self, folder: Path, *, latency: float = 0.001) -> None:
        self.folder = folder
        self.latency = latency

    def fulfil(self, asked: Asked, *, run: RunContext) -> Outcome:
        """Ask what was not asked yet and return when all of it is answered; a call without a recording dies."""
        recordings = read_recordings(self.folder, run.stage)
        with run.ledger.alone(f"recorded-{run.build}"):
            run.prepare()
            _forget_unfinished(run)
            tally = Tally(run)
            stream = run.ledger.unsettled(run.build, asked())
            while group := list(islice(stream, GROUP)):
                self._answer(group, recordings=recordings, run=run, tally=tally)
            return tally.outcome()

    def _answer(self, group: list[Request], *, recordings: dict[Key, str], run: RunContext, tally: Tally) -> None:
        submission = run.ledger.submit(
            run.purpose(self.name), group, call=run.call, prices=FREE, worst=0, state=State.RUNNING
        )
        results = {request.id: self._result(request, submission, recordings) for request in group}
        items = {request.id: request.item for request in group}
        raw.write(
            run.file(submission), ((items[id], result) for id, result in results.items()), call=run.call, prices=FREE
        )
        crashpoint("recorded_written")
        with run.ledger.transaction():
            tally.settle(submission.number, _settled(results))
            run.ledger.close(submission.number, State.CLOSED)
        run.landed()

    def _result(self, request: Request, submission: Submission, recordings: dict[Key, str]) -> Result:
        time.sleep(self.latency)
        name = custom_id(submission.id, request.id)
        text = recordings.get(_key(request.item))
        if text is None:
            why = f"{self.folder} has no reply to {_words(request.item)}."
            return raw.errored(name, error=NOT_RECORDED, message=why)
        message = {"content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}
        return raw.succeeded(name, json.dumps(message, ensure_ascii=False).encode())


def _key(item: Item) -> Key:
    return Key(item.doc_id, item.level, item.slot, item.rollout)


def _words(item: Item) -> str:
    slot = "" if item.slot is None else f", slot {item.slot}, rollout {item.rollout}"
    return f"{item.stage} {item.doc_id}, level {item.level}{slot}"


def _settled(results: dict[str, Result]) -> Iterator[Settled]:
    for id, result in results.items():
        reason = result.error.get("message")
        yield Settled(id, Fate.DEAD if reason else Fate.DONE, reason=reason)


def _forget_unfinished(run: RunContext) -> None:
    """Undo the groups that a killed process left open: their replies cost nothing and are asked for again."""
    for submission in run.ledger.under_way(Recorded.name, build=run.build, stage=run.stage):
        run.file(submission).unlink(missing_ok=True)
        run.ledger.close(submission.number, State.VOID, reason="the process ended")
