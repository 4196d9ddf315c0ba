"""The ledger: no reservation above a cap, no request settled twice, nothing half written, one payer at a time."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import StageError
from pipeline.models.calls import Item, Request, Stage
from pipeline.models.catalog import Prices
from pipeline.money.ledger import Ledger, ledger_at
from pipeline.money.submission import Fate, OverCapError, Purpose, Settled, State, Submission, dollars
from tests.buyer import call, numbered

PRICES = Prices(1, 2, 3, 4, 5)
PURPOSE = Purpose("demo/round-0", "demo", Stage.ANSWER, "batches")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with ledger_at(tmp_path / "ledger.db") as opened:
        opened.set_cap(PURPOSE.account, 100)
        yield opened


def submit(
    ledger: Ledger, count: int, *, worst: int = 10, state: State = State.INTENT, purpose: Purpose = PURPOSE
) -> Submission:
    requests = list(numbered(count))
    return ledger.submit(purpose, requests, call=call(), prices=PRICES, worst=worst, state=state)


def fates(ledger: Ledger) -> dict[Fate, int]:
    return ledger.counts(PURPOSE.account, Stage.ANSWER, call())


def test_a_submission_comes_back_as_it_was_written(ledger: Ledger) -> None:
    written = submit(ledger, 3)
    assert written == ledger.submission(written.number)
    assert (written.call, written.prices, written.requests, written.state) == (call(), PRICES, 3, State.INTENT)
    assert list(ledger.items(written.number)) == sorted(request.id for request in numbered(3))


def test_a_reservation_that_does_not_fit_leaves_nothing_behind(ledger: Ledger) -> None:
    submit(ledger, 3, worst=60)
    with pytest.raises(OverCapError):
        submit(ledger, 5, worst=41)
    assert len(ledger.submissions()) == 1
    assert ledger.purse(PURPOSE.account).reserved == 60
    assert len(list(ledger.unsettled("demo", numbered(5)))) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=12)
@given(
    cap=st.integers(0, 100),
    steps=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8),
)
def test_spent_and_reserved_never_pass_the_cap(
    tmp_path_factory: pytest.TempPathFactory, cap: int, steps: list[tuple[int, int]]
) -> None:
    with ledger_at(tmp_path_factory.mktemp("cap") / "ledger.db") as ledger:
        ledger.set_cap(PURPOSE.account, cap)
        for count, (worst, billed) in enumerate(steps, start=1):
            try:
                submission = submit(ledger, count, worst=worst, state=State.RUNNING)
            except OverCapError:
                continue
            purse = ledger.purse(PURPOSE.account)
            assert purse.spent + purse.reserved <= cap
            first = next(iter(ledger.items(submission.number)))
            ledger.settle(submission.number, [Settled(first, Fate.TODO, spent=min(billed, worst), released=worst)])
            ledger.close(submission.number, State.CLOSED)
            assert ledger.purse(PURPOSE.account).reserved == 0


def test_a_request_is_settled_once_however_often_it_is_said(ledger: Ledger) -> None:
    submission = submit(ledger, 2)
    settled = [Settled(request.id, Fate.DONE, spent=3, released=5) for request in numbered(2)]
    assert ledger.settle(submission.number, settled) == settled
    assert ledger.settle(submission.number, settled) == []
    purse = ledger.purse(PURPOSE.account)
    assert (purse.spent, purse.reserved) == (6, 0)


def test_only_what_has_no_fate_is_asked(ledger: Ledger) -> None:
    submission = submit(ledger, 4)
    one, two, three, four = numbered(4)
    ledger.settle(submission.number, [Settled(one.id, Fate.DONE), Settled(two.id, Fate.DEAD, reason="no")])
    ledger.settle(submission.number, [Settled(three.id, Fate.TODO, tried=True)])
    asked = list(ledger.unsettled("demo", [*numbered(5), *numbered(5)][:7]))
    assert [request.id for request in asked] == [three.id, list(numbered(5))[4].id]
    assert four.id not in {request.id for request in asked}
    assert ledger.items(submission.number)[three.id] == (three.item, 1)


def test_another_build_asks_for_itself(ledger: Ledger) -> None:
    submission = submit(ledger, 4)
    ledger.settle(submission.number, [Settled(request.id, Fate.DONE) for request in numbered(4)])
    assert len(list(ledger.unsettled("other", numbered(4)))) == 4


def test_closing_gives_back_what_was_not_settled(ledger: Ledger) -> None:
    submission = submit(ledger, 3, worst=9)
    ledger.settle(submission.number, [Settled(next(numbered(1)).id, Fate.DONE, spent=1, released=3)])
    ledger.close(submission.number, State.VOID, reason="it never arrived")
    assert ledger.purse(PURPOSE.account)[1:] == (1, 0, 0)
    assert fates(ledger) == {Fate.DONE: 1, Fate.TODO: 2}


def test_lost_replies_are_presumed_to_have_cost_what_was_reserved(ledger: Ledger) -> None:
    submission = submit(ledger, 3, worst=9)
    ledger.close(submission.number, State.CLOSED, lost=True)
    assert ledger.purse(PURPOSE.account)[1:] == (0, 9, 0)


def test_two_open_batches_never_have_the_same_size(ledger: Ledger) -> None:
    submit(ledger, 3)
    with pytest.raises(sqlite3.IntegrityError):
        submit(ledger, 3)
    assert ledger.open_counts() == {3}


def test_the_dead_say_why_and_can_be_revived(ledger: Ledger) -> None:
    submission = submit(ledger, 1)
    ledger.settle(submission.number, [Settled(next(numbered(1)).id, Fate.DEAD, tried=True, reason="overloaded")])
    [dead] = ledger.dead("demo", Stage.ANSWER)
    assert (dead.item, dead.reason) == (next(numbered(1)).item, "overloaded")
    assert list(ledger.dead("demo", Stage.JUDGE)) == []
    assert list(ledger.dead("demo", Stage.ANSWER, account="demo/round-1")) == []
    ledger.revive(PURPOSE.account, Stage.JUDGE)
    assert fates(ledger) == {Fate.DEAD: 1}
    ledger.revive(PURPOSE.account, Stage.ANSWER)
    assert fates(ledger) == {Fate.TODO: 1}
    assert ledger.items(submission.number)[next(numbered(1)).id][1] == 0


def test_a_transaction_that_raises_leaves_nothing(ledger: Ledger) -> None:
    def submit_twice() -> None:
        with ledger.transaction():
            submit(ledger, 3)
            submit(ledger, 4, worst=1000)

    with pytest.raises(OverCapError):
        submit_twice()
    assert ledger.submissions() == []


def test_an_account_tells_its_cap_and_why_it_paused(ledger: Ledger) -> None:
    ledger.pause(PURPOSE.account, "no credit")
    assert [(name, purse.cap, paused) for name, purse, paused in ledger.accounts()] == [
        (PURPOSE.account, 100, "no credit")
    ]
    ledger.set_cap(PURPOSE.account, 200)
    assert ledger.accounts()[0][2] is None


def _write(path: Path, start: int) -> None:
    with ledger_at(path) as ledger:
        for number in range(start, start + 10):
            item = Item(Stage.ANSWER, f"doc-{number}", 0)
            request = Request(item, call(), str(number).encode())
            purpose = PURPOSE._replace(backend="messages")
            try:
                ledger.submit(purpose, [request], call=call(), prices=PRICES, worst=7, state=State.RUNNING)
            except OverCapError:
                return


def test_writers_in_several_processes_share_one_cap(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with ledger_at(path) as ledger:
        ledger.set_cap(PURPOSE.account, 100)
        context = multiprocessing.get_context("spawn")
        processes = [context.Process(target=_write, args=(path, start)) for start in (0, 100, 200)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0, 0]
        assert ledger.purse(PURPOSE.account).reserved == 98


def test_only_one_process_pays_at_a_time(ledger: Ledger) -> None:
    with (
        ledger_at(ledger.path) as other,
        ledger.alone("paying"),
        pytest.raises(StageError, match="Another process"),
        other.alone("paying"),
    ):
        pass
    with ledger_at(ledger.path) as again, again.alone("paying"):
        assert again.submissions() == []


@pytest.mark.parametrize(
    ("amount", "read"),
    [(0, "$0.0000"), (1, "$0.0000"), (123_456_789, "$0.1235"), (10**9, "$1.00"), (1_003_100_000_000, "$1,003.10")],
)
def test_amounts_are_written_for_people(amount: int, read: str) -> None:
    assert dollars(amount) == read
