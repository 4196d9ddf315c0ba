"""Run a command and watch what it takes: wall and processor time and the memory of its whole process tree."""

import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import psutil

SAMPLE_SECONDS = 0.1


class Cost(NamedTuple):
    """What a command took, its children included: seconds, seconds of processors, and bytes resident at the worst."""

    seconds: float
    processor: float
    peak: int


def watch(command: Sequence[str], *, environment: Mapping[str, str]) -> Cost:
    """Run `command` to its end. Raises CalledProcessError where it fails.

    Pages that several processes share are counted in each of them, so `peak` is an upper bound.
    """
    started, before = time.perf_counter(), _processor()
    with psutil.Popen(command, env=environment) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, resident(process))
            time.sleep(SAMPLE_SECONDS)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(seconds, _processor() - before, peak)


def _processor() -> float:
    """Return the processor seconds of all children that have ended, theirs included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def resident(process: psutil.Process) -> int:
    """Return the bytes resident in a process and its children; 0 for those that ended meanwhile."""
    try:
        members = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    return sum(_own(member) for member in members)


def _own(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
