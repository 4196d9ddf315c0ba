"""The process of a run, seen from inside: it holds the lock, waits for its turn, and says how it ended.

Whoever starts `python -m pipeline` in a terminal gets a run too; one that was started for a folder (PROBES_RUN) has
inherited the folder's lock and lets nothing but `kill -9` end it without a last word.
"""

import fcntl
import getpass
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from pipeline.files import put_json
from pipeline.progress import RUN_FOLDER
from pipeline.redact import KEY
from pipeline.running.runs import new_folder, runs_folder
from pipeline.running.state import pays

SAID = 8_000  # characters kept of the last thing a process said


@dataclass
class Outcome:
    """How the process ends: its exit code, and the last thing it has to say."""

    code: int = 1  # until it is known better: an error that nobody foresaw
    said: str = ""


@contextmanager
def recorded(words: Sequence[str], arguments: Namespace, *, outcome: Outcome) -> Iterator[None]:
    """Record what happens inside as a run, once its turn has come: of runs that pay, one goes at a time.

    `end.json` will say what `outcome` says at the end, or what was raised.
    """
    with _place(words) as folder:
        (folder / "lock").write_text(str(os.getpid()), encoding="ascii")
        try:
            if (folder / "stop").exists():  # asked for before anybody could be sent a signal
                raise KeyboardInterrupt
            with _turn() if pays(vars(arguments)) else nullcontext():
                put_json(folder / "begun.json", {"began": _now(), "arguments": _plain(arguments)})
                yield
        finally:
            put_json(folder / "end.json", {"ended": _now(), **_ending(outcome, sys.exception())})


def _ending(outcome: Outcome, error: BaseException | None) -> dict[str, Any]:
    if isinstance(error, KeyboardInterrupt):
        return {"code": 128 + signal.SIGINT, "said": ""}
    said = f"{type(error).__name__}: {error}" if error else outcome.said
    return {"code": outcome.code, "said": KEY.sub("sk-ant-***", said)[:SAID]}


@contextmanager
def _place(words: Sequence[str]) -> Iterator[Path]:
    """Yield the folder of this run: the one it was started for, or a new one."""
    given = os.environ.get(RUN_FOLDER)
    if given:
        for each in (signal.SIGINT, signal.SIGTERM):  # a shell that starts in the background ignores SIGINT for us
            signal.signal(each, _interrupt_once)
        yield Path(given)
        return
    with new_folder(words, by=getpass.getuser()) as (folder, _):
        os.environ[RUN_FOLDER] = str(folder)  # which tells the stage's progress where to write
        try:
            yield folder
        finally:
            del os.environ[RUN_FOLDER]


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # a second one would lose the replies that the first is waiting for
    raise KeyboardInterrupt


@contextmanager
def _turn() -> Iterator[None]:
    """Wait until no other run pays, and hold the right to."""
    with (runs_folder() / "paying.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another run that pays is under way; this one begins when that has ended.", flush=True)  # noqa: T201
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _plain(arguments: Namespace) -> dict[str, Any]:
    return {
        name: value if isinstance(value, str | int | float | None) else str(value)
        for name, value in vars(arguments).items()
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
