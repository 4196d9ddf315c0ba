"""Take the README's pictures of the sample build: `make pictures`."""

import os
import random
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from pipeline import importer
from queries.labels import Change, LabelLog, Verdict, open_database
from queries.queues import Ordering, Queues, Wish
from queries.schema import SCORED_SCOPES, Filter
from queries.store import Store, read_index
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


def relabel(page: Page, url: str) -> None:
    """A probe of the queue after its blind verdict."""
    page.goto(f"{url}/relabel?build=demo")
    page.get_by_role("button", name="Read").first.click()
    expect(page.locator(".box .text")).not_to_be_empty(timeout=30_000)
    page.keyboard.press("1")
    expect(page.locator(".stored")).to_contain_text("saved #")


def agreement(page: Page, url: str) -> None:
    """What two made-up annotators agree on."""
    page.goto(f"{url}/agreement?build=demo")
    expect(page.get_by_text("In full")).to_be_visible(timeout=30_000)


def label(data: Path) -> None:
    """Let two made-up annotators, a coin each, judge a queue: for the picture of Agreement and nothing else."""
    store, coin = Store(read_index(data / "builds" / "demo")), random.Random(1)
    log = LabelLog(open_database(url=None, path=data / "labels.db"))
    scored = Filter(scopes=tuple(map(str, SCORED_SCOPES)))
    wish = Wish(name="first look", made_by="ada", where=scored, ordering=Ordering.STRATIFIED, size=160, per_probe=3)
    queue = Queues(log.database).make(store, wish, build="demo")
    probes = [item.probe_id for item in Queues(log.database).items(queue)]
    rows = store.fetch("list_up", scored, sort="score", descending=False, key=-1.0, place=0, count=1000)
    hard = {row["probe_id"]: 1 - row["score"] / 100 for row in rows}
    hashes = {row["probe_id"]: row["content_hash"] for row in store.fetch("probe_hashes", probes=probes)}
    for probe in probes[:150]:
        likely = Verdict.HARD if coin.random() < hard[probe] else Verdict.EASY
        for name in ("bob", "eve"):
            verdict = likely if coin.random() < 0.85 else coin.choice(list(Verdict))
            log.append(
                Change(
                    event_id=str(uuid.UUID(int=coin.getrandbits(128), version=4)),
                    build="demo",
                    probe_id=probe,
                    content_hash=hashes[probe],
                    annotator=name,
                    blind_verdict=verdict,
                    queue_id=queue.queue_id,
                )
            )
    store.close()


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
            label(data)
            for screen in (browse, scores, runs, calibrate, relabel, agreement):
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                screen(page, url)
                page.wait_for_timeout(1500)  # the last fade of a widget
                page.screenshot(path=PICTURES / f"{screen.__name__}.png")
        browser.close()


if __name__ == "__main__":
    main()
