"""Message Batches against a server that keeps its own books: complete, and each request billed once, come what may."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.money.submission import State
from tests.anthropic_server import AnthropicServer, Fault, Workspace, anthropic_server
from tests.buyer import KEY, Buyer, batches

CANARY = 1  # the first request of a call goes by itself, so that is where `messages` are posted


@pytest.fixture(scope="module")
def server() -> Iterator[AnthropicServer]:
    with anthropic_server() as running:
        yield running


@pytest.fixture
def space(server: AnthropicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    name = tmp_path.name.replace("_", "-")[:60]
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url(name))
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    return server.workspace(name)


@pytest.fixture
def buyer(tmp_path: Path) -> Buyer:
    return Buyer(tmp_path)


def billed_once(space: Workspace, count: int) -> bool:
    return len(space.billed) == count and set(space.billed.values()) == {1}


def test_all_requests_are_answered_and_billed_once(space: Workspace, buyer: Buyer) -> None:
    outcome = buyer.buy(batches())
    assert (outcome.done, outcome.dead, outcome.paused) == (10, 0, None)
    assert buyer.is_complete()
    assert billed_once(space, 10)
    assert space.posts["messages"] == CANARY
    assert sorted(len(batch.results) for batch in space.batches.values()) == [2, 3, 4]


def test_a_second_run_posts_nothing(space: Workspace, buyer: Buyer) -> None:
    buyer.buy(batches())
    before = dict(space.posts)
    assert buyer.buy(batches()).spent == 0
    assert (space.posts["create"], space.posts["messages"]) == (before["create"], before["messages"])


def test_a_reply_says_what_it_answers_and_what_it_cost(space: Workspace, buyer: Buyer) -> None:
    outcome = buyer.buy(batches())
    reply = buyer.replies()[0]
    assert reply.text.startswith("echo ")
    assert reply.text.endswith("“é\u2028”")
    assert "hm" not in reply.text
    tokens = [(reply.usage.input, reply.usage.output) for reply in buyer.replies()]
    by_batch = sum(500 * given + 2500 * written for given, written in tokens)
    assert by_batch < outcome.spent <= by_batch * 2  # the canary costs the full price
    assert buyer.purse().spent == outcome.spent
    assert buyer.purse().reserved == 0


@pytest.mark.parametrize(
    ("fault", "paused"),
    [
        (Fault.NO_CREDIT, "402"),
        (Fault.CREDIT_400, "credit balance"),
        (Fault.USAGE_LIMIT_400, "usage limits"),
        (Fault.SPEND_LIMIT_429, "spend limit"),
        (Fault.DENIED, "401"),
        (Fault.INVALID, "400"),
    ],
)
def test_a_refusal_that_will_not_pass_pauses_the_run_and_costs_nothing(
    space: Workspace, buyer: Buyer, fault: Fault, paused: str
) -> None:
    space.faults["create"].append(fault)
    outcome = buyer.buy(batches())
    assert paused in str(outcome.paused)
    assert outcome.done == CANARY
    assert buyer.purse().reserved == 0
    assert buyer.buy(batches()).paused is None
    assert buyer.is_complete()
    assert billed_once(space, 10)


@pytest.mark.parametrize("fault", [Fault.RATE_LIMIT, Fault.OVERLOADED])
def test_a_refusal_that_passes_is_waited_out(space: Workspace, buyer: Buyer, fault: Fault) -> None:
    space.faults["create"].extend([fault, fault])
    assert buyer.buy(batches()).paused is None
    assert billed_once(space, 10)


def test_a_batch_that_is_too_large_is_halved(space: Workspace, buyer: Buyer) -> None:
    space.most_requests = 2
    assert buyer.buy(batches()).paused is None
    assert max(len(batch.results) for batch in space.batches.values()) == 2
    assert billed_once(space, 10)


def test_batches_are_cut_by_bytes(space: Workspace, buyer: Buyer) -> None:
    size = 2 * 290
    space.most_bytes = size + 20
    assert buyer.buy(batches(bytes=size)).paused is None
    assert not any(one.state is State.REFUSED for one in buyer.submissions())
    assert billed_once(space, 10)


def test_no_more_requests_are_under_way_than_the_queue_takes(space: Workspace, buyer: Buyer) -> None:
    space.queue = 5
    assert buyer.buy(batches(window=5)).paused is None
    assert not any(one.state is State.REFUSED for one in buyer.submissions())
    assert buyer.is_complete()


@pytest.mark.parametrize(
    "fault",
    [
        Fault.HANG_ACCEPTED,
        Fault.HANG_LOST,
        Fault.DROP_ACCEPTED,
        Fault.DROP_LOST,
        Fault.ERROR_ACCEPTED,
        Fault.ERROR_LOST,
        Fault.NOT_JSON,
    ],
)
def test_a_lost_answer_is_looked_for_before_anything_is_sent_again(
    space: Workspace, buyer: Buyer, fault: Fault
) -> None:
    space.faults["create"].append(fault)
    assert buyer.buy(batches()).paused is None
    assert buyer.is_complete()
    assert billed_once(space, 10)


@pytest.mark.parametrize("fault", [Fault.CUT_LINE, Fault.CUT_MID_LINE, Fault.DROP_RESULTS, Fault.ERROR_LOST])
def test_results_that_are_not_whole_are_fetched_again(space: Workspace, buyer: Buyer, fault: Fault) -> None:
    space.faults["results"].append(fault)
    assert buyer.buy(batches()).paused is None
    assert buyer.is_complete()
    assert billed_once(space, 10)


def test_results_that_stay_cut_pause_the_run_and_are_not_paid_again(space: Workspace, buyer: Buyer) -> None:
    space.faults["results"].extend([Fault.CUT_LINE] * 3)
    assert "not whole" in str(buyer.buy(batches(downloads=3)).paused)
    assert buyer.buy(batches()).paused is None
    assert buyer.is_complete()
    assert billed_once(space, 10)


@pytest.mark.parametrize("kind", ["expired", "overloaded", "api_error"])
def test_failed_requests_are_asked_again_alone(space: Workspace, buyer: Buyer, kind: str) -> None:
    space.item_results.extend(["succeeded", kind, kind])
    assert buyer.buy(batches()).paused is None
    assert buyer.is_complete()
    assert billed_once(space, 10)
    assert sum(len(batch.results) for batch in space.batches.values()) == 9 + 2


def test_a_request_that_keeps_failing_dies_with_its_reason_and_can_be_revived(space: Workspace, buyer: Buyer) -> None:
    buyer.count = 2
    space.item_results.extend(["overloaded"] * 3)
    outcome = buyer.buy(batches())
    assert (outcome.done, outcome.dead, outcome.paused) == (1, 1, None)
    assert [dead.reason for dead in buyer.dead()] == ["overloaded_error: Overloaded"]
    assert buyer.buy(batches()).dead == 1
    assert buyer.buy(batches(), retry_dead=True).dead == 0
    assert buyer.is_complete()


def test_most_of_a_batch_being_invalid_stops_the_run(space: Workspace, buyer: Buyer) -> None:
    space.item_results.extend(["invalid"] * 4)
    outcome = buyer.buy(batches(window=4))
    assert "4 of 4 requests" in str(outcome.paused)
    assert "Extra inputs" in str(outcome.paused)
    assert space.posts["create"] == 1


@pytest.mark.parametrize("kind", ["credit", "canceled"])
def test_items_that_failed_for_an_outer_reason_pause_the_run_and_lose_no_try(
    space: Workspace, buyer: Buyer, kind: str
) -> None:
    space.item_results.extend(["succeeded", kind])
    outcome = buyer.buy(batches(window=4))
    assert ("credit balance" if kind == "credit" else "canceled") in str(outcome.paused)
    assert buyer.buy(batches()).paused is None
    assert buyer.is_complete()
    assert billed_once(space, 10)


def test_a_refused_canary_keeps_every_batch_from_being_sent(space: Workspace, buyer: Buyer) -> None:
    space.faults["messages"].append(Fault.INVALID)
    assert "no batch was submitted" in str(buyer.buy(batches()).paused)
    assert space.posts["create"] == 0


def test_without_a_cap_nothing_is_sent(space: Workspace, tmp_path: Path) -> None:
    outcome = Buyer(tmp_path, cap="0").buy(batches())
    assert "--cap" in str(outcome.paused)
    assert not space.billed


def test_a_cap_is_never_passed_and_a_higher_one_finishes_the_job(space: Workspace, tmp_path: Path) -> None:
    space.output_tokens = 150
    low = Buyer(tmp_path, cap="0.003")
    outcome = low.buy(batches())
    purse = low.purse()
    assert "cap" in str(outcome.paused)
    assert 0 < outcome.done < 10
    assert purse.spent + purse.reserved <= purse.cap
    high = Buyer(tmp_path, cap="5")
    assert high.buy(batches()).paused is None
    assert high.is_complete()
    assert billed_once(space, 10)


def test_another_key_than_that_of_the_open_batches_is_refused(
    server: AnthropicServer, space: Workspace, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    space.polls = 1000
    space.faults["retrieve"].append(Fault.DENIED)
    assert buyer.buy(batches()).paused
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url(f"{space.name}-other"))
    assert "workspace" in str(buyer.buy(batches()).paused)
    assert not server.workspace(f"{space.name}-other").billed


def test_a_foreign_batch_of_the_same_size_is_not_taken_for_ours(space: Workspace, buyer: Buyer) -> None:
    """Someone else's four requests are running when ours get lost: only their custom ids can tell, at the end."""
    buyer.buy(batches(window=4))
    foreign = [{"custom_id": f"theirs-{number}", "params": {"model": "m", "messages": number}} for number in range(4)]
    before = sum(space.billed.values())
    space.accept(foreign)
    theirs = sum(space.billed.values()) - before
    buyer.count = 14
    space.faults["create"].append(Fault.DROP_LOST)
    assert buyer.buy(batches()).paused is None
    assert buyer.is_complete()
    assert sum(space.billed.values()) - theirs == 14


def test_results_that_the_provider_deleted_are_booked_and_not_bought_again(space: Workspace, buyer: Buyer) -> None:
    space.faults["results"].extend([Fault.CUT_LINE] * 2)
    buyer.buy(batches(downloads=2, window=4))
    for batch in space.batches.values():
        batch.archived = True
    outcome = buyer.buy(batches(window=4))
    assert outcome.dead == 4
    assert buyer.purse().presumed > 0
    assert all("29 days" in dead.reason for dead in buyer.dead())


def test_two_runs_at_once_are_refused(space: Workspace, buyer: Buyer, tmp_path: Path) -> None:
    from pipeline.errors import StageError
    from pipeline.money.ledger import ledger_at

    with (
        ledger_at(tmp_path / "ledger.db") as ledger,
        ledger.alone("paying"),
        pytest.raises(StageError, match="Another process"),
    ):
        buyer.buy(batches())
    assert not space.posts


def test_without_a_key_the_run_says_so(buyer: Buyer, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.errors import StageError

    for name in [name for name in os.environ if name.startswith("ANTHROPIC_")]:
        monkeypatch.delenv(name)
    with pytest.raises(StageError, match="ANTHROPIC_API_KEY"):
        buyer.buy(batches())
