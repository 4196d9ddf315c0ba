"""Stage `publish`: write a build as a data set: configs `default` and `extra`, a card made from the data, a manifest.

Config `default` has the dataset card's 35 columns and types exactly, `extra` what the pipeline knows beside them, both
in the order of rounds and documents, shard by shard. Imported rounds are published as they came.
"""

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import index
from pipeline.build import read_build
from pipeline.dataset import datacard, extra, hub, published
from pipeline.dataset.config import BATCH, Config
from pipeline.dataset.manifest import manifest
from pipeline.errors import StageError
from pipeline.files import locked, put, put_copy, put_json, put_text, sweep
from pipeline.indexing.writer import MEMORY, Part, read_manifest
from pipeline.rounds import round_folder
from pipeline.settings import build_folder
from pipeline.work import Work, read_level
from queries.store import question
from queries.tables import CARD, EXTRA

DATA = "data"


@dataclass(frozen=True, kw_only=True)
class Publish:
    """Which build is written where; `to` names a data set on the Hub that the folder is then pushed to."""

    build: Path
    folder: Path
    to: str | None = None
    private: bool = False
    license: str | None = None


class Summary(NamedTuple):
    """What was published, where."""

    folder: Path
    probes: int
    shards: int
    rounds: int
    address: str | None
    license: str | None

    def __str__(self) -> str:
        """What a person reads at the end of the stage."""
        where = f"{self.folder}{f' and {self.address}' if self.address else ''}"
        open_question = (
            "" if self.license else "\nThe card states no licence: publish again with --license, e.g. odc-by."
        )
        return f"{self.probes:,} probes of {self.rounds} round(s) in {self.shards} shard(s): {where}{open_question}"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `publish` takes."""
    parser.add_argument("--build", required=True, metavar="NAME", help="the build")
    parser.add_argument("--folder", metavar="FOLDER", help="where to (default: hub/ in the build's folder)")
    parser.add_argument("--to", metavar="USER/NAME", help="also push it to this data set on the Hugging Face Hub")
    parser.add_argument("--private", action="store_true", help="make a new data set on the Hub private")
    parser.add_argument("--license", metavar="ID", help="licence of the data, as the Hub names it, e.g. odc-by")


def settings(arguments: Namespace) -> Publish:
    """Return the settings that the command line names; raises StageError for what cannot be."""
    build = build_folder(arguments.build)
    folder = Path(arguments.folder).expanduser() if arguments.folder else build / "hub"
    if arguments.private and not arguments.to:
        raise StageError("--private is for --to USER/NAME.")
    return Publish(build=build, folder=folder, to=arguments.to, private=arguments.private, license=arguments.license)


def run(settings: Publish) -> Summary:
    """Write the build to the folder, push it where that was asked for, and say what was done."""
    _index(settings.build)
    with locked(settings.build):
        parts = _parts(settings.build)
        sources = [(part, name) for part in parts for name in part["source"]]
        default, beside = _write(settings, sources)
        about = manifest(settings.build, files=default.hashes | beside.hashes)
        put_json(settings.folder / "manifest.json", about)
        card = datacard.card(settings.build, about, default=default, extra=beside, license=settings.license)
        put_text(settings.folder / "README.md", card)
    address = hub.push(settings.folder, settings.to, private=settings.private) if settings.to else None
    return Summary(
        settings.folder, default.rows, len(sources), len({part["round"] for part in parts}), address, settings.license
    )


def _index(build: Path) -> None:
    """Bring every round that was made here into the index as it is now."""
    if not build.is_dir():
        raise StageError(f"There is no build {build.name}.")
    for drawn in sorted((build / "rounds").glob("*/round.json"), key=lambda path: int(path.parent.name)):
        level = read_level(drawn.parent)
        if level is not None:
            index.run(index.Index(work=Work(build=build, folder=drawn.parent, level=level)))


def _parts(build: Path) -> tuple[Part, ...]:
    found = read_manifest(build)
    if found is None:
        raise StageError(f"The build {build.name} has no probes yet; make a round first: python -m pipeline run.")
    if found.fingerprint.get("limit") is not None:
        raise StageError(f"The build {build.name} holds only the first rows of its source; import it whole to publish.")
    imported = (read_build(build) or {}).get("source")
    if imported and not any(part["round"] == 0 for part in found.parts):
        raise StageError(f"The index of {build.name} has lost the imported rows; import {imported['name']} again.")
    return found.parts


def _write(settings: Publish, sources: list[tuple[Part, str]]) -> tuple[Config, Config]:
    default, beside = Config(schema=CARD), Config(schema=EXTRA)
    names = {f"train-{number:05d}-of-{len(sources):05d}.parquet": each for number, each in enumerate(sources)}
    for name, (part, stored) in names.items():
        source = round_folder(settings.build, part["round"]) / "source" / stored
        path = settings.folder / DATA / name
        default.add(path, _write_default(path, source))
        path = settings.folder / extra.FOLDER / name
        beside.add(path, put(path, partial(_write_extra, settings.build, part, source)))
    for folder in (DATA, extra.FOLDER):
        sweep(settings.folder / folder, keep=set(names))
    return default, beside


def _write_default(path: Path, source: Path) -> str:
    """Copy a stored file, or bring it to the card's columns and types where it came with others; return its sha256."""
    with pq.ParquetFile(source) as file:
        if file.schema_arrow.equals(CARD):
            return put_copy(path, of=source)
    return put(path, partial(_conform, source))


def _conform(source: Path, draft: Path) -> None:
    with pq.ParquetFile(source) as file, pq.ParquetWriter(draft, CARD, compression="zstd") as writer:
        for batch in file.iter_batches(BATCH):
            rows = [row._asdict() for row in published.rows(batch)]
            writer.write_batch(pa.RecordBatch.from_pylist(rows, CARD))


def _write_extra(build: Path, part: Part, source: Path, draft: Path) -> None:
    rows = pq.read_metadata(source).num_rows
    with duckdb.connect() as con, pq.ParquetWriter(draft, EXTRA, compression="zstd") as writer:
        con.execute(f"set memory_limit = '{MEMORY}'")
        for table in ("docs", "probes"):
            con.read_parquet(str(build / "index" / part[table]["file"])).create_view(table)
        asked = {"rows": rows, "file": source.relative_to(build).as_posix()}
        for batch in con.sql(question("extra"), params=asked).to_arrow_reader(BATCH):
            writer.write_batch(batch.cast(EXTRA))
