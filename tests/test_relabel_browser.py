"""Labelling as a person does it: by key, blind and open, two at a time, through kills, restarts and locks."""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from pipeline.labelling.files import read_rows
from queries.queues import Queue, Queues
from queries.schema import Filter
from tests.browser import ROOT, free_port, serving, watch
from tests.builds import make_build
from tests.labels.presses import press
from tests.labels.queue_builds import (
    BUILD,
    PER_HOST,
    canary,
    events,
    host,
    labelled_build,
    make_queue,
    open_log,
    probe_row,
)

APP = ROOT / "app.py"
EVERYTHING = """() => {
    const roots = [document.documentElement, ...[...document.querySelectorAll('*')].map((node) => node.shadowRoot)];
    return roots.map((root) => root?.innerHTML ?? '').join('');
}"""  # the whole page, shadow roots too
pytestmark = pytest.mark.browser

PRESS = "document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, ...event}))"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("relabel")
    labelled_build(root, probes=25 * PER_HOST)
    return root


HOSTS = count()


def own_queue(root: Path, **wish: object) -> Queue:
    """Freeze a queue of twelve probes that no other test touches."""
    return make_queue(root, where=Filter(host=host(next(HOSTS))), **wish)


@pytest.fixture(scope="module")
def url(root: Path) -> Iterator[str]:
    with serving(APP, data=root, annotator="ada") as url:
        yield url


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data root of its own, for tests that kill servers or count everything stored."""
    labelled_build(tmp_path, probes=60)
    return tmp_path


def sit_down(page: Page, url: str, queue: Queue) -> None:
    """Open a queue and wait for its first probe."""
    page.goto(f"{url}/relabel?build={queue.build}&queue={queue.queue_id}")
    expect(page.locator(".review .question")).not_to_be_empty()
    expect(page.locator(".box .text")).not_to_be_empty()


def stage(page: Page, name: str) -> None:
    expect(page.locator(f'.review[data-stage="{name}"]')).to_be_visible()


def stored(page: Page, number: int | None = None) -> None:
    """Wait until everything pressed is stored, the last of it under `number` where one is given."""
    expect(page.locator(".stored")).to_have_text(re.compile(rf"^saved #{number or '[0-9]+'}$"))


def question(page: Page) -> str:
    return page.locator(".review .question").inner_text()


def moved_on(page: Page, before: str) -> str:
    expect(page.locator(".review .question")).not_to_have_text(before)
    return question(page)


def own(root: Path, queue: Queue) -> list[dict[str, object]]:
    return [event for event in events(root) if event["queue_id"] == queue.queue_id]


# ---- blind first -----------------------------------------------------------------------------------------------------


def test_hidden_text_reaches_the_page_only_after_the_blind_verdict(url: str, root: Path, page: Page) -> None:
    queue = own_queue(root)
    received = list[bytes]()

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: received.append(data if isinstance(data, bytes) else data.encode()))

    page.on("websocket", listen)
    sit_down(page, url, queue)
    expect(page.locator('.review[data-ahead="11"]')).to_be_visible()
    number = int(re.findall(r"\d+", question(page))[0])
    assert b"of the ledger" in b"".join(received)
    assert b"canary" not in b"".join(received)
    assert "canary" not in str(page.evaluate(EVERYTHING))
    page.keyboard.press("1")
    stage(page, "open")
    expect(page.locator(".box .atom").first).to_contain_text(canary(number))
    expect(page.locator(".revealed")).to_contain_text(f"Perhaps the {canary(number)}.")
    assert set(re.findall(rb"canary\d+x", b"".join(received))) == {canary(number).encode()}


def test_the_first_press_is_the_blind_verdict_and_the_second_the_final_one(url: str, root: Path, page: Page) -> None:
    queue = own_queue(root)
    seen = watch(page, origin=url)
    sit_down(page, url, queue)
    first = question(page)
    page.keyboard.press("1")
    stage(page, "open")
    expect(page.locator(".advice")).to_contain_text("Blind you said HARD")
    page.keyboard.press("Shift+2")
    page.keyboard.press("2")
    second = moved_on(page, first)
    stage(page, "sealed")
    page.keyboard.press("3")
    stage(page, "open")
    page.keyboard.press("Enter")
    moved_on(page, second)
    stored(page)
    rows = own(root, queue)
    assert [(row["blind_verdict"], row["verdict"], row["reasons"]) for row in rows] == [
        ("HARD", None, "[]"),
        ("HARD", None, '["window_truncated"]'),
        ("HARD", "EASY", '["window_truncated"]'),
        ("UNSURE", None, "[]"),
        ("UNSURE", "UNSURE", "[]"),
    ]
    assert all(row["annotator"] == "ada" for row in rows)
    expect(page.locator(".queue")).to_contain_text("2 judged")
    assert seen.foreign == []
    assert not [error for error in seen.errors if "404" not in error]


def test_a_reveal_before_a_verdict_makes_the_label_an_open_one(url: str, root: Path, page: Page) -> None:
    queue = own_queue(root)
    sit_down(page, url, queue)
    first = question(page)
    page.keyboard.press("r")
    stage(page, "open")
    expect(page.locator(".advice")).to_contain_text("not be blind")
    page.keyboard.press("2")
    moved_on(page, first)
    stored(page)
    assert [(row["op"], row["blind_verdict"], row["verdict"]) for row in own(root, queue)] == [
        ("reveal", None, None),
        ("set", None, "EASY"),
    ]


def test_skip_flag_note_answer_and_moving_about(url: str, root: Path, page: Page) -> None:
    queue = own_queue(root)
    sit_down(page, url, queue)
    first = question(page)
    page.keyboard.press("a")
    page.keyboard.type("the 1 answer")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("a note, s and f")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("f")
    page.keyboard.press("s")
    second = moved_on(page, first)
    page.keyboard.press("k")
    assert moved_on(page, second) == first
    expect(page.locator(".answer")).to_have_value("the 1 answer")
    expect(page.locator(".note-text")).to_have_value("a note, s and f")
    expect(page.locator('[data-action="flag"]')).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowRight")
    assert moved_on(page, first) == second
    stored(page)
    (*_, last) = own(root, queue)
    assert (last["answer"], last["note"], last["flagged"], last["skipped"], last["verdict"]) == (
        "the 1 answer", "a note, s and f", 1, 1, None,
    )  # fmt: skip


@pytest.mark.parametrize("blind", [True, False])
def test_what_was_typed_is_stored_before_the_verdict_that_is_clicked(
    url: str, root: Path, page: Page, blind: bool
) -> None:
    queue = own_queue(root, blind=blind)
    sit_down(page, url, queue)
    first = question(page)
    page.keyboard.press("a")
    page.keyboard.type("the bishop")
    page.locator('[data-action="HARD"]').click()
    if blind:
        stage(page, "open")
        page.locator(".answer").press_sequentially(" perhaps")
        page.locator('[data-action="confirm"]').click()
    moved_on(page, first)
    expect(page.locator(".answer")).to_have_value("")
    stored(page)
    rows = [(row["answer"], row["blind_verdict"], row["verdict"]) for row in own(root, queue)]
    blind_rows = [("the bishop", None, None), ("the bishop", "HARD", None), ("the bishop perhaps", "HARD", None)]
    assert rows == (
        [*blind_rows, ("the bishop perhaps", "HARD", "HARD")]
        if blind
        else [("the bishop", None, None), ("the bishop", None, "HARD")]
    )


def test_what_was_typed_outlives_a_page_that_is_left(url: str, root: Path, page: Page) -> None:
    queue = own_queue(root)
    sit_down(page, url, queue)
    page.keyboard.press("n")
    page.keyboard.type("half a thought")
    page.reload()
    expect(page.locator(".note-text")).to_have_value("half a thought")
    stored(page)
    assert [row["note"] for row in own(root, queue)] == ["half a thought"]


def test_undo_can_be_clicked_fast(url: str, root: Path, page: Page) -> None:
    queue = own_queue(root, blind=False)
    sit_down(page, url, queue)
    for key in "fff":
        page.keyboard.press(key)
        page.wait_for_timeout(80)
    stored(page)
    page.locator('[data-action="undo"]').click(click_count=3, delay=120)
    stored(page)
    expect(page.locator(".note")).to_contain_text("Undone")
    assert [row["op"] for row in own(root, queue)] == ["set"] * 3 + ["undo"] * 3


def test_a_queue_that_is_done_says_so(url: str, root: Path, page: Page) -> None:
    queue = own_queue(root, size=2)
    sit_down(page, url, queue)
    for _ in range(2):
        stage(page, "sealed")
        page.keyboard.press("1")
        stage(page, "open")
        before = question(page)
        page.keyboard.press("Enter")
        expect(page.locator(".review .question:visible", has_text=before)).to_have_count(0)
    expect(page.locator(".nothing")).to_contain_text("everything that this queue has for you")
    stored(page)
    page.reload()
    expect(page.locator(".nothing")).to_contain_text("everything that this queue has for you")
    page.keyboard.press("u")
    expect(page.locator(".review .question")).to_have_text(before)
    stage(page, "open")


# ---- keys that do nothing --------------------------------------------------------------------------------------------


def synthetic(page: Page, **event: object) -> None:
    page.evaluate(
        "event => document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, ...event}))", event
    )


def ime(page: Page) -> None:
    synthetic(page, key="1", code="Digit1", isComposing=True)


def alt_gr(page: Page) -> None:
    synthetic(page, key="1", code="Digit1", modifierAltGraph=True, ctrlKey=True)


def with_ctrl(page: Page) -> None:
    page.keyboard.press("Control+1")


def in_the_answer(page: Page) -> None:
    page.keyboard.press("a")
    page.keyboard.type("123sfr")


def in_a_dialog(page: Page) -> None:
    page.get_by_role("button", name="Change keys").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("dialog").get_by_text("Parted by spaces").click()
    page.keyboard.press("1")
    page.keyboard.press("s")


@pytest.mark.parametrize("press", [ime, alt_gr, with_ctrl, in_the_answer, in_a_dialog])
def test_keys_are_dead_where_they_mean_something_else(
    url: str, root: Path, page: Page, press: Callable[[Page], None]
) -> None:
    queue = own_queue(root)
    sit_down(page, url, queue)
    first = question(page)
    press(page)
    page.wait_for_timeout(700)
    assert question(page) == first
    assert [row for row in own(root, queue) if row["verdict"] or row["blind_verdict"] or row["skipped"]] == []


def test_holding_a_key_is_one_label(url: str, root: Path, page: Page) -> None:
    queue = own_queue(root, blind=False)
    sit_down(page, url, queue)
    first = question(page)
    for _ in range(12):
        page.keyboard.down("1")
        page.wait_for_timeout(30)
    page.keyboard.up("1")
    moved_on(page, first)
    stored(page)
    assert len(own(root, queue)) == 1


@pytest.mark.parametrize("blind", [True, False])
def test_a_double_press_is_one_label(url: str, root: Path, page: Page, blind: bool) -> None:
    queue = own_queue(root, blind=blind)
    sit_down(page, url, queue)
    page.locator('[data-action="HARD"]').dblclick()
    stored(page)
    assert len(own(root, queue)) == 1
    page.evaluate(f"event => {{ {PRESS}; {PRESS} }}", {"key": "2", "code": "Digit2"})  # a bouncing switch
    stored(page)
    page.wait_for_timeout(300)
    assert len(own(root, queue)) == 2


# ---- nothing is lost -------------------------------------------------------------------------------------------------


def test_thirty_presses_through_a_kill_are_thirty_labels(data: Path, page: Page) -> None:
    queue, port = make_queue(data, blind=False), free_port()
    with serving(APP, data=data, port=port, annotator="ada") as url:
        sit_down(page, url, queue)
        expect(page.locator('.review[data-ahead="39"]')).to_be_visible()
        for number in range(12):
            page.keyboard.press(str(number % 3 + 1))
            page.wait_for_timeout(80)
    for number in range(12, 20):
        page.keyboard.press(str(number % 3 + 1))
        page.wait_for_timeout(80)
    with serving(APP, data=data, port=port, annotator="ada"):
        for number in range(20, 30):
            page.keyboard.press(str(number % 3 + 1))
            page.wait_for_timeout(80)
        stored(page, 30)
    rows = events(data)
    in_order = [item.probe_id for item in Queues(open_log(data).database).items(queue, count=30)]
    assert [row["verdict"] for row in rows] == ["HARD", "EASY", "UNSURE"] * 10
    assert [row["probe_id"] for row in rows] == in_order


def test_presses_survive_a_reload_while_the_server_is_gone(data: Path, page: Page) -> None:
    queue, port = make_queue(data), free_port()
    with serving(APP, data=data, port=port, annotator="ada") as url:
        sit_down(page, url, queue)
        first = question(page)
    page.keyboard.press("1")
    expect(page.locator(".stored")).to_contain_text("NOT SAVED: 1 press waits in this browser")
    stage(page, "opening")
    assert events(data) == []
    page.close()
    with serving(APP, data=data, port=port, annotator="ada") as url:
        page = page.context.new_page()
        sit_down(page, url, queue)
        stored(page, 1)
        stage(page, "open")
        assert question(page) == first
        expect(page.locator(".advice")).to_contain_text("Blind you said HARD")


def test_the_first_press_after_a_reload_is_stored_like_any_other(url: str, root: Path, page: Page) -> None:
    queue = own_queue(root, blind=False)
    sit_down(page, url, queue)
    page.keyboard.press("j")
    page.reload()
    expect(page.locator(".review .question")).not_to_be_empty()
    first = question(page)
    page.keyboard.press("2")
    moved_on(page, first)
    stored(page)
    *_, label = own(root, queue)
    assert label["verdict"] == "EASY"
    assert isinstance(label["dwell_ms"], int)


def test_what_was_stored_last_is_still_said_after_a_new_mount(url: str, root: Path, page: Page) -> None:
    queue = own_queue(root, blind=False)
    sit_down(page, url, queue)
    page.keyboard.press("1")
    stored(page)
    said = page.locator(".stored").inner_text()
    page.reload()
    expect(page.locator(".stored")).to_have_text(said)


@pytest.mark.parametrize("clock", ["frozen", "backwards"])
def test_presses_keep_their_order_whatever_the_clock_of_the_browser_says(data: Path, page: Page, clock: str) -> None:
    queue, port = make_queue(data, blind=False), free_port()
    with serving(APP, data=data, port=port, annotator="ada") as url:
        sit_down(page, url, queue)
        expect(page.locator('.review[data-ahead="39"]')).to_be_visible()
    page.evaluate("step => { let now = 2e12; Date.now = () => (now += step) }", 0 if clock == "frozen" else -7_200_000)
    for key in "fffff12s":
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    expect(page.locator(".stored")).to_contain_text("NOT SAVED: 9 presses wait")
    page.close()
    with serving(APP, data=data, port=port, annotator="ada") as url:
        page = page.context.new_page()
        sit_down(page, url, queue)
        stored(page, 9)
    rows = events(data)
    assert [row["op"] for row in rows] == [*["set"] * 7, "reveal", "set"]
    assert [row["flagged"] for row in rows[:5]] == [1, 0, 1, 0, 1]
    assert [row["verdict"] for row in rows[5:7]] == ["HARD", "EASY"]
    assert [row["skipped"] for row in rows[7:]] == [0, 1]


def test_undo_reaches_back_over_a_restart(data: Path, page: Page) -> None:
    queue, port = make_queue(data, blind=False), free_port()
    with serving(APP, data=data, port=port, annotator="ada") as url:
        sit_down(page, url, queue)
        first = question(page)
        page.keyboard.press("1")
        second = moved_on(page, first)
        page.keyboard.press("2")
        third = moved_on(page, second)
        stored(page, 2)
    with serving(APP, data=data, port=port, annotator="ada") as url:
        sit_down(page, url, queue)
        assert question(page) == third
        page.keyboard.press("u")
        assert moved_on(page, third) == second
        page.keyboard.press("Control+z")
        assert moved_on(page, second) == first
        stored(page, 4)
        page.keyboard.press("u")
        expect(page.locator(".note")).to_contain_text("nothing to undo")
        page.keyboard.press("Control+Shift+z")
        stored(page, 5)
    log = open_log(data)
    verdicts = [opinion.state.verdict for row in events(data)[:2] for opinion in log.opinions("tiny", row["probe_id"])]
    assert verdicts == ["HARD", None]


def test_a_locked_database_is_said_and_the_press_is_kept(data: Path, page: Page) -> None:
    queue = make_queue(data)
    with serving(APP, data=data, annotator="ada") as url:
        sit_down(page, url, queue)
        with locked(data / "labels.db"):
            page.keyboard.press("2")
            expect(page.locator(".stored")).to_contain_text("NOT SAVED", timeout=6000)
            expect(page.locator('[data-action="EASY"]')).to_have_attribute("aria-pressed", "true")
            expect(page.locator(".stored")).to_contain_text("refused", timeout=15_000)
            assert events(data) == []
        stored(page, 1)
        stage(page, "open")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    con = sqlite3.connect(path, isolation_level=None)
    con.execute("begin immediate")
    try:
        yield
    finally:
        con.rollback()
        con.close()


# ---- two annotators --------------------------------------------------------------------------------------------------


def test_two_annotators_label_side_by_side(data: Path, browser: Browser) -> None:
    shared, split = make_queue(data, size=6, per_probe=2), make_queue(data, size=12, blind=False)
    with (
        serving(APP, data=data, annotator="ada") as one,
        serving(APP, data=data, annotator="bob") as two,
        desk(browser) as ada,
        desk(browser) as bob,
    ):
        sit_down(ada, one, shared)
        sit_down(bob, two, shared)
        assert question(ada) == question(bob)
        for page, key in ((ada, "1"), (bob, "2")):
            page.keyboard.press(key)
            stage(page, "open")
            page.keyboard.press("Enter")
        stored(ada)
        stored(bob)
        sit_down(ada, one, split)
        sit_down(bob, two, split)
        assert question(ada) != question(bob)
    said = {(row["annotator"], row["blind_verdict"], row["verdict"]) for row in own(data, shared)}
    assert said == {("ada", "HARD", None), ("ada", "HARD", "HARD"), ("bob", "EASY", None), ("bob", "EASY", "EASY")}
    assert len({row["probe_id"] for row in own(data, shared)}) == 1


@contextmanager
def desk(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def test_a_label_changed_in_another_window_is_said_and_not_overwritten(url: str, root: Path, browser: Browser) -> None:
    queue = own_queue(root, size=3, blind=False)
    with desk(browser) as one, desk(browser) as two:
        sit_down(one, url, queue)
        sit_down(two, url, queue)
        one.keyboard.press("1")
        stored(one)
        two.keyboard.press("2")
        expect(two.locator(".note")).to_contain_text("another window")
    assert [row["verdict"] for row in own(root, queue)] == ["HARD"]


def test_a_link_to_a_queue_leads_to_its_build_when_another_one_has_become_the_first(data: Path, page: Page) -> None:
    queue = make_queue(data)
    make_build([probe_row(0)], data, name="another")
    with serving(APP, data=data, annotator="ada") as url:
        page.goto(f"{url}/relabel?queue={queue.queue_id}")
        page.get_by_role("link", name="Open a queue of the build tiny").click()
        expect(page.locator(".review .question")).not_to_be_empty()
        expect(page.locator(".queue")).to_contain_text("a queue")


# ---- labels as files -------------------------------------------------------------------------------------------------


def test_labels_leave_and_come_in_by_buttons(data: Path, page: Page, tmp_path: Path) -> None:
    log, queue = open_log(data), make_queue(data)
    first, second = Queues(log.database).items(queue, count=2)
    log.append(press(first.probe_id, annotator="zoe", note="=1+1"))
    foreign = tmp_path / "foreign.csv"
    with serving(APP, data=data, annotator="ada") as url:
        page.goto(f"{url}/relabel")
        page.get_by_text("Labels as files").click()
        page.get_by_text(".csv", exact=True).click()
        with page.expect_download() as got:
            page.get_by_role("button", name="Export one row a probe and annotator, .csv").click()
        rows = [row for _, row in read_rows(Path(shutil.copy(got.value.path(), tmp_path / "labels.csv")))]
        assert got.value.suggested_filename == "tiny-labels.csv"
        assert [(row["probe_id"], row["annotator"], row["note"]) for row in rows] == [(first.probe_id, "A1", "=1+1")]
        for text, said in (
            (f"{second.probe_id},bob,maybe", "foreign.csv was not imported. row 2: 'maybe' is no verdict"),
            (f"{second.probe_id},bob,EASY", "tiny: 1 labels imported, 0 were there already"),
        ):
            foreign.write_text(f"probe_id,annotator,verdict\n{text}\n")
            page.locator("input[type=file]").set_input_files(foreign)
            expect(page.get_by_text("foreign.csv").first).to_be_visible()
            page.get_by_role("button", name="Import", exact=True).click()
            expect(page.get_by_text(said)).to_be_visible()
    assert [opinion.given for opinion in log.opinions(BUILD, second.probe_id)] == ["EASY"]


def test_probes_that_the_build_no_longer_has_are_not_waited_for(data: Path, page: Page) -> None:
    queue = make_queue(data, blind=False)
    make_build([probe_row(number) for number in (3, 40)], data, name=BUILD)
    with serving(APP, data=data, annotator="ada") as url:
        page.goto(f"{url}/relabel")
        expect(page.get_by_text("2 left")).to_be_visible()
        sit_down(page, url, queue)
        for number in (1, 2):
            before = question(page)
            page.keyboard.press("1")
            stored(page, number)
            if number == 1:
                moved_on(page, before)
        expect(page.get_by_text("You have judged everything that this queue has for you.")).to_be_visible()
        expect(page.get_by_text("0 left")).to_be_visible()
        expect(page.get_by_text("58 no longer in the build")).to_be_visible()


# ---- keys of one's own -----------------------------------------------------------------------------------------------


def test_keys_can_be_changed_and_one_key_cannot_do_two_things(data: Path, page: Page) -> None:
    queue = make_queue(data, blind=False)
    with serving(APP, data=data, annotator="ada") as url:
        sit_down(page, url, queue)
        first = question(page)
        page.get_by_role("button", name="Change keys").click()
        field = page.get_by_label("HARD: the visible side")
        field.fill("s")
        page.get_by_role("button", name="Keep these keys").click()
        expect(page.get_by_text("s cannot do two things: HARD and skip.")).to_be_visible()
        field.fill("h")
        page.get_by_role("button", name="Keep these keys").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator('[data-action="HARD"] kbd')).to_have_text("H")
        page.keyboard.press("1")
        page.keyboard.press("h")
        moved_on(page, first)
        stored(page, 1)
    assert [row["verdict"] for row in events(data)] == ["HARD"]
