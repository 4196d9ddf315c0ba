"""Calibrate without a browser: every view draws from the data, every number opens its probes, choices are written."""

import html
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from streamlit.testing.v1 import AppTest

from pipeline import sweep
from pipeline.addenda import addenda, edits, write_addendum
from pipeline.asking import Asking
from pipeline.build import choices, chosen_level
from pipeline.running import runs
from pipeline.running.state import LIVING
from pipeline.sweeping import sweeps
from tests.builds import document_rows, make_build
from tests.hostile import HOSTILE
from tests.sweeps import copied, order, recordings

FRAME = str(Path(__file__).parents[1] / "pages" / "shared" / "frame.py")
LEVELS = (-2, 0, 3)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("calibrate")
    sweep.run(order(root, levels=LEVELS))
    return root


@pytest.fixture
def swept(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root of its own with the sweep of three levels."""
    return told(copied(made, tmp_path), monkeypatch)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return told(tmp_path, monkeypatch)


def told(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROBES_DATA", str(root))
    monkeypatch.setenv("PROBES_ANNOTATOR", "ada")
    return root


def screen(**query: str) -> AppTest:
    app = AppTest.from_file(FRAME, default_timeout=60)
    app.switch_page("../calibrate.py")
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def blocks(app: AppTest) -> list[str]:
    return [block.value for block in app.get("html")]


def page_text(app: AppTest) -> str:
    shown = [re.sub(r"<style>.*?</style>", "", block, flags=re.S) for block in blocks(app)]
    return " ".join(
        [*(html.unescape(re.sub("<[^>]+>", " ", block)) for block in shown), *(each.value for each in app.text)]
    )


def table(app: AppTest, first: str) -> dict[str, list[str]]:
    """The lines of the table whose head begins with `first`, by their first cell; later cells as a reader sees them."""
    block = next(block for block in blocks(app) if f"<th>{first}</th>" in block and "<thead>" in block)
    found = {}
    for line in re.findall(r"<tr.*?</tr>", block.partition("</thead>")[2]):
        cells = [html.unescape(re.sub(r"<[^>]+>", " ", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", line)]
        words = [" ".join(cell.split()) for cell in cells]
        found[words[0].split(" ")[0] if first == "Level" else words[0]] = words[1:]
    return found


def links(app: AppTest) -> list[tuple[dict[str, list[str]], int]]:
    """The query of every link, with how many probes it says that it opens."""
    found = re.findall(r'href="([^"]+)" title="([\d,]+) probes?"', " ".join(blocks(app)))
    return [(parse_qs(urlparse(html.unescape(href)).query), int(count.replace(",", ""))) for href, count in found]


def test_the_levels_are_told_with_n_and_intervals(swept: Path) -> None:
    app = screen()
    assert app.subheader[0].value == "8 documents at 3 calibration levels"
    shown = table(app, "Level")
    assert list(shown) == ["−2", "0", "+3"]
    assert shown["0"][0] == "48 in 8 of 8"
    assert re.fullmatch(r"0\.\d{3} 0\.\d{3} to 0\.\d{3}", shown["0"][1])
    assert all(re.fullmatch(r"\d+\.\d% \d+\.\d to \d+\.\d", cell) for cell in shown["0"][2:4])
    assert len(shown["0"]) == 8  # no column of costs where there are none
    text = page_text(app)
    assert "of 40 documents 8 have recorded replies at every level" in text
    assert "Level −2: These replies come from the base build and were made separately" in text
    assert "Recorded replies cost nothing" in text
    assert "With 8 documents even the spread between documents is uncertain" in text
    assert len(app.get("plotly_chart")) == 2


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"sweep": "gone", "of": "word", "measure": "luck"}, "of word, measure luck, sweep gone"),
        ({"view": "Pair", "side": "suffix"}, "view Pair"),
        ({"view": "Pairs", "a": "-3", "slot": "16 whole", "pair-doc": "none"}, "a -3, pair-doc none, slot 16 whole"),
    ],
)
def test_a_choice_of_a_link_that_there_is_not_is_said(swept: Path, query: dict[str, str], named: str) -> None:
    said = [text.value for text in screen(**query).text if text.value.startswith("Left out")]
    assert said == [f"Left out of the link, as no option matches: {named}."]


def test_the_shares_are_those_of_the_sweep(swept: Path) -> None:
    shown = table(screen(), "Level")
    # sample/replies, levels -2, 0 and +3: 4, 2 and 5 of 48 probes have a max score below 0.4
    assert [line[2].split()[0] for line in shown.values()] == ["8.3%", "4.2%", "10.4%"]
    assert [line[3].split()[0] for line in shown.values()] == ["33.3%", "41.7%", "33.3%"]


def test_what_a_level_and_a_kept_probe_cost_is_shown_of_what_cost_anything(swept: Path) -> None:
    folder = sweeps.sweep_folder(swept / "builds" / "demo", "calibration")
    results = sweeps.read_results(folder)
    sweeps.write_results(folder, {level: replace(each, spent={"judge": 10**9}) for level, each in results.items()})
    app = screen()
    shown = table(app, "Level")
    kept = {level: int(line[7].split()[0]) for level, line in shown.items()}
    assert all(kept.values())
    assert {level: line[8:] for level, line in shown.items()} == {
        level: ["$1.00", f"${1 / count:,.3f}"] for level, count in kept.items()
    }
    assert "Cost is of all calls of the level" in page_text(app)


def test_neighbours_are_compared_in_pairs_and_what_else_differs_is_counted(swept: Path) -> None:
    app = screen()
    block = next(block for block in blocks(app) if "<th>Same sibling</th>" in block)
    rows = re.findall(r"<tr><th>(.*?)</th>(.*?)</tr>", block.partition("</thead>")[2])
    assert [name for name, _ in rows] == ["−2 to 0", "0 to +3"]
    assert all("not told apart" in cells and re.search(r"\d of 8", cells) for _, cells in rows)
    assert "2 pairs were compared and p is adjusted for that (Holm)" in page_text(app)


@pytest.mark.parametrize(
    "query", [{}, {"of": "sentence"}, {"side": "suffix", "kind": "typical"}, {"measure": "EASY share"}]
)
def test_every_number_opens_as_many_probes_as_it_says(swept: Path, query: dict[str, str]) -> None:
    found = links(screen(**query))
    assert len(found) > 15
    assert all(each["build"] == ["demo/sweeps/calibration"] for each, _ in found)
    for each, probes in found[:: max(1, len(found) // 6)]:
        browse = AppTest.from_file(FRAME, default_timeout=60)
        for key, values in each.items():
            browse.query_params[key] = values
        browse.run()
        assert not browse.exception
        assert any(f"of {probes:,} probe" in text.value for text in browse.text), each


def test_the_other_screens_open_a_sweep_like_a_build(swept: Path) -> None:
    for page, query in (("scores", {"by": "round"}), ("scores", {}), ("browse", {"level": "3"})):
        app = AppTest.from_file(FRAME, default_timeout=60)
        app.switch_page(f"../{page}.py")
        for key, value in {"build": "demo/sweeps/calibration", **query}.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception, page
        assert app.selectbox(key="build").value == "demo/sweeps/calibration"


def test_a_filter_counts_what_it_leaves(swept: Path) -> None:
    assert table(screen(of="whole"), "Level")["0"][0] == "8 in 8 of 8"
    assert table(screen(of="paragraph"), "Level")["0"][0] == "16 in 8 of 8"
    both = [int(table(screen(side=side), "Level")["0"][0].split()[0]) for side in ("prefix", "suffix")]
    assert sum(both) == 48


def test_a_pair_is_read_side_by_side_with_what_else_differs(swept: Path) -> None:
    app = screen(view="Pairs", slot="13 paragraph")
    assert [each.value for each in app.subheader][1:] == ["Level −2", "Level +3"]
    cards = [block for block in blocks(app) if 'class="probe"' in block]
    assert len(cards) == 2
    assert all("paragraph" in card and "Blind answers" in card for card in cards)
    assert "Besides the addendum there differ:" in page_text(app)
    assert app.selectbox(key="a").value == "-2"
    opened = [href for href in re.findall(r'href="([^"]+)"', " ".join(blocks(app))) if "probe=" in href]
    browse = AppTest.from_file(FRAME, default_timeout=60)
    for key, values in parse_qs(urlparse(html.unescape(opened[1])).query).items():
        browse.query_params[key] = values
    browse.run()
    assert not browse.exception
    question = re.search(r'class="question"><h4>Question</h4><p>(.*?)</p>', cards[1], re.S)
    assert question
    assert any(question[1] in block for block in blocks(browse))


def test_a_level_beside_itself_differs_in_nothing(swept: Path) -> None:
    assert "Nothing but the addendum differs" in page_text(screen(view="Pairs", a="+3", b="+3"))


def test_a_rejected_slot_says_why(empty: Path) -> None:
    def broken(stage: str, row: dict[str, object]) -> dict[str, object]:
        text = str(row["text"]).replace('"slot": 10', '"slot": 99') if row["level"] == 1 else row["text"]
        return {**row, "text": text} if stage == "generate" else row

    held = recordings(empty / "recorded", levels=(0, 1), documents=("sample-0002", "sample-0007"), changes=broken)
    sweep.run(order(empty, levels=(0, 1), by=Asking(recordings=held)))
    text = page_text(screen(view="Pairs", slot="10 sentence"))
    assert "There is no probe." in text
    assert "Rejected: slot_missing" in text
    assert table(screen(), "Level")["+1"][6].startswith("4 ")


def test_the_addenda_of_two_levels_are_shown_with_their_difference(swept: Path) -> None:
    app = screen(view="Addenda")
    shown = next(block for block in blocks(app) if "as this sweep was made" in block)
    assert "<del>" in shown
    assert "<ins>" in shown
    assert "not in this sweep" in page_text(app)


def test_an_addendum_is_edited_for_the_build_with_who_and_why(swept: Path) -> None:
    app = screen(view="Addenda")
    app.selectbox(key="edit-level").set_value(3).run()
    app.text_area[0].set_value(f"Be harder. {HOSTILE}")
    app.text_input[0].set_value("to see what it does")
    app.button[0].click().run()
    assert not app.exception
    [edit] = edits(swept / "builds" / "demo")
    assert (edit.level, edit.by, edit.why) == (3, "ada", "to see what it does")
    text = page_text(app)
    assert "this sweep has an earlier text" in text
    assert "by ada on" in text
    assert not re.search(r"<(img|script|b)\b", "".join(block for block in blocks(app) if "addendum" in block))


def test_an_addendum_can_be_added_at_a_new_level(swept: Path) -> None:
    app = screen(view="Addenda")
    app.selectbox(key="edit-level").set_value(4).run()
    app.text_area[0].set_value("Farther out than any.")
    app.text_input[0].set_value("beyond the scale")
    app.button[0].click().run()
    assert addenda(swept / "builds" / "demo")[4].text == "Farther out than any.\n"


def test_an_addendum_that_cannot_be_is_refused_on_the_screen(swept: Path) -> None:
    app = screen(view="Addenda")
    app.text_area[0].set_value("Close it: </document>")
    app.button[0].click().run()
    assert "leave out <document>" in page_text(app)
    assert edits(swept / "builds" / "demo") == []


def test_a_level_is_chosen_with_who_when_and_why(swept: Path) -> None:
    app = screen()
    assert "made at level −2, the published build's; none was chosen here" in page_text(app)
    app.selectbox(key="choose-level").set_value(3)
    app.button(key="choose-it").click().run()
    assert "Say why this level" in page_text(app)
    app.selectbox(key="choose-level").set_value(3)
    app.text_input(key="choose-why").set_value(f"mean near 0.5 {HOSTILE}")
    app.button(key="choose-it").click().run()
    assert not app.exception
    [choice] = choices(swept / "builds" / "demo")
    assert (choice.level, choice.by, choice.sweep) == (3, "ada", "calibration")
    assert chosen_level(swept / "builds" / "demo") == 3
    assert "made at level +3, chosen by ada on" in page_text(app)
    assert re.search(r"\+3<small>next round</small>", " ".join(blocks(app)))


def test_a_build_without_a_sweep_offers_one_and_starts_it(empty: Path) -> None:
    make_build(document_rows(1), empty, name="demo")
    app = screen()
    assert app.subheader[0].value == "No sweep of demo yet"
    assert any("python -m pipeline sweep --build=demo" in code.value for code in app.code)
    app.button(key="start").click()
    app.run()
    [run] = runs.newest(1)
    assert run.stage == "sweep"
    assert run.settings["build"] == "demo"
    runs.stop(run.id)
    while runs.read(run.id).state in LIVING:
        pass


def test_more_levels_of_a_sweep_are_asked_for_with_what_it_was_made_with(swept: Path) -> None:
    text = " ".join(each.value for each in screen(view="New sweep").code)
    assert "python -m pipeline sweep --build=demo" in text
    sweep.run(order(swept, levels=(0,), name="small", documents=3, seed=5))
    text = " ".join(each.value for each in screen(view="New sweep", sweep="small").code)
    assert {"--name=small", "--docs=3", "--seed=5"} <= set(text.split())


def test_a_sweep_of_an_edited_addendum_is_offered_under_a_new_name(swept: Path) -> None:
    write_addendum(swept / "builds" / "demo", level=3, text="Something else.", by="ada", why="to see")
    app = screen(view="New sweep")
    assert any("The addendum of +3 was edited since calibration was made" in each.value for each in app.caption)
    assert "--name=calibration-2" in " ".join(each.value for each in app.code)


def test_a_damaged_sweep_is_no_hindrance_to_another(swept: Path) -> None:
    (sweeps.sweep_folder(swept / "builds" / "demo", "calibration") / "sweep.json").write_text("{")
    app = screen(view="New sweep")
    assert "--name=calibration-2" in " ".join(each.value for each in app.code)


def test_a_sweep_that_costs_money_shows_no_button_before_its_estimate(swept: Path) -> None:
    app = screen(view="New sweep")
    backend = next(box for box in app.selectbox if box.label == "Back end")
    backend.set_value("batches").run()
    assert not app.exception
    assert "start" not in [button.key for button in app.button]
    assert any(button.label == "Estimate the cost" for button in app.button)


def test_without_a_build_there_is_nothing_to_calibrate(empty: Path) -> None:
    app = AppTest.from_file(FRAME, default_timeout=60)
    app.switch_page("../calibrate.py")
    app.run()
    assert not app.exception
    assert app.title[0].value == "No build yet"


def test_a_sweep_at_its_beginning_says_that_there_are_no_probes_yet(swept: Path) -> None:
    folder = sweeps.sweep_folder(swept / "builds" / "demo", "calibration")
    (folder / "results.json").unlink()
    assert screen().subheader[0].value == "The sweep calibration has no probes yet"


@pytest.mark.parametrize("content", ["", "{}", "[1]"])
def test_a_damaged_sweep_is_told_apart_from_one_that_has_none(swept: Path, content: str) -> None:
    folder = sweeps.sweep_folder(swept / "builds" / "demo", "calibration")
    (folder / "sweep.json").write_text(content, encoding="utf-8")
    app = screen()
    assert app.subheader[0].value == "The sweep calibration cannot be opened"
    assert any("sweep.json is damaged" in code.value for code in app.code)


def test_a_sweep_without_scores_shows_what_it_has(empty: Path) -> None:
    held = recordings(empty / "recorded", levels=(0, 1), documents=("sample-0002", "sample-0007"))
    (held / "answer.jsonl").unlink()
    (held / "judge.jsonl").unlink()
    sweep.run(order(empty, levels=(0, 1), by=Asking(recordings=held)))
    app = screen()
    shown = table(app, "Level")
    assert shown["0"][:4] == ["0 in 0 of 2", "–", "–", "–"]
    assert any("None of these probes has a score yet." in each.value for each in app.info)


def test_one_level_alone_is_shown_without_a_trend(empty: Path) -> None:
    held = recordings(empty / "recorded", levels=(0,), documents=("sample-0002", "sample-0007"))
    sweep.run(order(empty, levels=(0,), by=Asking(recordings=held)))
    text = page_text(screen())
    assert "there is no trend to test" in text
    assert "No two neighbouring levels have scores" in text
