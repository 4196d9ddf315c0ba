"""What is known of a run, as values: what was asked for, how far it is, what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.models.catalog import LOCAL

RECORDED = "recorded"
LOOKING = ("status", "check")  # stages that only look at a build: nothing to record, nothing to watch


class RunState(StrEnum):
    """What became of a run, or is becoming of it."""

    QUEUED = "queued"  # its process lives and has not begun
    RUNNING = "running"
    PAUSED = "paused"  # it ended early by its own decision, and says what to do
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"  # somebody asked it to
    DIED = "died"  # its process ended without a word


LIVING = (RunState.QUEUED, RunState.RUNNING)
UNFINISHED = (RunState.PAUSED, RunState.FAILED, RunState.STOPPED, RunState.DIED)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What `run.json` says: the words after `python -m pipeline`, and who gave them when."""

    words: tuple[str, ...]
    given: datetime
    by: str
    resumes: str | None = None


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What `begun.json` says: the arguments, defaults included."""

    began: datetime
    arguments: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Status:
    """What `status.json` says of the stage that is at work. Amounts in USD; none where the stage asks no model."""

    stage: str
    state: str
    started: datetime
    updated: datetime
    done: int
    total: int | None = None
    done_before: int | None = None
    note: str = ""
    cap: float | None = None
    spent: float | None = None
    presumed: float | None = None
    reserved: float | None = None

    @property
    def rate(self) -> float | None:
        """What this run does in a second, on average; None before it has done anything."""
        seconds = (self.updated - self.started).total_seconds()
        fresh = self.done - (self.done_before or 0)
        return fresh / seconds if seconds > 0 and fresh > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """How long the stage will still take at this rate; None where that cannot be said."""
        if self.total is None or not self.rate:
            return None
        return max(0, self.total - self.done) / self.rate


@dataclass(frozen=True, kw_only=True)
class End:
    """What `end.json` says: the exit code, and the last thing the process had to say."""

    ended: datetime
    code: int
    said: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run as its folder tells it. `damaged` names the files that cannot be read."""

    id: str
    folder: Path
    state: RunState
    order: Order | None
    begun: Begun | None
    status: Status | None
    end: End | None
    stopping: bool = False
    resumed_as: str | None = None
    damaged: tuple[str, ...] = ()

    @property
    def stage(self) -> str:
        """The stage that was asked for."""
        return self.id.split("-")[1]

    @property
    def settings(self) -> dict[str, Any]:
        """What the run was asked to do, by argument; before it has begun, only what the words spell out."""
        return self.begun.arguments if self.begun else options(self.order.words if self.order else ())

    @property
    def resumable(self) -> bool:
        """Whether the same command would go on with it."""
        return self.state in UNFINISHED and self.order is not None and self.resumed_as is None


def options(words: Sequence[str]) -> dict[str, str]:
    """Return the values of the options that `words` name, by option: `--build x` and `--build=x` alike."""
    found = {}
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            found[name.replace("-", "_")] = value if equals else "" if following.startswith("--") else following
    return found


def pays(settings: Mapping[str, Any]) -> bool:
    """Return whether a stage with these settings asks a model that costs money."""
    local = str(settings.get("model") or "").startswith(f"{LOCAL}:")
    return settings.get("backend", RECORDED) != RECORDED and not local
