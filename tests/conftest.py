"""Fixtures of the browser tests: Debian's chromium, a fresh page, and servers that live as long as the session."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import CHROMIUM, CHROMIUM_ARGS, serving

Serve = Callable[[Path, Path], str]

expect.set_options(timeout=30_000)  # milliseconds; a busy machine is not a failure
SKIPPED: list[str] = []


def pytest_configure() -> None:
    """Hear Ctrl-C, and let children hear it, where the shell ignores it for the tests as for any background job."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what was skipped without the one mark that may be."""
    if report.skipped and not hasattr(report, "wasxfail") and "gpu" not in report.keywords:
        SKIPPED.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in CI that skipped anything but tests marked gpu: there, what a test needs has to be installed."""
    if os.environ.get("CI") and SKIPPED and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _main_module() -> Iterator[None]:
    """Give `__main__` back after a test: AppTest leaves the page there, which a spawned process would then run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return one chromium for the session."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_ARGS))
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page in a fresh context; `tests.browser.watch` records what it does."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Serve]:
    """Return a function that serves a script on a data folder, once for both, and returns the URL."""
    urls: dict[tuple[Path, Path], str] = {}
    with ExitStack() as stack:

        def serve(script: Path, data: Path) -> str:
            if (script, data) not in urls:
                urls[script, data] = stack.enter_context(serving(script, data=data))
            return urls[script, data]

        yield serve
