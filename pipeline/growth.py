"""Stage `index`: bring a round's probes and scores into the index, shard by shard, so that the app shows them at once.

A shard is so many consecutive documents of the round. It has a file in the published form (`rounds/<n>/source/`, which
`publish` copies) and a part of the index; both are made anew when the shard's probes or scores change, and only then.
"""

import shutil
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import work
from pipeline.build import code_version, read_build, write_build
from pipeline.errors import StageError
from pipeline.files import locked, put, sweep, sweep_drafts
from pipeline.index import (
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
from pipeline.made import Made, MadeProbe, Scores, published
from pipeline.rejects import Reason
from pipeline.rounds import made_rounds, read_round
from pipeline.rows import IndexRows, Own, Place, Row, index_rows
from pipeline.scores import with_scores
from pipeline.scoring import Plan, read_plan
from pipeline.shards import SHARDS, stored_at
from pipeline.work import Work, read_level
from queries.schema import CARD, SCORED_SCOPES, Flag

DOCUMENTS = 2048  # of a shard: 30,000 probes, 350 MB in the published form, a tenth of it in the file
GROUP = 128  # documents of a row group: 2,000 probes
SCRATCH = "index.tmp"
MEASURED = ("siblings", "recurs_in", "recurrence")


@dataclass(frozen=True, kw_only=True)
class Index:
    """The round that is brought into the index of its build."""

    work: Work


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


class Finished(NamedTuple):
    """A finalized document with what is known of its slots so far."""

    made: Made
    scores: dict[int, Scores]
    measures: dict[int, Row]


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
            return _rebuilt(build, drawn.round)
        before = _of(drawn.round, manifest.parts)
        known = {part["name"]: part for part in before if is_whole(build, part)}
        if before and len(known) == len(before) and all(part.get("inputs") == inputs for part in before):
            return _summary(drawn.round, manifest.parts, new=0)
        _sweep(build, folder, manifest)
        new = 0
        for part in _grown(build, folder, drawn.round, inputs=inputs, known=known):  # shown as soon as it is ready
            manifest = replace(manifest, parts=_with(part, manifest.parts))
            write_manifest(build, manifest)
            new += part["name"] not in known
        return _summary(drawn.round, manifest.parts, new=new)


def _rebuilt(build: Path, round_: int) -> Summary:
    """List every round made here anew, in one step, where the list of parts is damaged and so cannot be added to."""
    parts: tuple[Part, ...] = ()
    for folder in made_rounds(build):
        other = read_round(folder)
        if other is not None and other.round is not None and read_level(folder) is not None:
            _sweep(build, folder, None)
            for part in _grown(build, folder, other.round, inputs=_inputs(folder), known={}):
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


def _grown(build: Path, folder: Path, round_: int, *, inputs: str, known: dict[str, Part]) -> Iterator[Part]:
    """Write the shards of a round that are not `known` by name, and yield the entry of every shard in order."""
    plan = read_plan(folder)
    rejects = _lines(folder / "rejects.jsonl")
    if read_build(build) is None:
        write_build(build, source=None)
    for number, shard in enumerate(_shards(finished(folder))):
        name = f"r{round_}-{number:04d}-{digest(shard, plan)}"
        part = known.get(name) or _write(build, folder, shard, plan=plan, name=name, round_=round_)
        about = {"shard": number, "inputs": inputs, "last": len(shard) < DOCUMENTS}
        yield part | about | {"rejects": {"rows": 0 if number else rejects}}


def _shards(documents: Iterator[Finished]) -> Iterator[list[Finished]]:
    """Yield the documents in shards, the last of which is not full and may be empty."""
    while len(shard := list(islice(documents, DOCUMENTS))) == DOCUMENTS:
        yield shard
    yield shard


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def finished(folder: Path) -> Iterator[Finished]:
    """Yield the finalized documents of a folder in order, with all that is known of their probes."""
    rows = groupby(_rows(folder / "siblings.parquet"), key=itemgetter("doc_id"))
    doc_id, measured = next(rows, (None, iter(())))
    for made, scores in with_scores(folder):
        measures: dict[int, Row] = {}
        if made.doc_id == doc_id:
            measures = {row["slot"]: {name: row[name] for name in MEASURED} for row in measured}
            doc_id, measured = next(rows, (None, iter(())))
        yield Finished(made, scores, measures)


def _rows(path: Path) -> Iterator[Row]:
    if path.exists():
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()


def digest(shard: list[Finished], plan: Plan | None) -> str:
    """Return a name for what the index will say of these documents."""
    hashed = sha256(f"{code_version()} {plan}".encode())
    for each in shard:
        hashed.update(repr(each).encode("utf-8", "surrogatepass"))
    return hashed.hexdigest()[:8]


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


def write_rows(shard: list[Finished], plan: Plan | None, place: Place, unit: Path, draft: Path) -> None:
    """Write a shard's published rows to `draft`, and its unsorted index rows to `<unit>-<table>.parquet`."""
    rest = iter(shard)
    number = 0
    with ExitStack() as stack:
        stored = stack.enter_context(pq.ParquetWriter(draft, CARD, compression="zstd"))
        writers = {
            table: stack.enter_context(pq.ParquetWriter(f"{unit}-{table}.parquet", schema, compression="lz4"))
            for table, schema in SHARDS.items()
        }
        while some := list(islice(rest, GROUP)):
            rows: list[Row] = []
            index: dict[str, list[Row]] = {table: [] for table in SHARDS}
            for finished in some:
                for probe in finished.made.probes:
                    here = place._replace(row=number, level=finished.made.level)
                    row, indexed = _indexed(finished, probe, here, plan=plan)
                    rows.append(row)
                    index["probes"].append(indexed.probe)
                    index["facets"].append(indexed.facet | {"source_file": here.file, "source_row": here.row})
                    number += 1
                index["docs"].append(indexed.doc)
            stored.write_batch(pa.RecordBatch.from_pylist(rows, CARD))
            for table, found in index.items():
                writers[table].write_batch(pa.RecordBatch.from_pylist(found, SHARDS[table]))


def _indexed(finished: Finished, probe: MadeProbe, place: Place, *, plan: Plan | None) -> tuple[Row, IndexRows]:
    made, scores = finished.made, finished.scores.get(probe.slot)
    if scores and plan:
        scores = _padded(scores, plan)
    row = published(made, probe, scores)
    own = Own(
        opening_end=made.opening_end,
        atom=probe.atom,
        evidence=probe.evidence | _of_scores(probe, scores),
        measures={
            "reading": made.reading,
            "prompt": made.prompt,
            **finished.measures.get(probe.slot, {}),
            **(_scoring(scores, plan) if plan and probe.scope in SCORED_SCOPES else {}),
        },
    )
    return row._asdict(), index_rows(row, place, own=own)


def _padded(scores: Scores, plan: Plan) -> Scores:
    """Return scores with a place for each answer that is due, null with a reason where nothing came."""
    missing = 0 if plan.decided(scores.scores) else plan.k - len(scores.answers)
    nothing, reasons = [None] * missing, [str(Reason.NO_REPLY)] * missing
    return scores._replace(
        answers=[*scores.answers, *nothing],
        scores=[*scores.scores, *nothing],
        reasons=[*scores.reasons, *reasons],
    )


def _scoring(scores: Scores | None, plan: Plan) -> Row:
    about: Row = {"rollouts_due": plan.k, "stop_at": plan.stop_at, "censored": False}
    if scores is None:
        return about
    return about | {
        "reasons": scores.reasons,
        "censored": plan.censored(scores.scores),
        "ceiling": scores.ceiling,
        "ceiling_reason": scores.ceiling_reason,
    }


def _of_scores(probe: MadeProbe, scores: Scores | None) -> dict[str, str]:
    """V13 and V21, which finalizing could not know. What a stopped probe lacks is no fault (column `censored`)."""
    if probe.scope not in SCORED_SCOPES:
        return {}
    reasons = Counter(scores.reasons if scores else ())
    missing = ", ".join(f"{count} answers: {reason}" for reason, count in reasons.items() if reason)
    if scores is None or all(score is None for score in scores.scores):
        return {str(Flag.UNSCORED): missing or "not asked"}
    return {str(Flag.SCORES_INCONSISTENT): missing} if missing else {}
