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

from pipeline.dataset import extra, hub, jsonl
from pipeline.dataset.published import NEEDED, Columns, check
from pipeline.errors import StageError
from pipeline.files import put, put_copy, put_text, sha256

CARD_NAME = "README.md"
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
JSONL = (".jsonl", ".ndjson")
SHARD = re.compile(r"(.+)-\d+-of-(\d+)\.parquet")  # how `datasets` names the files of a split


class Kind(StrEnum):
    """What a source is."""

    PARQUET = "parquet"
    JSONL = "jsonl"
    HUB = "hub"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source that exists: an absolute path or pattern, or a Hub id. Only folders and Hub data sets have splits."""

    kind: Kind
    name: str
    split: str | None = None
    files: tuple[Path, ...] = ()
    card: Path | None = None
    extra: tuple[Path, ...] = ()
    left_out: tuple[str, ...] = ()

    def recorded(self) -> dict[str, str | None]:
        """Return what `build.json` keeps, which tells this source from others."""
        return {"kind": self.kind, "name": self.name, "split": self.split}


class Stored(NamedTuple):
    """One Parquet file in a round's source folder."""

    path: Path
    rows: int


class Fetched(NamedTuple):
    """What a source held: its rows, how their columns differ from the card's, and how many lines were no rows."""

    stored: tuple[Stored, ...]
    columns: Columns
    rejects: int = 0
    extra: tuple[Path, ...] = ()
    card: Path | None = None


def find(text: str, *, split: str) -> Source:
    """Return the source that `text` names; raises StageError where there is none."""
    path = Path(text).expanduser()
    if path.is_dir():
        card = path / CARD_NAME if (path / CARD_NAME).is_file() else None
        files = _in_folder(path, split)
        beside = _of_split(sorted((path.resolve() / extra.FOLDER).glob("*.parquet")), split)
        return Source(
            kind=Kind.PARQUET,
            name=str(path.resolve()),
            split=split,
            files=files,
            card=card,
            extra=beside,
            left_out=_left_out(path.resolve(), taken={*files, *beside}),
        )
    if path.is_file():
        kind = Kind.JSONL if path.suffix in JSONL else Kind.PARQUET
        return Source(kind=kind, name=str(path.resolve()), files=(path.resolve(),))
    if glob.has_magic(text):
        found = sorted(Path(file).resolve() for file in glob.glob(str(path), recursive=True))
        files = tuple(file for file in found if file.suffix == ".parquet")
        if not files:
            raise StageError(f"No Parquet file matches {text}.")
        return Source(kind=Kind.PARQUET, name=str(path.absolute()), files=files)
    if HUB_ID.fullmatch(text) and path.suffix not in (*JSONL, ".parquet"):
        return Source(kind=Kind.HUB, name=text, split=split)
    raise StageError(f"There is no file or folder {text}.")


def _in_folder(folder: Path, split: str) -> tuple[Path, ...]:
    """Return a folder's Parquet files, or those in its `data`; only those of the split where names tell the split."""
    home = folder.resolve()
    found = sorted(home.glob("*.parquet")) or sorted(home.glob("data/*.parquet"))
    if not found:
        raise StageError(f"The folder {folder} holds no Parquet file, neither in itself nor in data/.")
    splits = {shard[1] for path in found if (shard := SHARD.fullmatch(path.name))}
    if splits and split not in splits:
        raise StageError(f"The folder {folder} holds no split {split}, only {', '.join(sorted(splits))}; say --split.")
    taken = _of_split(found, split) if splits else tuple(found)
    counts = {shard[2] for path in taken if (shard := SHARD.fullmatch(path.name))}
    if len(counts) > 1:
        raise StageError(
            f"{taken[0].parent} holds the split {split} more than once, as shards of {' and of '.join(sorted(counts))};"
            " move all but one of them away."
        )
    return taken


def _of_split(found: list[Path], split: str) -> tuple[Path, ...]:
    return tuple(path for path in found if (shard := SHARD.fullmatch(path.name)) and shard[1] == split)


def _left_out(home: Path, *, taken: set[Path]) -> tuple[str, ...]:
    """Return the data files of a folder that are not of the split, or that lie beside Parquet files in another form."""
    places, endings = (home, home / "data", home / extra.FOLDER), (".parquet", *JSONL)
    found = (path for place in places for path in place.glob("*") if path.suffix in endings)
    return tuple(sorted(path.relative_to(home).as_posix() for path in found if path not in taken))


def fingerprint(source: Source) -> dict[str, str]:
    """Return what changes whenever the source does: sha256 by file, or the commit of a Hub data set."""
    if source.kind is Kind.HUB:
        return {source.name: hub.revision(source.name)}
    cards = (source.card,) if source.card else ()
    return {str(path): sha256(path) for path in (*source.files, *source.extra, *cards)}


def fetch(source: Source, folder: Path, *, hashes: dict[str, str], limit: int | None, scratch: Path) -> Fetched:
    """Bring a source's rows, at least the first `limit`, into `folder` as Parquet files, and its card.

    File names hold the source's hash (`hashes` is its fingerprint), so that the files of an older index stay what they
    are. Lines that are no rows go to a file in `scratch`. Raises StageError where there are no probes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if source.kind is Kind.HUB:
        return _from_hub(source.name, folder, source.split or "", hashes[source.name], limit)
    if source.kind is Kind.JSONL:
        return _from_jsonl(source.files[0], folder, hashes[str(source.files[0])], limit, scratch)
    fetched = _from_parquet(source.files, folder, hashes, limit)
    extra.check(source.extra, rows=sum(pq.read_metadata(path).num_rows for path in source.files))
    card = _card(folder, hashes[str(source.card)]) if source.card else None
    if source.card and card:
        put_copy(card, of=source.card)
    beside = tuple(_copy(path, folder, hashes, f"{extra.FOLDER}-") for path in source.extra)
    return fetched._replace(extra=beside, card=card)


def _card(folder: Path, digest: str) -> Path:
    return folder / f"README-{digest[:8]}.md"


def _copy(path: Path, folder: Path, hashes: dict[str, str], kind: str = "") -> Path:
    copy = folder / f"{kind}{_name(path.stem, hashes[str(path)], None)}.parquet"
    if not copy.exists():
        put_copy(copy, of=path)
    return copy


def _from_parquet(files: tuple[Path, ...], folder: Path, hashes: dict[str, str], limit: int | None) -> Fetched:
    stored: list[Stored] = []
    found: list[Columns] = []
    for path in files:
        if limit is not None and sum(item.rows for item in stored) >= limit:
            break
        with _opened(path) as file:
            found.append(check(file.schema_arrow, where=str(path)))
            rows = file.metadata.num_rows
        stored.append(Stored(_copy(path, folder, hashes), rows))
    missing = dict.fromkeys(name for columns in found for name in columns.missing)
    unknown = dict.fromkeys(name for columns in found for name in columns.unknown)
    return Fetched(tuple(stored), Columns(tuple(missing), tuple(unknown)))


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        why = str(error).splitlines()[0].rstrip(".")
        raise StageError(
            f"{path} is no Parquet file ({why}). An import takes Parquet, a .jsonl file or a data set of the Hub."
        ) from error


def _from_jsonl(path: Path, folder: Path, digest: str, limit: int | None, scratch: Path) -> Fetched:
    parquet = folder / (_name(path.stem, digest, limit) + ".parquet")
    draft, rejects = scratch / "jsonl.parquet", scratch / "jsonl-rejects.jsonl"
    converted = jsonl.convert(path, parquet=draft, rejects=rejects, limit=limit)
    rows = pq.read_metadata(draft).num_rows
    absent = [name for name in NEEDED if name in converted.columns.missing]
    if absent and (rows or converted.rejects):
        raise StageError(f"{path} holds no probes: no line of it has {', '.join(absent)}.")
    put_copy(parquet, of=draft)
    return Fetched((Stored(parquet, rows),), converted.columns, converted.rejects)


def _name(stem: str, digest: str, limit: int | None) -> str:
    return f"{stem}-{digest[:8]}" if limit is None else f"{stem}-{digest[:8]}-first-{limit}"


def _from_hub(name: str, folder: Path, split: str, revision: str, limit: int | None) -> Fetched:
    path = folder / (_name(f"{name.replace('/', '--')}-{split}", revision, limit) + ".parquet")
    if not path.exists():
        put(path, lambda draft: hub.download(name, draft, split=split, revision=revision, limit=limit))
    told = hub.read_card(name, revision=revision)
    card = None if told is None else _card(folder, revision)
    if card and told is not None:
        put_text(card, told)
    known = hub.files(name, extra.FOLDER, split=split, revision=revision)
    beside = tuple(_copy(each, folder, {str(each): revision}, f"{extra.FOLDER}-") for each in known)
    with _opened(path) as file:
        if limit is None:
            extra.check(beside, rows=file.metadata.num_rows)
        stored = (Stored(path, file.metadata.num_rows),)
        return Fetched(stored, check(file.schema_arrow, where=name), extra=beside, card=card)
