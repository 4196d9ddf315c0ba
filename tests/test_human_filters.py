"""The filters by human label: what a link says is what the sidebar reads, whatever persons call themselves."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from pages.shared import spelling
from queries.labels import Verdict
from queries.schema import Filter, Label, Scope
from queries.store import Store, read_index
from tests.builds import document_rows, make_build
from tests.labels.presses import BUILD, press
from tests.labels.queue_builds import open_log

FRAME = str(Path(__file__).parents[1] / "pages" / "shared" / "frame.py")
SIDEBAR = str(Path(__file__).parent / "apps" / "sidebar_app.py")
UGLY = (
    "ada", "person 1", "none", "adjudicated", "HARD", "word", "a_b", "*bold*", ":smile:", "=ada", "=%61da", "a:HARD",
    "a:blind", "x & y=z", "<img src=x onerror=alert(1)>", "René Ø", "\u202egnp.exe", "a" * 200, "%", "[l](http://e.example)",
)  # fmt: skip
NAMES = st.sampled_from(UGLY) | st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)
SAID = st.sampled_from([*Verdict, *(f"blind {verdict}" for verdict in Verdict)])
VOTES = st.tuples(NAMES | st.just(""), SAID).map(":".join)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with one labelled build, and one without labels."""
    root = tmp_path_factory.mktemp("human")
    for name in (BUILD, "unlabelled"):
        make_build([*document_rows(0), *document_rows(1)], root, name=name)
    store = Store(read_index(root / "builds" / BUILD))
    found = store._con.sql("select probe_id, content_hash from probes order by probe_id").fetchall()
    log = open_log(root)
    for (probe, content), verdict in zip(found, [*Verdict, Verdict.HARD, Verdict.HARD], strict=False):
        log.append(press(probe, verdict=verdict, content_hash=content))
    log.append(press(found[0][0], annotator="*b*", blind_verdict=Verdict.EASY, content_hash=found[0][1]))
    log.append(press(found[4][0], annotator="*b*", verdict=Verdict.EASY, content_hash="older"))
    return root


@pytest.fixture(autouse=True)
def data(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBES_DATA", str(root))


def run(script: str, query: dict[str, Any], **state: Any) -> AppTest:
    app = AppTest.from_file(script, default_timeout=30)
    for key, value in query.items():
        app.query_params[key] = value
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app


def standing(app: AppTest) -> str:
    return next(element.value for element in app.text if " probe" in element.value and " of " in element.value)


@given(
    verdicts=st.lists(st.sampled_from(["HARD", "EASY", "UNSURE", "STALE", ""]), unique=True).map(tuple),
    annotators=st.lists(NAMES | st.just(""), max_size=3, unique=True).map(tuple),
    votes=st.lists(VOTES, max_size=2, unique=True).map(tuple),
    labels=st.sampled_from([(), (Label.HARD,), (Label.EASY, Label.UNSCORED)]),
    scopes=st.sampled_from([(), (Scope.WORD,)]),
    score_from=st.sampled_from([None, 20]),
    host=st.sampled_from([None, "", "example.org"]),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_link_to_a_filter_is_read_as_that_filter(**fields: Any) -> None:
    where = Filter(**fields)
    query = run(SIDEBAR, {"build": BUILD}, wanted=where).session_state["link"]
    travelled = parse_qs(urlencode(query, doseq=True), keep_blank_values=True)
    assert run(SIDEBAR, travelled).session_state["read"] == where


@given(NAMES, NAMES)
def test_no_two_annotators_are_called_alike_and_none_is_markup(one: str, other: str) -> None:
    assert spelling.voice_of(spelling.voice(one)) == one
    assert (spelling.voice(one) == spelling.voice(other)) == (one == other)
    assert spelling.voice(one) not in (spelling.NOTHING, spelling.DECISION)
    assert not set(spelling.voice(one)) & set("*_:[]()<>$`~#!|\\\n")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"verdict": "HARD"}, "1 of 2 probes"),
        ({"verdict": ["EASY", "UNSURE"]}, "1 of 3 probes"),
        ({"verdict": "none"}, "1 of 27 probes"),
        ({"verdict": ["none", "HARD"]}, "1 of 29 probes"),
        ({"annotator": "ada"}, "1 of 5 probes"),
        ({"annotator": "=%2Ab%2A"}, "1 of 2 probes"),
        ({"annotator": "=%2Ab%2A", "verdict": "STALE"}, "1 of 1 probe"),
        ({"vote": ["ada:HARD", "=%2Ab%2A:blind EASY"]}, "1 of 1 probe"),
        ({"vote": ["ada:HARD", "no vote", "ada:MAYBE"]}, "1 of 3 probes"),
    ],
)
def test_a_link_by_human_label_opens_its_probes(query: dict[str, Any], said: str) -> None:
    assert said in standing(run(FRAME, {"build": BUILD, **query}))


@pytest.mark.parametrize("query", [{"annotator": "nobody"}, {"vote": "nobody:HARD"}, {"verdict": "HARD"}])
def test_what_nobody_said_finds_nothing_and_is_cleared(query: dict[str, str]) -> None:
    app = run(FRAME, {"build": "unlabelled", **query})
    assert app.subheader[0].value == "No probe matches these filters"
    app.button[0].click().run()
    assert "1 of 32 probes" in standing(app)
    assert not set(query) & set(app.query_params)


@pytest.mark.parametrize("build", [BUILD, "unlabelled"])
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"verdict": ["MAYBE", "HARD"]}, "verdict MAYBE"),
        ({"annotator": ["*b*", "ada"]}, "annotator *b*"),
        ({"vote": ["no vote", "ada:MAYBE", "ada:HARD"]}, "vote no vote, vote ada:MAYBE"),
        ({"vote": "*b*:HARD"}, "vote *b*:HARD"),
    ],
)
def test_what_a_link_asks_of_human_labels_and_nothing_matches_is_said(
    build: str, query: dict[str, Any], named: str
) -> None:
    app = run(FRAME, {"build": build, **query})
    said = [text.value for text in app.text if text.value.startswith("Left out")]
    assert said == [f"Left out of the link, as no option matches: {named}."]


@pytest.mark.parametrize("query", [{"annotator": "nobody"}, {"annotator": "=%2Ab%2A"}, {"vote": "ada:HARD"}])
def test_what_a_link_asks_of_human_labels_and_is_shown_is_not_said(query: dict[str, str]) -> None:
    app = run(FRAME, {"build": BUILD, **query})
    assert not [text for text in app.text if text.value.startswith("Left out")]


def test_without_labels_there_is_no_filter_by_label() -> None:
    app = run(FRAME, {"build": "unlabelled"})
    assert not {"verdict", "annotator", "vote"} & {widget.key for widget in (*app.pills, *app.multiselect)}


def test_a_vote_is_taken_away_by_hand() -> None:
    app = run(FRAME, {"build": BUILD, "vote": ["ada:HARD", "ada:EASY"]})
    assert app.subheader[0].value == "No probe matches these filters"
    app.multiselect(key="vote").set_value(["ada:HARD"]).run()
    assert "1 of 3 probes" in standing(app)
    app.multiselect(key="vote").set_value([]).run()
    assert " of 32 probes" in standing(app)


def test_a_person_who_labels_later_is_offered_then(root: Path) -> None:
    app = run(FRAME, {"build": BUILD})
    assert "eve" not in app.multiselect(key="annotator").options
    log = open_log(root)
    log.append(press("p", annotator="eve", note="no verdict yet"))
    app.run()
    assert "eve" not in app.multiselect(key="annotator").options
    log.append(press("p", annotator="eve"))
    app.multiselect(key="annotator").set_value(["ada"]).run()
    assert "eve" in app.multiselect(key="annotator").options
    assert "1 of 5 probes" in standing(app)
