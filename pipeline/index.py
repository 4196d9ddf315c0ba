"""Stage `index`: bring a round's probes and scores into the index, shard by shard, so that the app shows them at once.

A shard is so many consecutive documents of the round. It has a file in the published form (`rounds/<n>/source/`, which
`publish` copies) and a part of the index; both are made anew when the shard's probes or scores change, and only then.
"""

import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pipeline import work
from pipeline.build import code_version, read_build, write_build
from pipeline.errors import StageError
from pipeline.files import locked, put, sweep, sweep_drafts
from pipeline.indexing.finished import Finished, digest, finished, write_rows
from pipeline.indexing.rows import Place
from pipeline.indexing.shards import stored_at
from pipeline.indexing.writer import (
    DamagedIndexError,
    Manifest,
    Part,
    is_whole,
    read_manifest,
    sweep_index,
    weighed,
    write_manifest,
    write_part,
)
from pipeline.rounds import made_rounds, read_round
from pipeline.scoring import Plan, read_plan
from pipeline.work import Work, read_level

DOCUMENTS = 2048  # of a shard: 30,000 probes, 350 MB in the published form, a tenth of it in the file
SCRATCH = "index.tmp"


@dataclass(frozen=True, kw_only=True)
class Index:
    """The round that is brought into the index of its build, so many documents a shard."""

    work: Work
    documents: int = DOCUMENTS


class Summary(NamedTuple):
    """What the round has in the index, how many of its shards are new there, and what became of a damaged list."""

    round: int
    documents: int
    probes: int
    shards: int
    new: int
    mended: str = ""

    def __str__(self) -> str:
        """What a person reads at the end of the stage."""
        done = f"{self.new:,} of {self.shards:,} shards are new" if self.new else "unchanged"
        held = f"{self.probes:,} probes over {self.documents:,} documents of round {self.round}"
        return f"Index: {held}, {done}.{self.mended}"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `index` takes."""
    work.add_arguments(parser)


def settings(arguments: Namespace) -> Index:
    """Return the settings that the command line names."""
    return Index(work=work.work(arguments))


def run(settings: Index) -> Summary:
    """Bring what is new or changed in a round into the index and say what that has of it."""
    settings.work.check(finalized=True)
    folder, build = settings.work.folder, settings.work.build
    drawn = read_round(folder)
    if drawn is None or drawn.round is None:
        raise StageError(f"{folder} is no round; only rounds are in the index.")
    inputs = _inputs(folder)
    with locked(build):
        try:
            manifest = read_manifest(build) or Manifest(fingerprint={}, parts=())
        except DamagedIndexError:
            return _rebuilt(settings, drawn.round)
        before = _of(drawn.round, manifest.parts)
        known = {part["name"]: part for part in before if is_whole(build, part)}
        complete = before and before[-1].get("last") and len(known) == len(before)
        if complete and all(part.get("inputs") == inputs for part in before):
            return _summary(drawn.round, manifest.parts, new=0)
        _sweep(build, folder, manifest)
        new = 0
        for part in _grown(settings, drawn.round, inputs=inputs, known=known):  # shown as soon as it is ready
            manifest = replace(manifest, parts=_with(part, manifest.parts))
            write_manifest(build, manifest)
            new += part["name"] not in known
        return _summary(drawn.round, manifest.parts, new=new)


def _rebuilt(settings: Index, round_: int) -> Summary:
    """List every round made here anew, in one step, where the list of parts is damaged and so cannot be added to."""
    build = settings.work.build
    parts: tuple[Part, ...] = ()
    for folder in made_rounds(build):
        other = read_round(folder)
        if other is not None and other.round is not None and read_level(folder) is not None:
            _sweep(build, folder, None)
            its = replace(settings, work=replace(settings.work, folder=folder))
            for part in _grown(its, other.round, inputs=_inputs(folder), known={}):
                parts = _with(part, parts)
    write_manifest(build, Manifest(fingerprint={}, parts=parts))
    mended = " The list of parts was damaged and is made anew of all rounds made here."
    if (read_build(build) or {}).get("source"):
        mended += " The imported rows are not in it: import them again."
    return _summary(round_, parts, new=len(_of(round_, parts)))._replace(mended=mended)


def _of(round_: int, parts: tuple[Part, ...]) -> list[Part]:
    return [part for part in parts if part["round"] == round_]


def _summary(round_: int, parts: tuple[Part, ...], *, new: int) -> Summary:
    own = _of(round_, parts)
    documents, probes = (sum(part[table]["rows"] for part in own) for table in ("docs", "probes"))
    return Summary(round_, documents, probes, len(own), new)


def _inputs(folder: Path) -> str:
    digest = sha256(code_version().encode())
    for name in ("probes.parquet", "scores.parquet", "siblings.parquet", "scoring.json", "rejects.jsonl"):
        if (folder / name).exists():
            with (folder / name).open("rb") as file:
                digest.update(name.encode())
                while block := file.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()[:16]


def _sweep(build: Path, folder: Path, manifest: Manifest | None) -> None:
    shutil.rmtree(build / SCRATCH, ignore_errors=True)  # left by a process that was killed
    for place in (build / "index", folder / "source"):
        if place.is_dir():
            sweep_drafts(place)
    if manifest:  # a damaged list cannot say what is left over
        sweep_index(build, manifest)
        sweep(folder / "source", keep={name for part in manifest.parts for name in part.get("source", ())})


def _grown(settings: Index, round_: int, *, inputs: str, known: dict[str, Part]) -> Iterator[Part]:
    """Write the shards of a round that are not `known` by name, and yield the entry of every shard in order."""
    build, folder = settings.work.build, settings.work.folder
    plan = read_plan(folder)
    rejects = _lines(folder / "rejects.jsonl")
    if read_build(build) is None:
        write_build(build, source=None)
    for number, shard in enumerate(_shards(finished(folder), settings.documents)):
        name = f"r{round_}-{number:04d}-{digest(shard, plan)}"
        part = known.get(name) or _write(build, folder, shard, plan=plan, name=name, round_=round_)
        about = {"shard": number, "inputs": inputs, "last": len(shard) < settings.documents}
        yield part | about | {"rejects": {"rows": 0 if number else rejects}}


def _shards(finished: Iterator[Finished], documents: int) -> Iterator[list[Finished]]:
    """Yield the documents in shards, the last of which is not full and may be empty."""
    while len(shard := list(islice(finished, documents))) == documents:
        yield shard
    yield shard


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _with(part: Part, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the parts with `part` for that of the same round and shard, without those behind the last shard."""
    place = (part["round"], part["shard"])

    def stays(other: Part) -> bool:
        beyond = part["last"] and other["round"] == part["round"] and other.get("shard", 0) > part["shard"]
        return not beyond and (other["round"], other.get("shard", 0)) != place

    return tuple(sorted([*filter(stays, parts), part], key=lambda each: (each["round"], each.get("shard", 0))))


def _write(build: Path, folder: Path, shard: list[Finished], *, plan: Plan | None, name: str, round_: int) -> Part:
    """Write a shard in the published form and as a part of the index; return the entry of the part."""
    scratch = build / SCRATCH
    scratch.mkdir()
    path = folder / "source" / f"{name}.parquet"
    place = Place(stored_at(path), 0, round_, None)
    try:
        put(path, partial(write_rows, shard, plan, place, scratch / "0"))
        part = write_part(build, scratch, name=name, round_=round_)
    finally:
        shutil.rmtree(scratch)
    return weighed(build, part | {"source": [path.name]})
