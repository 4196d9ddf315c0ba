"""A team on Postgres, in browsers: its database is killed, away and back, and no press is lost."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from queries.labels import LabelLog, open_database
from queries.queues import Ordering, Queue, Queues, Wish
from queries.schema import Filter
from queries.store import Store, read_index
from tests.browser import ROOT, serving
from tests.labels.postgres import Server
from tests.labels.queue_builds import BUILD, labelled_build

APP = ROOT / "app.py"
pytestmark = pytest.mark.browser


@pytest.fixture
def data(tmp_path: Path) -> Path:
    labelled_build(tmp_path, probes=60)
    return tmp_path


@pytest.fixture
def log(postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabelLog]:
    """Return the team's log; servers started from here on use it."""
    url = postgres.url()
    monkeypatch.setenv("PROBES_LABELS_URL", url)
    log = LabelLog(open_database(url=url, path=tmp_path / "unused"))
    yield log
    log.database.close()


def make_queue(data: Path, log: LabelLog, **wish: object) -> Queue:
    store = Store(read_index(data / "builds" / BUILD))
    given = {"name": "a queue", "made_by": "ada", "where": Filter(), "ordering": Ordering.RANDOM, "size": 60}
    try:
        return Queues(log.database).make(store, Wish(**(given | wish)), build=BUILD)  # type: ignore[arg-type]
    finally:
        store.close()


def sit_down(page: Page, url: str, queue: Queue) -> None:
    page.goto(f"{url}/relabel?build={queue.build}&queue={queue.queue_id}")
    expect(page.locator(".review .question")).not_to_be_empty()
    expect(page.locator(".box .text")).not_to_be_empty()


def press(page: Page, count: int) -> None:
    for number in range(count):
        page.keyboard.press(str(number % 3 + 1))
        page.wait_for_timeout(80)


def test_presses_wait_in_the_browser_while_the_database_is_away(
    data: Path, log: LabelLog, postgres: Server, page: Page
) -> None:
    queue = make_queue(data, log, blind=False)
    with serving(APP, data=data, annotator="ada") as url:
        sit_down(page, url, queue)
        expect(page.locator('.review[data-ahead="39"]')).to_be_visible()
        press(page, 6)
        expect(page.locator(".stored")).to_have_text("saved #6")
        postgres.kill()
        try:
            press(page, 24)
            expect(page.locator(".stored")).to_contain_text("NOT SAVED: 24 presses wait in this browser")
            expect(page.locator(".stored")).to_contain_text("Connection refused")
            expect(page.locator(".review .question")).not_to_be_empty()
        finally:
            postgres.start()
        expect(page.locator(".stored")).to_have_text("saved #30")
    in_order = [item.probe_id for item in Queues(log.database).items(queue, count=30)]
    assert [(row["probe_id"], row["verdict"]) for row in log.events()] == list(
        zip(in_order, ["HARD", "EASY", "UNSURE"] * 10, strict=True)
    )


def test_a_database_that_cannot_be_reached_is_said_without_its_password_and_tried_again(
    data: Path, log: LabelLog, postgres: Server, page: Page
) -> None:
    queue = make_queue(data, log)
    password = re.search(r"app:(\w+)@", str(log.database._url)).group(1)  # type: ignore[attr-defined, union-attr]
    with serving(APP, data=data, annotator="ada") as url:
        postgres.kill()
        try:
            page.goto(f"{url}/relabel?build={queue.build}&queue={queue.queue_id}")
            expect(page.get_by_role("heading", name="The labels cannot be reached")).to_be_visible()
            expect(page.get_by_text("PROBES_LABELS_URL cannot be opened").first).to_be_visible()
            assert password not in page.content()
        finally:
            postgres.start()
        page.get_by_role("button", name="Try again").click()
        expect(page.locator(".review .question")).not_to_be_empty()
    assert password not in (data / "streamlit.log").read_text()


def test_two_annotators_share_a_queue(data: Path, log: LabelLog, browser: Browser) -> None:
    shared, split = make_queue(data, log, size=6, per_probe=2), make_queue(data, log, size=12, blind=False)
    with serving(APP, data=data, annotator="ada") as one, serving(APP, data=data, annotator="bob") as two:
        ada, bob = (browser.new_context().new_page() for _ in range(2))
        sit_down(ada, one, shared)
        sit_down(bob, two, shared)
        for page, key in ((ada, "1"), (bob, "2")):
            page.keyboard.press(key)
            expect(page.locator('.review[data-stage="open"]')).to_be_visible()
            page.keyboard.press("Enter")
            expect(page.locator(".stored")).to_have_text(re.compile("^saved"))
        sit_down(ada, one, split)
        sit_down(bob, two, split)
        assert ada.locator(".review .question").inner_text() != bob.locator(".review .question").inner_text()
        ada.context.close()
        bob.context.close()
    rows = list(log.events())
    assert len({row["probe_id"] for row in rows}) == 1
    assert [(row["annotator"], row["verdict"]) for row in rows if row["verdict"]] == [("ada", "HARD"), ("bob", "EASY")]
