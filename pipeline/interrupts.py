"""Steps that Ctrl-C and SIGTERM must not cut in two: between paying for something and knowing that it was paid."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let SIGINT and SIGTERM wait until what happens inside is over.

    Blocking them for this thread would not do: Python's handlers run in the main thread whichever thread was hit.
    """
    if threading.current_thread() is not threading.main_thread():  # which no handler interrupts
        yield
        return
    waiting: list[int] = []
    before = {
        each: signal.signal(each, lambda number, _: waiting.append(number)) for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for number in waiting[:1]:
            signal.raise_signal(number)
