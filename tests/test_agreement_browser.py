"""Agreement as people use it: two disagree, a third decides by key, and every screen knows; a cell opens its probes."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from queries.labels import ADJUDICATED, Verdict
from queries.store import Store, read_index
from tests.browser import ROOT, serving, watch
from tests.builds import make_build, spread_rows
from tests.labels.presses import BUILD, press
from tests.labels.queue_builds import open_log

pytestmark = pytest.mark.browser
HARD, EASY, UNSURE = Verdict
DISPUTED = 4
HELD = """() => {
    for (let times = 0; times < 15; times += 1) {
        document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '1', bubbles: true, repeat: times > 0}));
    }
}"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A build of which ada and bob judge four probes differently and two alike."""
    make_build(spread_rows(4), tmp_path, name=BUILD)
    store = Store(read_index(tmp_path / "builds" / BUILD))
    rows = store._con.cursor().execute(
        "select probe_id, content_hash from probes join facets using (probe_id) where score is not null order by all"
    )
    log = open_log(tmp_path)
    for at, (probe, content) in enumerate(rows.fetchall()[: DISPUTED + 2]):
        log.append(press(probe, annotator="ada", content_hash=content, blind_verdict=HARD))
        log.append(press(probe, annotator="bob", content_hash=content, blind_verdict=EASY if at < DISPUTED else HARD))
    store.close()
    return tmp_path


def decided(root: Path) -> list[tuple[str, str]]:
    return [(row["annotator"], row["verdict"]) for row in open_log(root).events() if row["voice"] == ADJUDICATED]


def test_a_third_person_decides_by_key_and_the_other_screens_know(root: Path, page: Page) -> None:
    with serving(ROOT / "app.py", data=root, annotator="zoe") as url:
        seen = watch(page, origin=url)
        page.goto(f"{url}/agreement?view=Disagreements")
        expect(page.get_by_text("Annotators disagree on 4 probes, 4 of them HARD against EASY")).to_be_visible()
        expect(page.locator("article.probe .opinions li")).to_have_count(2)
        expect(page.locator(".box .text")).not_to_be_empty()  # from here on keys are heard
        page.keyboard.press("2")
        expect(page.get_by_text("Saved #13: EASY for the probe")).to_be_visible()
        expect(page.get_by_text("Annotators disagree on 3 probes, 3 of them HARD against EASY")).to_be_visible()
        page.evaluate(HELD)  # a key that is held decides one probe
        expect(page.get_by_text("Saved #14: HARD for the probe")).to_be_visible()
        expect(page.get_by_text("Annotators disagree on 2 probes, 2 of them HARD against EASY")).to_be_visible()
        page.keyboard.press("u")
        expect(page.get_by_text("the decision is taken back")).to_be_visible()
        expect(page.get_by_text("Annotators disagree on 3 probes, 3 of them HARD against EASY")).to_be_visible()
        page.get_by_label("Note, stored with the decision").fill("132")  # digits in a field decide nothing
        page.keyboard.press("Escape")
        expect(page.get_by_text("Annotators disagree on 3 probes, 3 of them HARD against EASY")).to_be_visible()
        assert [verdict for _, verdict in decided(root)] == ["EASY", "HARD", None]
        page.get_by_role("link", name="1 decided").click()
        expect(page.locator("article.probe header .human")).to_have_text("human EASY")
        expect(page.locator("article.probe .opinions summary")).to_contain_text("adjudicated")
        assert not seen.foreign


def test_a_cell_opens_the_probes_that_it_counts(root: Path, page: Page) -> None:
    with serving(ROOT / "app.py", data=root, annotator="zoe") as url:
        page.goto(f"{url}/agreement")
        page.get_by_role("combobox", name="In full").click()
        page.get_by_role("option", name="ada and bob").click()
        expect(page.get_by_text("They agree on 33% of 6 probes in")).to_be_visible()
        page.locator(".shares a[title='4 probes']").click()
        expect(page.get_by_text("1 of 4 probes in", exact=False)).to_be_visible()
        expect(page.get_by_text("ada:blind HARD").first).to_be_visible()
