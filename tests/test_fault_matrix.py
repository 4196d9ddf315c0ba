"""Server faults times kill points: every case ends complete, with each request billed once and the books equal.

A case is real: a process of its own drives the SDK over HTTP and is killed with SIGKILL at the point; a second process
goes on. What was accepted and billed is counted by the server.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.crashpoint import ALLOWED, POINT, crashpoint
from pipeline.errors import StageError
from pipeline.models import raw
from tests.anthropic_server import AnthropicServer, Fault, Workspace, anthropic_server
from tests.buyer import Buyer, in_a_process

KILLED = -9
KILL_POINTS = (
    "after_intent",
    "after_post",
    "after_bound",
    "after_ended",
    "mid_download",
    "after_download",
    "after_rename",
    "after_booking",
)
MESSAGE_POINTS = ("message_reserved", "message_received", "message_booked", "messages_written")
RECORDED_POINT = "recorded_written"
COUNT = 6  # one canary, a batch of four, a batch of one


class Trouble(NamedTuple):
    """What the server does wrong in a case."""

    route: str
    fault: Fault = Fault.NONE
    items: tuple[str, ...] = ()

    def befall(self, space: Workspace) -> None:
        space.faults[self.route].append(self.fault)
        space.item_results.extend(self.items)


TROUBLES = {
    "none": Trouble("create"),
    "hang_accepted": Trouble("create", Fault.HANG_ACCEPTED),
    "hang_lost": Trouble("create", Fault.HANG_LOST),
    "drop_accepted": Trouble("create", Fault.DROP_ACCEPTED),
    "drop_lost": Trouble("create", Fault.DROP_LOST),
    "error_accepted": Trouble("create", Fault.ERROR_ACCEPTED),
    "rate_limit": Trouble("create", Fault.RATE_LIMIT),
    "overloaded": Trouble("create", Fault.OVERLOADED),
    "too_large": Trouble("create", Fault.TOO_LARGE),
    "cut_line": Trouble("results", Fault.CUT_LINE),
    "cut_mid_line": Trouble("results", Fault.CUT_MID_LINE),
    "drop_results": Trouble("results", Fault.DROP_RESULTS),
    "failed_items": Trouble("create", items=("expired", "overloaded")),
}
CASES = [(trouble, point) for trouble in TROUBLES for point in KILL_POINTS]
SAMPLE = {case for number, case in enumerate(CASES) if number % 13 == 0} | {
    ("hang_accepted", "after_post"),
    ("drop_accepted", "after_intent"),
    ("error_accepted", "after_bound"),
    ("drop_lost", "after_post"),
    ("cut_line", "after_ended"),
    ("cut_line", "mid_download"),
    ("cut_mid_line", "after_download"),
    ("drop_results", "after_rename"),
    ("failed_items", "after_rename"),
    ("failed_items", "after_booking"),
    ("none", "mid_download"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[AnthropicServer]:
    with anthropic_server() as running:
        yield running


def cases() -> list[object]:
    return [
        pytest.param(*case, marks=[] if case in SAMPLE else [pytest.mark.whole], id="-".join(case)) for case in CASES
    ]


@pytest.mark.parametrize(("trouble", "point"), cases())
def test_every_case_ends_complete_with_each_request_billed_once(
    server: AnthropicServer, tmp_path: Path, trouble: str, point: str
) -> None:
    space = server.workspace(f"{trouble}-{point}")
    TROUBLES[trouble].befall(space)
    url = server.url(space.name)
    assert in_a_process(tmp_path, url=url, crash_at=point, count=COUNT) == KILLED
    assert in_a_process(tmp_path, url=url, count=COUNT) == 0
    buyer = Buyer(tmp_path, count=COUNT)
    assert buyer.is_complete()
    assert len(space.billed) == COUNT
    assert set(space.billed.values()) == {1}
    purse = buyer.purse()
    assert (purse.presumed, purse.reserved) == (0, 0)
    assert purse.spent == cost_of(buyer)


def cost_of(buyer: Buyer) -> int:
    """Sum what the replies say they cost: the prices stand beside each, in USD per million tokens."""
    total = 0.0
    for line in map(json.loads, raw.lines(buyer.folder)):
        prices, usage = line["call"]["prices"], line["result"].get("message", {}).get("usage", {})
        total += sum(prices[kind] * usage.get(f"{kind}_tokens", 0) for kind in ("input", "output"))
    return round(total * 1000)


@pytest.mark.parametrize("point", MESSAGE_POINTS)
def test_plain_messages_lose_no_booked_reply_and_presume_what_may_have_been_billed(
    server: AnthropicServer, tmp_path: Path, point: str
) -> None:
    space = server.workspace(point)
    url = server.url(space.name)
    assert in_a_process(tmp_path, url=url, crash_at=point, name="messages") == KILLED
    paid_for = Buyer(tmp_path).purse()
    assert in_a_process(tmp_path, url=url, name="messages") == 0
    buyer = Buyer(tmp_path)
    purse = buyer.purse()
    assert buyer.is_complete()
    assert paid_for.spent <= purse.spent == cost_of(buyer)
    assert sum(space.billed.values()) <= 10 + 4  # four calls at a time
    assert purse.presumed >= purse.spent / 10 * (sum(space.billed.values()) - 10)
    assert purse.reserved == 0


def test_recorded_replies_that_were_cut_off_are_written_again_once(server: AnthropicServer, tmp_path: Path) -> None:
    url = server.url("recorded")
    assert in_a_process(tmp_path, url=url, crash_at=RECORDED_POINT, name="recorded") == KILLED
    assert in_a_process(tmp_path, url=url, name="recorded") == 0
    assert Buyer(tmp_path).is_complete()


def test_every_kill_point_of_the_pipeline_is_one_of_these() -> None:
    """A new crashpoint must be added to a matrix: the names are read from the source."""
    calls = (
        node
        for path in (Path(__file__).parents[1] / "pipeline").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "crashpoint"
    )
    names = {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}
    assert names == {*KILL_POINTS, *MESSAGE_POINTS, RECORDED_POINT}


def test_the_fixed_sample_is_small() -> None:
    assert set(CASES) >= SAMPLE
    assert len(SAMPLE) <= 20
    assert {point for _, point in SAMPLE} == set(KILL_POINTS)
    assert {trouble for trouble, _ in SAMPLE} >= {
        "none",
        "hang_accepted",
        "drop_accepted",
        "error_accepted",
        "cut_line",
    }


def test_a_kill_point_left_in_the_environment_of_a_real_run_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(POINT, "after_post")
    monkeypatch.delenv(ALLOWED, raising=False)
    with pytest.raises(StageError, match="unset it"):
        crashpoint("after_post")
