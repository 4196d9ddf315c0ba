"""Human labels on Browse and Scores without a browser: what is shown is what persons said, and their text is inert."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from queries.labels import LabelLog, Op, ReasonTag, Verdict
from queries.queues import Ordering, Queue, Queues, Wish
from queries.schema import Filter
from queries.store import Store, read_index
from tests.builds import make_build, spread_rows
from tests.labels.presses import BUILD, press
from tests.labels.queue_builds import open_log

FRAME = str(Path(__file__).parents[1] / "pages" / "shared" / "frame.py")
HOSTILE = "<img src=x onerror=alert(1)> **bold** :red[x] ![x](http://evil.example/i.png)"
HARD, EASY, UNSURE = Verdict
DOCUMENTS = 6


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    make_build(spread_rows(DOCUMENTS), tmp_path, name=BUILD)
    return tmp_path


@pytest.fixture
def store(root: Path) -> Iterator[Store]:
    store = Store(read_index(root / "builds" / BUILD))
    yield store
    store.close()


@pytest.fixture
def log(root: Path) -> LabelLog:
    return open_log(root)


def show(screen: str, **query: Any) -> AppTest:
    app = AppTest.from_file(FRAME, default_timeout=30)
    if screen != "browse":
        app.switch_page(f"../{screen}.py")
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def drawn(app: AppTest) -> str:
    return "".join(block.value for block in app.get("html"))


def read(text: str) -> str:
    """Return HTML as a reader sees it."""
    return " ".join(html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL)).split())


def probes(store: Store) -> list[tuple[str, str, int | None]]:
    """The probes with their content hashes and max scores, those with scores first."""
    rows = store._con.cursor().execute(
        "select probe_id, content_hash, facets.score from probes join facets using (probe_id) order by 3 is null, 1"
    )
    return [(str(probe), str(content), score) for probe, content, score in rows.fetchall()]


def queue(store: Store, log: LabelLog, **wish: Any) -> Queue:
    asked = {"name": "q", "made_by": "ada", "where": Filter(), "ordering": Ordering.RANDOM, "size": 16 * DOCUMENTS}
    return Queues(log.database).make(store, Wish(**{**asked, **wish}), build=BUILD)


# ---- the probe card --------------------------------------------------------------------------------------------------


def test_a_probe_without_labels_shows_the_automatic_one_alone(store: Store) -> None:
    card = drawn(show("browse", probe=probes(store)[0][0]))
    assert "human" not in read(card).lower()


def test_the_card_shows_the_human_label_and_every_opinion_behind_it(store: Store, log: LabelLog) -> None:
    probe, content, _ = probes(store)[0]
    own = {"content_hash": content}
    log.append(press(probe, **own, blind_verdict=EASY, answer="The pilot."))
    log.append(press(probe, **own, verdict=HARD, note="hm", reasons=(ReasonTag.VAGUE_QUESTION,), flagged=True))
    log.append(press(probe, annotator="bob", **own, blind_verdict=HARD))
    log.append(press(probe, annotator="eve", **own, verdict=EASY))
    log.append(press(probe, annotator="old", content_hash="older", verdict=EASY))
    card = read(drawn(show("browse", probe=probe)))
    assert "human HARD" in card
    assert "Human label HARD: by majority · 2 HARD, 1 EASY, 0 UNSURE, 1 of older content" in card
    assert re.search(r"ada blind EASY → final HARD · flagged · \d{4}-\d\d-\d\d \d\d:\d\d UTC", card)
    assert "Reasons vague question Own answer The pilot. Note hm" in card
    assert "bob blind HARD ·" in card
    assert "eve EASY, hidden side in view ·" in card
    assert "old EASY, hidden side in view · stale: the probe has changed since" in card
    log.append(press(probe, annotator="zoe", op=Op.ADJUDICATE, verdict=EASY, **own))
    card = read(drawn(show("browse", probe=probe)))
    assert "Human label EASY: adjudicated · 2 HARD" in card
    assert "adjudicated by zoe EASY" in card


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([{"verdict": HARD}], "Human label HARD: by one person · 1 HARD, 0 EASY, 0 UNSURE"),
        ([{"verdict": HARD}, {"verdict": EASY}], "Human label UNSURE: disputed, as many HARD as EASY · 1 HARD, 1 EASY"),
        ([{"verdict": HARD, "content_hash": "older"}], "Human label STALE: all that was said concerns older content"),
        ([{"note": "look again"}], "No human label; what persons left here"),
    ],
)
def test_the_card_says_how_the_human_label_came_about(
    store: Store, log: LabelLog, events: list[dict[str, Any]], said: str
) -> None:
    probe, content, _ = probes(store)[0]
    for number, event in enumerate(events):
        log.append(press(probe, annotator=f"a{number}", **{"content_hash": content, **event}))
    assert said in read(drawn(show("browse", probe=probe)))


def test_what_persons_write_is_shown_and_does_nothing(store: Store, log: LabelLog) -> None:
    probe, content, _ = probes(store)[0]
    log.append(
        press(probe, annotator=HOSTILE, content_hash=content, verdict=HARD, note=HOSTILE, answer="\u202e" + HOSTILE)
    )
    app = show("browse", probe=probe, verdict="HARD")
    assert read(drawn(app)).count("onerror=alert(1)> **bold**") == 3
    assert "<img" not in drawn(app)
    assert "\u202e" not in drawn(app)
    labels = app.multiselect(key="annotator").options
    assert not any(set(label) & set("*[]<>:!(") for label in labels)


def test_a_label_given_while_the_screen_is_open_is_there_at_the_next_step(store: Store, log: LabelLog) -> None:
    probe, content, _ = probes(store)[0]
    app = show("browse", probe=probe)
    log.append(press(probe, content_hash=content, verdict=EASY))
    assert "human EASY" in read(drawn(app.run()))


# ---- the score distribution ------------------------------------------------------------------------------------------


def figure(app: AppTest) -> dict[str, Any]:
    return dict(json.loads(app.get("plotly_chart")[0].proto.spec))


def points(app: AppTest) -> dict[str, Any] | None:
    return next((trace for trace in figure(app)["data"] if trace["type"] == "scatter"), None)


def label_all(store: Store, log: LabelLog, given: Queue, *, stop: int = 1000) -> None:
    """Judge the probes of a queue: HARD below 0.5, EASY from there, so that the shares by bin are known."""
    wanted = {item.probe_id for item in Queues(log.database).items(given)}
    log.append_all(
        press(probe, content_hash=content, queue_id=given.queue_id, verdict=HARD if (score or 0) < 50 else EASY)
        for probe, content, score in probes(store)[:stop]
        if probe in wanted
    )


def test_human_shares_of_hard_are_drawn_over_the_bars(store: Store, log: LabelLog) -> None:
    label_all(store, log, queue(store, log, name=HOSTILE))
    app = show("scores")
    found = points(app)
    assert found is not None
    by_bin: dict[int, list[bool]] = {}
    for _, _, score in probes(store):
        if score is not None:
            by_bin.setdefault(min(score // 20, 4), []).append(score < 50)
    assert found["y"] == pytest.approx([sum(hard) / len(hard) for _, hard in sorted(by_bin.items())])
    assert "labels" in found["hovertext"][0]
    said = read(drawn(app))
    assert f"It rests on {6 * DOCUMENTS} labels of scored probes in {DOCUMENTS} documents" in said
    assert f"from the Estimate queue {HOSTILE} (random, drawn on" in said
    assert f"from {16 * DOCUMENTS} probes)" in said
    assert "<img" not in drawn(app)


def test_a_narrower_screen_rests_on_the_labels_that_it_means(store: Store, log: LabelLog) -> None:
    label_all(store, log, queue(store, log))
    said = read(drawn(show("scores", scope="whole", label=["HARD", "MIDDLE", "EASY"])))
    assert f"It rests on {DOCUMENTS} labels of scored probes in {DOCUMENTS} documents" in said


def test_of_several_queues_the_one_with_most_labels_speaks(store: Store, log: LabelLog) -> None:
    label_all(store, log, queue(store, log, name="long", size=80))
    label_all(store, log, queue(store, log, name="never finished"), stop=0)
    said = read(drawn(show("scores")))
    assert "from the Estimate queue long" in said
    assert "Of 2 queues drawn from all of these probes it has the most labels." in said


@pytest.mark.parametrize(
    ("wish", "query", "said"),
    [
        (None, {}, "there is no Estimate queue. Make an Estimate queue in Relabel"),
        ({"ordering": Ordering.BOUNDARY}, {}, "there is no Estimate queue. Make an Estimate queue in Relabel"),
        ({"where": Filter(scopes=("whole",))}, {}, "no Estimate queue was drawn from all of these probes"),
        ({}, {"verdict": "HARD"}, "A filter by human label is on"),
        ({}, {"by": "scope"}, "choose Split by nothing"),
    ],
)
def test_without_labels_that_may_speak_the_screen_says_why(
    store: Store, log: LabelLog, wish: dict[str, Any] | None, query: dict[str, str], said: str
) -> None:
    if wish is not None:
        label_all(store, log, queue(store, log, **wish))
    app = show("scores", **query)
    assert said in read(drawn(app))
    assert points(app) is None


def test_a_queue_without_labels_asks_for_some(store: Store, log: LabelLog) -> None:
    queue(store, log, name="fresh")
    assert "the queue fresh has no labels of these probes" in read(drawn(show("scores")))


def test_every_count_of_the_table_opens_as_many_probes(store: Store, log: LabelLog) -> None:
    label_all(store, log, queue(store, log))
    table = next(block.value for block in show("scores", target="suffix").get("html") if "shares human" in block.value)
    found = re.findall(r'href="./\?([^"]+)" title="(\d+) probes"', table)
    assert len(found) >= 4
    for query, count in found:
        app = show("browse", **parse_qs(html.unescape(query)))
        assert any(f"of {count} probe" in text.value for text in app.text), query


def test_a_label_database_that_cannot_be_read_leaves_the_scores(root: Path) -> None:
    (root / "labels.db").write_bytes(b"no database at all, but long enough to be read as one" * 40)
    app = show("scores")
    assert len(app.get("plotly_chart")) == 1
    assert points(app) is None
    streamlit.cache_resource.clear()  # the app lets a database that failed rest for a while


def test_a_build_that_has_grown_since_is_said_to_have(store: Store, log: LabelLog, root: Path) -> None:
    label_all(store, log, queue(store, log))
    store.close()
    make_build(spread_rows(DOCUMENTS + 1), root / "more", name=BUILD)
    (root / "builds" / BUILD).rename(root / "older")
    (root / "more" / "builds" / BUILD).rename(root / "builds" / BUILD)
    said = read(drawn(show("scores")))
    assert f"The build has changed since: the same filter now means {16 * (DOCUMENTS + 1)}." in said
