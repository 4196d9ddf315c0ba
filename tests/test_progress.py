"""What a watcher reads in status.json, whole at every moment, and what a terminal shows."""

import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import StageError
from pipeline.money.submission import Purse
from pipeline.progress import progress
from tests.buyer import KEY

ROOT = Path(__file__).parents[1]
PURSE = Purse(cap=5_000_000_000, spent=1_230_000_000, presumed=10_000_000, reserved=500_000_000)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROBES_RUN", str(tmp_path))
    return tmp_path


def status(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "status.json").read_text()))


def test_a_run_that_goes_on_says_how_far_it_is_and_what_it_cost(folder: Path) -> None:
    with progress("answer", total=10) as shown:
        assert (status(folder)["state"], status(folder)["done"], status(folder)["total"]) == ("running", 0, 10)
        shown.update(done=4, purse=PURSE)
        shown.update(done=6, note="2 batches under way")
    said = status(folder)
    assert (said["stage"], said["state"], said["done"], said["done_before"]) == ("answer", "done", 6, 4)
    assert (said["cap"], said["spent"], said["presumed"], said["reserved"]) == (5.0, 1.23, 0.01, 0.5)
    assert said["note"] == "2 batches under way"
    assert said["started"] <= said["ended"] <= said["updated"]


def test_the_log_of_a_run_tells_when_a_stage_begins_what_goes_on_and_how_it_ends(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "log.txt").touch()
    with progress("answer", total=10) as shown:
        shown.update(done=4, note="2 batches under way")
        shown.update(done=10, note="2 batches under way")
    told = [line.partition(" ")[2] for line in capsys.readouterr().err.splitlines()]
    assert told == ["answer: begins", "answer: 2 batches under way", "answer: done, 10 of 10"]


def test_a_pause_is_told_with_its_reason(folder: Path) -> None:
    with progress("answer") as shown:
        shown.pause("the cap is reached")
    assert (status(folder)["state"], status(folder)["note"]) == ("paused", "the cap is reached")


def test_a_pause_stays_one_when_the_stage_then_gives_up(folder: Path) -> None:
    def give_up() -> None:
        with progress("answer") as shown:
            shown.pause("the cap is reached")
            raise StageError("the cap is reached")

    with pytest.raises(StageError):
        give_up()
    assert status(folder)["state"] == "paused"


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (KeyboardInterrupt(), "stopped", None),
        (ValueError("wrong"), "failed", "ValueError: wrong"),
        (ValueError(f"wrong key {KEY}"), "failed", "ValueError: wrong key sk-ant-***"),
    ],
)
def test_an_end_that_was_not_wished_is_told(
    folder: Path, error: BaseException, state: str, message: str | None
) -> None:
    with pytest.raises(type(error)), progress("answer"):
        raise error
    assert (status(folder)["state"], status(folder).get("error")) == (state, message)


def test_the_file_is_whole_whenever_it_is_read(folder: Path) -> None:
    writer = (
        "from pipeline.progress import progress\n"
        "for run in range(400):\n"
        "    with progress('answer', total=3000) as shown:\n"
        "        shown.update(done=run, note='x' * run)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", writer], cwd=ROOT)
    read = 0
    while process.poll() is None:
        if (folder / "status.json").exists():
            assert status(folder)["stage"] == "answer"
            read += 1
    assert process.returncode == 0
    assert read > 0
    assert [path.name for path in folder.iterdir()] == ["status.json"]


def test_without_a_run_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROBES_RUN", raising=False)
    monkeypatch.chdir(tmp_path)
    with progress("answer") as shown:
        shown.update(done=1)
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_shows_a_bar_and_a_log_does_not() -> None:
    script = (
        "from pipeline.progress import progress\n"
        "with progress('answer', total=8) as p: p.update(done=4, note='2 batches under way'); p.update(done=8)"
    )
    words = [sys.executable, "-c", script]
    log = subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
    assert log.stderr == b""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 100))
    subprocess.run(words, cwd=ROOT, stderr=slave, check=True)
    os.close(slave)
    shown = os.read(master, 10_000)
    os.close(master)
    assert b"answer: 100%" in shown
    assert b"answer: 2 batches under way" in shown
