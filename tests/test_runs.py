"""Runs as real processes: they outlive who started them, and what is said of them is what became of them.

The stage is `import`, of a folder whose Parquet file is a pipe: it waits there until somebody writes.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.errors import StageError
from pipeline.money.ledger import ledger_at
from pipeline.running import runs
from pipeline.running.state import LIVING, Run, RunState, pays
from tests.anthropic_server import AnthropicServer, Fault, anthropic_server
from tests.run_folders import ORDER, RUN, STATUS, end, run_folder

ROOT = Path(__file__).parents[1]
SAMPLE = "sample/hub"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("PROBES_RUN", raising=False)
    yield tmp_path / "data"
    for lock in tmp_path.rglob("lock"):
        if pid := lock.read_text(encoding="ascii"):
            kill(int(pid))


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    os.mkfifo(folder / "waiting.parquet")
    return folder


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_for(id: str, seen: Callable[[Run], bool]) -> Run:
    while not seen(run := runs.read(id)):
        time.sleep(0.02)
    return run


def begun(run: Run) -> bool:
    return run.state is not RunState.QUEUED


def over(run: Run) -> bool:
    return run.state not in LIVING


def pid_of(run: Run) -> int:
    return int((run.folder / "lock").read_text(encoding="ascii"))


def words_of(source: Path | str, build: str = "tiny") -> list[str]:
    return ["import", str(source), "--build", build]


def test_a_run_finishes_and_says_what_it_did(data: Path) -> None:
    run = wait_for(runs.start(words_of(SAMPLE), by="ada"), over)
    assert run.state is RunState.FINISHED
    assert run.end is not None
    assert "640 probes over 40 documents" in run.end.said
    assert "640 probes over 40 documents" in runs.log_tail(run)
    assert run.order is not None
    assert (run.order.words, run.order.by) == (tuple(words_of(SAMPLE)), "ada")
    assert (data / "builds" / "tiny" / "index" / "index.json").exists()


def test_a_run_that_cannot_go_on_says_why(data: Path) -> None:
    run = wait_for(runs.start(words_of("nowhere"), by="ada"), over)
    assert run.state is RunState.FAILED
    assert run.end is not None
    assert run.end.said == "import: There is no file or folder nowhere."


def test_a_command_that_is_none_has_died_with_the_reason_in_its_log(data: Path) -> None:
    run = wait_for(runs.start(["import", "--bogus"], by="ada"), over)
    assert run.state is RunState.DIED
    assert "the following arguments are required" in runs.log_tail(run)


def test_a_run_lives_from_the_moment_it_is_started(data: Path, pipe: Path) -> None:
    id = runs.start(words_of(pipe), by="ada")
    assert runs.read(id).state in LIVING
    assert wait_for(id, begun).state is RunState.RUNNING


def test_a_run_outlives_who_started_it(data: Path, pipe: Path) -> None:
    code = f"import sys; from pipeline.running import runs; print(runs.start({words_of(pipe)!r}, by='ada'))"
    starter = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    run = wait_for(starter.stdout.strip(), begun)
    assert run.state is RunState.RUNNING


def test_a_run_is_in_no_group_of_who_started_it(data: Path, pipe: Path) -> None:
    run = wait_for(runs.start(words_of(pipe), by="ada"), begun)
    assert os.getpgid(pid_of(run)) == pid_of(run) != os.getpgid(0)


def test_a_killed_run_has_died_and_leaves_no_process(data: Path, pipe: Path) -> None:
    run = wait_for(runs.start(words_of(pipe), by="ada"), begun)
    os.kill(pid_of(run), signal.SIGKILL)
    assert wait_for(run.id, over).state is RunState.DIED
    while psutil.pid_exists(pid_of(run)):  # a zombie exists
        time.sleep(0.02)


def test_a_stopped_run_says_so_and_leaves_the_build_free(data: Path, pipe: Path) -> None:
    run = wait_for(runs.start(words_of(pipe), by="ada"), begun)
    runs.stop(run.id)
    runs.stop(run.id)
    assert wait_for(run.id, over).state is RunState.STOPPED
    assert "interrupted" in runs.log_tail(run)


def test_a_run_that_was_told_to_stop_before_it_could_hear_stops(data: Path, pipe: Path) -> None:
    id = runs.start(words_of(pipe), by="ada")
    runs.stop(id)
    assert wait_for(id, over).state is RunState.STOPPED


def test_a_run_started_where_interrupts_are_ignored_can_be_stopped(data: Path, pipe: Path) -> None:
    code = f"from pipeline.running import runs; print(runs.start({words_of(pipe)!r}, by='ada'))"
    shell = f"trap '' INT; exec {sys.executable} -c \"$CODE\""
    starter = subprocess.run(
        ["sh", "-c", shell], cwd=ROOT, env={**os.environ, "CODE": code}, capture_output=True, text=True, check=True
    )
    run = wait_for(starter.stdout.strip(), begun)
    runs.stop(run.id)
    assert wait_for(run.id, over).state is RunState.STOPPED


def test_the_same_command_goes_on_where_a_run_was_left(data: Path, pipe: Path) -> None:
    first = wait_for(runs.start(words_of(pipe), by="ada"), begun)
    runs.stop(first.id)
    wait_for(first.id, over)
    (pipe / "waiting.parquet").unlink()
    shutil.copy(ROOT / "sample" / "hub" / "train-00000-of-00001.parquet", pipe / "rows.parquet")
    second = wait_for(runs.resume(first.id, by="bob"), over)
    assert second.state is RunState.FINISHED
    assert second.order is not None
    assert (second.order.resumes, second.order.by, second.order.words) == (first.id, "bob", tuple(words_of(pipe)))
    assert runs.read(first.id).resumed_as == second.id
    assert not runs.read(first.id).resumable


def test_of_two_who_resume_a_run_one_does(data: Path) -> None:
    id = wait_for(runs.start(words_of("nowhere"), by="ada"), over).id
    refused: list[str] = []

    def resume() -> None:
        try:
            runs.resume(id, by="ada")
        except StageError as error:
            refused.append(str(error))

    both = [threading.Thread(target=resume) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert len(refused) == 1
    assert len(runs.newest(9)) == 2
    wait_for(runs.newest(1)[0].id, over)


@pytest.mark.parametrize("source", [SAMPLE, None])
def test_what_lives_or_is_finished_is_not_resumed(data: Path, pipe: Path, source: str | None) -> None:
    id = runs.start(words_of(source or pipe), by="ada")
    run = wait_for(id, over if source else begun)
    with pytest.raises(StageError, match="nothing to resume"):
        runs.resume(run.id, by="ada")


def terminal(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "pipeline", *words], cwd=ROOT, capture_output=True, text=True)


def test_a_stage_run_in_a_terminal_is_a_run_too(data: Path) -> None:
    terminal(*words_of(SAMPLE))
    (run,) = runs.newest(9)
    assert (run.state, run.stage, runs.log_tail(run)) == (RunState.FINISHED, "import", "")
    assert run.settings["build"] == "tiny"
    assert run.settings["split"] == "train"


@pytest.mark.parametrize("words", [["status", "--build", "tiny"], ["--help"], ["import", "--help"], ["import"]])
def test_what_makes_nothing_is_no_run(data: Path, words: list[str]) -> None:
    terminal(*words)
    assert runs.newest(9) == []


@pytest.mark.parametrize("source", ["https://ada:lovelace@example.org/rows", "sk-ant-api03-abcdef"])
def test_no_password_or_key_is_written_down(data: Path, source: str) -> None:
    with pytest.raises(StageError, match="would be written down"):
        runs.start(words_of(source), by="ada")
    assert not [path for path in data.rglob("*") if path.is_file()]
    assert terminal(*words_of(source)).returncode == 2


@pytest.mark.parametrize(
    ("files", "state"),
    [
        ({}, RunState.DIED),
        ({"status_json": STATUS}, RunState.DIED),
        ({"end_json": end(0, "done")}, RunState.FINISHED),
        ({"end_json": end(2, "no")}, RunState.FAILED),
        ({"end_json": end(130, "")}, RunState.STOPPED),
        (
            {
                "end_json": end(2, "no"),
                "status_json": STATUS | {"state": "paused", "note": "The cap is reached."},
            },
            RunState.PAUSED,
        ),
    ],
)
def test_a_run_whose_process_is_gone(data: Path, files: dict[str, str], state: RunState) -> None:
    run = runs.read(run_folder(data, run_json=ORDER, **files))
    assert run.state is state
    assert run.damaged == ()


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"stage": 7}', "\ufffd\x00", "{}", "[" * 5000])
@pytest.mark.parametrize("name", ["run.json", "begun.json", "status.json", "end.json"])
def test_a_damaged_file_is_named_and_the_rest_is_read(data: Path, name: str, content: str) -> None:
    files = {"run_json": ORDER, "status_json": STATUS} | {name.replace(".", "_"): content}
    run = runs.read(run_folder(data, **files))
    assert run.damaged == (name,)
    assert run.state is RunState.DIED
    assert (run.order is None) == (name == "run.json")
    assert (run.status is None) == (name == "status.json")


def test_rate_and_time_left_count_what_this_run_did(data: Path) -> None:
    run = runs.read(run_folder(data, status_json=STATUS | {"done_before": 40, "total": 100}))
    assert run.status is not None
    assert run.status.rate == 2.0
    assert run.status.seconds_left == 20.0


@pytest.mark.parametrize("changes", [{"total": None}, {"done": 0}, {"done_before": 60}])
def test_no_time_left_is_made_up(data: Path, changes: dict[str, int]) -> None:
    run = runs.read(run_folder(data, status_json=STATUS | changes))
    assert run.status is not None
    assert run.status.seconds_left is None


def test_words_tell_the_settings_of_a_run_that_never_began(data: Path) -> None:
    words = ["run", "--build=tiny", "--level", "-2", "--base-url=http://localhost:1/?a=b", "--targets", "--cap", "9"]
    run = runs.read(run_folder(data, run_json=ORDER | {"words": words}))
    known = {"build": "tiny", "level": "-2", "base_url": "http://localhost:1/?a=b", "targets": "", "cap": "9"}
    assert run.settings == known


@pytest.mark.parametrize(
    ("settings", "costs"),
    [
        ({}, False),
        ({"backend": "recorded", "model": "claude-haiku-4-5"}, False),
        ({"backend": "messages", "model": "local:llama"}, False),
        ({"backend": "messages", "model": None}, True),
        ({"backend": "batches", "model": "claude-haiku-4-5"}, True),
        ({"backend": "batches"}, True),
        ({"backend": "batches", "model": "no such model"}, True),
    ],
)
def test_what_may_cost_money_counts_as_paying(settings: dict[str, str | None], costs: bool) -> None:
    assert pays(settings) is costs


@pytest.mark.parametrize("id", ["", "..", "../runs", "20261120T101112000Z-import-0a1b2c/..", "nosuchrun", RUN])
def test_no_other_folder_is_read_as_a_run(data: Path, id: str) -> None:
    (data / "runs").mkdir(parents=True)
    with pytest.raises(StageError, match="There is no run"):
        runs.read(id)


def test_the_tail_of_a_log_is_bounded_whole_lines_without_keys(data: Path) -> None:
    lines = "".join(f"line {number}\n" for number in range(100_000))
    tail = runs.log_tail(runs.read(run_folder(data, log_txt=lines + "key sk-ant-api03-abc\n")))
    assert len(tail) < 20_000
    assert tail.startswith("line ")
    assert tail.endswith("line 99999\nkey sk-ant-***\n")


def test_the_newest_runs_come_first_and_strange_folders_are_left_out(data: Path) -> None:
    for name in ("20261120T101112000Z-import-0a1b2c", "20261121T101112000Z-sweep-0a1b2c", "notes", ".tmp"):
        (data / "runs" / name).mkdir(parents=True)
    assert [run.id[:8] for run in runs.newest(9)] == ["20261121", "20261120"]
    assert len(runs.newest(1)) == 1


@pytest.fixture
def server() -> Iterator[AnthropicServer]:
    with anthropic_server() as running:
        yield running


def paying(data: Path, server: AnthropicServer, *, build: str, workspace: str) -> list[str]:
    """Draw twelve documents, and return the words that ask the server for their probes at the price of a real model."""
    draw = ["sample", "sample/rollouts.jsonl", f"--build={build}", "--docs=12", "--source-model=m"]
    assert terminal(*draw).returncode == 0
    asked = ["--backend=messages", "--model=claude-haiku-4-5", "--cap=99", f"--base-url={server.url(workspace)}"]
    return ["generate", f"--build={build}", *asked]


def test_of_runs_that_pay_one_goes_at_a_time(data: Path, server: AnthropicServer) -> None:
    server.workspace("slow").faults["messages"].extend([Fault.HANG_ACCEPTED] * 12)
    first = runs.start(paying(data, server, build="one", workspace="slow"), by="ada")
    words = paying(data, server, build="two", workspace="quick")
    wait_for(first, lambda run: run.status is not None)
    second, third = runs.start(words, by="ada"), runs.start(words, by="ada")
    for id in (second, third):
        wait_for(id, lambda run: "Another run that pays is under way" in runs.log_tail(run))
        assert runs.read(id).state is RunState.QUEUED
    assert wait_for(runs.start(words_of(SAMPLE), by="ada"), over).state is RunState.FINISHED
    runs.stop(third)
    assert wait_for(third, over).state is RunState.STOPPED
    os.kill(pid_of(runs.read(first)), signal.SIGKILL)
    assert wait_for(second, over).state is RunState.FINISHED
    assert server.workspace("quick").billed.total() == 12


def test_a_run_that_is_stopped_waits_for_the_replies_it_pays_for(data: Path, server: AnthropicServer) -> None:
    space = server.workspace("slow")
    space.latency = 1
    run = wait_for(runs.start(paying(data, server, build="one", workspace="slow"), by="ada"), lambda _: space.busy > 0)
    for _ in range(3):
        runs.stop(run.id)
    assert wait_for(run.id, over).state is RunState.STOPPED
    with ledger_at(data / "ledger.db") as ledger:
        purse = ledger.purse("one/rounds/0")
        replies = sum(len(ledger.done(one.number)) for one in ledger.submissions())
    assert replies == space.billed.total() < 12
    assert purse.spent > 0
    assert (purse.presumed, purse.reserved) == (0, 0)


def test_an_estimate_is_told_and_asks_nothing(data: Path, server: AnthropicServer) -> None:
    words = paying(data, server, build="one", workspace="w")
    assert runs.estimate(words).startswith("12 requests, about")
    assert server.workspace("w").posts.total() == 0
    assert [run.stage for run in runs.newest(9)] == ["sample"]


@pytest.mark.parametrize("words", [["generate", "--build=none"], ["run", "--build=../up"], ["generate", "--bogus"]])
def test_an_estimate_that_cannot_be_says_why(data: Path, words: list[str]) -> None:
    with pytest.raises(StageError, match=r"run the stage sample first|no name for a build|arguments are required"):
        runs.estimate(words)
