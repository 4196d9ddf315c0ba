"""The document view as a person meets it: drawn safely, scrolled to the split, and moved through by keys."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import free_port, serving, watch
from tests.conftest import Serve
from tests.hostile import HOSTILE

APP = Path(__file__).parent / "apps" / "document_app.py"
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url(server: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    return server(APP, tmp_path_factory.mktemp("data"))


@pytest.fixture
def reading(page: Page, url: str) -> Iterator[Page]:
    """The fixture screen on its first document; afterwards it must have asked no one else for anything."""
    seen = watch(page, origin=url)
    page.goto(url)
    at(page, 0)
    yield page
    assert seen.foreign == []
    assert seen.errors == []


def at(page: Page, number: int) -> None:
    """Wait until document `number` is on the screen."""
    expect(page.get_by_text(f"at {number}", exact=True)).to_be_visible()
    expect(page.locator(".text")).to_contain_text(f"Document {number}." if number else "HALFWAY")


def settled(page: Page, number: int) -> None:
    """Wait for the run of a click that comes after everything else: what a wrong key had started would show by then."""
    page.get_by_role("button", name="A button").click()
    expect(page.get_by_text("clicks 1", exact=True)).to_be_visible()
    at(page, number)


def runs(page: Page) -> int:
    text = page.get_by_text(re.compile(r"^runs \d+$")).inner_text()
    return int(text.split()[1])


# ---- drawn safely ----------------------------------------------------------------------------------------------------


def test_the_text_on_the_page_is_the_document(reading: Page) -> None:
    points = reading.locator(".text").evaluate("text => Array.from(text.textContent, point => point.codePointAt(0))")
    assert points == [ord(character) for character in HOSTILE]


def test_nothing_in_a_document_becomes_an_element(reading: Page) -> None:
    tags = reading.locator(".text").evaluate(
        "text => [...new Set([...text.querySelectorAll('*')].map(e => e.tagName))]"
    )
    assert tags == ["SPAN"]
    assert reading.title() != "run"
    assert reading.locator("iframe, form[action], a[href^='javascript']").count() == 0


def test_nothing_in_a_document_covers_the_page(reading: Page) -> None:
    reading.get_by_role("button", name="A button").click(timeout=5000)
    positions = reading.locator(".text").evaluate(
        "text => [...text.querySelectorAll('*')].map(piece => getComputedStyle(piece).position)"
    )
    assert set(positions) == {"static"}


def test_bidi_controls_reorder_nothing(reading: Page) -> None:
    """After an override every character still stands right of the one before it."""
    lefts = reading.locator(".text").evaluate(
        """text => {
          const piece = [...text.children].find(span => span.textContent.startsWith('gpj.exe'));
          return Array.from({length: 7}, (_, index) => {
            const range = document.createRange();
            range.setStart(piece.firstChild, index);
            range.setEnd(piece.firstChild, index + 1);
            return range.getBoundingClientRect().left;
          });
        }"""
    )
    assert lefts == sorted(lefts)
    assert len(set(lefts)) == 7


def test_invisible_characters_are_shown_by_name(reading: Page) -> None:
    shown = reading.locator(".text .sign").evaluate_all(
        "signs => signs.map(sign => getComputedStyle(sign, '::before').content)"
    )
    assert shown[:4] == ['"RLO"', '"PDF"', '"LRI"', '"PDI"']
    assert {'"NUL×2"', '"ESC"', '"CR"', '"ZWSP"', '"BOM"'} <= set(shown)


def test_a_word_of_3000_characters_does_not_widen_the_box(reading: Page) -> None:
    assert reading.locator(".box").evaluate("box => box.scrollWidth <= box.clientWidth")


def test_spaces_and_empty_lines_stand_as_in_the_document(reading: Page) -> None:
    lines = reading.locator(".text").evaluate(
        """text => {
          const range = document.createRange();
          const top = at => {
            range.setStart(text.firstChild.firstChild, at);
            range.setEnd(text.firstChild.firstChild, at + 1);
            return range.getBoundingClientRect();
          };
          return {indent: top(2).left - top(0).left, lines: (top(HOSTILE_AT).top - top(2).top) /
                  parseFloat(getComputedStyle(text).lineHeight)};
        }""".replace("HOSTILE_AT", str(HOSTILE.index("<script>")))
    )
    assert lines["indent"] > 4
    assert lines["lines"] == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_kind_of_text_has_contrast(browser: Browser, url: str, scheme: Literal["light", "dark"]) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1, against the innermost background that is not transparent."""
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(url)
    at(page, 0)
    page.keyboard.press("j")
    at(page, 1)
    ratios = page.locator(".frame").evaluate(CONTRAST)
    context.close()
    assert {"atom", "hit", "visible", "hidden", "outside", "tag", "side"} <= set(ratios)
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


CONTRAST = """frame => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = colour => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = colour => {
    const [r, g, b] = rgb(colour).map(part => part / 255).map(
      part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    if (element.closest('.text .hidden')) return getComputedStyle(frame.querySelector('.ground')).backgroundColor;
    for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgb(colour)[3] === 255) return colour;
    }
    return 'white';
  };
  const kinds = ['visible', 'hidden', 'outside', 'atom', 'hit', 'tag', 'tag.split', 'side', 'legend', 'list-keys'];
  const ratios = {};
  for (const name of kinds) {
    for (const element of frame.querySelectorAll(`.${name}`)) {
      if (!element.textContent) continue;
      const own = getComputedStyle(element).backgroundColor;
      const [ink, paper] = [light(getComputedStyle(element).color), light(rgb(own)[3] === 255 ? own : ground(element))];
      const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
      ratios[name] = Math.min(ratio, ratios[name] ?? Infinity);
    }
  }
  return ratios;
}"""


# ---- scrolled to the split -------------------------------------------------------------------------------------------

SPLIT_AT = """box => (box.querySelector('.tag.split').getBoundingClientRect().top - box.getBoundingClientRect().top)
                      / box.clientHeight"""


def test_each_document_opens_with_its_split_a_third_down(reading: Page) -> None:
    for number in (1, 2, 3):
        reading.keyboard.press("j")
        at(reading, number)
        assert reading.locator(".box").evaluate(SPLIT_AT) == pytest.approx(1 / 3, abs=0.06)


def test_a_run_that_changes_something_else_leaves_the_scroll_position(reading: Page) -> None:
    reading.keyboard.press("j")
    at(reading, 1)
    reading.locator(".box").evaluate("box => { box.scrollTop = 40 }")
    settled(reading, 1)
    assert reading.locator(".box").evaluate("box => box.scrollTop") == 40


def test_the_legend_leads_to_the_atom(reading: Page) -> None:
    reading.locator(".box").evaluate("box => { box.scrollTop = box.scrollHeight }")
    reading.get_by_role("button", name="atom").click()
    expect(reading.locator(".text .atom").first).to_be_in_viewport()


def test_the_ground_of_the_hidden_side_ends_at_the_split(reading: Page) -> None:
    reading.keyboard.press("j")
    at(reading, 1)
    label = reading.locator(
        ".frame"
    ).evaluate(  # whose rails are drawn anew at each change of size, so they are not held
        """frame => {
          const rail = frame.querySelector('.rail.hidden');
          return {above: frame.querySelector('.rail.visible').getBoundingClientRect().bottom,
                  below: rail.getBoundingClientRect().top, name: rail.textContent};
        }"""
    )
    assert label["name"] == "hidden"
    assert label["below"] == pytest.approx(label["above"], abs=1)
    assert reading.locator(".ground").evaluate("ground => getComputedStyle(ground).clipPath").startswith("polygon(")


# ---- keys ------------------------------------------------------------------------------------------------------------


def test_keys_go_to_the_next_and_the_previous_probe(reading: Page) -> None:
    for number, key in enumerate(("j", "ArrowRight", "j"), start=1):
        reading.keyboard.press(key)
        at(reading, number)
    for number, key in ((2, "k"), (1, "ArrowLeft"), (0, "k")):
        reading.keyboard.press(key)
        at(reading, number)


def test_presses_faster_than_the_server_add_up(reading: Page) -> None:
    for _ in range(5):
        reading.keyboard.press("j")
    at(reading, 5)
    for _ in range(3):
        reading.keyboard.press("k")
    at(reading, 2)


def test_a_press_whose_answer_is_interrupted_is_done_once(page: Page, url: str) -> None:
    page.goto(f"{url}/?interrupt=yes")
    at(page, 0)
    for number in (1, 2):
        page.keyboard.press("j")
        at(page, number)
    expect(page.get_by_text("done next@probe-0 next@probe-1", exact=True)).to_be_visible()


def test_keys_count_that_are_pressed_while_the_component_is_mounted_anew(page: Page, url: str) -> None:
    page.goto(f"{url}/?away=0.15")
    at(page, 0)
    for _ in range(12):
        page.keyboard.press("j")
        page.wait_for_timeout(40)
    at(page, 12)


def test_a_held_key_asks_for_no_document_twice(reading: Page) -> None:
    for _ in range(40):
        reading.keyboard.down("j")
        reading.wait_for_timeout(10)
    reading.keyboard.up("j")
    reading.keyboard.press("k")
    asked = reading.get_by_text(re.compile(r"^done .*previous@"))
    expect(asked).to_be_visible()
    nexts = re.findall(r"next@probe-(\d+)", asked.inner_text())
    assert nexts == [str(number) for number in range(len(nexts))]
    assert len(nexts) > 1


@pytest.mark.parametrize("key", ["r", "c", "R"])
def test_streamlits_own_keys_do_nothing(reading: Page, key: str) -> None:
    before = runs(reading)
    reading.keyboard.press(key)
    reading.keyboard.press("j")
    at(reading, 1)
    assert runs(reading) == before + 1
    assert reading.get_by_role("dialog").count() == 0


@pytest.mark.parametrize("label", ["Search text", "Note"])
def test_keys_are_letters_while_typing(reading: Page, label: str) -> None:
    field = reading.get_by_label(label)
    field.click()
    reading.keyboard.type("jk/?cr")
    expect(field).to_have_value("jk/?cr")
    settled(reading, 0)


def test_escape_gives_the_keys_back(reading: Page) -> None:
    expect(reading.get_by_label("Search text")).to_be_visible()
    reading.keyboard.press("/")
    expect(reading.get_by_label("Search text")).to_be_focused()
    reading.keyboard.type("ice")
    expect(reading.get_by_label("Search text")).to_have_value("ice")
    reading.keyboard.press("Escape")
    reading.keyboard.press("j")
    at(reading, 1)


def test_letters_work_and_arrows_stay_with_a_focused_radio(reading: Page) -> None:
    reading.get_by_text("mean", exact=True).click()
    reading.keyboard.press("j")
    at(reading, 1)
    reading.keyboard.press("ArrowRight")
    expect(reading.get_by_role("radio", name="spread")).to_be_checked()
    settled(reading, 1)


def test_arrows_stay_with_a_focused_slider(reading: Page) -> None:
    reading.get_by_role("slider").focus()
    reading.keyboard.press("ArrowRight")
    expect(reading.get_by_role("slider")).to_have_value("1")
    settled(reading, 0)


def test_a_selectbox_takes_letters_until_escape(reading: Page) -> None:
    """Its field is for typing: J filters the options."""
    reading.get_by_role("combobox").click()
    reading.keyboard.press("j")
    reading.keyboard.press("Escape")
    reading.keyboard.press("Escape")
    reading.keyboard.press("j")
    at(reading, 1)
    settled(reading, 1)


@pytest.mark.parametrize("keys", ["Control+j", "Meta+j", "Alt+j", "Alt+ArrowRight", "Shift+J", "Control+ArrowRight"])
def test_combinations_are_not_ours(reading: Page, keys: str) -> None:
    reading.keyboard.press(keys)
    settled(reading, 0)


@pytest.mark.parametrize("about", ["isComposing: true", "keyCode: 229", "modifierAltGraph: true"])
def test_keys_of_an_input_method_are_not_ours(reading: Page, about: str) -> None:
    reading.evaluate(
        "about => document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', bubbles: true, ...about}))",
        {about.split(":")[0]: 229 if "229" in about else True},
    )
    settled(reading, 0)


def test_keys_rest_while_a_dialog_is_open(reading: Page) -> None:
    reading.get_by_role("button", name="Dialog").click()
    expect(reading.get_by_role("dialog")).to_be_visible()
    before = runs(reading)
    reading.keyboard.press("j")
    reading.keyboard.press("r")
    reading.keyboard.press("Escape")
    expect(reading.get_by_role("dialog")).to_have_count(0)
    settled(reading, 0)
    assert runs(reading) == before + 1


def test_c_copies_the_link_of_the_page(reading: Page) -> None:
    reading.evaluate("history.replaceState(null, '', '/?probe=abc&scope=word')")
    reading.keyboard.press("c")
    expect(reading.get_by_text("Link copied")).to_be_visible()
    assert reading.evaluate("navigator.clipboard.readText()").endswith("/?probe=abc&scope=word")


def test_the_question_mark_lists_the_keys(reading: Page) -> None:
    keys = reading.get_by_role("group", name="Keys")
    reading.keyboard.press("?")
    expect(keys).to_contain_text("Next probe")
    reading.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    reading.keyboard.press("?")
    reading.keyboard.press("?")
    expect(keys).to_be_hidden()


def test_space_and_page_keys_scroll_the_document(reading: Page) -> None:
    reading.keyboard.press("j")
    at(reading, 1)
    box = reading.locator(".box")
    before = box.evaluate("box => box.scrollTop")
    reading.keyboard.press("Space")
    after = box.evaluate("box => box.scrollTop")
    assert after > before
    reading.keyboard.press("PageUp")
    assert box.evaluate("box => box.scrollTop") < after


@pytest.mark.parametrize("away", [0, 0.6])  # seconds that the component is gone in each run; 0.3 ends the listening
def test_presses_while_the_server_is_down_arrive_when_it_is_back(page: Page, tmp_path: Path, away: float) -> None:
    port = free_port()
    with serving(APP, data=tmp_path, port=port) as url:
        page.goto(f"{url}/?away={away}")
        at(page, 0)
        page.keyboard.press("j")
        at(page, 1)
    page.keyboard.press("j")
    page.keyboard.press("j")
    with serving(APP, data=tmp_path, port=port):
        expect(page.get_by_text("done next@probe-1 next@probe-1")).to_be_visible(timeout=60_000)
        at(page, 2)
