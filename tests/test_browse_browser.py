"""Browse as a person uses it: reading on by key, by click and by page; links; Back; a hostile build."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import start, watch
from tests.builds import document_rows, make_build, published_row
from tests.conftest import Serve
from tests.hostile import HOSTILE

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def app(server: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("browse")
    make_build([row for number in range(4) for row in document_rows(number)], root)
    return server(ROOT / "app.py", root)


def stands(page: Page, words: str) -> None:
    expect(page.locator(".stMain").get_by_text(words, exact=False).first).to_be_visible()


def test_keys_read_on_and_back(app: str, page: Page) -> None:
    start(page, f"{app}/?sort=document")
    page.keyboard.press("j")
    stands(page, "2 of 64 probes")
    page.keyboard.press("ArrowRight")
    stands(page, "3 of 64 probes")
    page.keyboard.press("k")
    stands(page, "2 of 64 probes")
    page.keyboard.press("ArrowLeft")
    stands(page, "1 of 64 probes")
    page.keyboard.press("k")
    stands(page, "1 of 64 probes")


def test_fast_presses_all_count_and_the_list_follows_over_the_page(app: str, page: Page) -> None:
    start(page, f"{app}/?sort=document")
    first_page = page.locator("nav.rows button").count()
    for _ in range(first_page + 3):
        page.keyboard.press("j")
    stands(page, f"{first_page + 4} of 64 probes")
    stands(page, "Page 2 of 3")


def test_fast_steps_to_and_fro_keep_the_connection(app: str, page: Page) -> None:
    seen = watch(page, origin=app)
    start(page, f"{app}/?sort=document")
    for _ in range(20):
        for key in "jjkjk":
            page.keyboard.press(key)
            page.wait_for_timeout(15)  # milliseconds: the pace at which runs overlap
    stands(page, "21 of 64 probes")
    assert seen.errors == []


def test_the_address_always_names_the_probe_on_screen(app: str, page: Page) -> None:
    start(page, f"{app}/?scope=sentence")
    wanted = page.locator("nav.rows button").nth(4).get_attribute("data-id") or ""
    page.locator("nav.rows button").nth(4).click()
    expect(page).to_have_url(re.compile(f"scope=sentence.*probe={wanted}"))
    expect(page.locator("nav.rows button[aria-current]")).to_have_attribute("data-id", wanted)


def test_chips_walk_a_documents_probes(app: str, page: Page) -> None:
    start(page, f"{app}/?scope=word&sort=document")
    chips = page.locator("nav.chips button")
    assert chips.count() == 16
    chips.nth(15).click()
    stands(page, "This probe is outside the filters")
    expect(page.locator("article.probe header")).to_contain_text("slot 15")


def test_back_and_forward_return_to_probes(app: str, page: Page) -> None:
    start(page, f"{app}/?sort=document")
    page.keyboard.press("j")
    stands(page, "2 of 64 probes")
    page.keyboard.press("j")
    stands(page, "3 of 64 probes")
    page.go_back()
    stands(page, "2 of 64 probes")
    page.go_forward()
    stands(page, "3 of 64 probes")


def test_a_step_back_counts_while_the_list_is_drawn_anew(server: Serve, tmp_path: Path, page: Page) -> None:
    page.goto(server(ROOT / "tests/apps/rail_app.py", tmp_path))
    for place, probe in ((1, "second"), (2, "third")):
        page.locator("nav.rows button").nth(place).click()
        expect(page).to_have_url(re.compile(f"probe={probe}"))
    page.go_back()
    expect(page.locator("nav.rows")).to_have_count(0)
    page.go_back()
    expect(page.locator("nav.rows")).to_have_count(1)
    expect(page.get_by_text("open first", exact=True)).to_be_visible()


def test_pages_turn_by_button(app: str, page: Page) -> None:
    start(page, f"{app}/?sort=document")
    page.get_by_role("button", name="→").click()
    stands(page, "26 of 64 probes")
    page.get_by_role("button", name="←").click()
    stands(page, "1 of 64 probes")


def test_slash_searches_and_letters_are_only_typed_there(app: str, page: Page) -> None:
    start(page, f"{app}/?sort=document")
    page.keyboard.press("/")
    page.keyboard.type("slot 7 jk")
    expect(page.get_by_label("Search text")).to_have_value("slot 7 jk")
    page.get_by_label("Search text").fill("slot 7")
    page.keyboard.press("Enter")
    stands(page, "1 of 4 probes in 4 documents (build: 64)")


def test_keys_work_where_nothing_is_listed(app: str, page: Page) -> None:
    page.goto(f"{app}/?q=nothing+like+this&sort=document")
    stands(page, "No probe matches these filters")
    expect(page.get_by_role("button", name="Keys ?")).to_be_visible()
    expect(page.locator(".frame.keys-alone")).to_have_count(1)  # its script listens, which comes after its button
    page.keyboard.press("?")
    expect(page.get_by_role("group", name="Keys")).to_be_visible()
    page.keyboard.press("?")
    page.keyboard.press("c")
    expect(page.get_by_text("Link copied")).to_be_visible()
    assert "nothing" in page.evaluate("navigator.clipboard.readText()")
    page.keyboard.press("j")
    page.keyboard.press("/")
    expect(page.get_by_label("Search text")).to_be_focused()
    page.get_by_label("Search text").fill("slot 7")
    page.keyboard.press("Enter")
    stands(page, "1 of 4 probes in 4 documents")
    expect(page.locator(".frame.keys-alone")).to_have_count(0)
    expect(page.locator(".box .text")).not_to_be_empty()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Search text")).not_to_be_focused()
    expect(page.get_by_label("Search text")).to_have_value("slot 7")
    page.keyboard.press("j")
    stands(page, "2 of 4 probes in 4 documents")


WINDOWS = [(1920, 1080), (1440, 900), (1280, 720), (1150, 800), (1000, 720), (900, 800)]


@pytest.mark.parametrize(("width", "height"), WINDOWS)
def test_document_and_question_are_seen_together_without_scrolling(
    app: str, page: Page, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    start(page, f"{app}/?scope=sentence&sort=document")
    document = page.get_by_role("region", name="Document").bounding_box()
    question = page.locator("article.probe .question").bounding_box()
    assert document
    assert question
    assert document["height"] >= height / 4
    assert document["y"] + document["height"] <= height
    assert question["y"] + question["height"] <= height
    assert page.locator("article.probe .label").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_no_option_matches_is_said_and_the_other_filters_hold(app: str, page: Page) -> None:
    start(page, f"{app}/?scope=bogus&flag=nonsense&round=99&target=suffix")
    expect(
        page.get_by_text("Left out of the link, as no option matches: scope bogus, flag nonsense, round 99.")
    ).to_be_visible()
    stands(page, "of 32 probes")
    page.keyboard.press("j")
    stands(page, "2 of 32 probes")
    expect(page.get_by_text("Left out of the link")).to_be_visible()
    page.locator(".st-key-scope").get_by_text("word", exact=True).click()
    expect(page.get_by_text("Left out of the link")).to_have_count(0)


def test_a_filter_and_clearing_it(app: str, page: Page) -> None:
    page.goto(f"{app}/?q=nothing+like+this&scope=word")
    page.get_by_role("button", name="Clear all filters").click(timeout=30_000)
    stands(page, "of 64 probes")
    expect(page).to_have_url(re.compile(r"^(?!.*(scope|q)=)"))


def test_a_copied_link_opens_the_same_probe_elsewhere(app: str, page: Page) -> None:
    start(page, f"{app}/?target=suffix&desc=true")
    for _ in range(3):
        page.keyboard.press("j")
    stands(page, "4 of 32 probes")
    page.keyboard.press("c")
    link = page.evaluate("navigator.clipboard.readText()")
    assert "build=" in link  # another build may be the first of all tomorrow
    page.goto("about:blank")
    page.goto(link)
    stands(page, "4 of 32 probes")


def test_typing_a_probes_id_opens_it(app: str, page: Page) -> None:
    start(page, f"{app}/?sort=document")
    wanted = page.locator("nav.rows button").nth(6).get_attribute("data-id") or ""
    page.get_by_label("Open probe id").fill(wanted)
    page.keyboard.press("Enter")
    stands(page, "7 of 64 probes")
    expect(page.get_by_label("Open probe id")).to_have_value("")


def test_sections_stay_unfolded_from_probe_to_probe(app: str, page: Page) -> None:
    start(page, app)
    page.locator("article.probe summary", has_text="Provenance").click()
    for key, standing in (("j", "2 of 64 probes"), ("j", "3 of 64 probes")):
        page.keyboard.press(key)
        stands(page, standing)
        expect(page.locator("article.probe details[open]")).to_have_text(re.compile("^Provenance"))
    page.locator("article.probe summary", has_text="Provenance").click()
    page.keyboard.press("k")
    stands(page, "2 of 64 probes")
    expect(page.locator("article.probe details[open]")).to_have_count(0)


def test_the_row_as_stored_opens(app: str, page: Page) -> None:
    start(page, f"{app}/?scope=sentence")
    page.get_by_text("The row as stored").click()
    expect(page.get_by_text("verbalizer_prompt")).to_be_visible()


def test_hostile_text_runs_nothing_and_calls_nowhere(
    server: Serve, page: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("hostile")
    texts = dict.fromkeys(("verbalizer_prompt", "target_response", "incorrect_plausible_answer", "source"), HOSTILE)
    rows = [
        published_row(doc=HOSTILE + HOSTILE, split_char_offset=len(HOSTILE), atom_text=HOSTILE[:40], doc_id=HOSTILE)
        | texts
        | {"bb_answer_rollout_answers": [HOSTILE] * 5, "doc_source": f"https://{HOSTILE[:60]}"}
    ]
    make_build(rows, root)
    url = server(ROOT / "app.py", root)
    seen = watch(page, origin=url)
    start(page, url)
    page.get_by_text("The row as stored").click()
    page.wait_for_timeout(500)
    assert seen.foreign == []
    assert page.locator("article.probe :is(script, img, form, iframe, a, input, link)").count() == 0
    assert page.evaluate("document.querySelectorAll('script[src*=evil], [onerror], a[href^=javascript]').length") == 0
    assert not [error for error in seen.errors if "Content Security Policy" in error]


def test_filters_go_along_to_another_screen_and_back(app: str, page: Page) -> None:
    start(page, f"{app}/?scope=sentence&sort=document")
    page.keyboard.press("j")
    stands(page, "2 of 12 probes")
    page.get_by_role("link", name="Scores").click()
    stands(page, "12 of 12 probes have a score")
    page.get_by_role("link", name="Browse").click()
    stands(page, "2 of 12 probes")
    expect(page).to_have_url(re.compile("probe="))
