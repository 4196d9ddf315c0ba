"""Scores without a browser: every kind of build draws, and the numbers shown are those of the build."""

import html
import re
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from streamlit.testing.v1 import AppTest

from pipeline import importer
from tests.builds import document_rows, make_build, published_row, write_published

FRAME = str(Path(__file__).parents[1] / "pages" / "shared" / "frame.py")
HOSTILE = "<img src=x onerror=alert(1)> **bold** $x$ :red[x]"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    return tmp_path


def scores(**query: str | list[str]) -> AppTest:
    app = AppTest.from_file(FRAME, default_timeout=30)
    app.switch_page("../scores.py")
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def blocks(app: AppTest) -> list[str]:
    return [block.value for block in app.get("html")]


def lines(app: AppTest) -> dict[str, list[str]]:
    """The table's lines as a reader sees them, by their first cell."""
    table = next(block for block in blocks(app) if "<thead>" in block)
    found = {}
    for line in re.findall(r"<tr.*?</tr>", table):
        cells = [html.unescape(re.sub(r"<[^>]+>", " ", cell)) for cell in re.findall(r"<t[hd]>.*?</t[hd]>", line)]
        found[cells[0].strip()] = [" ".join(cell.split()) for cell in cells[1:]]
    return found


def links(app: AppTest) -> list[dict[str, list[str]]]:
    """The queries of all links, which lead to Browse, or to Relabel for a new queue."""
    hrefs = [html.unescape(href) for block in blocks(app) for href in re.findall(r'href="([^"]+)"', block)]
    assert all(href.startswith(("./?", "./relabel?")) for href in hrefs)
    return [parse_qs(urlparse(href).query) for href in hrefs]


def charts(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


def test_the_distribution_of_a_build_and_its_table(data: Path) -> None:
    make_build([row for number in range(40) for row in document_rows(number)], data)
    app = scores()
    assert not app.exception
    assert app.subheader[0].value == "240 of 640 probes have a score"
    assert charts(app) == 1
    shown = lines(app)
    assert list(shown) == ["Scope", "All", "word", "lens", "sentence", "paragraph", "whole"]
    assert shown["All"][:3] == ["640", "40", "240"]
    assert shown["word"] == ["200", "40", "0", "–", "–", "–", "–", "–", "–"]
    assert re.fullmatch(r"\d+\.\d% \d+\.\d to \d+\.\d", shown["sentence"][5])
    # none of 240 lacks a score, and 40 documents leave room for 8.8%: 3.84 / (40 + 3.84)
    assert shown["All"][-1] == "0.0% 0.0 to 8.8"


@pytest.mark.parametrize(
    ("query", "drawn", "first"),
    [
        ({"by": "scope"}, 3, "Scope"),
        ({"by": "target"}, 2, "Target"),
        ({"by": "typicality"}, 2, "Typicality"),
        ({"by": "round", "bins": "every 0.01", "pick": "a range"}, 1, "Round"),
        ({"by": "nonsense"}, 1, "Scope"),
        ({"scope": "whole"}, 1, "Scope"),
    ],
)
def test_one_chart_for_each_part_that_has_scores(data: Path, query: dict[str, str], drawn: int, first: str) -> None:
    make_build([row for number in range(3) for row in document_rows(number)], data)
    app = scores(**query)
    assert not app.exception
    assert charts(app) == drawn
    assert next(iter(lines(app))) == first


def test_the_thresholds_in_the_link_decide_the_labels(data: Path) -> None:
    make_build([published_row(slot_idx=10.0), published_row(slot_idx=11.0)], data)  # both have a max score of 0.5
    assert lines(scores())["All"][5:7] == ["0.0% 0.0 to 79.3", "100.0% 20.7 to 100.0"]
    assert lines(scores(cut=["0.51", "0.8"]))["All"][5:7] == ["100.0% 20.7 to 100.0", "0.0% 0.0 to 79.3"]


def test_a_choice_of_a_link_that_there_is_not_is_said(data: Path) -> None:
    make_build([*document_rows(0), *document_rows(1)], data)
    app = scores(bins="seven", pick="all", by="target", scope="word")
    said = [text.value for text in app.text if text.value.startswith("Left out")]
    assert said == ["Left out of the link, as no option matches: bins seven, pick all."]


def test_links_carry_the_filter_that_they_count(data: Path) -> None:
    make_build([row for number in range(3) for row in document_rows(number)], data)
    found = links(scores(target="suffix", cut=["0.3", "0.9"]))
    assert found
    assert all(query["target"] == ["suffix"] and query["cut"] == ["0.3", "0.9"] for query in found)
    assert {"MIDDLE"} in [set(query.get("label", [])) for query in found]
    assert {"HARD", "MIDDLE", "EASY"} in [set(query.get("label", [])) for query in found]
    assert not any("UNSCORED" in query.get("label", []) for query in found)  # there are none to open


def test_a_link_opens_as_many_probes_as_it_says(data: Path) -> None:
    make_build([row for number in range(2) for row in document_rows(number, typicality="typical")], data)
    table = next(block for block in blocks(scores(by="scope", cut=["0.5", "0.9"])) if "<thead>" in block)
    found = re.findall(r'href="./\?([^"]+)" title="(\d+) probes"', table)
    assert len(found) > 10
    for query, probes in found[::2]:
        browse = AppTest.from_file(FRAME, default_timeout=30)
        for key, values in parse_qs(html.unescape(query)).items():
            browse.query_params[key] = values
        browse.run()
        assert any(f"of {probes} probe" in text.value for text in browse.text), query


def test_few_documents_are_greyed(data: Path) -> None:
    make_build(document_rows(0), data)
    assert 'class="whole few"' in next(block for block in blocks(scores()) if "<thead>" in block)


def test_probes_without_scores_are_said_to_have_none(data: Path) -> None:
    make_build(document_rows(0, bb_answer_rollout_scores=None, bb_answer_rollout_answers=None), data)
    app = scores()
    assert not app.exception
    assert charts(app) == 0
    assert app.subheader[0].value == "0 of 16 probes have a score"
    assert "None of these probes has a score" in app.info[0].value
    assert lines(app)["All"][-1].startswith("100.0%")


def test_a_filter_without_probes_can_be_cleared(data: Path) -> None:
    make_build(document_rows(0), data)
    app = scores(doc="nonesuch")
    assert not app.exception
    assert app.subheader[0].value == "No probe matches these filters"
    app.button[0].click().run()
    assert not app.exception
    assert app.subheader[0].value == "6 of 16 probes have a score"


def test_a_build_without_probes_says_how_to_get_some(data: Path) -> None:
    make_build([], data)
    app = scores()
    assert not app.exception
    assert app.subheader[0].value == "This build holds no probes"
    assert "python -m pipeline import" in app.code[0].value


def test_without_a_build_the_screen_says_how_to_import_one(data: Path) -> None:
    app = AppTest.from_file(FRAME, default_timeout=30).run()
    assert not app.exception
    assert charts(app) == 0


def test_words_of_a_hostile_build_are_shown_as_text(data: Path) -> None:
    make_build([published_row(scope=HOSTILE, typicality=HOSTILE)], data)
    app = scores(by="scope")
    assert not app.exception
    assert HOSTILE in lines(app)
    assert not any("<img" in block for block in blocks(app))
    assert any(HOSTILE in text.value for text in app.text)


def unfold(app: AppTest, key: str) -> AppTest:
    app.session_state[key] = True
    return app.run()


def captions(app: AppTest) -> str:
    return "\n".join(caption.value for caption in app.caption)


def test_the_share_of_hard_with_fewer_answers_is_asked_when_opened(data: Path) -> None:
    make_build([row for number in range(3) for row in document_rows(number)], data)
    app = scores()
    assert charts(app) == 1
    unfold(app, "fewer-answers")
    assert not app.exception
    assert charts(app) == 2
    assert "9 sentence probes; " in captions(app)


def test_probes_without_all_answers_have_no_share_with_fewer(data: Path) -> None:
    make_build([published_row(bb_answer_rollout_scores=[0.1, 0.2])], data)
    app = unfold(scores(), "fewer-answers")
    assert not app.exception
    assert "None of these probes has all 5 scores." in captions(app)


def test_what_the_card_says_is_compared_with_the_build(data: Path) -> None:
    source = write_published(document_rows(0), data / "published" / "data.parquet").parent
    (source / "README.md").write_text(
        "**Total probes in this build: 17** across 1 distinct\nprobes scored: **6**\n", encoding="utf-8"
    )
    importer.run(importer.Import(source=str(source), build=data / "builds" / "carded"))
    app = unfold(scores(), "card")
    assert not app.exception
    shown = html.unescape(next(block for block in blocks(app) if block.startswith("<ul>")))
    assert "the card says 17, the data hold 16 (-1)" in shown


def test_a_build_without_a_card_has_no_panel_for_it(data: Path) -> None:
    make_build(document_rows(0), data)
    assert "What the card says" not in [panel.label for panel in scores().expander]
