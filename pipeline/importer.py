"""Stage `import`: bring published probes into a build and index them.

Two processes turn row groups into shards of index rows, which DuckDB then sorts into the part of round 0; the build's
`index.json` is replaced last. Until then every reader sees the index that was there before.
"""

import gc
import json
import multiprocessing
import shutil
import signal
from argparse import ArgumentParser, Namespace
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pipeline.build import CARD_FILE, code_version, read_build, write_build
from pipeline.dataset import sources
from pipeline.dataset.published import Columns
from pipeline.errors import StageError
from pipeline.files import DRAFT, locked, put, put_copy, sweep, sweep_drafts
from pipeline.indexing import shards
from pipeline.indexing.writer import (
    DamagedIndexError,
    Manifest,
    Part,
    is_whole,
    read_manifest,
    sweep_index,
    weighed,
    whole_files,
    write_manifest,
    write_part,
)
from pipeline.rounds import made_rounds
from pipeline.settings import build_folder
from pipeline.status import flag_counts

WORKERS = 2  # more would not hold the promise of 2 GB
SCRATCH = "import.tmp"  # where shards lie until they are sorted
ROUND = 0  # imported rows are the build's first increment


@dataclass(frozen=True, kw_only=True)
class Import:
    """What to import, and into which build (its folder)."""

    source: str
    build: Path
    split: str = "train"
    limit: int | None = None
    tokenizer: str | None = None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What an import did."""

    build: str
    unchanged: bool
    documents: int
    probes: int
    rejects: int
    columns: Columns
    flags: dict[str, int]
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What a person reads at the end of an import."""
        if self.unchanged:
            return f"{self.build}: unchanged, nothing to do ({self.probes:,} probes over {self.documents:,} documents)."
        lines = [f"{self.build}: {self.probes:,} probes over {self.documents:,} documents, {self.rejects:,} rejects."]
        if self.columns.missing:
            lines.append(f"Columns missing, taken as null: {', '.join(self.columns.missing)}.")
        if self.columns.unknown:
            lines.append(f"Columns unknown, kept only in the source: {', '.join(self.columns.unknown)}.")
        if self.left_out:
            lines.append(f"Files left out: {', '.join(self.left_out)}.")
        flagged = [f"{count:>11,}  {flag}" for flag, count in self.flags.items() if count]
        lines += ["Probes with flags:", *flagged] if flagged else []
        return "\n".join(lines)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `import` takes."""
    parser.add_argument("source", help="Parquet file, folder or glob; JSONL file; or Hugging Face data set id")
    parser.add_argument("--build", required=True, metavar="NAME", help="the build to import into")
    parser.add_argument("--split", default="train", help="split of the data set (default: train)")
    parser.add_argument("--limit", type=int, metavar="N", help="import only the first N rows")
    parser.add_argument("--tokenizer", metavar="NAME", help="also measure distances in this tokenizer's tokens")


def settings(arguments: Namespace) -> Import:
    """Return the settings that the command line names."""
    if arguments.limit is not None and arguments.limit < 1:
        raise StageError(f"--limit {arguments.limit}: import at least one row.")
    return Import(
        source=arguments.source,
        build=build_folder(arguments.build),
        split=arguments.split,
        limit=arguments.limit,
        tokenizer=arguments.tokenizer,
    )


def run(settings: Import) -> Summary:
    """Import the source into the build, unless its index already holds exactly that, and say what was done."""
    source = sources.find(settings.source, split=settings.split)
    with locked(settings.build):
        _refuse_another_source(settings.build, source)
        fingerprint = {
            "inputs": sources.fingerprint(source),
            "limit": settings.limit,
            "tokenizer": settings.tokenizer,
            "code_version": code_version(),
        }
        manifest = _manifest(settings.build)
        if manifest and manifest.fingerprint == fingerprint and _is_done(settings.build, manifest):
            return _summary(settings.build, manifest.parts, unchanged=True)
        _sweep(settings.build, manifest)
        part = _import(settings, source, fingerprint)
        kept = tuple(other for other in manifest.parts if other["round"] != ROUND) if manifest else ()
        write_build(settings.build, source=source.recorded())
        write_manifest(settings.build, Manifest(fingerprint=fingerprint, parts=(part, *kept)))
        _show_card(settings.build, part)
        done = _summary(settings.build, (part, *kept), unchanged=False)
        return replace(done, left_out=source.left_out)


def _manifest(build: Path) -> Manifest | None:
    """Return the list of parts; None where there is none to lose, as when a damaged one can name this import alone."""
    try:
        return read_manifest(build)
    except DamagedIndexError:
        if made_rounds(build):
            raise
        return None


def _is_done(build: Path, manifest: Manifest) -> bool:
    own = [part for part in manifest.parts if part["round"] == ROUND]
    return bool(own) and all({"rejects", "columns"} <= part.keys() and is_whole(build, part) for part in own)


def _refuse_another_source(folder: Path, source: sources.Source) -> None:
    build = read_build(folder)
    if build is None and not (folder / "rounds" / str(ROUND) / "round.json").exists():
        return
    held = (build or {}).get("source")
    if held != source.recorded():
        origin = f"imported from {_told(held)}" if held else "made here"
        raise StageError(
            f"The build {folder.name} was {origin}, not imported from {_told(source.recorded())}; "
            f"choose another --build, or delete {folder} first."
        )


def _told(source: dict[str, Any]) -> str:
    return f"{source['name']} (split {source['split']})" if source["split"] else str(source["name"])


def _sweep(build: Path, manifest: Manifest | None) -> None:
    shutil.rmtree(build / SCRATCH, ignore_errors=True)  # left by an import that was killed
    for draft in build.glob(f"build.json.*{DRAFT}"):
        draft.unlink()
    for place in (build / "index", build / "rounds" / str(ROUND)):  # other rounds may be running
        if place.is_dir():
            sweep_drafts(place)
    sweep_index(build, manifest)
    parts = manifest.parts if manifest else ()
    whole = {Path(file).name for part in parts if part["round"] == ROUND for file in whole_files(build, part)}
    sweep(build / "rounds" / str(ROUND), keep=whole)
    sweep(build / "rounds" / str(ROUND) / "source", keep=whole | {sources.CARD_NAME})


def _import(settings: Import, source: sources.Source, fingerprint: dict[str, Any]) -> Part:
    home = settings.build / "rounds" / str(ROUND)
    scratch = settings.build / SCRATCH
    scratch.mkdir()
    try:
        fetched = sources.fetch(
            source, home / "source", hashes=fingerprint["inputs"], limit=settings.limit, scratch=scratch
        )
        units = shards.plan(fetched.stored, limit=settings.limit, round_=ROUND, extra=fetched.extra)
        counts = _write_shards(units, scratch, settings.tokenizer)
        name = _digest(fingerprint)
        part = write_part(settings.build, scratch, name=f"r{ROUND}-{name}", round_=ROUND)
        rejects = home / f"rejects-{name}.jsonl"
        digest = put(rejects, partial(_join, sorted(scratch.glob("*-rejects.jsonl"))))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    rejected = fetched.rejects + sum(count.rejects for count in counts)
    about = {
        "rejects": {"file": _in_build(rejects, settings.build), "sha256": digest, "rows": rejected},
        "columns": fetched.columns._asdict(),
        "source": [item.path.name for item in fetched.stored],
        "extra": [path.name for path in fetched.extra],
        "card": {"file": _in_build(fetched.card, settings.build)} if fetched.card else None,
    }
    return weighed(settings.build, part | about)


def _in_build(path: Path, build: Path) -> str:
    return path.relative_to(build).as_posix()


def _show_card(build: Path, part: Part) -> None:
    """Leave the card under the name that a person looks for; the part lists it under a name of its own."""
    if part["card"]:
        put_copy(build / CARD_FILE, of=build / part["card"]["file"])
    else:
        (build / CARD_FILE).unlink(missing_ok=True)


def _digest(fingerprint: dict[str, Any]) -> str:
    return sha256(json.dumps(fingerprint, sort_keys=True).encode("utf-8")).hexdigest()[:8]


def _join(files: list[Path], draft: Path) -> None:
    with draft.open("wb") as joined:
        for file in files:
            with file.open("rb") as one:
                shutil.copyfileobj(one, joined)


def _write_shards(units: list[shards.Unit], folder: Path, tokenizer: str | None) -> list[shards.Counts]:
    """Work the units off in two processes, in this one where that is sooner; progress goes to a terminal's stderr."""
    total = sum(unit.rows for unit in units)
    with tqdm(total=total, unit=" rows", desc="import", disable=None, leave=False) as bar:
        if total <= shards.UNIT_ROWS:  # two seconds of work, and a process takes one to start
            return [shards.write_shards(unit, folder, tokenizer=tokenizer) for unit in units]
        with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn"), initializer=_settle) as pool:
            tasks = [pool.submit(shards.write_shards, unit, folder, tokenizer=tokenizer) for unit in units]
            try:
                for task in as_completed(tasks):
                    bar.update(task.result().rows)
            except BrokenProcessPool as error:
                raise StageError(
                    "A worker process was killed, most likely for want of memory; the index is as it was. "
                    "Write the source with smaller row groups, or free memory, and run the import again."
                ) from error
            finally:
                pool.shutdown(cancel_futures=True)
        return [task.result() for task in tasks]


def _settle() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent answers for all
    gc.disable()  # rows make no cycles, and looking for some took a fifth of the time


def _summary(folder: Path, parts: tuple[Part, ...], *, unchanged: bool) -> Summary:
    own = next(part for part in parts if part["round"] == ROUND)
    return Summary(
        build=folder.name,
        unchanged=unchanged,
        documents=own["docs"]["rows"],
        probes=own["probes"]["rows"],
        rejects=own["rejects"]["rows"],
        columns=Columns(**{name: tuple(names) for name, names in own["columns"].items()}),
        flags=flag_counts(folder),
    )
