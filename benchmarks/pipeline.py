"""Measure the local work of a build of the card's size: sampling, templating, 944,095 requests built and ingested."""

import json
import os
import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import rollouts
from benchmarks.app import GB, machine
from benchmarks.plan import CARD_DOCUMENTS
from benchmarks.process import Cost, watch
from benchmarks.synthetic import home
from benchmarks.table import Figure, lines

MINUTES, PEAK_GB = 15, 2  # limits of the whole, on two cores
STEPS = ("sample", "generate", "finalize", "siblings", "index", "answer", "judge", "index again", "publish", "check")
ASKING = ("generate", "answer", "judge")


class Step(NamedTuple):
    """What a step of the build took; `told` is what it says of itself (benchmarks/step.py)."""

    name: str
    cost: Cost
    told: dict[str, Any]

    @property
    def seconds(self) -> float:
        """Seconds of the step without those of the provider in it."""
        return self.cost.seconds - float(self.told.get("provider", 0.0))


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pipeline` takes."""
    parser.add_argument(
        "--documents", type=int, default=CARD_DOCUMENTS, metavar="N", help="of the build (default: the card's 36,997)"
    )


def run(arguments: Namespace) -> None:
    """Print every table, each as soon as it is measured. Nothing is asserted; a figure over its limit says so."""
    for line in _report(arguments.documents):
        print(line, flush=True)


def _report(documents: int) -> Iterator[str]:
    yield from machine()
    root = home().absolute() / f"pipeline-{documents}"
    shutil.rmtree(root, ignore_errors=True)
    rollouts.write(root / "rollouts.jsonl", documents=documents)
    steps = []
    for name in STEPS:
        steps.append(_step(name, root, documents))
        yield _told(steps[-1])
    taken = {step.name: step for step in steps}
    made = taken["sample"].seconds + taken["finalize"].seconds
    yield from lines(
        "Sampled and finalized, templating included",
        [Figure(name="documents a second", values=(documents / made,))],
        unit="as named",
    )
    for name in ASKING:
        yield from lines(f"Requests of the stage {name}", _rates(taken[name]), unit="as named")
    yield from lines("The whole build", _whole(steps), unit="as named")
    yield from machine()


def _step(name: str, root: Path, documents: int) -> Step:
    command = [sys.executable, "-m", "benchmarks.step", name.split()[0], str(root), str(documents)]
    told = root / "told.json"
    cost = watch(command, environment={**os.environ, "BENCHMARK_TOLD": str(told)})
    return Step(name, cost, json.loads(told.read_text()))


def _told(step: Step) -> str:
    peak = step.cost.peak / GB
    return f"{step.name:<12}{step.seconds:>8.1f} s{step.told['cpu']:>8.1f} s of the processor{peak:>8.2f} GB at most"


def _rates(step: Step) -> Iterator[Figure]:
    requests = step.told["total"]
    yield Figure(name="requests", values=(requests,))
    yield Figure(name="built into chunks, a second", values=(requests / step.told["building"],))
    yield Figure(name="results ingested, a second", values=(requests / step.told["ingesting"],))


def _whole(steps: list[Step]) -> Iterator[Figure]:
    build = [step for step in steps if step.name != "check"]
    yield Figure(name="minutes", values=(sum(step.seconds for step in build) / 60,), target=MINUTES)
    yield Figure(name="minutes of the processor", values=(sum(step.told["cpu"] for step in build) / 60,))
    yield Figure(name="peak memory of a step, GB", values=(max(step.cost.peak for step in steps) / GB,), target=PEAK_GB)
