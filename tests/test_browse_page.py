"""Browse without a browser: every kind of build draws, and what is drawn is what the build holds."""

import html
import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.builds import document_rows, make_build, published_row

FRAME = str(Path(__file__).parents[1] / "pages" / "shared" / "frame.py")
HOSTILE = (
    "<script>fetch('http://evil.example')</script> ![x](http://evil.example/i.png) <img src=x onerror=alert(1)> "
    "# heading $x^2$ :material/home: :red[text] [link](javascript:alert(1)) \x00\x07\u202etxt.exe\u202c \u200b "
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    monkeypatch.setenv("PROBES_ANNOTATOR", "ada")
    return tmp_path


def browse(**query: str | list[str]) -> AppTest:
    app = AppTest.from_file(FRAME, default_timeout=30)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def card(app: AppTest) -> str:
    """Return the text of the probe card as a reader sees it."""
    block = next(block.value for block in app.get("html") if "<article" in block.value)
    return html.unescape(re.sub(r"<[^>]+>", " ", block))


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.text)


def test_a_probe_is_shown_with_what_is_known_of_it(data: Path) -> None:
    make_build(document_rows(0), data)
    app = browse()
    assert not app.exception
    assert "1 of 16 probes in 1 document" in texts(app)
    assert "Reading as ada" in texts(app)
    shown = card(app)
    assert all(word in shown for word in ("What is asked in slot", "Blind answer number 5.", "max", "Provenance"))


NEAR_ONE = [
    row
    for row in (*document_rows(0), *document_rows(1))
    if row["bb_answer_score_max"] is not None and row["bb_answer_score_max"] >= 0.9
]
UNTYPED = [row for row in (*document_rows(0), *document_rows(1)) if row["typicality"] is None]


@pytest.mark.parametrize(
    ("query", "standing"),
    [
        ({"scope": "word"}, "1 of 10 probes in 2 documents (build: 32)"),
        ({"scope": ["word", "whole"], "target": "suffix"}, "1 of 6 probes in 2 documents (build: 32)"),
        ({"doc": "doc-0001"}, "1 of 16 probes in 1 document (build: 32)"),
        ({"label": "UNSCORED"}, "1 of 20 probes in 2 documents (build: 32)"),
        ({"q": "slot 15"}, "1 of 2 probes in 2 documents (build: 32)"),
        ({"q": "slot 1[0-2]", "regex": "true"}, "1 of 6 probes in 2 documents (build: 32)"),
        ({"q": "page 1", "in": "document"}, "1 of 16 probes in 1 document (build: 32)"),
        ({"score": ["0.9", "1"]}, f"1 of {len(NEAR_ONE)} probes in 2 documents (build: 32)"),
        ({"typicality": "none"}, f"1 of {len(UNTYPED)} probes in 2 documents (build: 32)"),
        ({"flag": "none", "scope": "sentence"}, "1 of 6 probes in 2 documents (build: 32)"),
        ({"host": "none"}, "Widen or clear a filter."),
        ({"scope": "bogus", "score": "abc", "sort": "nothing"}, "1 of 32 probes in 2 documents"),
    ],
)
def test_a_link_opens_the_probes_its_filters_mean(data: Path, query: dict[str, str | list[str]], standing: str) -> None:
    make_build([*document_rows(0), *document_rows(1)], data)
    app = browse(**query)
    assert not app.exception
    assert standing in texts(app)


def test_what_a_link_asks_for_and_no_option_matches_is_said(data: Path) -> None:
    make_build([*document_rows(0), *document_rows(1)], data)
    app = browse(scope=["bogus", "word"], flag="nonsense", round="99", score="abc", target="suffix")
    said = next(text for text in texts(app).splitlines() if text.startswith("Left out"))
    assert said == "Left out of the link, as no option matches: scope bogus, score abc, flag nonsense, round 99."
    assert app.pills(key="target").value == ["suffix"]
    assert "Left out" not in texts(browse(scope="word", flag="none", score=["0.2", "1"], sort="mean"))


def test_what_was_left_out_of_a_link_is_said_until_the_filter_changes(data: Path) -> None:
    make_build([*document_rows(0), *document_rows(1)], data)
    app = browse(flag="nonsense")
    assert "Left out" in texts(app.run())
    assert "Left out" not in texts(app.pills(key="scope").set_value(["word"]).run())


@pytest.mark.parametrize("value", [HOSTILE, "<img src=x onerror=alert(1)>", "\u202etxt.exe", "x" * 5000])
def test_a_hostile_value_of_a_link_is_told_as_text(data: Path, value: str) -> None:
    make_build(document_rows(0), data)
    said = next(text for text in texts(browse(scope=value)).splitlines() if text.startswith("Left out"))
    assert len(said) < 200
    assert "\u202e" not in said


def test_a_link_opens_its_probe_even_outside_its_filters(data: Path) -> None:
    make_build([*document_rows(0), *document_rows(1)], data)
    listed = browse(scope="whole", sort="document")
    probe = str(listed.query_params["probe"])
    outside = browse(scope="word", probe=probe)
    assert outside.query_params["probe"] == probe
    assert "This probe is outside the filters, which mean 10 probes in 2 documents." in texts(outside)
    assert "slot 15" in card(outside)


def test_an_unknown_probe_is_said_and_the_first_is_shown(data: Path) -> None:
    make_build(document_rows(0), data)
    app = browse(probe="nosuchprobe0")
    assert "No probe has the id nosuchprobe0 in this build" in texts(app)
    assert "slot" in card(app)


def test_changing_a_filter_moves_on_from_a_probe_that_it_drops(data: Path) -> None:
    make_build([*document_rows(0), *document_rows(1)], data)
    app = browse(scope="whole")
    app.pills(key="scope").set_value(["word"]).run()
    assert "1 of 10 probes" in texts(app)
    assert "slot 15" not in card(app)


def test_pages_turn(data: Path) -> None:
    make_build([*document_rows(0), *document_rows(1)], data)
    app = browse()
    app.button(key="page-next").click().run()
    assert "26 of 32 probes" in texts(app)
    app.button(key="page-back").click().run()
    assert "1 of 32 probes" in texts(app)


def test_nothing_found_says_what_to_do_and_clears(data: Path) -> None:
    make_build(document_rows(0), data)
    app = browse(q="nothing like this", scope="word")
    assert not app.exception
    assert app.subheader[0].value == "No probe matches these filters"
    app.button[0].click().run()
    assert "1 of 16 probes in 1 document" in texts(app)


def test_a_wrong_expression_is_said(data: Path) -> None:
    make_build(document_rows(0), data)
    app = browse(q="(", regex="true")
    assert "no regular expression" in texts(app)
    assert "1 of 16 probes" in texts(app)


def test_without_a_build_the_screen_says_how_to_get_one(data: Path) -> None:
    app = browse()
    assert app.title[0].value == "No build yet"
    assert "python -m pipeline import" in app.code[0].value


def test_an_empty_build_says_so(data: Path) -> None:
    make_build([], data)
    assert browse().subheader[0].value == "This build holds no probes"


def test_a_damaged_build_says_so(data: Path) -> None:
    build = make_build(document_rows(0), data)
    (build / "index" / "index.json").write_text("{")
    app = browse()
    assert app.title[0].value == "This build cannot be opened"
    assert "damaged" in app.code[0].value


HOSTILE_ROWS = [
    published_row(
        row_seed=0,
        verbalizer_prompt=HOSTILE,
        target_response=HOSTILE,
        incorrect_plausible_answer=HOSTILE,
        bb_answer_rollout_answers=[HOSTILE] * 5,
        difficulty_check=HOSTILE * 200,
        doc_source=f"https://{HOSTILE}",
        doc_id=HOSTILE,
        source=HOSTILE,
    ),
    published_row(row_seed=1, verbalizer_prompt=None, atom_text=None, incorrect_plausible_answer=""),
    published_row(row_seed=2, scope=None, slot_idx=None, typicality="unheard of"),
    published_row(row_seed=3, scope="clause", slot_idx=20.0),
    published_row(row_seed=4, bb_answer_rollout_scores=[0.5], bb_answer_rollout_answers=["one"]),
    published_row(row_seed=5, bb_answer_rollout_scores=None, bb_answer_rollout_answers=None),
    published_row(row_seed=6, bb_answer_rollout_scores=[None, 0.2, None, 0.1, 0.0]),
    published_row(row_seed=7, doc="word " * 3000, split_char_offset=9000, atom_text="word word"),
    published_row(row_seed=8, split_char_offset=99999),
    published_row(row_seed=9, context="something else"),
    published_row(row_seed=10, atom_text="a text that the document does not hold"),
    published_row(row_seed=11, row_splits=None),
]


@pytest.mark.parametrize("number", range(len(HOSTILE_ROWS)))
def test_dirty_rows_are_drawn(data: Path, number: int) -> None:
    make_build([HOSTILE_ROWS[number]], data)
    app = browse(q="e", **{"in": ["question", "document"]})
    assert not app.exception
    app.pills(key="in").set_value([]).run()
    assert not app.exception
    assert "<article" in "".join(block.value for block in app.get("html"))


def test_hostile_text_is_escaped_everywhere(data: Path) -> None:
    make_build([HOSTILE_ROWS[0]], data)
    app = browse()
    drawn = "".join(block.value for block in app.get("html"))
    assert "<script" not in drawn
    assert "<img" not in drawn
    assert "\u202e" not in drawn
    marked = [element.value for kind in ("markdown", "caption", "subheader", "title") for element in app.get(kind)]
    assert not any("evil.example" in value for value in marked)


def test_a_probe_can_be_opened_while_the_filters_mean_none(data: Path) -> None:
    make_build(document_rows(0), data)
    probe = str(browse().query_params["probe"])
    app = browse(q="nothing like this", probe=probe)
    assert "This probe is outside the filters, which mean 0 probes in 0 documents." in texts(app)


def test_foreign_values_have_pills_of_their_own(data: Path) -> None:
    rows = [published_row(row_seed=n, typicality=value) for n, value in enumerate(("none", None, "*weird* :smile:"))]
    make_build(rows, data)
    for link in ("none", "=none", "=%2Aweird%2A%20%3Asmile%3A"):
        assert "1 of 1 probe in 1 document (build: 3)" in texts(browse(typicality=link))


def test_a_build_that_is_not_there_is_said(data: Path) -> None:
    make_build(document_rows(0), data)
    assert "There is no build called nope; tiny is open." in texts(browse(build="nope"))


def test_another_build_comes_with_its_own_thresholds(data: Path) -> None:
    make_build(document_rows(0), data, name="one")
    two = make_build(document_rows(0), data, name="two")
    settings = json.loads((two / "build.json").read_text())
    (two / "build.json").write_text(json.dumps(settings | {"thresholds": {"hard_below": 25, "easy_from": 90}}))
    app = browse()
    app.selectbox(key="build").set_value("two").run()
    assert app.slider(key="cut").value == (0.25, 0.9)
