"""Take the README's pictures of the sample build: `make pictures`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from pipeline import importer
from tests.browser import CHROMIUM, CHROMIUM_ARGS, ROOT, serving, start

PICTURES = ROOT / "sample" / "pictures"


def browse(page: Page, url: str) -> None:
    """A sentence probe in the middle of its document, found by a search."""
    start(page, f"{url}/?scope=sentence&target=suffix&sort=score")
    for _ in range(2):
        page.keyboard.press("j")
    expect(page.locator(".stMain").get_by_text("3 of 60 probes")).to_be_visible()


def scores(page: Page, url: str) -> None:
    """The five bins of the card, by nothing."""
    page.goto(f"{url}/scores")
    expect(page.locator(".js-plotly-plot .bars").first).to_be_visible(timeout=30_000)


def runs(page: Page, url: str) -> None:
    """The round of the sample, made just now."""
    page.goto(f"{url}/runs")
    expect(page.locator(".stMain").get_by_text("demo").first).to_be_visible(timeout=30_000)


def calibrate(page: Page, url: str) -> None:
    """The sweep of the sample's eight documents."""
    page.goto(f"{url}/calibrate?build=demo")
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=30_000)


def make(data: Path) -> None:
    """Make the sample's round and its sweep as runs of their own, so that Runs has something to show."""
    environment = {**os.environ, "PROBES_DATA": str(data)}
    for words in (["run", "--build", "demo"], ["sweep", "--build", "demo", "--levels=-3..3", "--docs", "8"]):
        subprocess.run([sys.executable, "-m", "pipeline", *words], cwd=ROOT, env=environment, check=True)


def main() -> None:
    """Import and make the sample's builds in a folder of their own, serve it, and write one picture a screen."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = Path(folder)
        importer.run(importer.Import(source=str(ROOT / "sample" / "hub"), build=data / "builds" / "sample"))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_ARGS))
        with serving(ROOT / "app.py", data=data) as url:
            make(data)
            for screen in (browse, scores, runs, calibrate):
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                screen(page, url)
                page.wait_for_timeout(1500)  # the last fade of a widget
                page.screenshot(path=PICTURES / f"{screen.__name__}.png")
        browser.close()


if __name__ == "__main__":
    main()
