"""What an annotator waits for at each key: until the next probe is painted, and until the press is stored.

A real server on the build and Debian's chromium, by the browser's own clock. Each press is also made on the empty page
of benchmarks/press_floor/page.py, in turns, so that both meet the same machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks.interactions import VIEWPORT
from benchmarks.table import Figure
from queries.queues import Queue
from tests.browser import ROOT, serving

TIMES = 60
WARM = 3  # made before and not counted
SETTLE_MS = 150  # from one press to the next: nobody reads a probe in less
PAINTED_MS, STORED_MS = 30, 60  # limits of the 95th percentiles
SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
FLOOR = Path(__file__).parent / "press_floor" / "page.py"


def figures(browser: Browser, *, data: Path, open_queue: Queue, blind_queue: Queue, log: str) -> Iterator[Figure]:
    """Yield what a press takes in a queue read open and in one read blind; `log` says how full the label log is."""
    with serving(ROOT / "app.py", data=data, annotator="reader") as app, serving(FLOOR, data=data) as floor:
        with _page(browser, _address(app, open_queue)) as screen, _page(browser, floor) as empty:
            taken = [(_press(screen, "1", "painted"), _press(empty, "1", "painted")) for _ in range(WARM + TIMES)][
                WARM:
            ]
        for name, what, limit in (("painted", "next probe painted", PAINTED_MS), ("stored", "stored", STORED_MS)):
            yield Figure(
                name=f"key to {what}, {log}",
                values=tuple(here[name] for here, _ in taken),
                beside=tuple(there[name] for _, there in taken),
                target=limit,
            )
        with _page(browser, _address(app, blind_queue)) as screen:
            opened = []
            for _ in range(WARM + TIMES // 3):
                opened.append(_press(screen, "1", "opened"))
                _press(screen, "Enter", "painted")
        yield Figure(
            name=f"blind verdict to hidden side, {log}", values=tuple(took["opened"] for took in opened[WARM:])
        )


def _address(app: str, queue: Queue) -> str:
    return f"{app}/relabel?build={queue.build}&queue={queue.queue_id}"


@contextmanager
def _page(browser: Browser, address: str) -> Iterator[Page]:
    """Open a page that measures itself and wait until its first probe is there and those ahead have come."""
    context = browser.new_context(viewport=VIEWPORT)
    context.add_init_script(SCRIPT)
    page = context.new_page()
    page.goto(address)
    expect(page.locator(".review .question")).not_to_be_empty(timeout=60_000)
    page.wait_for_timeout(20 * SETTLE_MS)
    yield page
    context.close()


def _press(page: Page, key: str, until: str) -> dict[str, float]:
    """Press a key, and return the milliseconds until `until` and until it was stored."""
    page.bring_to_front()
    page.evaluate("(names) => { window.waited = press(names) }", [until, "stored"])
    page.keyboard.press(key)
    took: dict[str, float] = page.evaluate("() => window.waited")
    page.wait_for_timeout(SETTLE_MS)
    return took
