"""What happens when something goes wrong on the way: nothing is lost, and one line says why."""

import os
import resource
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from pipeline.errors import StageError
from queries.store import Store, read_index
from queries.tables import CARD
from tests.builds import document_rows, published_row, write_published
from tests.importing import ROOT, ROWS, as_shards, bring, table

CRASH = """
import os, sys
from pathlib import Path
from pipeline.importer import Import, run
left = int(sys.argv[1])
def watch(event, arguments):
    global left
    if event == "os.rename":
        left -= 1
        if left < 0:
            os._exit(9)
sys.addaudithook(watch)
run(Import(source=sys.argv[2], build=Path(sys.argv[3])))
"""


def test_a_crash_at_any_step_leaves_an_index_that_can_be_read(tmp_path: Path) -> None:
    source = write_published(ROWS, tmp_path / "rows.parquet")
    build, _ = bring(source, tmp_path)
    write_published(ROWS[:5], source)
    for step in range(20):
        ended = subprocess.run([sys.executable, "-c", CRASH, str(step), str(source), str(build)], cwd=ROOT, check=False)
        with closing(Store(read_index(build))) as store:
            probes = store.fetch("count")[0]["probes"]
            assert store.fetch("document", doc_key=table(build, "probes")[0]["doc_key"])
        if ended.returncode == 0:
            break
        assert (ended.returncode, probes) == (9, len(ROWS))
    assert (step, probes) == (7, 5)  # the source, three tables, rejects, build.json, index.json; then nothing to stop
    assert not list(build.rglob("*.tmp"))


def test_an_import_leaves_what_a_running_stage_is_writing(tmp_path: Path) -> None:
    source = write_published(ROWS, tmp_path / "rows.parquet")
    build, _ = bring(source, tmp_path)
    reply = build / "rounds" / "1" / "raw" / "generate" / "0000.jsonl.gz.0a1b2c3d.tmp"
    left = build / "index" / "r0-dead-docs.parquet.0a1b2c3d.tmp"
    for draft in (reply, left):
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text("half")
    write_published(ROWS[:5], source)
    bring(source, tmp_path)
    assert reply.read_text() == "half"
    assert not left.exists()


def test_a_round_drawn_here_is_never_imported_over(tmp_path: Path) -> None:
    folder = tmp_path / "builds" / "mine" / "rounds" / "0"
    folder.mkdir(parents=True)
    (folder / "round.json").write_text("{}")
    with pytest.raises(StageError, match="was made here, not imported"):
        bring(write_published(ROWS, tmp_path / "rows.parquet"), tmp_path)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two files that are worked off by two processes."""
    folder = tmp_path_factory.mktemp("large")
    rows = [row for number in range(1, 8) for row in document_rows(number)]
    for part in (0, 1):
        many = [row | {"doc_id": f"{part}-{copy}-{row['doc_id']}"} for copy in range(80) for row in rows]
        write_published(many, folder / f"train-0000{part}-of-00002.parquet")
    return folder


def test_many_rows_are_shared_by_two_processes_and_none_is_lost(large: Path, tmp_path: Path) -> None:
    build, summary = bring(large, tmp_path)
    assert (summary.probes, summary.documents, summary.rejects) == (17_920, 1_120, 0)
    with closing(Store(read_index(build))) as store:
        assert store.fetch("count")[0] == {"probes": 17_920, "documents": 1_120, "total": 17_920}


def test_damage_that_a_worker_meets_is_one_clear_line(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    for path in large.iterdir():
        shutil.copy(path, tmp_path)
    content = bytearray(path.read_bytes())
    content[1000:3000] = os.urandom(2000)
    (tmp_path / path.name).write_bytes(content)
    assert main(["import", str(tmp_path), "--build", "mine"]) == 2
    error = capsys.readouterr().err
    assert "is damaged (" in error
    assert error.count("\n") == 1


def limit_file_size() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_a_full_disk_is_one_line_and_leaves_the_index(tmp_path: Path) -> None:
    source = write_published(ROWS, tmp_path / "rows.parquet")
    build, _ = bring(source, tmp_path)
    noise = [published_row(doc=os.urandom(3000).hex(), doc_id=str(number)) for number in range(50)]
    write_published([*ROWS, *noise], source)
    command = [sys.executable, "-m", "pipeline", "import", str(source), "--build", "mine"]
    environment = os.environ | {"PROBES_DATA": str(tmp_path)}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, preexec_fn=limit_file_size
    )
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert "disk is full" in ended.stderr
    with closing(Store(read_index(build))) as store:
        assert store.fetch("count")[0]["probes"] == len(ROWS)


def wrong_source(kind: str, folder: Path) -> str:
    """Make something that cannot be imported, and return what to type for it."""
    path = folder / "rows.parquet"
    match kind:
        case "text":
            path.write_text("not Parquet")
        case "truncated":
            path.write_bytes(write_published(ROWS, folder / "whole.parquet").read_bytes()[:-9])
        case "damaged":
            pq.write_table(pa.Table.from_pylist(ROWS, CARD), path, compression="zstd")
            content = bytearray(path.read_bytes())
            content[100:2000] = os.urandom(1900)
            path.write_bytes(content)
        case "no columns":
            pq.write_table(pa.table({"text": ["a"], "label": [1]}), path)
        case "wrong type":
            pq.write_table(pa.table({"doc": [1], "split_char_offset": [1], "target": ["suffix"]}), path)
        case "empty folder":
            (folder / "empty").mkdir()
            return str(folder / "empty")
        case "other split":
            write_published(ROWS, folder / "hub" / "validation-00000-of-00001.parquet")
            return str(folder / "hub")
        case "no match":
            return str(folder / "*.parquet")
        case "no rows":
            path = folder / "rows.jsonl"
            path.write_text('{"text": "a"}\n')
    return str(path)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("absent", "There is no file or folder {}."),
        ("text", "{} is no Parquet file ("),
        ("truncated", "{} is no Parquet file ("),
        ("damaged", "is damaged ("),
        (
            "no columns",
            "{} holds no probes: it has no column doc, split_char_offset, target (its columns: text, label).",
        ),
        ("wrong type", "{}: the column doc has the type int64, not string; convert it first."),
        ("empty folder", "The folder {} holds no Parquet file, neither in itself nor in data/."),
        ("other split", "The folder {} holds no split train, only validation; say --split."),
        ("no match", "No Parquet file matches {}."),
        ("no rows", "{} holds no probes: no line of it has doc, split_char_offset, target."),
    ],
)
def test_what_cannot_be_imported_is_one_clear_line(
    kind: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path / "data"))
    source = wrong_source(kind, tmp_path)
    assert main(["import", source, "--build", "mine"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("import: ")
    assert told.format(source) in error
    assert error.count("\n") == 1
    assert not (tmp_path / "data" / "builds" / "mine" / "index" / "index.json").exists()


def test_a_hub_that_cannot_be_reached_is_one_clear_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline", "import", "nobody/nothing", "--build", "mine"]
    environment = os.environ | {
        "PROBES_DATA": str(tmp_path),
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HF_HUB_OFFLINE": "0",
    }
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith("import: nobody/nothing is no file or folder here, and the Hub gave nothing for it (")


def test_a_build_stays_with_its_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    build, _ = bring(write_published(ROWS, tmp_path / "one.parquet"), tmp_path)
    other = write_published(ROWS, tmp_path / "two.parquet")
    assert main(["import", str(other), "--build", "mine"]) == 2
    assert capsys.readouterr().err == (
        f"import: The build mine was imported from {tmp_path / 'one.parquet'}, not imported from {other}; "
        f"choose another --build, or delete {build} first.\n"
    )
    folder = as_shards(ROWS, tmp_path / "splits.parquet")
    assert main(["import", str(folder), "--build", "split"]) == 0
    assert main(["import", str(folder), "--build", "split", "--split", "test"]) == 2
    assert f"{folder} (split train), not imported from {folder} (split test);" in capsys.readouterr().err
    assert main(["import", str(other), "--build", "theirs", "--limit", "0"]) == 2
    assert "import at least one row" in capsys.readouterr().err
