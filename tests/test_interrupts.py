"""Steps that are not cut in two by Ctrl-C or SIGTERM, and are cut off right after."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from pipeline.interrupts import uninterrupted


class Told(Exception):  # noqa: N818
    """Raised by the handler of a signal."""


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    def tell(number: int, frame: object) -> None:
        raise Told(number)

    before = {each: signal.signal(each, tell) for each in (signal.SIGINT, signal.SIGTERM)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def step(*numbers: int, done: list[str]) -> None:
    with uninterrupted():
        for number in numbers:
            os.kill(os.getpid(), number)
        done.append("the rest of the step")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_the_step_is_over(number: int) -> None:
    done: list[str] = []
    with pytest.raises(Told):
        step(number, done=done)
    assert done


def test_of_several_signals_one_is_told() -> None:
    with pytest.raises(Told, match=str(int(signal.SIGTERM))):
        step(signal.SIGTERM, signal.SIGINT, done=[])


def test_without_a_signal_nothing_happens_and_the_handlers_are_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with uninterrupted():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_an_error_inside_comes_out() -> None:
    with pytest.raises(KeyError), uninterrupted():
        raise KeyError


def test_another_thread_is_left_as_it_is() -> None:
    seen = []

    def look() -> None:
        with uninterrupted():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]
