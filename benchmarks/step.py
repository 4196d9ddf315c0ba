"""One step of a round, in a process of its own, so that its memory is its own: `python -m benchmarks.step STEP ...`.

What it took is written to the file that BENCHMARK_TOLD names.
"""

import json
import os
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.provider import Provider
from benchmarks.rollouts import SAMPLE
from pipeline import answer, check, finalize, generate, index, judge, publish, sample, siblings
from pipeline.asking import MODEL, Asking
from pipeline.models.backend import Backend
from pipeline.models.batches import Batches
from pipeline.models.desk import Chunking
from pipeline.rounds import round_folder
from pipeline.work import Work

AT_ONCE = Chunking(poll=0.0, window=10**9)  # so that building and ingesting follow each other and can be told apart


@dataclass(frozen=True, kw_only=True)
class Benched(Asking):
    """Asks the provider in this process, by the real back end for Message Batches."""

    provider: Provider

    def open(self) -> Backend:
        """Return the back end."""
        return Batches(chunking=AT_ONCE, connection=self.provider.connect)


def main(step: str, root: Path, documents: int) -> dict[str, Any]:
    """Run a step and return what it took beside memory: seconds of the processor, and of asking's two halves."""
    build = root / "builds" / "made"
    place = Work(build=build, folder=round_folder(build, 0))
    steps = {
        "sample": lambda: sample.run(
            sample.Sample(
                source=str(root / "rollouts.jsonl"), build=build, round=0, documents=documents, source_model="sample"
            )
        ),
        "finalize": lambda: finalize.run(
            finalize.Finalize(folder=place.folder, level=place.level, tokenizer=str(SAMPLE / "tokenizer"))
        ),
        "siblings": lambda: siblings.run(siblings.Siblings(folder=place.folder)),
        "index": lambda: index.run(index.Index(work=place)),
        "publish": lambda: publish.run(publish.Publish(build=build, folder=build / "hub")),
        "check": lambda: check.run(check.Check(build=build)),
    }
    if step in steps:
        steps[step]()
        return {"cpu": time.process_time()}
    return _ask(step, root, place, documents) | {"cpu": time.process_time()}


def _ask(step: str, root: Path, place: Work, documents: int) -> dict[str, Any]:
    total = documents if step == "generate" else documents * 30
    provider = Provider(root / "provider", stage=step, total=total - 1)  # the canary goes alone
    by = Benched(backend="batches", model=MODEL, cap=Decimal(10**7), provider=provider)
    started = time.perf_counter()
    if step == "generate":
        generate.run(generate.Generate(work=place, by=by))
    elif step == "answer":
        answer.run(answer.Answer(work=place, by=by))
    else:
        judge.run(judge.Judge(work=place, by=by))
    ended = time.perf_counter()
    built = provider.built or ended
    return {"building": built - started, "ingesting": ended - built, "provider": provider.seconds, "total": total}


if __name__ == "__main__":
    told = main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    Path(os.environ["BENCHMARK_TOLD"]).write_text(json.dumps(told), encoding="utf-8")
