"""A provider of Message Batches inside this process: it takes what is submitted and answers all of it at once.

It stands where the SDK and the network do. What it keeps of a batch is a file of custom ids, so that its own memory
says nothing; its time is counted apart.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

from benchmarks.rollouts import SAMPLE, sample
from pipeline.models.anthropic_api import Batch

CUSTOM_ID = re.compile(rb'"custom_id":"([^"]+)"')
USAGE = {"input_tokens": 1300, "output_tokens": 80}  # of an answer on the card
LABEL = re.compile(r"\[P\d+\]")
SCORES = ("0", "0.1", "0.3", "0.5", "0.7", "0.9", "1.0")


class Provider:
    """Answers the requests of one stage; `total` of them are to come before the first batch ends."""

    def __init__(self, folder: Path, *, stage: str, total: int) -> None:
        self.folder, self.stage, self.total = folder, stage, total
        folder.mkdir(parents=True, exist_ok=True)
        self.sizes: dict[str, int] = {}
        self.bytes = 0
        self.built: float | None = None  # when the last batch came
        self.seconds = 0.0  # its own time
        self._openings = {_letters(row["prefix"]): row["doc_id"] for row in sample()} if stage == "generate" else {}
        self._replies = _replies() if stage == "generate" else {}
        self._answers = _answers()

    @contextmanager
    def connect(self) -> Iterator["Provider"]:
        """Open a connection."""
        yield self

    def workspace(self) -> str:
        """Return the workspace of the key."""
        return "benchmark"

    def message(self, body: bytes) -> bytes:
        """Answer one request."""
        return self._message(self._text("canary", body)).encode()

    def create_batch(self, body: bytes) -> Batch:
        """Take a batch."""
        with self._own_time():
            name = f"batch_{self.stage}_{len(self.sizes):05d}"
            ids = [match.decode() for match in CUSTOM_ID.findall(body)]
            if self.stage == "generate":
                requests = json.loads(body)["requests"]
                texts = [self._text(one["custom_id"], json.dumps(one["params"]).encode()) for one in requests]
            else:
                texts = [self._text(each, b"") for each in ids]
            self._write(name, ids, texts)
            self.sizes[name] = len(ids)
            self.bytes += len(body)
        self.built = time.perf_counter()
        return self.retrieve_batch(name)

    def retrieve_batch(self, name: str) -> Batch:
        """Say how a batch stands."""
        ended = sum(self.sizes.values()) >= self.total
        counts = {"processing": 0 if ended else self.sizes[name], "succeeded": self.sizes[name] if ended else 0}
        now = datetime.now(UTC)
        created, expires = now.isoformat(), (now + timedelta(days=1)).isoformat()
        return Batch(name, ended, counts, created, expires, created if ended else None, None)

    def results(self, name: str, path: Path) -> Iterator[int]:
        """Hand over the results of a batch."""
        with self._own_time():
            (self.folder / name).replace(path)
        yield path.stat().st_size

    @contextmanager
    def _own_time(self) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - started

    def _write(self, name: str, ids: list[str], texts: list[str]) -> None:
        with (self.folder / name).open("w", encoding="utf-8") as file:
            for custom_id, text in zip(ids, texts, strict=True):
                result = f'{{"type":"succeeded","message":{self._message(text)}}}'
                file.write(f'{{"custom_id":"{custom_id}","result":{result}}}\n')

    def _message(self, text: str) -> str:
        content = [{"type": "text", "text": text}]
        return json.dumps({"id": "msg", "content": content, "stop_reason": "end_turn", "usage": USAGE})

    def _text(self, custom_id: str, body: bytes) -> str:
        if self.stage == "generate":
            user = json.loads(body)["messages"][0]["content"]
            return self._replies[self._openings[_letters(LABEL.sub("", user[user.index("[P1]") :][:400]))]]
        number = blake2b(custom_id.encode(), digest_size=4).digest()
        options = self._answers if self.stage == "answer" else SCORES
        return options[int.from_bytes(number, "big") % len(options)]


def _letters(text: str) -> str:
    """Return the first letters and digits of an opening, which tell the sample's documents apart."""
    return re.sub(r"\W", "", text)[:24]


def _replies() -> dict[str, str]:
    lines = (SAMPLE / "replies" / "generate.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["doc_id"]: row["text"] for row in map(json.loads, lines) if row["level"] == -2}


def _answers() -> list[str]:
    lines = (SAMPLE / "replies" / "answer.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines[:500]]
