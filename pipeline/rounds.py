"""A round on disk: `documents.parquet`, the openings drawn into it with every rollout, and `round.json`, how.

A sweep looks the same, and each of its levels is a folder inside it that shares its documents and its raw replies.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StageError
from pipeline.files import put, put_json
from pipeline.models.calls import Stage

LEVELS = "levels"  # the folder of a sweep that holds one folder a level
GROUP_ROWS = 256  # documents in memory at once
DOCUMENTS = pa.schema(
    [
        ("doc_id", pa.string()),
        ("doc_source", pa.string()),
        ("opening", pa.string()),
        ("rollouts", pa.list_(pa.string())),
        ("row_seed", pa.int64()),
    ]
)


class Drawn(NamedTuple):
    """An opening drawn into a round, with every rollout in the order of its source: `doc_idx` counts them."""

    doc_id: str
    doc_source: str | None
    opening: str
    rollouts: list[str]
    row_seed: int

    @property
    def folded(self) -> str:
        """The opening and all rollouts, case folded: what no incorrect plausible answer may stand in."""
        return "\n".join((self.opening, *self.rollouts)).casefold()


@dataclass(frozen=True, kw_only=True)
class Round:
    """How a round was drawn: `documents` of those `asked` for.

    `unusable` counts, by reason, the openings of the source that no document can be made of.
    """

    round: int | None  # null for a sweep, which is no round
    seed: int
    asked: int
    documents: int
    source: dict[str, Any]
    source_model: str
    drawn_at: str
    unusable: dict[str, int]


def round_folder(build: Path, number: int) -> Path:
    """Return the folder of a round of the build at `build`, whether it exists or not."""
    return build / "rounds" / str(number)


def level_folder(sweep: Path, level: int) -> Path:
    """Return the folder of one level of the sweep at `sweep`, whether it exists or not."""
    return sweep / LEVELS / f"{level:+d}"


def level_folders(sweep: Path) -> list[Path]:
    """Return the folders of the levels that the sweep at `sweep` has begun with."""
    return sorted((sweep / LEVELS).glob("*/"))


def _shared(folder: Path) -> Path:
    """Return where the documents and raw replies of a folder are: the levels of a sweep share those of the sweep."""
    return folder.parents[1] if folder.parent.name == LEVELS else folder


def round_numbers(build: Path) -> list[int]:
    """Return the numbers of the rounds of the build at `build`, in order; none where there is no build."""
    folders = (build / "rounds").glob("*/")
    return sorted(int(folder.name) for folder in folders if folder.name.isdecimal())


def made_rounds(build: Path) -> list[Path]:
    """Return the folders of the rounds that were drawn here, in order; imported rows have no `round.json`."""
    folders = (round_folder(build, number) for number in round_numbers(build))
    return [folder for folder in folders if (folder / "round.json").exists()]


def raw_folder(folder: Path, stage: Stage) -> Path:
    """Return where the raw replies of a stage are for a round, a sweep or a level of one."""
    return _shared(folder) / "raw" / stage


def write_documents(folder: Path, documents: Iterable[Drawn]) -> None:
    """Write `documents.parquet` of a round in one step."""

    def write(draft: Path) -> None:
        rest = iter(documents)
        with pq.ParquetWriter(draft, DOCUMENTS, compression="zstd") as writer:
            while some := [drawn._asdict() for drawn in islice(rest, GROUP_ROWS)]:
                writer.write_batch(pa.RecordBatch.from_pylist(some, DOCUMENTS))

    put(folder / "documents.parquet", write)


def read_documents(folder: Path) -> Iterator[Drawn]:
    """Yield the documents of a round in their order; raises StageError where the round was never drawn."""
    path = _shared(folder) / "documents.parquet"
    if not path.exists():
        raise StageError(f"Round {folder.name} of this build has no documents; run the stage sample first.")
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(GROUP_ROWS):
            for row in batch.to_pylist():
                yield Drawn(**row)


def write_round(folder: Path, drawn: Round) -> None:
    """Write `round.json` in one step."""
    put_json(folder / "round.json", asdict(drawn))


def read_round(folder: Path) -> Round | None:
    """Return how a round was drawn; None where it was not."""
    try:
        return Round(**json.loads((_shared(folder) / "round.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
