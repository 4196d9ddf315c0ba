"""What happens to labels when processes, disks and servers fail: nothing that was said to be saved is ever lost."""

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from queries.labels import LabelLog, LabelStoreError, Verdict
from tests.labels.conftest import Place
from tests.labels.postgres import Server
from tests.labels.presses import press, saved

ROOT = Path(__file__).parents[2]
PATIENCE = 60  # seconds after which a test gives up on something that never comes


def until(true: Callable[[], bool]) -> None:
    """Wait until `true` is."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def command(place: Place, acks: Path, annotator: str, *more: str) -> list[str]:
    return [sys.executable, "-m", "tests.labels.writer", *place.arguments, str(acks), annotator, *more]


@contextmanager
def writing(place: Place, acks: Path, annotator: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that labels; it is killed at the end, if it still lives."""
    process = subprocess.Popen(command(place, acks, annotator), cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def lines(acks: Path) -> list[str]:
    return acks.read_text().splitlines() if acks.exists() else []


def check(log: LabelLog, *acks: Path) -> None:
    """Every acknowledged event is stored, once, and the log is whole."""
    stored = [row["event_id"] for row in log.events()]
    assert len(stored) == len(set(stored))
    assert {line for path in acks for line in lines(path)} <= set(stored)
    log.verify()


def intact(path: Path) -> bool:
    with sqlite3.connect(path) as con:
        (found,) = con.execute("pragma integrity_check").fetchone()
    con.close()
    return bool(found == "ok")


def test_writers_that_are_killed_lose_no_label_that_was_acknowledged(place: Place, tmp_path: Path) -> None:
    log = place.log()
    files = []
    for number in range(2):
        pair = [tmp_path / f"acks-{number}-{annotator}" for annotator in ("ada", "bob")]
        with writing(place, pair[0], f"ada {number}") as ada, writing(place, pair[1], f"bob {number}") as bob:
            until(lambda pair=pair: all(len(lines(path)) > 5 + 3 * number for path in pair))  # noqa: B023
            ada.send_signal(signal.SIGKILL)
            bob.send_signal(signal.SIGKILL)
        files += pair
        check(log, *files)
    assert place.url or intact(place.path)
    saved(log.append(press("afterwards")))


def test_a_killed_server_loses_no_acknowledged_label_and_the_writers_go_on_by_themselves(
    postgres: Server, tmp_path: Path
) -> None:
    place = Place(postgres.url(), tmp_path / "unused")
    with place.stack:
        log = place.log()
        files = [tmp_path / "ada", tmp_path / "bob"]
        with writing(place, files[0], "ada"), writing(place, files[1], "bob"):
            for _ in range(2):
                before = [len(lines(path)) for path in files]
                until(
                    lambda before=before: all(
                        len(lines(path)) > old + 5 for path, old in zip(files, before, strict=True)
                    )
                )
                postgres.kill()
                postgres.start()
            before = [len(lines(path)) for path in files]
            until(lambda before=before: all(len(lines(path)) > old for path, old in zip(files, before, strict=True)))
        check(log, *files)
        saved(log.append(press("afterwards")))


def test_a_server_that_is_away_is_a_label_that_was_not_saved_and_can_be_sent_again(
    postgres: Server, tmp_path: Path
) -> None:
    place = Place(postgres.url(), tmp_path / "unused")
    with place.stack:
        log = place.log()
        saved(log.append(press("p1")))
        event = press("p2")
        postgres.kill()
        try:
            with pytest.raises(LabelStoreError, match="Nothing was saved"):
                log.append(event)
        finally:
            postgres.start()
        assert saved(log.append(event)).seq == 2


def test_a_full_disk_refuses_the_label_keeps_the_rest_and_takes_it_once_there_is_room(tmp_path: Path) -> None:
    place, acks = Place(None, tmp_path / "labels.db"), tmp_path / "acks"
    log = place.log()
    log.append_all(press(f"q{number}") for number in range(200))
    limit = place.path.stat().st_size + 40_960
    done = subprocess.run(
        command(place, acks, "ada", str(limit)), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    event_id, _, message = done.stdout.partition(" ")
    assert message.startswith("Nothing was saved")
    assert len(lines(acks)) > 5
    check(log, acks)
    assert intact(place.path)
    outcome = saved(log.append(press(f"p{len(lines(acks))}", annotator="ada", event_id=event_id)))
    assert outcome.seq == 200 + len(lines(acks)) + 1


def test_a_database_that_stays_locked_refuses_the_label_and_takes_it_when_it_is_free(place: Place) -> None:
    log, other = place.log(), place.log()
    event = press(verdict=Verdict.EASY)
    with other.database.writing(), pytest.raises(LabelStoreError, match="Nothing was saved"):
        log.append(event)
    assert log.head().seq == 0
    assert saved(log.append(event)).seq == 1


def test_a_writer_that_fails_half_way_leaves_no_lock_and_no_half_event(place: Place) -> None:
    log = place.log()
    lease = {"queue_id": "q", "probe_id": "p", "annotator": "a", "expires_at": "z"}

    def fail() -> None:
        with log.database.writing() as session:
            session.run("insert_lease", **lease)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert saved(log.append(press())).seq == 1


def can_trace() -> bool:
    """Return whether strace is installed and the system lets it work."""
    return bool(shutil.which("strace")) and subprocess.run(["strace", "-o", "/dev/null", "true"]).returncode == 0


strace = pytest.mark.skipif(not can_trace(), reason="strace is not installed, or not allowed here")


@strace
def test_a_disk_that_fails_to_sync_is_a_label_that_was_not_saved(tmp_path: Path) -> None:
    place, acks = Place(None, tmp_path / "labels.db"), tmp_path / "acks"
    log = place.log()
    fail = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=fsync,fdatasync:error=EIO:when=20+"]
    done = subprocess.run(
        [*fail, *command(place, acks, "ada", "impatient")], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    event_id, _, message = done.stdout.partition(" ")
    assert "disk I/O error" in message
    check(log, acks)
    assert intact(place.path)
    number = len(lines(acks))
    assert number > 0
    again = saved(log.append(press(f"p{number}", annotator="ada", event_id=event_id)))
    assert again.seq == number + 1  # stored now, or by the commit that could not say so


@strace
def test_the_file_is_synced_before_a_label_is_acknowledged(tmp_path: Path) -> None:
    place, acks, trace = Place(None, tmp_path / "labels.db"), tmp_path / "acks", tmp_path / "trace"
    place.log()
    calls = ["strace", "-f", "-y", "-qq", "-o", str(trace), "-e", "trace=fsync,fdatasync,write,unlink"]
    limit = str(place.path.stat().st_size + 20_000)
    subprocess.run(
        [*calls, *command(place, acks, "ada", limit)], cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE
    )
    synced, acknowledged = False, 0
    for line in trace.read_text(errors="replace").splitlines():
        if re.search(rf"f(data)?sync\(\d+<{re.escape(str(place.path))}>\) += 0", line):
            synced = True
        if re.search(rf"write\(\d+<{re.escape(str(acks))}>", line):
            assert synced, f"acknowledged before it was on disk: {line}"
            synced, acknowledged = False, acknowledged + 1
    assert acknowledged == len(lines(acks)) > 0
