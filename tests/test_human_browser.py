"""Human labels in a real browser: they arrive while a screen is open, links outlive the server, blind stays blind."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket, expect

from queries.labels import Verdict
from queries.queues import Ordering, Queues, Wish
from queries.schema import Filter
from queries.store import Store, read_index
from tests.browser import ROOT, free_port, serving, start, watch
from tests.builds import make_build, spread_rows
from tests.conftest import Serve
from tests.labels.presses import BUILD, press
from tests.labels.queue_builds import open_log

pytestmark = pytest.mark.browser
DOCUMENTS = 4
SECRET = "nobody-shall-read-this-blind"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("human-browser")
    make_build(spread_rows(DOCUMENTS), root, name=BUILD)
    return root


@pytest.fixture(scope="module")
def url(server: Serve, root: Path) -> str:
    return server(ROOT / "app.py", root)


@pytest.fixture(scope="module")
def hashes(root: Path) -> dict[str, str]:
    store = Store(read_index(root / "builds" / BUILD))
    rows = store._con.cursor().execute("select probe_id, content_hash from probes order by probe_id").fetchall()
    store.close()
    return dict(rows)


def open_probe(page: Page) -> str:
    return page.locator("nav.rows button[aria-current]").get_attribute("data-id") or ""


def test_a_label_given_elsewhere_stands_beside_the_automatic_one_at_the_next_key(
    root: Path, url: str, page: Page, hashes: dict[str, str]
) -> None:
    seen = watch(page, origin=url)
    start(page, f"{url}/?sort=document")
    probe = open_probe(page)
    expect(page.locator("article.probe .human")).to_have_count(0)
    open_log(root).append(press(probe, content_hash=hashes[probe], verdict=Verdict.EASY, note="<b>seen</b>"))
    page.keyboard.press("j")
    expect(page.locator(f'nav.rows button[data-id="{probe}"] .human')).to_have_text("EASY")
    page.keyboard.press("k")
    expect(page.locator("article.probe header .human")).to_have_text("human EASY")
    expect(page.locator("article.probe header .label").first).to_contain_text("automatic")
    page.locator("article.probe .opinions summary").click()
    expect(page.locator("article.probe .opinions li")).to_contain_text("Note <b>seen</b>")
    assert not seen.foreign


def test_a_link_by_label_opens_the_same_probes_after_the_server_has_restarted(
    root: Path, page: Page, hashes: dict[str, str]
) -> None:
    probe, content = list(hashes.items())[-1]
    open_log(root).append(press(probe, annotator="*b* & co", content_hash=content, verdict=Verdict.UNSURE))
    port = free_port()
    with serving(ROOT / "app.py", data=root, port=port) as url:
        start(page, f"{url}/?verdict=UNSURE")
        page.get_by_role("combobox", name=re.compile("Annotator")).click()
        page.get_by_role("option", name="=%2Ab%2A%20%26%20co").click()
        expect(page).to_have_url(re.compile("annotator="))
        expect(page.get_by_text("1 of 1 probe in 1 document")).to_be_visible()
        link = page.url
    with serving(ROOT / "app.py", data=root, port=port):
        page.goto("about:blank")
        start(page, link)
        expect(page.get_by_text("1 of 1 probe in 1 document")).to_be_visible()
        assert open_probe(page) == probe
        expect(page.get_by_role("button", name="UNSURE", pressed=True)).to_be_visible()


def test_votes_of_a_link_are_shown_and_taken_away(url: str, page: Page) -> None:
    page.goto(f"{url}/?vote=nobody:HARD&vote=ada:blind+EASY")
    expect(page.get_by_text("No probe matches these filters")).to_be_visible()
    expect(page.get_by_text("nobody:HARD")).to_be_visible()
    page.get_by_role("button", name="Clear all filters").click()
    expect(page.locator("article.probe")).to_be_visible()
    expect(page).not_to_have_url(re.compile("vote="))


def test_a_point_over_the_bars_says_its_labels_and_its_line_opens_them(
    root: Path, url: str, page: Page, hashes: dict[str, str]
) -> None:
    store, log = Store(read_index(root / "builds" / BUILD)), open_log(root)
    wish = Wish(name="all", made_by="ada", where=Filter(), ordering=Ordering.RANDOM, size=len(hashes))
    queue = Queues(log.database).make(store, wish, build=BUILD)
    log.append_all(
        press(probe, content_hash=content, queue_id=queue.queue_id, annotator="cy") for probe, content in hashes.items()
    )
    page.goto(f"{url}/scores")
    point = page.locator(".scatterlayer .point").first
    expect(point).to_be_attached(timeout=30_000)
    box = point.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".hoverlayer")).to_contain_text(re.compile(r"human P\(HARD\) \d+\.\d%.*\d+ labels"))
    expect(page.locator(".shares tr.whole")).to_be_visible()  # the last part: nothing moves under the pointer any more
    page.locator(".st-key-human-scores summary").click()
    line = page.locator(".human tbody tr", has_text="0.80 to 1.00")
    hard = line.get_by_role("link").first
    count = hard.inner_text()
    hard.press("Enter")  # wherever the opening section has moved it to
    expect(page.get_by_text(f"1 of {count} probe")).to_be_visible(timeout=30_000)
    expect(page).to_have_url(re.compile("verdict=HARD"))


def test_what_others_said_never_reaches_a_blind_reading(
    root: Path, url: str, page: Page, hashes: dict[str, str]
) -> None:
    store, log = Store(read_index(root / "builds" / BUILD)), open_log(root)
    log.append_all(
        press(probe, content_hash=content, annotator="dee-of-the-log", note=SECRET, answer=SECRET)
        for probe, content in hashes.items()
    )
    wish = Wish(name="blind", made_by="ada", where=Filter(), ordering=Ordering.RANDOM, size=8, per_probe=5)
    queue = Queues(log.database).make(store, wish, build=BUILD)
    received = list[bytes]()

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: received.append(data if isinstance(data, bytes) else data.encode()))

    page.on("websocket", listen)
    page.goto(f"{url}/relabel?queue={queue.queue_id}")
    expect(page.locator('.review[data-stage="sealed"]')).to_be_visible(timeout=30_000)
    assert b"What is asked in slot" in b"".join(received)
    assert SECRET.encode() not in b"".join(received)
    assert b"dee-of-the-log" not in b"".join(received)
