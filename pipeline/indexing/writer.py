"""Writing a build's index: immutable parts, and the list of them that readers open, replaced last and in one step."""

import hashlib
import json
import tempfile
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StageError
from pipeline.files import put, put_json, sweep
from queries.identity import repeats
from queries.store import TABLES, question

GROUP_ROWS = {"docs": 256, "probes": 8192, "facets": 65536}
"""One document or probe is looked up by reading one group; every group costs each look-up a glance at its statistics.
On 590,741 probes of 52 columns groups of 2,048 rows took 24 ms a probe, of 8,192 rows 14 ms."""
MEMORY = "700MB"  # for sorting; the rest of an import's 2 GB belongs to pyarrow and Python
REPEATS = pa.schema(
    [
        ("new_id", pa.string()),
        ("copies", pa.int64()),
        ("source_file", pa.string()),
        ("source_row", pa.int64()),
    ]
)

Part = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What `index.json` says: the parts in order, and what they were made of."""

    fingerprint: dict[str, Any]
    parts: tuple[Part, ...]

    @property
    def revision(self) -> str:
        """A name for exactly these parts."""
        return hashlib.sha256(json.dumps(self.parts, sort_keys=True).encode("ascii")).hexdigest()[:16]


class DamagedIndexError(StageError):
    """`index.json` is there and does not say which parts there are."""


def read_manifest(build: Path) -> Manifest | None:
    """Return what the index of a build says of itself; None where it has none. Raises DamagedIndexError."""
    path = build / "index" / "index.json"
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        manifest = Manifest(fingerprint=dict(written["fingerprint"]), parts=tuple(map(_checked, written["parts"])))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedIndexError(
            f"{path} is damaged ({error!r}). To list all rounds made here again, run for one of them: python -m "
            f"pipeline index --build {build.name} --round N. Imported rows come back when they are imported again."
        ) from error
    return manifest


def _checked(part: Part) -> Part:
    """Return the entry of a part, or raise KeyError or TypeError where it lacks what every entry has."""
    absent = [key for key in ("name", "round") if key not in part]
    absent += [f"{table}.{key}" for table in TABLES for key in ("file", "sha256", "rows") if key not in part[table]]
    if absent:
        raise KeyError(*absent)
    return part


def write_manifest(build: Path, manifest: Manifest) -> None:
    """Make `manifest` the index that the next reader opens. Parts it does not list stay for those who read them now."""
    put_json(
        build / "index" / "index.json",
        {"revision": manifest.revision, "fingerprint": manifest.fingerprint, "parts": manifest.parts},
    )


def sweep_index(build: Path, manifest: Manifest | None) -> None:
    """Delete the parts that `manifest` does not list: those of older revisions, and those of an import that died."""
    listed = {part[table]["file"] for part in manifest.parts for table in TABLES} if manifest else set()
    sweep(build / "index", keep={"index.json", *listed})


def weighed(build: Path, part: Part) -> Part:
    """Return the entry of a part with the size of each file that belongs to it, by where that is in the build."""
    files = [f"index/{part[table]['file']}" for table in TABLES]
    files += [f"rounds/{part['round']}/source/{name}" for name in (*part.get("source", ()), *part.get("extra", ()))]
    files += [part[name]["file"] for name in ("card", "rejects") if "file" in (part.get(name) or ())]
    return part | {"bytes": {file: (build / file).stat().st_size for file in files}}


def whole_files(build: Path, part: Part) -> set[str]:
    """Return which files of a part are there in the size that they were written in."""
    sizes: dict[str, int] = part.get("bytes", {})
    return {file for file, size in sizes.items() if (build / file).is_file() and (build / file).stat().st_size == size}


def is_whole(build: Path, part: Part) -> bool:
    """Say whether every file of a part is there in its size, and each table has its rows; none is read further."""
    return (
        bool(part.get("bytes"))
        and whole_files(build, part) == part["bytes"].keys()
        and all(_rows(build / "index" / part[table]["file"]) == part[table]["rows"] for table in TABLES)
    )


def _rows(path: Path) -> int | None:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowInvalid, OSError):
        return None


def write_part(build: Path, shards: Path, *, name: str, round_: int | None) -> Part:
    """Sort the shards of a folder (`<unit>-<table>.parquet`) into one part of the index and return its entry.

    Raises StageError where memory and disk do not suffice for sorting.
    """
    part: Part = {"name": name, "round": round_}
    with tempfile.TemporaryDirectory(dir=shards) as spill:
        try:
            with duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": spill, "threads": 2}) as con:
                _lay_out(con, shards)
                for table in TABLES:
                    part[table] = _write_table(con, table, build / "index" / f"{name}-{table}.parquet")
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            reason = str(error).splitlines()[0]
            raise StageError(f"The rows could not be sorted ({reason}); free disk space in {build}.") from error
    return part


def _lay_out(con: duckdb.DuckDBPyConnection, shards: Path) -> None:
    for table in TABLES:
        files = [str(path) for path in sorted(shards.glob(f"*-{table}.parquet"))]
        con.read_parquet(files).create_view(f"shard_{table}")
    con.register("repeats", _repeats(con))


def _write_table(con: duckdb.DuckDBPyConnection, table: str, path: Path) -> dict[str, Any]:
    rows = con.sql(question(f"part_{table}")).to_arrow_reader(GROUP_ROWS[table])
    digest = put(path, partial(_write_rows, rows, TABLES[table], GROUP_ROWS[table]))
    return {"file": path.name, "sha256": digest, "rows": pq.read_metadata(path).num_rows}


def _write_rows(rows: pa.RecordBatchReader, schema: pa.Schema, group_rows: int, path: Path) -> None:
    with pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True) as writer:
        for batch in rows:
            writer.write_batch(batch.cast(schema), row_group_size=group_rows)


def _repeats(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return the new ids of the probes that share their key with others, the first of each kept as it is."""
    rows = con.sql(question("part_repeats")).fetchall()
    renamed = []
    for first, group in groupby(rows, key=itemgetter(0)):
        same = list(group)
        renamed += [(new, len(same), file, row) for new, (_, _, file, row) in zip(repeats(first), same, strict=False)]
    return pa.Table.from_pylist([dict(zip(REPEATS.names, values, strict=True)) for values in renamed], REPEATS)
