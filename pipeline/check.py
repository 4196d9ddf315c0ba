"""Stage `check`: every invariant of a build as a query that must return no rows (queries/check_*.sql)."""

import json
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from pipeline.errors import StageError
from pipeline.files import put_json
from pipeline.indexing.writer import MEMORY
from pipeline.models import raw
from pipeline.models.calls import Stage, parse_custom_id
from pipeline.money.ledger import Ledger, ledger_at
from pipeline.probes.made import PROBES
from pipeline.rounds import DOCUMENTS, raw_folder
from pipeline.settings import build_folder
from queries.store import TABLES, question, read_index

CHECKS = (
    "check_split_inside",
    "check_context",
    "check_atom_slice",
    "check_atom_side",
    "check_window",
    "check_slots",
    "check_ipa",
    "check_scores",
    "check_scored_scopes",
    "check_unscored_reasons",
    "check_censored",
    "check_probe_ids",
    "check_facets",
    "check_rounds_disjoint",
    "check_near_duplicates",
    "check_document_text",
    "check_documents_complete",
    "check_index_complete",
    "check_money",
    "check_replies",
)
SHOWN = 20  # rows of a failed check that are kept
BLOCK = 16_384  # rows that are Python values at once
ROUND = ("round", pa.int32())
REJECTS = pa.schema([ROUND, ("doc_id", pa.string()), ("slot", pa.int64())])
SUBMISSIONS = pa.schema(
    [
        *((name, pa.string()) for name in ("account", "state")),
        *((name, pa.int64()) for name in ("cap", "spent", "presumed", "reserved")),
    ]
)
REQUESTS = pa.schema([("request", pa.string()), ("state", pa.string())])
REPLIES = pa.schema([("request", pa.string())])

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Check:
    """The build (its folder) that is checked."""

    build: Path


class Finding(NamedTuple):
    """A check that returned rows."""

    check: str
    rule: str
    found: int
    rows: list[Row]


class Summary(NamedTuple):
    """A build that passed every check."""

    build: str
    checks: int

    def __str__(self) -> str:
        """What a person reads at the end of the stage."""
        return f"{self.build}: all {self.checks} checks pass."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `check` takes."""
    parser.add_argument("--build", required=True, metavar="NAME", help="the build to check")


def settings(arguments: Namespace) -> Check:
    """Return the settings that the command line names."""
    return Check(build=build_folder(arguments.build))


def run(settings: Check) -> Summary:
    """Say that the build passes every check.

    Raises StageError, having written `check.json` into the build's folder, where one returns rows.
    """
    found = findings(settings.build)
    path = settings.build / "check.json"
    put_json(path, [finding._asdict() for finding in found])
    if found:
        told = "; ".join(f"{one.found:,} x {one.check.removeprefix('check_')}" for one in found)
        raise StageError(f"{settings.build.name} fails {len(found)} of {len(CHECKS)} checks ({told}); see {path}.")
    return Summary(settings.build.name, len(CHECKS))


def findings(build: Path) -> list[Finding]:
    """Return the checks that a build fails, with the first rows of each. Raises BuildError where it has no index."""
    found = []
    with duckdb.connect() as con:
        con.execute(f"set memory_limit = '{MEMORY}'")
        _lay_out(con, build)
        for check in CHECKS:
            rows = con.sql(question(check))
            some = rows.limit(SHOWN + 1).fetchall()
            if some:
                count = len(some) if len(some) <= SHOWN else int(rows.shape[0])
                shown = [dict(zip(rows.columns, values, strict=True)) for values in some[:SHOWN]]
                found.append(Finding(check, _rule(check), count, shown))
    return found


def _rule(check: str) -> str:
    """Return what a check's rows are: the comment that its file begins with."""
    return " ".join(re.findall(r"^-- (.*)$", question(check), re.MULTILINE))


def _lay_out(con: duckdb.DuckDBPyConnection, build: Path) -> None:
    """Make the tables that the checks ask: the index, what lies in the folders of rounds, and the ledger."""
    index = read_index(build)
    for table in TABLES:
        con.read_parquet([str(path) for path in getattr(index, table)]).create_view(table)
    folders = sorted(path.parent for path in (build / "rounds").glob("*/round.json"))
    _files(con, "drawn", [folder / "documents.parquet" for folder in folders], DOCUMENTS)
    finalized = [folder for folder in folders if (folder / "probes.parquet").exists()]
    _files(con, "made", [folder / "probes.parquet" for folder in finalized], PROBES)
    _table(con, "finalized", ({"round": int(folder.name)} for folder in finalized), pa.schema([ROUND]))
    _table(con, "rejects", (row for folder in finalized for row in _rejects(folder)), REJECTS)
    _table(con, "submissions", _submissions(build), SUBMISSIONS)
    _table(con, "requests", _requests(build), REQUESTS)
    _table(con, "replies", _replies(folders), REPLIES)


def _files(con: duckdb.DuckDBPyConnection, name: str, paths: list[Path], schema: pa.Schema) -> None:
    """Make a view of the files of all rounds, with the number of the round."""
    if not paths:
        _table(con, name, iter(()), pa.schema([ROUND, *schema]))
        return
    files = con.read_parquet([str(path) for path in paths], filename=True)
    number = r"regexp_extract(filename, '.*/rounds/(\d+)/', 1)::int as round"
    files.project(f"{number}, * exclude (filename)").create_view(name)


def _table(con: duckdb.DuckDBPyConnection, name: str, rows: Iterator[Row], schema: pa.Schema) -> None:
    """Make a view of `rows`, of which a card-size build has two million: as Python values some of them at a time."""
    blocks = iter(lambda: list(islice(rows, BLOCK)), [])
    batches = (pa.RecordBatch.from_pylist(block, schema) for block in blocks)
    con.register(f"{name}_rows", pa.Table.from_batches(batches, schema))
    con.table(f"{name}_rows").create_view(name)


def _rejects(folder: Path) -> Iterator[Row]:
    with (folder / "rejects.jsonl").open(encoding="utf-8") as file:
        for line in file:
            told = json.loads(line)
            yield {"round": int(folder.name), "doc_id": told["doc_id"], "slot": told["slot"]}


def _submissions(build: Path) -> Iterator[Row]:
    for ledger in _ledgers(build):
        caps = {name: purse.cap for name, purse, _ in ledger.accounts()}
        for one in ledger.submissions(build=build.name):
            yield {**vars(one), "state": str(one.state), "cap": caps.get(one.account, 0)}


def _requests(build: Path) -> Iterator[Row]:
    for ledger in _ledgers(build):
        for id, fate in ledger.fates(build.name):
            yield {"request": id, "state": str(fate)}


def _ledgers(build: Path) -> Iterator[Ledger]:
    """Yield the open ledger of a build, if it has one."""
    path = build.parents[1] / "ledger.db"
    if path.exists():
        with ledger_at(path) as ledger:
            yield ledger


def _replies(folders: list[Path]) -> Iterator[Row]:
    for folder in folders:
        for stage in Stage:
            for line in raw.lines(raw_folder(folder, stage)):
                told = json.loads(line)
                names = parse_custom_id(told["custom_id"])
                if names and told["result"]["type"] == "succeeded":
                    yield {"request": names[1]}
