"""Scores in a real browser: bars are picked by click and by drag, numbers lead to their probes, nothing calls out."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import ROOT, watch
from tests.builds import make_build, published_row
from tests.conftest import Serve

pytestmark = pytest.mark.browser
SCOPES = ("sentence", "paragraph", "whole")
MAXIMA = (0.1, 0.3, 0.3, 0.5, 0.5, 0.5, 0.7, 0.7, 0.9, 1.0)  # bins of 1, 2, 3, 2 and 2 for each scope


@pytest.fixture(scope="module")
def url(server: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    data = tmp_path_factory.mktemp("scores")
    rows = [
        published_row(
            doc_id=f"doc-{number}",
            row_seed=number,
            scope=scope,
            target="suffix",
            verbalizer_prompt=f"<b>What</b> of {scope} number {number}?",
            bb_answer_rollout_scores=[0.0, score, 0.0, 0.0, 0.0],
        )
        for number, score in enumerate(MAXIMA)
        for scope in SCOPES
    ]
    make_build(rows, data)
    return server(ROOT / "app.py", data)


def open_scores(page: Page, url: str, query: str = "") -> None:
    page.goto(f"{url}/scores?{query}")
    expect(page.locator(".barlayer").first).to_be_attached(timeout=30_000)  # 4.7 MB of plotly to load and run
    expect(page.locator(".note")).to_be_visible()  # the last thing that the screen draws


def place(page: Page, *, chart: int, score: float) -> tuple[float, float]:
    """Return where a score stands on a chart, just above the axis."""
    area = page.locator(".js-plotly-plot").nth(chart).locator(".nsewdrag").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box
    return box["x"] + box["width"] * (score + 0.005) / 1.01, box["y"] + box["height"] - 4


def click_bar(page: Page, *, chart: int, score: float) -> None:
    page.mouse.click(*place(page, chart=chart, score=score))


def drag(page: Page, *, chart: int, start: float, end: float) -> None:
    """Drag over a chart from one score to another."""
    page.mouse.move(*place(page, chart=chart, score=start))
    page.mouse.down()
    page.mouse.move(*place(page, chart=chart, score=end), steps=5)
    page.mouse.up()


def test_a_click_on_a_bar_lists_its_probes_and_opens_them_in_browse(page: Page, url: str) -> None:
    seen = watch(page, origin=url)
    open_scores(page, url)
    click_bar(page, chart=0, score=0.5)
    picked = page.locator(".picked")
    expect(picked).to_contain_text("0.40 to 0.59")
    expect(picked.locator("li")).to_have_count(9)
    expect(picked.locator("li").first).to_contain_text("<b>What</b> of sentence number 3?")
    picked.get_by_role("link", name="Open 9 probes in Browse").click()
    expect(page.get_by_text("1 of 9 probes in 3 documents")).to_be_visible(timeout=30_000)
    assert not seen.foreign


def test_a_listed_probe_opens_in_its_list(page: Page, url: str) -> None:
    open_scores(page, url, "by=scope")
    click_bar(page, chart=2, score=0.3)  # whole
    page.locator(".picked li a").nth(1).click()
    expect(page.get_by_text("2 of 2 probes in 2 documents")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("<b>What</b> of whole number 2?").first).to_be_visible()


def test_a_drag_picks_a_range_in_each_chart_of_its_own(page: Page, url: str) -> None:
    open_scores(page, url, "by=scope&pick=a+range")
    drag(page, chart=0, start=0.22, end=0.75)
    expect(page.locator(".picked")).to_contain_text("sentence · 0.20 to 0.79")
    drag(page, chart=2, start=0.82, end=0.98)
    expect(page.locator(".picked")).to_have_count(2)
    expect(page.locator(".picked").nth(0)).to_contain_text("Open 7 probes")
    expect(page.locator(".picked").nth(1)).to_contain_text("whole · 0.80 to 1.00")
    expect(page.locator(".picked").nth(1)).to_contain_text("Open 2 probes")


def test_a_pick_ends_where_the_chart_changes(page: Page, url: str) -> None:
    open_scores(page, url)
    click_bar(page, chart=0, score=0.1)
    expect(page.locator(".picked")).to_be_visible()
    page.get_by_role("radio", name="every 0.01").click()
    expect(page.locator(".picked")).to_have_count(0)
    expect(page.locator(".barlayer .point")).to_have_count(6)
    click_bar(page, chart=0, score=0.3)
    expect(page.locator(".picked")).to_contain_text("0.30")


def test_moving_a_threshold_moves_the_labels_and_the_link(page: Page, url: str) -> None:
    open_scores(page, url)
    legend = page.locator(".legend")
    expect(legend).to_contain_text(re.compile(r"HARD\s*9"))
    handle = page.get_by_role("slider", name=re.compile("HARD below")).first
    handle.focus()
    for _ in range(11):
        handle.press("ArrowRight")
    expect(legend).to_contain_text(re.compile(r"HARD\s*18"))
    expect(page).to_have_url(re.compile("cut=0.51"))
    page.reload()
    expect(legend).to_contain_text(re.compile(r"HARD\s*18"))


def test_numbers_of_the_table_are_reached_by_keyboard_and_open_their_probes(page: Page, url: str) -> None:
    open_scores(page, url, "target=suffix")
    line = page.locator(".shares tbody tr", has_text="whole")
    easy = line.get_by_role("link").last
    easy.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 2 probes in 2 documents")).to_be_visible(timeout=30_000)
    expect(page).to_have_url(re.compile("scope=whole.*label=EASY|label=EASY.*scope=whole"))


@pytest.mark.parametrize("width", [1280, 800])
def test_the_cuts_of_the_chart_stand_above_the_handles(page: Page, url: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_scores(page, url)
    for number in (0, 1):
        cut = page.locator(".shapelayer path").nth(number).bounding_box()
        handle = (
            page.get_by_test_id("stSliderThumbValue").and_(page.locator(".st-key-cut *")).nth(number).bounding_box()
        )
        assert cut
        assert handle
        assert abs(cut["x"] - handle["x"] - handle["width"] / 2) < 4  # pixels


def test_a_fresh_link_shows_the_same_screen(page: Page, url: str) -> None:
    open_scores(page, url, "by=scope&scope=whole&scope=sentence&bins=every+0.01&cut=0.3&cut=0.9")
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    expect(page.locator(".legend")).to_contain_text(re.compile(r"HARD\s*2"))
    expect(page.get_by_text("scope: whole · 10 scored probes")).to_be_visible()
