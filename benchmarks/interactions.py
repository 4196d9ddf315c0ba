"""What a reader waits for: from a key or a click to the new content in the page, as the browser's own clock has it.

A real server on the build and Debian's chromium; each interaction is also made on the empty page of
benchmarks/floor/page.py in the same run, and its share in what the screen takes is what Streamlit and the browser
take by themselves.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks.table import Figure
from tests.browser import CHROMIUM, CHROMIUM_ARGS, ROOT, serving

TIMES = 24
WARM = 2  # made before and not counted: the first list, the first chart
RATIO = 1.5  # of the empty page: the aim
COLD_STARTS = 3
SETTLE_MS = 200  # from one interaction to the next
FIRST_SCREEN_MS = 2_500
SCRIPT = Path(__file__).with_name("painted.js").read_text(encoding="utf-8")
FLOOR = (
    Path(__file__).parent / "floor" / "page.py"
)  # alone in its folder, which comes first when its imports are sought
VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
BROWSE_PANES = ["document", "rail", "card"]
FILTERED = (  # each turn changes one of these, so that no combination comes twice (a Gray code)
    ("scope", "sentence"),
    ("scope", "paragraph"),
    ("target", "suffix"),
    ("scope", "whole"),
    ("target", "prefix"),
)
TALL = 12  # pixels of a bar that can be hit without doubt


class Gesture(NamedTuple):
    """One interaction: on which screen, the event that starts the clock, the panes that must change, and what to do."""

    name: str
    screen: str
    event: str
    panes: list[str]
    limit: float  # milliseconds, 95th percentile
    make: Callable[[Page, int], None]
    first: Callable[[Page], None] = lambda page: None


class Compared(NamedTuple):
    """What was measured, and how many elements the screen and its empty page have."""

    figures: list[Figure]
    elements: dict[str, tuple[int, int]]


def _next_probe(page: Page, _: int) -> None:
    page.keyboard.press("j")


def _next_page(page: Page, _: int) -> None:
    page.locator(".st-key-page-next button:visible").click()


def _change_filter(page: Page, turn: int) -> None:
    bit = ((turn + 1) & -(turn + 1)).bit_length() - 1
    key, word = FILTERED[bit]
    page.locator(f".st-key-{key}").get_by_text(word, exact=True).click()


def _every_bar(page: Page) -> None:
    page.locator(".st-key-bins").get_by_text("every 0.01", exact=True).click()
    page.wait_for_timeout(1000)


def _click_bar(page: Page, turn: int) -> None:
    boxes = page.locator('[class*="st-key-histogram"] .point path').evaluate_all(
        "(bars) => bars.map((bar) => bar.getBoundingClientRect().toJSON())"
    )
    tall = [box for box in boxes if box["height"] > TALL]
    box = tall[turn * 5 % len(tall)]
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(SETTLE_MS)  # a chart takes a click for the bar that it has seen the pointer on
    page.mouse.down()
    page.mouse.up()


GESTURES = (
    Gesture("next probe (J)", "", "keydown", BROWSE_PANES, 60, _next_probe),
    Gesture("page flip", "", "click", BROWSE_PANES, 90, _next_page),
    Gesture("filter change in Browse", "", "click", ["standing", "rail"], 90, _change_filter),
    Gesture("filter change in Scores", "scores", "click", ["heading", "bars"], 90, _change_filter),
    Gesture("histogram click", "scores", "pointerup", ["picked"], 120, _click_bar, _every_bar),
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open one headless chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_ARGS))
        yield browser
        browser.close()


@contextmanager
def fresh_page(browser: Browser) -> Iterator[Page]:
    """Open a page without cache or cookies that measures itself."""
    context = browser.new_context(viewport=VIEWPORT)
    context.add_init_script(SCRIPT)
    yield context.new_page()
    context.close()


def first_screens(browser: Browser, *, data: Path, build: str) -> Iterator[Figure]:
    """Yield, in milliseconds, what a fresh server takes to be ready, and its first reader to see a probe."""
    ready, shown = [], []
    for _ in range(COLD_STARTS):
        started = time.perf_counter()
        with serving(ROOT / "app.py", data=data) as url, fresh_page(browser) as page:
            ready.append((time.perf_counter() - started) * 1000)
            shown.append(opened(page, f"{url}/?build={build}", BROWSE_PANES))
    yield Figure(name="server start to ready", values=tuple(ready))
    yield Figure(name="first request to probe painted", values=tuple(shown), target=FIRST_SCREEN_MS)
    both = tuple(start + show for start, show in zip(ready, shown, strict=True))
    yield Figure(name="server start to probe painted", values=both)


def opened(page: Page, url: str, panes: list[str]) -> float:
    """Go to `url` and return the milliseconds until every pane shows something."""
    page.goto(url, wait_until="commit")
    return float(page.evaluate("(panes) => painted.appear(panes)", panes))


def interactions(browser: Browser, *, data: Path, build: str) -> Compared:
    """Make every gesture on the build and on the empty page, in turns, and return the timings."""
    figures, elements = [], {}
    with (
        serving(ROOT / "app.py", data=data) as app,
        serving(FLOOR, data=data) as floor,
    ):
        for gesture in GESTURES:
            here, there = f"{app}/{gesture.screen}?build={build}", f"{floor}/?screen={gesture.screen}"
            with _ready(browser, here, gesture) as screen, _ready(browser, there, gesture) as empty:
                elements[gesture.screen or "browse"] = _elements(screen), _elements(empty)
                taken = list(_turns((screen, empty), gesture))[WARM:]
            figures.append(
                Figure(
                    name=gesture.name,
                    values=tuple(took for took, _ in taken),
                    beside=tuple(took for _, took in taken),
                    target=gesture.limit,
                    ratio=RATIO,
                )
            )
    return Compared(figures, elements)


@contextmanager
def _ready(browser: Browser, url: str, gesture: Gesture) -> Iterator[Page]:
    with fresh_page(browser) as page:
        opened(page, url, ["bars"] if gesture.screen else BROWSE_PANES)
        page.wait_for_timeout(5 * SETTLE_MS)
        gesture.first(page)
        yield page


def _elements(page: Page) -> int:
    return page.locator('[data-testid="stElementContainer"]').count()


def _turns(pages: tuple[Page, Page], gesture: Gesture) -> Iterator[tuple[float, ...]]:
    """Yield the milliseconds of each turn on each page, one after the other, so that both meet the same machine."""
    for turn in range(WARM + TIMES):
        yield tuple([_measured(page, gesture, turn) for page in pages])


def _measured(page: Page, gesture: Gesture, turn: int) -> float:
    page.bring_to_front()
    page.evaluate(
        "([event, panes]) => { window.waited = painted.change(event, panes) }", [gesture.event, gesture.panes]
    )
    gesture.make(page, turn)
    took = float(page.evaluate("() => window.waited"))
    page.wait_for_timeout(SETTLE_MS)
    return took
