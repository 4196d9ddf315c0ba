"""A disk that is full at any moment of a round: one line, nothing lost, and with room the same command goes on.

The limit is on the size of a file, which the system refuses as a full disk is refused, in files and in SQLite alike.
"""

import os
import resource
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from pipeline.errors import of_storage
from tests.made import ROOT, command

WORDS = ("run", "--build", "demo", "--docs", "3")
LIMITS = (
    0,  # not even the record of the run can be written
    1_000,  # a run is on record, and no database can be made
    9_000,
    30_000,
)


def limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", LIMITS)
def test_a_round_on_a_full_disk_ends_with_one_line_and_goes_on_later(tmp_path: Path, size: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pipeline", *WORDS],
        cwd=ROOT,
        env=os.environ | {"PROBES_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=partial(limit, size),
    )
    assert ended.returncode == 2, ended.stderr
    (line,) = [line for line in ended.stderr.splitlines() if "it/s" not in line]
    assert line.startswith("run: the disk ")
    assert line.endswith("what was there before is intact.")
    assert command(tmp_path, *WORDS) == 0
    assert command(tmp_path, "check", "--build", "demo") == 0


def test_a_full_database_is_a_full_disk(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "full.db", isolation_level=None)
    database.execute("pragma max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError) as full:
        database.execute("create table a (b)").execute("insert into a values (zeroblob(100000))")
    database.close()
    assert of_storage(full.value) == "the disk is full (database or disk is full); what was there before is intact."


def test_a_file_that_is_no_ledger_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database" * 1000)
    assert command(tmp_path, *WORDS) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"run: {tmp_path / 'ledger.db'} is damaged (file is not a database); put back a copy of it. Without one, what "
        "is under way would be paid again."
    ]


@pytest.mark.parametrize("error", [FileNotFoundError(2, "gone"), sqlite3.ProgrammingError("closed")])
def test_other_errors_are_not_the_disks(error: OSError | sqlite3.Error) -> None:
    assert of_storage(error) is None
