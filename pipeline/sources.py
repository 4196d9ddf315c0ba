"""Where published rows come from: Parquet files, a JSONL file, or a data set on the Hugging Face Hub.

Whatever the source, `fetch` leaves Parquet files in the round's source folder; everything after reads only those.
"""

import glob
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StageError
from pipeline.files import put_copy, sha256
from pipeline.published import Columns, check

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
JSONL = (".jsonl", ".ndjson")
SHARD = 8192  # rows of a Parquet file made from JSONL or from the Hub: 85 MB in memory at the card's row size


class Kind(StrEnum):
    """What a source is."""

    PARQUET = "parquet"
    JSONL = "jsonl"
    HUB = "hub"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source that exists. `name` is what tells it from other sources: an absolute path or pattern, or a Hub id."""

    kind: Kind
    name: str
    split: str
    files: tuple[Path, ...] = ()


class Stored(NamedTuple):
    """One Parquet file in a round's source folder."""

    path: Path
    rows: int


def find(text: str, *, split: str) -> Source:
    """Return the source that `text` names; raises StageError where there is none."""
    path = Path(text).expanduser()
    if path.is_dir():
        return Source(kind=Kind.PARQUET, name=str(path.resolve()), split=split, files=_in_folder(path, split))
    if path.is_file():
        kind = Kind.JSONL if path.suffix in JSONL else Kind.PARQUET
        return Source(kind=kind, name=str(path.resolve()), split=split, files=(path,))
    if glob.has_magic(text):
        files = tuple(
            Path(found) for found in sorted(glob.glob(str(path), recursive=True)) if found.endswith(".parquet")
        )
        if not files:
            raise StageError(f"No Parquet file matches {text}.")
        return Source(kind=Kind.PARQUET, name=str(path.absolute()), split=split, files=files)
    if HUB_ID.fullmatch(text) and path.suffix not in (*JSONL, ".parquet"):
        return Source(kind=Kind.HUB, name=text, split=split)
    raise StageError(f"There is no file or folder {text}.")


def _in_folder(folder: Path, split: str) -> tuple[Path, ...]:
    """Return a folder's Parquet files, or those in its `data`; only those of the split where names tell the split."""
    found = sorted(folder.glob("*.parquet")) or sorted(folder.glob("data/*.parquet"))
    if not found:
        raise StageError(f"The folder {folder} holds no Parquet file, neither in itself nor in data/.")
    return tuple(path for path in found if path.name.startswith(f"{split}-")) or tuple(found)


def fingerprint(source: Source) -> dict[str, str]:
    """Return what changes whenever the source does: sha256 by file name, or the commit of a Hub data set."""
    if source.kind is Kind.HUB:
        from pipeline.hub import revision

        return {source.name: revision(source.name), "split": source.split}
    return {path.name: sha256(path) for path in source.files}


def fetch(source: Source, folder: Path, *, limit: int | None) -> list[Stored]:
    """Bring a source's rows, at most about `limit` of them, into `folder` as Parquet files; return those in order.

    Parquet is copied as it is, under a name that holds its hash, so that files an older index refers to stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stored = []
    left = limit
    for path in source.files:
        if left is not None and left <= 0:
            break
        rows = _opened(path).metadata.num_rows
        copy = folder / f"{path.stem}-{sha256(path)[:8]}.parquet"
        if not copy.exists():
            put_copy(copy, of=path)
        stored.append(Stored(copy, rows))
        left = None if left is None else left - rows
    return stored


def columns(stored: list[Stored]) -> Columns:
    """Return how the columns of all files differ from the card's; raises StageError for files that hold no probes."""
    found = [check(_opened(item.path).schema_arrow, where=str(item.path)) for item in stored]
    return Columns(
        missing=tuple(dict.fromkeys(name for each in found for name in each.missing)),
        unknown=tuple(dict.fromkeys(name for each in found for name in each.unknown)),
    )


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise StageError(f"{path} is no Parquet file ({str(error).splitlines()[0]})") from error
