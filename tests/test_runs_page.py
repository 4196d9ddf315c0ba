"""Runs without a browser: every state of a run draws with what to do next, and the form starts what it says."""

import html
import json
import re
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pipeline.addenda import write_addendum
from pipeline.build import choose_level
from pipeline.money.ledger import ledger_at
from pipeline.running import runs
from pipeline.running.state import LIVING, LOOKING
from pipeline.stages import STAGES
from tests.builds import document_rows, make_build
from tests.hostile import HOSTILE
from tests.run_folders import ARGUMENTS, BEGUN, ORDER, PAYING, RUN, STATUS, end, living, run_folder

FRAME = str(Path(__file__).parents[1] / "pages" / "shared" / "frame.py")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    monkeypatch.setenv("PROBES_ANNOTATOR", "ada")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    return tmp_path


def screen(**query: str) -> AppTest:
    app = AppTest.from_file(FRAME, default_timeout=60)
    app.switch_page("../runs.py")
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def card(app: AppTest) -> str:
    """The run's card as a reader sees it."""
    blocks = [block.value for block in app.get("html") if "<article" in block.value]
    return " ".join(html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", blocks[0])).split()) if blocks else ""


def texts(app: AppTest) -> str:
    return "\n".join(element.value for kind in (app.text, app.caption, app.code) for element in kind)


def buttons(app: AppTest) -> dict[str, bool]:
    """The buttons by label, and whether they can be pressed."""
    return {button.label: not button.disabled for button in app.button}


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    return app


STARTED = {"run_json": ORDER, "begun_json": BEGUN, "log_txt": "Round 1: 8 documents drawn.\n"}
PAUSED = STATUS | {"state": "paused", "note": "The cap is reached."}


@pytest.mark.parametrize(
    ("lives", "files", "said", "offered"),
    [
        (True, {"run_json": ORDER}, "queued whole round · tiny · round 1", "Stop"),
        (True, STARTED, "running whole round · tiny · round 1 level -2 · 8 documents", "Stop"),
        (True, STARTED | {"status_json": STATUS}, "judge · 60 of 120 · 6 a second · about 10 s left", "Stop"),
        (True, STARTED | {"status_json": STATUS, "stop": ""}, "replies that are under way are paid for", None),
        (True, STARTED | {"status_json": "{"}, "status.json of this run is damaged", "Stop"),
        (False, STARTED | {"end_json": end(0)}, "finished whole round", None),
        (False, STARTED | {"end_json": end(2, "run: The disk is full.")}, "run: The disk is full.", "Resume"),
        (False, STARTED | {"end_json": end(130)}, "It was stopped; what is done is kept", "Resume"),
        (False, STARTED | {"end_json": end(2, "The cap is reached."), "status_json": PAUSED}, "paused", "Resume"),
        (False, STARTED | {"status_json": STATUS}, "died whole round", "Resume"),
        (False, STARTED | {"status_json": STATUS}, "The process ended without a last word", "Resume"),
        (False, {"run_json": ORDER}, "The process ended before it began: the log tells why", "Resume"),
        (False, {"run_json": "["}, "run.json of this run is damaged", None),
        (
            False,
            STARTED | {"resumed": "20261120T111112000Z-run-0a1b2c"},
            "resumed as 20261120T111112000Z-run-0a1b2c",
            None,
        ),
    ],
)
def test_a_run_in_any_state(data: Path, lives: bool, files: dict[str, Any], said: str, offered: str | None) -> None:
    run_folder(data, **{name: text for name, text in files.items() if name not in ("stop", "resumed")})
    for name in ("stop", "resumed"):
        if name in files:
            (data / "runs" / RUN / name).write_text(files[name], encoding="utf-8")
    with living(data) if lives else nullcontext():
        app = screen()
    assert not app.exception
    assert said in card(app)
    pressable = {label for label, on in buttons(app).items() if on}
    assert pressable & {"Stop", "Resume"} == ({offered} if offered else set())


def test_without_runs_the_form_is_there_even_without_a_build(data: Path) -> None:
    app = screen()
    assert not app.exception
    assert app.subheader[0].value == "New run"
    assert "Still to be said: Build." in texts(app)
    assert "Start" not in buttons(app)


def test_the_newest_living_run_is_shown_else_the_newest(data: Path) -> None:
    old, new = run_folder(data, **STARTED), run_folder(data, id="20261121T101112000Z-import-0a1b2c", **STARTED)
    assert "whole round" not in card(screen())
    with living(data, old):
        assert "running whole round" in card(screen())
    assert "import" in card(screen(run=new))


def test_a_link_opens_its_run_and_an_unknown_one_is_said(data: Path) -> None:
    run_folder(data, **STARTED)
    run_folder(data, id="20261121T101112000Z-import-0a1b2c", **STARTED)
    assert "whole round" in card(screen(run=RUN))
    app = screen(run="../../etc")
    assert not app.exception
    assert "There is no run '../../etc'." in texts(app)


def test_the_log_is_shown_as_plain_text(data: Path) -> None:
    run_folder(data, run_json=ORDER, begun_json=BEGUN, log_txt=f"{HOSTILE}\nsk-ant-api03-abc\n")
    app = screen()
    assert "sk-ant-***" in app.code[0].value
    assert "sk-ant-api" not in texts(app)


def test_hostile_words_of_a_run_are_escaped(data: Path) -> None:
    bad = {"stage": HOSTILE, "note": HOSTILE, **{key: STATUS[key] for key in ("state", "started", "updated", "done")}}
    arguments = ARGUMENTS | {"build": HOSTILE, "model": HOSTILE, "backend": HOSTILE}
    run_folder(
        data,
        run_json=ORDER | {"by": HOSTILE},
        begun_json=BEGUN | {"arguments": arguments},
        status_json=bad,
        end_json=end(2, HOSTILE),
    )
    app = screen()
    assert not app.exception
    shown = "".join(block.value for block in app.get("html"))
    assert not re.search(r"<(script|img|form|iframe|a|input|link)\b", shown)


def test_a_stopped_run_is_asked_to_stop_once(data: Path) -> None:
    run_folder(data, **STARTED)
    with living(data):
        app = press(screen(), "Stop")
        assert (data / "runs" / RUN / "stop").exists()
        assert not buttons(app)["Stop"]


def over(id: str) -> runs.Run:
    while (run := runs.read(id)).state in LIVING:
        time.sleep(0.02)
    return run


def test_resuming_starts_the_same_command_and_shows_it(data: Path) -> None:
    run_folder(data, run_json=ORDER | {"words": ["import", "nowhere", "--build=tiny"]}, begun_json=BEGUN)
    app = press(screen(), "Resume")
    new = runs.newest(1)[0]
    assert new.id in app.query_params["run"]
    assert new.order is not None
    assert (new.order.words, new.order.resumes) == (("import", "nowhere", "--build=tiny"), RUN)
    assert over(new.id).end is not None


def test_resuming_what_costs_money_wants_the_builds_name(data: Path) -> None:
    run_folder(data, run_json=ORDER, begun_json=PAYING, status_json=PAUSED, end_json=end(2, "no"))
    app = screen()
    assert not buttons(app)["Resume"]
    app.text_input(key=f"confirm-{RUN}").input("tin").run()
    assert not buttons(app)["Resume"]
    app.text_input(key=f"confirm-{RUN}").input("tiny").run()
    assert buttons(app)["Resume"]
    assert len(runs.newest(9)) == 1


def form(app: AppTest, stage: str, **values: Any) -> AppTest:
    """Fill the form in."""
    if stage != "run":
        app.selectbox(key="stage-").set_value(stage).run()
    for name, value in values.items():
        kinds = (app.selectbox, app.text_input, app.number_input)
        field = next(field for kind in kinds for field in kind if field.key == f"{stage}-{name}-")
        if field.type == "selectbox" and value not in field.options:
            field.options.append(value)  # a browser sends what was typed; AppTest knows only what is on the list
        field.set_value(value).run()
    return app


def test_the_form_starts_what_it_shows(data: Path) -> None:
    app = form(screen(), "import", source="sample/hub", build="mine", limit=32)
    assert "python -m pipeline import sample/hub --build=mine --limit=32" in texts(app)
    press(app, "Start")
    run = over(runs.newest(1)[0].id)
    assert run.order is not None
    assert (run.order.by, run.order.words) == ("ada", ("import", "sample/hub", "--build=mine", "--limit=32"))
    assert run.end is not None
    assert "32 probes" in run.end.said
    assert "import · mine" in card(app)


def test_the_first_run_of_all_stands_in_the_address_and_leaves_the_form_free(data: Path) -> None:
    app = press(form(screen(), "import", source="nowhere", build="mine"), "Start")
    run = over(runs.newest(1)[0].id)
    assert run.id in app.query_params["run"]
    assert "import · mine" in card(app)
    press(app, "New run")
    assert app.subheader[0].value == "New run"


def test_running_the_script_again_starts_nothing_more(data: Path) -> None:
    app = press(form(screen(), "import", source="nowhere", build="mine"), "Start")
    app.run()
    over(runs.newest(1)[0].id)
    assert len(runs.newest(9)) == 1


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES if stage.name not in LOOKING])
def test_every_stage_has_a_form(data: Path, stage: str) -> None:
    make_build(document_rows(0), data)
    app = form(screen(), stage, build="tiny")
    assert not app.exception
    assert f"python -m pipeline {stage}" in texts(app) or "Still to be said" in texts(app)


def test_a_build_that_cannot_be_is_refused_in_words(data: Path) -> None:
    app = form(screen(), "import", source="x", build="../up")
    assert "is no name for a build" in texts(app)
    assert "Start" not in buttons(app)


def test_the_form_offers_the_levels_that_a_build_has_of_its_own(data: Path) -> None:
    make_build(document_rows(0), data)
    write_addendum(data / "builds" / "tiny", level=4, text="Calibration: harder still.", by="ada", why="to see")
    app = form(screen(), "run", build="tiny", round=1)
    assert "+4" in app.selectbox(key="run-level-").options
    form(app, "run", build="other")
    assert "+4" not in app.selectbox(key="run-level-").options


def test_the_form_tells_which_rounds_a_build_has(data: Path) -> None:
    make_build(document_rows(0), data)
    assert "tiny has round 0; this goes on with it. Round 1 is free." in texts(form(screen(), "run", build="tiny"))


def test_the_form_tells_at_which_level_the_next_round_is_made(data: Path) -> None:
    make_build(document_rows(0), data)
    build = data / "builds" / "tiny"
    assert "It is made at level -2, as the published build." in texts(form(screen(), "run", build="tiny", round=1))
    choose_level(build, level=1, by="ada", why="to see", sweep=None)
    assert "It is made at level +1, which was chosen on Calibrate." in texts(
        form(screen(), "run", build="tiny", round=1)
    )
    assert "at level" not in texts(form(screen(), "run", build="tiny", round=1, level=3))


def drawn(data: Path) -> None:
    """Draw the first documents of the sample into round 0 of a build, so that its cost can be told."""
    id = runs.start(["sample", "sample/rollouts.jsonl", "--build=paid", "--docs=2", "--source-model=m"], by="ada")
    assert over(id).state == "finished"


PAID = {"build": "paid", "backend": "batches"}


def test_what_costs_money_is_started_only_after_its_estimate_and_the_builds_name(data: Path) -> None:
    drawn(data)
    app = form(screen(run="new"), "generate", **PAID, cap="3.5")
    assert "Start" not in buttons(app)
    press(app, "Estimate the cost")
    assert "2 requests, about" in texts(app)
    assert "It may spend up to 3.5 USD" in texts(app)
    assert not buttons(app)["Start"]
    app.text_input(key="confirm").input("pai").run()
    assert not buttons(app)["Start"]
    app.text_input(key="confirm").input("paid").run()
    press(app, "Start")
    run = over(runs.newest(1)[0].id)
    assert run.order is not None
    assert run.order.words[0] == "generate"
    assert {"--backend=batches", "--cap=3.5", "--build=paid"} <= set(run.order.words)
    assert run.end is not None
    assert "ANTHROPIC_API_KEY" in run.end.said


def test_an_estimate_is_of_one_command_alone(data: Path) -> None:
    drawn(data)
    app = press(form(screen(run="new"), "generate", **PAID, cap="3"), "Estimate the cost")
    assert "Start" in buttons(app)
    form(app, "generate", cap="9")
    assert "Start" not in buttons(app)


def test_a_cap_of_nothing_and_a_missing_key_are_said_before_anything_is_started(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn(data)
    app = press(form(screen(run="new"), "generate", **PAID), "Estimate the cost")
    assert "2 requests, about" in texts(app)
    assert "With a cap of 0 USD nothing would be asked" in texts(app)
    assert "Start" not in buttons(app)
    assert "without ANTHROPIC_API_KEY" in texts(app)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary")
    assert "without ANTHROPIC_API_KEY" not in texts(app.run())


def test_an_empty_field_tells_what_counts_instead(data: Path) -> None:
    app = screen(run="new")
    assert app.text_input(key="run-source-").placeholder == "the sample's"
    assert app.number_input(key="run-docs-").placeholder == "40"


def test_an_estimate_that_fails_says_why_and_starts_nothing(data: Path) -> None:
    app = press(form(screen(run="new"), "generate", **PAID), "Estimate the cost")
    assert "no documents; run the stage sample first" in texts(app)
    assert "Start" not in buttons(app)
    assert runs.newest(9) == []


def test_another_like_it_fills_the_form(data: Path) -> None:
    run_folder(data, run_json=ORDER, begun_json=PAYING, end_json=end(0))
    app = press(screen(), "Another like this")
    assert app.subheader[0].value == "New run"
    words = ("run", "--build=tiny", "--round=1", "--backend=batches", "--cap=12.5", "--docs=8")
    assert all(word in texts(app) for word in words)


def test_the_results_of_a_round_are_shown_with_the_builds_other_rounds_behind(data: Path) -> None:
    make_build(document_rows(0), data)
    run_folder(data, run_json=ORDER, begun_json=BEGUN | {"arguments": ARGUMENTS | {"round": 0}}, end_json=end(0))
    app = screen()
    assert not app.exception
    assert "Max score of 6 probes of round 0." in texts(app)
    links = [link for block in app.get("html") for link in re.findall(r'href="([^"]+)"', block.value)]
    assert all(html.unescape(link).startswith("./?build=tiny&round=0") for link in links)
    assert len(links) > 1


def test_rejects_are_shown_with_the_raw_reply_and_why(data: Path) -> None:
    done = runs.start(["run", "--build=demo", "--docs=2"], by="ada")
    assert over(done).state == "finished"
    folder = data / "builds" / "demo" / "rounds" / "0"
    doc_id = json.loads((Path("sample") / "rollouts.jsonl").read_text(encoding="utf-8").splitlines()[0])["doc_id"]
    line = {"doc_id": doc_id, "level": -2, "slot": 3, "reason": "no_word", "detail": HOSTILE}
    (folder / "rejects.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    app = screen()
    app.segmented_control(key=f"newest-{done}").set_value("Rejects").run()
    assert not app.exception
    shown = next(block.value for block in app.get("html") if 'class="rejects"' in block.value)
    assert "no_word" in shown
    assert "<script" not in shown


def test_what_was_given_up_is_shown_without_a_reply(data: Path) -> None:
    over(runs.start(["sample", "sample/rollouts.jsonl", "--build=demo", "--docs=2", "--source-model=m"], by="ada"))
    done = runs.start(["generate", "--build=demo", "--level=3"], by="ada")
    assert over(done).state == "finished"
    app = screen(run=done)
    app.segmented_control(key=f"newest-{done}").set_value("Rejects").run()
    assert not app.exception
    assert "Given up 1 (generate)" in card(app)  # the other one is among the eight that were recorded at all levels
    assert any("given_up" in block.value and "There is no reply" in block.value for block in app.get("html"))


def test_a_sweep_tells_its_name_levels_and_money_and_leads_to_calibrate(data: Path) -> None:
    arguments = {"build": "tiny", "name": "far", "levels": "-1..1", "docs": 8, "backend": "batches", "cap": "3"}
    words = ["sweep", "--build=tiny", "--name=far", "--levels=-1..1"]
    id = "20261120T101112000Z-sweep-0a1b2c"
    run_folder(data, id=id, run_json=ORDER | {"words": words}, begun_json=PAYING | {"arguments": arguments})
    with ledger_at(data / "ledger.db"):
        app = screen()
    assert not app.exception
    assert "sweep · tiny · far levels -1..1 · 8 documents" in card(app)
    assert "Spent $0" in card(app)
    links = [link for block in app.get("html") for link in re.findall(r'href="([^"]+)"', block.value)]
    assert [html.unescape(link) for link in links] == ["./calibrate?build=tiny&sweep=far"]
