"""Label databases for tests: each test that asks for `place` runs on SQLite and on a real Postgres."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from queries.labels import LabelLog, open_database
from tests.labels.postgres import Server, binaries


@dataclass
class Place:
    """Where labels are kept: `url` for Postgres, `path` for SQLite."""

    url: str | None
    path: Path
    stack: ExitStack = field(default_factory=ExitStack)

    def log(self) -> LabelLog:
        """Open the log; it is closed when the test ends."""
        log = LabelLog(open_database(url=self.url, path=self.path))
        self.stack.callback(log.database.close)
        return log

    @property
    def arguments(self) -> list[str]:
        """How tests.labels.writer is told of this place."""
        return [self.url or str(self.path)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Return a running server; CI must have one, elsewhere the tests that need it are skipped without."""
    programs = binaries()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("CI must run the label tests on Postgres, but no server is installed")
        pytest.skip("no Postgres server is installed")
    server = Server(programs)
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Return an empty place for labels, on each kind of database in turn."""
    url = request.getfixturevalue("postgres").url() if request.param == "postgres" else None
    place = Place(url, tmp_path / "labels.db")
    with place.stack:
        yield place


@pytest.fixture
def log(place: Place) -> LabelLog:
    """Return an empty log, on each kind of database in turn."""
    return place.log()
