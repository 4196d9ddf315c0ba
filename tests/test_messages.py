"""Plain Messages against a server that keeps its own books."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.models.messages import Limits, Messages
from tests.anthropic_server import AnthropicServer, Fault, Workspace, anthropic_server
from tests.buyer import KEY, Buyer, messages

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def server() -> Iterator[AnthropicServer]:
    with anthropic_server() as running:
        yield running


@pytest.fixture
def space(server: AnthropicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url(tmp_path.name))
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    return server.workspace(tmp_path.name)


def billed_once(space: Workspace, count: int) -> bool:
    return len(space.billed) == count and set(space.billed.values()) == {1}


def test_all_requests_are_answered_and_billed_once(space: Workspace, tmp_path: Path) -> None:
    buyer = Buyer(tmp_path, count=60)
    outcome = buyer.buy(messages())
    assert (outcome.done, outcome.dead, outcome.paused) == (60, 0, None)
    assert buyer.is_complete()
    assert billed_once(space, 60)
    usage = [reply.usage for reply in buyer.replies()]
    assert outcome.spent == buyer.purse().spent == sum(1000 * one.input + 5000 * one.output for one in usage)


def test_no_more_calls_are_open_at_once_than_allowed(space: Workspace, tmp_path: Path) -> None:
    space.latency = 0.1
    Buyer(tmp_path, count=12).buy(messages(concurrency=3))
    assert 1 < space.busiest <= 3


def test_a_second_run_asks_nothing(space: Workspace, tmp_path: Path) -> None:
    Buyer(tmp_path).buy(messages())
    assert Buyer(tmp_path).buy(messages()).spent == 0
    assert space.posts["messages"] == 10


def test_another_build_that_asks_the_same_pays_nothing(space: Workspace, tmp_path: Path) -> None:
    Buyer(tmp_path).buy(messages())
    other = Buyer(tmp_path, build="other")
    outcome = other.buy(messages())
    assert (outcome.done, outcome.spent) == (10, 0)
    assert other.is_complete()
    assert space.posts["messages"] == 10


def test_the_same_model_name_on_another_server_is_asked_anew(server: AnthropicServer, tmp_path: Path) -> None:
    for place in ("one", "two"):
        buyer = Buyer(tmp_path, cap="0", model="local:tiny", build=place)
        assert buyer.buy(messages(base_url=server.url(place))).done == 10
        assert server.workspace(place).posts["messages"] == 10


@pytest.mark.parametrize("fault", [Fault.RATE_LIMIT, Fault.OVERLOADED])
def test_a_refusal_that_passes_is_waited_out_and_counts_no_try(space: Workspace, tmp_path: Path, fault: Fault) -> None:
    space.faults["messages"].extend([fault] * 6)
    buyer = Buyer(tmp_path, count=2)
    assert buyer.buy(messages(concurrency=1)).dead == 0
    assert billed_once(space, 2)
    assert buyer.purse().presumed == 0


def test_a_server_that_only_refuses_pauses_the_run(space: Workspace, tmp_path: Path) -> None:
    space.faults["messages"].extend([Fault.OVERLOADED] * 500)
    outcome = Buyer(tmp_path).buy(messages(patience=0.1))
    assert "Overloaded" in str(outcome.paused)
    assert outcome.dead == 0


def test_a_server_that_is_not_there_is_named_and_pauses_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log.txt").touch()
    monkeypatch.setenv("PROBES_RUN", str(tmp_path))
    outcome = Buyer(tmp_path, cap="0", model="local:tiny").buy(messages("http://127.0.0.1:9", patience=0.05))
    assert "ConnectError" in str(outcome.paused)
    assert capsys.readouterr().err.count("Asking again for up to 0 s.") == 1


@pytest.mark.parametrize(
    "fault", [Fault.NO_CREDIT, Fault.CREDIT_400, Fault.USAGE_LIMIT_400, Fault.SPEND_LIMIT_429, Fault.DENIED]
)
def test_a_refusal_that_will_not_pass_pauses_the_run(space: Workspace, tmp_path: Path, fault: Fault) -> None:
    space.faults["messages"].extend([Fault.NONE, Fault.NONE, fault])
    buyer = Buyer(tmp_path)
    outcome = buyer.buy(messages(concurrency=1))
    assert outcome.paused
    assert (outcome.done, outcome.dead) == (2, 0)
    assert buyer.buy(messages()).paused is None
    assert billed_once(space, 10)


def test_equal_reasons_of_different_requests_are_one_cause(space: Workspace, tmp_path: Path) -> None:
    space.faults["messages"].extend([Fault.INVALID] * 3)
    buyer = Buyer(tmp_path)
    buyer.buy(messages(concurrency=1))
    assert all("(request req_1)" in dead.reason for dead in buyer.dead())
    assert {dead.cause for dead in buyer.dead()} == {"400 invalid_request_error: messages: field required"}


def test_an_invalid_request_dies_with_its_reason_and_the_rest_goes_on(space: Workspace, tmp_path: Path) -> None:
    space.faults["messages"].append(Fault.INVALID)
    buyer = Buyer(tmp_path)
    outcome = buyer.buy(messages(concurrency=1))
    assert (outcome.done, outcome.dead) == (9, 1)
    assert "messages: field required" in buyer.dead()[0].reason


@pytest.mark.parametrize("fault", [Fault.DROP_ACCEPTED, Fault.HANG_ACCEPTED, Fault.NOT_JSON])
def test_a_lost_reply_is_asked_again_and_presumed_paid(space: Workspace, tmp_path: Path, fault: Fault) -> None:
    space.faults["messages"].append(fault)
    buyer = Buyer(tmp_path, count=3)
    assert buyer.buy(messages()).done == 3
    assert sum(space.billed.values()) == 4
    assert buyer.purse().presumed > buyer.purse().spent / 3


def test_a_failing_server_is_not_presumed_paid(space: Workspace, tmp_path: Path) -> None:
    space.faults["messages"].extend([Fault.ERROR_LOST] * 2)
    buyer = Buyer(tmp_path, count=3)
    assert buyer.buy(messages()).done == 3
    assert buyer.purse().presumed == 0


def test_a_request_that_is_lost_every_time_dies(space: Workspace, tmp_path: Path) -> None:
    space.faults["messages"].extend([Fault.ERROR_LOST] * 3)
    assert Buyer(tmp_path, count=1).buy(messages()).dead == 1


def test_without_a_cap_nothing_is_sent(space: Workspace, tmp_path: Path) -> None:
    outcome = Buyer(tmp_path, cap="0").buy(messages())
    assert "--cap" in str(outcome.paused)
    assert not space.posts


def test_a_cap_is_never_passed_and_a_higher_one_finishes_the_job(space: Workspace, tmp_path: Path) -> None:
    space.output_tokens = 150
    low = Buyer(tmp_path, cap="0.006")
    outcome = low.buy(messages())
    purse = low.purse()
    assert outcome.paused
    assert 0 < outcome.done < 10
    assert purse.spent + purse.reserved <= purse.cap
    assert Buyer(tmp_path, cap="5").buy(messages()).done == 10
    assert billed_once(space, 10)


def test_a_build_that_came_without_its_ledger_is_not_bought_again(space: Workspace, tmp_path: Path) -> None:
    buyer = Buyer(tmp_path)
    spent = buyer.buy(messages()).spent
    (tmp_path / "ledger.db").unlink()
    buyer.count = 12
    outcome = buyer.buy(messages())
    assert outcome.done == 12
    assert buyer.is_complete()
    assert space.posts["messages"] == 12
    assert buyer.purse().spent == spent + outcome.spent


def test_ctrl_c_waits_for_what_is_paid(server: AnthropicServer, tmp_path: Path) -> None:
    space = server.workspace("interrupted")
    script = (
        "import os, sys; from pathlib import Path; from tests.buyer import Buyer, messages;"
        "Buyer(Path(sys.argv[1]), count=3000, model='local:tiny', cap='0').buy(messages(base_url=sys.argv[2]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), server.url("interrupted")], cwd=ROOT, stderr=subprocess.PIPE
    )
    while sum(space.billed.values()) < 40:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert b"KeyboardInterrupt" in errors
    buyer = Buyer(tmp_path)
    assert sum(buyer.answered().values()) == sum(space.billed.values())
    assert set(buyer.answered().values()) == {1}


def test_the_defaults_are_those_of_the_documentation() -> None:
    assert Messages().limits == Limits(concurrency=8, attempts=3)
