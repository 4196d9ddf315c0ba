"""Runs: one execution of a stage each, as a process of its own that outlives whoever started it.

A run is exactly `python -m pipeline <words>`; its folder `runs/<id>/` in the data root holds what is known of it:

    run.json     the words, when they were given and by whom          by who started it, once
    lock         held by the process for its whole life; its pid
    begun.json   the arguments, when its turn had come                by the process (pipeline/running/worker.py)
    status.json  how far it is                                        by the stage (pipeline/progress.py)
    end.json     how it ended; missing where it was killed            by the process, last
    log.txt      what it printed; missing where it ran in a terminal
    stop         that it was asked to stop
    resumed      the run that continues it

Whether a run lives is told by its lock, which the system lets go of however the process ends, and never by a pid. A
starter takes the lock and hands it to the process, so at no moment does a living run look dead.
"""

import fcntl
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import StageError
from pipeline.files import put_json
from pipeline.progress import RUN_FOLDER, STATUS
from pipeline.redact import KEY
from pipeline.running.state import Begun, End, Order, Run, RunState, Status
from pipeline.settings import data_root

ROOT = Path(__file__).parents[2]
RUN_ID = re.compile(r"[0-9]{8}T[0-9]{9}Z-[a-z]{1,20}-[0-9a-f]{6}")
CREDENTIALS = re.compile(r"://[^/@\s]+@")
ESTIMATE = "--estimate"
ESTIMATING = 300  # seconds; the prompts of 8,000 documents are rendered in one minute
TAIL = 16_384  # bytes of a log that are read: some 200 lines

Value = TypeVar("Value")


def estimate(words: Sequence[str]) -> str:
    """Return what the stage says that these words would cost. Raises StageError with its reason where it refuses.

    No key is handed on: without one nothing can be asked, whatever the words say.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC_")}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", *words, ESTIMATE],
            cwd=ROOT,
            env={**environment, "PROBES_DATA": str(data_root().resolve())},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ESTIMATING,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StageError(f"The estimate took more than {ESTIMATING} s; run it in a terminal with {ESTIMATE}.") from None
    if done.returncode:
        raise StageError(KEY.sub("sk-ant-***", done.stderr.strip())[-2000:] or "The estimate failed without a word.")
    return done.stdout.strip()


def runs_folder() -> Path:
    """Return the folder of all runs, whether it exists or not."""
    return data_root().resolve() / "runs"


def start(words: Sequence[str], *, by: str, resumes: str | None = None) -> str:
    """Start `python -m pipeline <words>` as a process of its own and return the run's id.

    It goes on when this process ends. Raises StageError for a password in the words, which would be written down.
    """
    with new_folder(words, by=by, resumes=resumes) as (folder, lock):
        environment = {**os.environ, RUN_FOLDER: str(folder), "PROBES_DATA": str(data_root().resolve())}
        with (folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "pipeline", *words],
                cwd=ROOT,
                env={**environment, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(lock,),
            )
    threading.Thread(target=process.wait, daemon=True).start()  # else it stays a zombie until this process ends
    return folder.name


@contextmanager
def new_folder(words: Sequence[str], *, by: str, resumes: str | None = None) -> Iterator[tuple[Path, int]]:
    """Make the folder of a new run and yield it with the file descriptor of its lock, which is held inside."""
    if any(CREDENTIALS.search(word) or KEY.search(word) for word in words):
        raise StageError("A password or key among the words of a command would be written down; set it as a variable.")
    stamp = datetime.now(UTC)
    when = f"{stamp:%Y%m%dT%H%M%S}{stamp.microsecond // 1000:03}Z"
    folder = runs_folder() / f"{when}-{words[0]}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        put_json(folder / "run.json", {"words": list(words), "given": stamp.isoformat(), "by": by, "resumes": resumes})
        yield folder, lock.fileno()


def resume(id: str, *, by: str) -> str:
    """Start the same command again and return the new run's id: stages go on where they were left.

    Raises StageError for a run that lives, has finished or was resumed already.
    """
    run = read(id)
    if not run.resumable or run.order is None:
        raise StageError(
            f"The run {id} is {run.state}{' and was resumed' if run.resumed_as else ''}; nothing to resume."
        )
    try:
        with (run.folder / "resumed").open("x", encoding="utf-8") as claim:  # of two who ask at once, one
            claim.write(new := start(run.order.words, by=by, resumes=id))
    except FileExistsError:
        raise StageError(f"The run {id} was resumed already.") from None
    return new


def stop(id: str) -> None:
    """Ask a run to stop, once: its stage ends between two steps, and replies that are paid for are waited for.

    Asking again changes nothing; a second interrupt would lose what the first one is waiting for.
    """
    folder = _folder(id)
    with suppress(FileExistsError), (folder / "stop").open("x"):
        pid = (folder / "lock").read_text(encoding="ascii")
        if pid and _is_held(folder):
            with suppress(ProcessLookupError):
                _interrupt(int(pid))


def _interrupt(pid: int) -> None:
    """Send what Ctrl-C sends: to the group that the process leads, or, in somebody else's group, to it alone."""
    if os.getpgid(pid) == pid:
        os.killpg(pid, signal.SIGINT)
    else:
        os.kill(pid, signal.SIGINT)


def newest(count: int) -> list[Run]:
    """Return the `count` newest runs, the newest first."""
    folder = runs_folder()
    ids = [path.name for path in folder.iterdir() if RUN_ID.fullmatch(path.name)] if folder.is_dir() else []
    return [read(id) for id in sorted(ids, reverse=True)[:count]]


def read(id: str) -> Run:
    """Return the run called `id` as it stands now. Raises StageError where there is none."""
    folder = _folder(id)
    held = _is_held(folder)  # before the files: a process that has let go has written all that it ever will
    damaged: list[str] = []
    order = _read(folder / "run.json", Order, damaged)
    begun = _read(folder / "begun.json", Begun, damaged)
    status = _read(folder / STATUS, Status, damaged)
    end = _read(folder / "end.json", End, damaged)
    resumed = folder / "resumed"
    return Run(
        id=id,
        folder=folder,
        state=_state(held=held, begun=(folder / "begun.json").exists(), status=status, end=end),
        order=order,
        begun=begun,
        status=status,
        end=end,
        stopping=held and end is None and (folder / "stop").exists(),
        resumed_as=resumed.read_text(encoding="utf-8") or None if resumed.exists() else None,
        damaged=tuple(damaged),
    )


def _state(*, held: bool, begun: bool, status: Status | None, end: End | None) -> RunState:
    if end is None and held:
        return RunState.RUNNING if begun else RunState.QUEUED
    if end is None:
        return RunState.DIED
    if end.code == 128 + signal.SIGINT:
        return RunState.STOPPED
    if status and status.state == RunState.PAUSED:
        return RunState.PAUSED
    return RunState.FAILED if end.code else RunState.FINISHED


def _folder(id: str) -> Path:
    folder = runs_folder() / id
    if not RUN_ID.fullmatch(id) or not folder.is_dir():
        raise StageError(f"There is no run {id!r}.")
    return folder


def _is_held(folder: Path) -> bool:
    try:
        with (folder / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _read(path: Path, kind: type[Value], damaged: list[str]) -> Value | None:
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        damaged.append(path.name)
        return None


def log_tail(run: Run) -> str:
    """Return the last whole lines of what a run printed, at most 16 KB, without keys; "" where nothing was kept."""
    try:
        with (run.folder / "log.txt").open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - TAIL))
            text = log.read(TAIL).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    whole = text if size <= TAIL else text.partition("\n")[2] or text
    return KEY.sub("sk-ant-***", whole)
