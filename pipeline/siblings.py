"""Stage `siblings`: in how many of the other continuations the claim of a suffix atom recurs
(pipeline/probes/recurrence.py).

`siblings.parquet` has one row a suffix probe whose atom is text of the source model and holds a content word. It stands
beside the generator's typicality and does not replace it: the generator saw at most two other siblings.
"""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StageError
from pipeline.files import put
from pipeline.probes.made import Made, MadeProbe, read_made
from pipeline.probes.recurrence import RECURS, containment, stems
from pipeline.rounds import read_documents, round_folder
from pipeline.settings import build_folder
from queries.schema import SCORED_SCOPES, Target

SIBLINGS = pa.schema(
    [
        ("doc_id", pa.string()),
        ("level", pa.int32()),
        ("slot", pa.int32()),
        ("siblings", pa.int32()),  # other rollouts with text
        ("recurs_in", pa.int32()),  # of them
        ("recurrence", pa.float32()),  # mean containment over them, 0-1
    ]
)
GROUP_ROWS = 4096


@dataclass(frozen=True, kw_only=True)
class Siblings:
    """The folder of a round, or of a sweep, whose probes are compared with the siblings."""

    folder: Path


@dataclass(kw_only=True)
class Summary:
    """How many probes were compared, and in how many the measure sides with the generator."""

    probes: int = 0
    labels: Counter[tuple[str, bool]] = field(default_factory=Counter)

    def __str__(self) -> str:
        """What a person reads at the end of the stage."""
        lines = [f"{self.probes:,} suffix atoms compared with their siblings."]
        for label in ("typical", "atypical"):
            known = self.labels[label, True] + self.labels[label, False]
            if known:
                lines.append(f"{self.labels[label, True]:>11,}  of {known:,} {label} atoms recur in a sibling")
        return "\n".join(lines)

    def count(self, probe: MadeProbe, row: dict[str, Any]) -> None:
        """Add one compared probe."""
        self.probes += 1
        if probe.scope in SCORED_SCOPES and probe.typicality:
            self.labels[str(probe.typicality), row["recurs_in"] > 0] += 1


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `siblings` takes."""
    parser.add_argument("--build", required=True, metavar="NAME", help="the build")
    parser.add_argument("--round", type=int, default=0, metavar="N", help="number of the round (default: 0)")


def settings(arguments: Namespace) -> Siblings:
    """Return the settings that the command line names."""
    return Siblings(folder=round_folder(build_folder(arguments.build), arguments.round))


def run(settings: Siblings) -> Summary:
    """Write `siblings.parquet` of the folder and say what it holds; raises StageError where nothing was finalized."""
    probes = settings.folder / "probes.parquet"
    if not probes.exists():
        raise StageError(f"Round {settings.folder.name} has no probes; run the stage finalize first.")
    summary = Summary()

    def write(draft: Path) -> None:
        rows = _rows(settings.folder, probes, summary)
        with pq.ParquetWriter(draft, SIBLINGS, compression="zstd") as writer:
            while some := list(islice(rows, GROUP_ROWS)):
                writer.write_batch(pa.RecordBatch.from_pylist(some, SIBLINGS))

    put(settings.folder / "siblings.parquet", write)
    return summary


def _rows(folder: Path, probes: Path, summary: Summary) -> Iterator[dict[str, Any]]:
    for drawn, made in read_made(probes, read_documents(folder)):
        others = [stems(text) for index, text in enumerate(drawn.rollouts) if index != made.doc_idx and text.strip()]
        for probe in made.probes:
            measured = _measured(made, probe, others)
            if measured:
                summary.count(probe, measured)
                yield {"doc_id": drawn.doc_id, "level": made.level, "slot": probe.slot, **measured}


def _measured(made: Made, probe: MadeProbe, others: list[list[str]]) -> dict[str, Any] | None:
    claim = stems(made.atom(probe))
    if probe.target is Target.PREFIX or probe.atom.start < made.opening_end or not claim or not others:
        return None
    shares = [containment(claim, other) for other in others]
    return {
        "siblings": len(others),
        "recurs_in": sum(share >= RECURS for share in shares),
        "recurrence": sum(shares) / len(shares),
    }
