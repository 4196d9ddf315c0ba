"""Open a build and ask it questions.

A build's index is a list of immutable Parquet parts named by `index/index.json`; a `Store` is opened on one revision of
that list and never sees another. Each question is one constant `.sql` file of this folder with named parameters; the
filter is one struct, `$where`, read by the table macro `chosen` (chosen.sql), so no SQL is ever put together from text.

The facets live in memory (590,741 rows load in 0.3-0.5 s and answer a filtered count in 1-6 ms, a page in 6-9 ms, where
a view on the Parquet file took 22 ms); documents and wide probes stay on disk. One connection is never shared by
threads: 8 threads on one DuckDB connection gave 516 wrong answers of 1,600, with a cursor each none, so every question
takes its own cursor.
"""

import json
import shutil
import tempfile
import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from queries.schema import Filter, Search
from queries.tables import DOCS, FACETS, PROBES

FOLDER = Path(__file__).parent
TABLES = {"docs": DOCS, "probes": PROBES, "facets": FACETS}
ROW_SETS_KEPT = 16  # recent row sets held in memory; a card-size set of all probes is 7 MB

Row = dict[str, Any]


class BuildError(Exception):
    """A build cannot be opened; the message says which, why, and what to do."""


class SearchError(ValueError):
    """A search cannot be run; the message is one sentence for the person who typed it."""


@dataclass(frozen=True, kw_only=True)
class Index:
    """One revision of a build's index: the parts a reader holds on to."""

    build: Path
    revision: str
    docs: tuple[Path, ...] = ()
    probes: tuple[Path, ...] = ()
    facets: tuple[Path, ...] = ()


def _mend(build: Path) -> str:
    return f"import it again, or where it was made here run: python -m pipeline index --build {build.name}"


def read_index(build: Path) -> Index:
    """Return the newest revision of the index of the build at `build`.

    Raises BuildError where there is no index or it cannot be read.
    """
    folder = build / "index"
    try:
        manifest = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BuildError(
            f"The build {build.name} has no index; run: python -m pipeline import SOURCE --build {build.name}"
        ) from None
    except ValueError as error:
        raise BuildError(f"The index of the build {build.name} is damaged ({error}); {_mend(build)}.") from error
    try:
        files = {table: tuple(folder / part[table]["file"] for part in manifest["parts"]) for table in TABLES}
        return Index(build=build, revision=manifest["revision"], **files)
    except (KeyError, TypeError) as error:
        raise BuildError(f"The index of the build {build.name} is damaged ({error!r}); {_mend(build)}.") from error


@cache
def question(name: str) -> str:
    """Return the text of the question called `name`, `queries/<name>.sql`."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def harden(con: duckdb.DuckDBPyConnection, *, folder: Path, scratch: str) -> None:
    """Close every way from SQL to the machine but the build's folder; no setting can be changed afterwards.

    The order matters: DuckDB adds the temporary directory to the allowed ones by itself, so it is named first.
    """
    con.execute(f"set temp_directory = {_quoted(scratch)}")
    con.execute(f"set allowed_directories = [{_quoted(f'{folder}/')}]")
    for setting in (
        "enable_external_access = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        "allow_persistent_secrets = false",
        "parquet_metadata_cache = true",  # parts are immutable; reading the footer anew took 20 of a look-up's 43 ms
        "memory_limit = '2GB'",
        "max_temp_directory_size = '4GB'",
        "lock_configuration = true",
    ):
        con.execute(f"set global {setting}")  # a plain `set` may hold for this cursor alone


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "''") + "'"


class Store:
    """One revision of one build, ready for questions from any number of threads."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._scratch = tempfile.mkdtemp(prefix="probescope-duckdb-")
        self._cleared = weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        self._con = duckdb.connect(":memory:")
        self._row_sets: OrderedDict[int, None] = OrderedDict()
        self._row_sets_lock = threading.Lock()
        self._opinions_lock = threading.Lock()
        self.labels_seq = 0  # the newest event of the label log that the opinions here know
        try:
            self._lay_out()
        except duckdb.Error as error:
            self.close()
            reason = str(error).splitlines()[0]
            raise BuildError(
                f"A part of the index of {index.build.name} cannot be read ({reason}); {_mend(index.build)}."
            ) from error

    def _lay_out(self) -> None:
        for table, schema in TABLES.items():
            files = [str(path) for path in getattr(self.index, table)]
            rows = self._con.read_parquet(files) if files else self._con.from_arrow(pa.Table.from_pylist([], schema))
            rows.create_view(f"{table}_parts" if table == "facets" else table)
        for layout in ("facets", "row_sets", "opinions", "chosen", "ordered", "queued"):
            self._con.execute(question(layout))
        harden(self._con, folder=self.index.build.resolve(), scratch=self._scratch)

    def fetch(self, name: str, where: Filter | None = None, **parameters: Any) -> list[Row]:
        """Return the rows that answer the question `name`, as dicts by column.

        Only the parameters that the question mentions are bound, so one filter serves every question. Raises
        SearchError where the filter holds a search that is none.
        """
        where, labels_seq = where or Filter(), self.labels_seq
        self._find(where, labels_seq)
        cursor = self._con.cursor()
        try:
            statement = cursor.extract_statements(question(name))[0]
            given = {
                **parameters,
                "where": where.parameters(labels_seq),
                "anything": Filter().parameters(),
            }
            result = cursor.execute(statement, {key: given[key] for key in statement.named_parameters})
            columns = [column[0] for column in result.description]
            return [dict(zip(columns, values, strict=True)) for values in result.fetchall()]
        finally:
            cursor.close()

    def search(self, search: Search) -> None:
        """Find the probes that match `search`, once, so that filters can mean them.

        Raises SearchError where the regular expression is none.
        """
        looked_for = {
            "text": None if search.regex else search.text,
            "regex": search.text if search.regex else None,
        }
        self._once(search.row_set, [f"search_{name}" for name in search.fields], looked_for)

    def _find(self, where: Filter, labels_seq: int) -> None:
        """Find the probes that `where` means by what no column tells, once."""
        if where.search:
            self.search(where.search)
        row_set = where.row_set(labels_seq)
        if where.by_label and row_set is not None:
            found = where.search.row_set if where.search else None
            self._once(row_set, ["judged_set"], {"where": where.parameters(), "found": found})

    def _once(self, row_set: int, names: list[str], asked: dict[str, Any]) -> None:
        with self._row_sets_lock:
            if row_set in self._row_sets:
                self._row_sets.move_to_end(row_set)
                return
            self._make(row_set, names, asked)
            self._row_sets[row_set] = None
            if len(self._row_sets) > ROW_SETS_KEPT:
                oldest, _ = self._row_sets.popitem(last=False)
                self._forget(oldest)

    def _make(self, row_set: int, names: list[str], asked: dict[str, Any]) -> None:
        cursor = self._con.cursor()
        try:
            cursor.begin()
            for name in names:
                cursor.execute(question(name), {"row_set": row_set, **asked})
            cursor.commit()
        except duckdb.InvalidInputException as error:
            cursor.rollback()
            reason = str(error).splitlines()[0].removeprefix("Invalid Input Error: ")
            raise SearchError(f"This is no regular expression ({reason}); the search is left out.") from error
        finally:
            cursor.close()

    def take(self, opinions: pa.Table) -> None:
        """Bring in opinions (queries.labels.CURRENT), newest event last; every later question sees them."""
        with self._opinions_lock:
            cursor = self._con.cursor()
            try:
                cursor.register("fresh", opinions)
                cursor.begin()
                cursor.execute(question("opinions_take"))
                cursor.commit()
            finally:
                cursor.close()
            self.labels_seq = max(self.labels_seq, opinions["seq"][-1].as_py())

    def _forget(self, row_set: int) -> None:
        cursor = self._con.cursor()
        try:
            cursor.execute("delete from row_sets where row_set = $row_set", {"row_set": row_set})
        finally:
            cursor.close()

    def close(self) -> None:
        """Let go of the connection and the scratch folder."""
        self._con.close()
        self._cleared()
