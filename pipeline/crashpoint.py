"""Named places where a test kills the process, to prove that nothing that was paid for is lost there."""

import os
import signal

from pipeline.errors import StageError

POINT = "CRASH_AT"
ALLOWED = "PROBES_CRASH_TEST"  # a variable left over in somebody's shell must not cost a paid run


def crashpoint(name: str) -> None:
    """Kill this process as `kill -9` does where CRASH_AT names this point, and PROBES_CRASH_TEST is set.

    Raises StageError where only the former is.
    """
    if os.environ.get(POINT) != name:
        return
    if not os.environ.get(ALLOWED):
        raise StageError(f"{POINT} kills the process and is for tests; unset it, or set {ALLOWED} too.")
    os.kill(os.getpid(), signal.SIGKILL)
