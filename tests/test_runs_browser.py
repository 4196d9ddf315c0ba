"""Runs as a person uses it: start the sample's round, watch it, lose the page, the server, the process; stop, resume.

A run is held still with SIGSTOP where a test must look at it in the middle.
"""

import os
import re
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.running import runs
from pipeline.running.state import LIVING, Run, RunState
from tests.browser import free_port, serving, watch
from tests.conftest import Serve

APP = Path(__file__).parents[1] / "app.py"
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def data(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PROBES_DATA", str(root))
    yield root
    for run in runs.newest(99):
        if run.state in LIVING and pid_of(run):
            os.kill(pid_of(run), signal.SIGKILL)


@pytest.fixture
def app(server: Serve, data: Path) -> str:
    return server(APP, data)


def pid_of(run: Run) -> int:
    return int((run.folder / "lock").read_text(encoding="ascii") or 0)


def wait_for(build: str, seen: Callable[[Run], bool]) -> Run:
    """Return the newest run of a build once `seen` says yes of it."""
    while True:
        newest = next((run for run in runs.newest(99) if run.settings.get("build") == build), None)
        if newest and seen(newest):
            return newest
        time.sleep(0.01)


def hold(build: str, seen: Callable[[Run], bool]) -> Run:
    """Hold the newest run of a build still in the middle of what `seen` looks for."""
    run = wait_for(build, seen)
    os.kill(pid_of(run), signal.SIGSTOP)
    return run


def go_on(run: Run) -> None:
    os.kill(pid_of(run), signal.SIGCONT)


def at_work(run: Run) -> bool:
    return run.status is not None and run.status.done > 0


def judging(run: Run) -> bool:
    return run.status is not None and run.status.stage == "judge" and run.status.done > 0


def start(page: Page, url: str, build: str) -> None:
    """Start the sample's round from the form, as round 0 of a new build."""
    page.goto(f"{url}/runs?run=new")
    page.locator(".stMain").get_by_role("combobox", name="Build").fill(build)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Start", exact=True).click()


def says(page: Page, state: str) -> None:
    expect(page.locator("article.run .state")).to_have_text(state, timeout=90_000)  # a whole round, on a busy machine


def scored(page: Page) -> int:
    told = page.get_by_text(re.compile(r"Max score of [\d,]+ probes of round 0"))
    expect(told).to_be_visible()
    return int(re.findall(r"Max score of (\d+)", told.inner_text())[0])


def test_the_samples_round_is_started_from_the_form_and_its_histogram_fills(app: str, page: Page) -> None:
    seen = watch(page, origin=app)
    start(page, app, "filling")
    run = hold("filling", judging)
    says(page, "running")
    expect(page.locator("article.run li.now")).to_have_text("judge")
    assert 0 < scored(page) < 240
    expect(page.locator(".js-plotly-plot .bars path").first).to_be_visible()
    go_on(run)
    says(page, "finished")
    expect(page.get_by_text("Max score of 240 probes of round 0")).to_be_visible()
    assert seen.foreign == []
    page.get_by_role("link", name="Open 640 probes of round 0 in Browse").click()
    expect(page.get_by_text("1 of 640 probes in 40 documents")).to_be_visible()


def test_a_run_goes_on_over_a_reload(app: str, page: Page) -> None:
    start(page, app, "reloaded")
    run = hold("reloaded", at_work)
    says(page, "running")
    page.reload()
    says(page, "running")
    assert run.id in page.url
    go_on(run)
    says(page, "finished")


def test_a_run_goes_on_while_the_server_is_killed_and_started_again(page: Page, data: Path) -> None:
    port = free_port()
    with serving(APP, data=data, port=port) as url:
        start(page, url, "served")
        run = hold("served", at_work)
        says(page, "running")
    with serving(APP, data=data, port=port):
        says(page, "running")  # a page that lost its server asks for it at ever longer intervals
        page.reload()
        says(page, "running")
        go_on(run)
        says(page, "finished")
    assert runs.read(run.id).state is RunState.FINISHED


def test_a_killed_run_has_died_and_can_be_resumed(app: str, page: Page) -> None:
    start(page, app, "killed")
    run = wait_for("killed", judging)
    os.kill(pid_of(run), signal.SIGKILL)
    says(page, "died")
    expect(page.get_by_text("The process ended without a last word")).to_be_visible()
    page.get_by_role("button", name="Resume", exact=True).click()
    says(page, "finished")
    expect(page.get_by_text(f"It resumes {run.id}")).to_be_visible()
    expect(page.get_by_text("Max score of 240 probes of round 0")).to_be_visible()


def test_a_run_is_stopped_and_resumed(app: str, page: Page) -> None:
    start(page, app, "halted")
    run = hold("halted", at_work)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("It is stopping")).to_be_visible()
    go_on(run)
    says(page, "stopped")
    page.get_by_role("button", name="Resume", exact=True).click()
    says(page, "finished")
    page.get_by_role("navigation", name="Runs").get_by_role("button").nth(1).click()
    says(page, "stopped")
    expect(page.get_by_text("It was resumed as")).to_be_visible()
    expect(page.get_by_role("button", name="Resume", exact=True)).to_have_count(0)


def test_two_tabs_show_the_same_run(app: str, page: Page, browser: Browser) -> None:
    start(page, app, "tabs")
    run = hold("tabs", at_work)
    with browser.new_context() as context:
        other = context.new_page()
        other.goto(f"{app}/runs")
        says(other, "running")
        expect(other.locator("article.run h3")).to_have_text("whole round · tabs · round 0")
        other.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_text("It is stopping")).to_be_visible()
        go_on(run)
        says(page, "stopped")
        says(other, "stopped")


def test_a_run_is_shown_while_its_ledger_is_busy(app: str, page: Page, data: Path) -> None:
    start(page, app, "busy")
    says(page, "finished")
    with closing(sqlite3.connect(next(data.rglob("ledger.db")), timeout=60)) as ledger:
        ledger.execute("begin exclusive")
        page.reload()
        says(page, "finished")
        page.get_by_role("button", name="Another like this").click()
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()


def test_back_and_forward_return_to_runs(app: str, page: Page, data: Path) -> None:
    for source in ("nowhere", "elsewhere"):
        runs.start(["import", source, f"--build={source}"], by="ada")
        wait_for(source, lambda run: run.state is RunState.FAILED)
    page.goto(f"{app}/runs")
    expect(page.get_by_text("There is no file or folder elsewhere.").first).to_be_visible()
    page.get_by_role("navigation", name="Runs").get_by_role("button").nth(1).click()
    expect(page.get_by_text("There is no file or folder nowhere.").first).to_be_visible()
    page.go_back()
    expect(page.get_by_text("There is no file or folder elsewhere.").first).to_be_visible()
    page.go_forward()
    expect(page.get_by_text("There is no file or folder nowhere.").first).to_be_visible()
