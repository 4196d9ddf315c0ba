"""Calibrate in a real browser: charts are drawn, a bar opens its probes, a pair is linked to, nothing calls out."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipeline import sweep
from pipeline.build import chosen_level
from tests.browser import ROOT, watch
from tests.conftest import Serve
from tests.sweeps import order

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("calibrate")
    sweep.run(order(root, levels=(-2, 0, 3)))
    return root


@pytest.fixture
def url(server: Serve, data: Path) -> str:
    return server(ROOT / "app.py", data)


def open_calibrate(page: Page, url: str, query: str = "") -> None:
    page.goto(f"{url}/calibrate?{query}")
    expect(page.get_by_role("heading", name="8 documents at 3 calibration levels")).to_be_visible(timeout=30_000)


def test_the_levels_are_drawn_and_a_bar_opens_its_probes(page: Page, url: str) -> None:
    seen = watch(page, origin=url)
    open_calibrate(page, url)
    expect(page.locator(".js-plotly-plot .errorbar")).to_have_count(3)
    expect(page.locator(".multiples figure")).to_have_count(3)
    bar = page.locator(".multiples figure").nth(2).locator("a").last
    told = bar.get_attribute("title")
    assert told
    bar.locator("i").click()
    expect(page.locator(".stMain").get_by_text(re.compile(rf"of {told}"))).to_be_visible(timeout=30_000)
    assert seen.foreign == []


def test_a_target_is_moved_with_the_keyboard_and_stays_in_the_address(page: Page, url: str) -> None:
    open_calibrate(page, url)
    page.get_by_role("slider").first.press("ArrowRight")
    expect(page.locator(".words").first).to_contain_text("A HARD share of 41%")
    expect(page).to_have_url(re.compile("target-hard=41"))


def test_a_link_opens_a_pair_and_another_slot_is_one_click_away(page: Page, url: str) -> None:
    open_calibrate(page, url, "view=Pairs&a=0&b=%2B3&slot=13+paragraph")
    cards = page.locator("article.probe")
    expect(cards).to_have_count(2)
    expect(cards.first).to_contain_text("slot 13")
    page.get_by_role("radio", name="15 whole").or_(page.get_by_role("button", name="15 whole")).first.click()
    expect(cards.first).to_contain_text("slot 15")
    expect(page.get_by_role("heading", name="Level +3")).to_be_visible()


def test_a_level_is_chosen_from_the_screen(page: Page, url: str, data: Path) -> None:
    open_calibrate(page, url)
    page.get_by_role("button", name="Choose a level").click()
    page.get_by_label("Why").fill("the target share is nearest")
    page.get_by_role("button", name="Choose it").click()
    expect(page.get_by_text("chosen by")).to_be_visible()
    assert chosen_level(data / "builds" / "demo") == -2
