"""Files that are wholly there or not at all, and one writer at a time."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.errors import StageError
from pipeline.files import locked, put, put_copy, put_json, put_text, sha256, sweep
from pipeline.settings import build_folder, build_names, data_root
from tests.builds import make_build, published_row

ROOT = Path(__file__).parents[1]


def fail(draft: Path) -> None:
    draft.write_text("half of it")
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_is_written_with_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    digest = put_text(path, "ünïcode\n")
    assert path.read_bytes() == "ünïcode\n".encode()
    assert digest == sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    put_text(path, "old")
    with pytest.raises(OSError, match="No space left"):
        put(path, fail)
    assert [file.name for file in tmp_path.iterdir()] == ["file.txt"]
    assert path.read_text() == "old"


def test_a_copy_is_the_file_and_json_is_readable(tmp_path: Path) -> None:
    digest = put_json(tmp_path / "a.json", {"path": tmp_path, "text": "\ud800"})
    assert put_copy(tmp_path / "b.json", of=tmp_path / "a.json") == digest
    assert (tmp_path / "b.json").read_bytes() == (tmp_path / "a.json").read_bytes()


def test_sweeping_keeps_what_is_listed_and_touches_no_folder(tmp_path: Path) -> None:
    for name in ("kept.parquet", "old.parquet", "kept.parquet.1a2b.tmp"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    sweep(tmp_path, keep={"kept.parquet"})
    sweep(tmp_path / "not there", keep=set())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "kept.parquet"]


HOLD = """
import sys
from pathlib import Path
from pipeline.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_build_has_one_writer_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    build = tmp_path / "mine"
    command = [sys.executable, "-c", HOLD, str(build)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StageError, match="Another process is writing the build mine"), locked(build):
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    with locked(build):
        pass


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "/etc", ".hidden", "-x", "a\n", "a b", "ü", "x" * 65, "a\x00"]
)
def test_a_build_name_cannot_leave_the_builds_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="is no name for a build"):
        build_folder(name, root=tmp_path)


@pytest.mark.parametrize("name", ["sample", "qwen3.5-9b", "A", "0_1", "x" * 64])
def test_ordinary_names_are_folders_of_the_data_root(name: str, tmp_path: Path) -> None:
    assert build_folder(name, root=tmp_path) == tmp_path / "builds" / name


def test_only_folders_that_may_be_opened_are_offered_as_builds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    assert build_names() == []
    for name in ("b", "a", "a copy", ".hidden", "x" * 65):
        put_json(tmp_path / "builds" / name / "index" / "index.json", {})
    (tmp_path / "builds" / "empty").mkdir()
    assert build_names() == ["a", "b"]


@pytest.mark.parametrize("stage", ["status", "import", "run"])
def test_a_data_root_that_is_a_file_is_one_sentence(
    stage: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_text(tmp_path / "file", "no folder")
    monkeypatch.setenv("PROBES_DATA", str(tmp_path / "file"))
    assert main([stage, *(["x"] if stage == "import" else []), "--build", "mine"]) == 2
    assert capsys.readouterr().err == (
        f"{stage}: The data root {tmp_path / 'file'} is a file; let PROBES_DATA name a folder.\n"
    )


def test_a_reader_that_goes_away_ends_a_stage_quietly(tmp_path: Path) -> None:
    make_build([published_row()], tmp_path, name="mine")
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "pipeline", "status", "--build", "mine"]
    environment = os.environ | {"PROBES_DATA": str(tmp_path)}
    ended = subprocess.run(command, cwd=ROOT, env=environment, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_the_data_root_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    assert data_root() == tmp_path
    monkeypatch.setenv("PROBES_DATA", "")
    assert data_root() == Path("data")
