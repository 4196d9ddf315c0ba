"""Showing a round while it is being made: what came in goes through the free steps and into the index now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from pipeline.errors import StageError

EVERY = 5.0  # seconds between the end of one refresh and the next, at least
SHARE = 20  # a refresh takes at most one part in so many of the time


class Refresh:
    """Called whenever replies come in, and calls `refresh` as often as that is worth its time.

    A refresh that cannot be, because another process writes the build, is left out; the end of the stage makes up.
    """

    def __init__(self, refresh: Callable[[], object], *, every: float = EVERY) -> None:
        self._refresh = refresh
        self._every = every
        self._due = time.monotonic() + every

    def __call__(self) -> None:
        """Refresh, if it is time."""
        started = time.monotonic()
        if started < self._due:
            return
        with suppress(StageError):
            self._refresh()
        ended = time.monotonic()
        self._due = ended + max(self._every, SHARE * (ended - started))


@contextmanager
def shown_anyhow(refresh: Callable[[], object]) -> Iterator[None]:
    """Call `refresh` where what happens inside cannot go on: what was paid for until then can be looked at."""
    try:
        yield
    except StageError:
        with suppress(StageError):
            refresh()
        raise
