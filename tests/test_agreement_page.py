"""Agreement without a browser: every state says what it is, numbers are those of the log, and names are inert."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.agreement import adjudication
from queries.labels import LabelLog, Op, Verdict
from queries.queues import Ordering
from queries.schema import Filter
from queries.store import Store, read_index
from tests.builds import make_build, spread_rows
from tests.labels.presses import BUILD, press
from tests.labels.queue_builds import open_log
from tests.test_human_screens import HOSTILE, drawn, probes, queue, read, show

HARD, EASY, UNSURE = Verdict
DOCUMENTS = 6


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    monkeypatch.setenv("PROBES_ANNOTATOR", "zoe")
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


def agreed(**query: Any) -> AppTest:
    return show("agreement", **query)


def heads(app: AppTest) -> list[str]:
    return [head.value for head in app.subheader]


def links(text: str) -> list[str]:
    return re.findall(r'href="\./\?([^"]*)"', text)


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("Agreement", "Nobody has judged these probes yet"),
        ("Automatic label", "No Estimate queue yet"),
        ("Disagreements", "No disagreement is open"),
    ],
)
def test_without_labels_each_view_says_what_is_missing(root: Path, view: str, said: str) -> None:
    app = agreed(view=view)
    assert heads(app) == [said]
    assert any("Relabel" in text.value for text in app.text)


def test_one_annotator_is_compared_with_the_automatic_label_alone(store: Store, log: LabelLog) -> None:
    probe, content, _ = probes(store)[0]
    log.append(press(probe, content_hash=content, verdict=HARD))
    said = read(drawn(agreed()))
    assert "human label · automatic label" in said
    assert "ada · automatic label" in said
    assert "bob" not in said


def test_two_annotators_are_compared_and_their_names_do_nothing(store: Store, log: LabelLog) -> None:
    for at, (probe, content, _) in enumerate(probes(store)[:12]):
        log.append(press(probe, annotator="ada", content_hash=content, verdict=HARD if at < 8 else EASY))
        log.append(press(probe, annotator=HOSTILE, content_hash=content, verdict=HARD if at < 6 else EASY))
    app = agreed(given="final")
    app.selectbox(key="pair-final").select_index(3).run()
    assert not app.exception
    said = read(drawn(app))
    assert f"{HOSTILE} · ada" in said
    assert "2 annotators on 83%" in said
    assert "2 disputed to decide, 0 decided." in said
    assert "They agree on 83% of 12 probes in" in said
    assert "<img" not in drawn(app)
    cells = [link for link in links(drawn(app)) if link.count("vote=") == 2]
    assert len(cells) == 3  # HARD HARD, EASY EASY, and the two that differ


def test_a_choice_of_a_link_that_there_is_not_is_said(store: Store, log: LabelLog) -> None:
    app = agreed(view="Everything", given="Last", cells="HARD, EASY")
    said = [text.value for text in app.text if text.value.startswith("Left out")]
    assert said == ["Left out of the link, as no option matches: view Everything, given Last."]


def test_a_filter_by_human_label_is_left_out_with_a_word(store: Store, log: LabelLog) -> None:
    probe, content, _ = probes(store)[0]
    log.append(press(probe, content_hash=content, verdict=HARD))
    app = agreed(verdict="EASY")
    assert any("left out here" in text.value for text in app.text)
    assert "human label · automatic label" in read(drawn(app))


def test_a_hunt_says_nothing_of_the_automatic_label(store: Store, log: LabelLog) -> None:
    hunt = queue(store, log, name="odd", ordering=Ordering.SPREAD)
    probe, content, _ = probes(store)[0]
    log.append(press(probe, content_hash=content, verdict=EASY, queue_id=hunt.queue_id))
    app = agreed(view="Automatic label")
    assert heads(app) == ["No Estimate queue yet"]
    assert "Not used: labels of hunts" in read(drawn(app))


def test_the_error_of_the_automatic_label_is_the_share_in_a_queue_that_is_labelled_whole(
    store: Store, log: LabelLog
) -> None:
    given = queue(store, log, size=16 * DOCUMENTS)
    assert heads(agreed(view="Automatic label")) == ["This queue has no labels of these probes yet"]
    scored = [(probe, content, score) for probe, content, score in probes(store) if score is not None]
    decided = [score for _, _, score in scored if score < 40 or score >= 80]
    wrong = [score for score in decided if score < 20]  # persons call EASY what scores below 0.2
    log.append_all(
        press(
            probe,
            content_hash=content,
            queue_id=given.queue_id,
            verdict=EASY if (score or 0) >= 40 or (score is not None and score < 20) else HARD,
        )
        for probe, content, score in probes(store)
    )
    app = agreed(view="Automatic label")
    said = read(drawn(app))
    assert f"Wrong on {len(wrong) / len(decided):.0%}" in said
    assert f"All {len(scored)} {len(wrong) / len(decided):.1%}" in said
    assert f"From {len(scored)} labels of scored probes in {DOCUMENTS} documents" in said
    false_hard = [link for link in links(drawn(app)) if "label=HARD" in link and "verdict=EASY" in link]
    assert false_hard


def test_a_queue_over_less_than_is_meant_speaks_for_itself(store: Store, log: LabelLog) -> None:
    given = queue(store, log, where=Filter(scopes=("whole",)))
    log.append_all(
        press(probe, content_hash=content, queue_id=given.queue_id, verdict=HARD) for probe, content, _ in probes(store)
    )
    app = agreed(view="Automatic label")
    assert any("which are not all that the filters mean" in text.value for text in app.text)


@pytest.fixture
def read_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every click as one of a reader who has read the probe: a test clicks sooner than a person."""
    monkeypatch.setattr(adjudication, "UNREAD", 0)


def disputed(store: Store, log: LabelLog, count: int) -> list[str]:
    found = [(probe, content) for probe, content, score in probes(store) if score is not None][:count]
    for probe, content in found:
        log.append(press(probe, annotator="ada", content_hash=content, verdict=HARD, note="<b>why</b>"))
        log.append(press(probe, annotator="bob", content_hash=content, verdict=EASY))
    return [probe for probe, _ in found]


def test_a_click_that_was_meant_for_the_probe_before_is_left_out_and_told(
    store: Store, log: LabelLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    disputed(store, log, 2)
    monkeypatch.setattr(adjudication, "UNREAD", 60)
    app = agreed(view="Disagreements")
    app.button(key="decide-EASY").click().run()
    assert "Left out: clicked before this probe could be read" in read(drawn(app))
    assert len(list(log.events())) == 4


@pytest.mark.usefixtures("read_first")
def test_a_disagreement_is_decided_by_button_undone_and_decided_again(store: Store, log: LabelLog) -> None:
    disputed(store, log, 2)
    app = agreed(view="Disagreements")
    assert heads(app) == ["Annotators disagree on 2 probes, 2 of them HARD against EASY"]
    assert "Note <b>why</b>" in read(drawn(app))
    app.text_input(key=next(box.key for box in app.text_input if (box.key or "").startswith("note "))).input("sure")
    app.button(key="decide-EASY").click().run()
    assert not app.exception
    assert re.search(r"Saved #5: EASY for the probe \w+\.", read(drawn(app)))
    assert heads(app) == ["Annotators disagree on 1 probe, 1 of them HARD against EASY"]
    row = list(log.events())[-1]
    assert (row["op"], row["annotator"], row["verdict"], row["note"]) == ("adjudicate", "zoe", "EASY", "sure")
    app.button(key="take-back").click().run()
    assert heads(app) == ["Annotators disagree on 2 probes, 2 of them HARD against EASY"]
    for _ in range(2):
        app.button(key="decide-HARD").click().run()
    assert heads(app) == ["No disagreement is open"]
    assert any(text.value == "Every disagreement among these probes is decided." for text in app.text)
    assert "2 decided" in read(drawn(app))


@pytest.mark.usefixtures("read_first")
def test_a_decision_of_another_since_the_screen_was_drawn_stands_and_is_told(store: Store, log: LabelLog) -> None:
    disputed(store, log, 1)
    app = agreed(view="Disagreements")
    probe = next(row["probe_id"] for row in log.events())
    content = next(content for found, content, _ in probes(store) if found == probe)
    log.append(press(probe, annotator="yan", content_hash=content, op=Op.ADJUDICATE, verdict=UNSURE))
    app.button(key="decide-HARD").click().run()
    assert "Not stored: yan decided UNSURE at" in read(drawn(app))
    assert len(list(log.events())) == 3


def test_labels_that_cannot_be_read_are_told(root: Path) -> None:
    (root / "labels.db").write_text("no database at all, but long enough to be taken for one" * 20)
    app = agreed(view="Disagreements")
    assert any("Human labels cannot be read now" in warning.value for warning in app.warning)
