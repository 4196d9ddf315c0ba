"""One request a call over /v1/messages, several at once: small runs, and any server of one's own that speaks it.

Each reply is in the ledger, with what it cost, before the next request leaves; up to 500 of them then become one raw
file. The ledger keeps them under server and request, so that another build that asks the same pays nothing. A call
whose reply was lost cannot be found again: at most `concurrency` of them a crash, booked as `presumed` at the most
they can have cost, and asked again.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import NamedTuple

from pipeline.crashpoint import crashpoint
from pipeline.interrupts import uninterrupted
from pipeline.models import catalog, raw
from pipeline.models.anthropic_api import Api, ApiError, Failure, connect
from pipeline.models.backend import Asked, Outcome, PausedError, RunContext, Tally, nothing_to_ask, over_cap
from pipeline.models.calls import Request, custom_id
from pipeline.money.submission import Fate, OverCapError, Settled, State, Submission

GROUP = 500  # requests whose replies share a raw file
PROVIDER = "anthropic"  # where requests go when no server is named
PAUSING = {Failure.MONEY, Failure.DENIED}
FINAL = {Failure.INVALID, Failure.TOO_LARGE}
HOLDING = {Failure.BUSY, Failure.NEVER_SENT}


class Limits(NamedTuple):
    """How hard the back end tries."""

    concurrency: int = 8
    attempts: int = 3  # of one request, failures that say nothing about it not counted
    timeout: float = 600.0  # seconds for one reply; 28,000 tokens of thinking and text take minutes
    backoff: float = 1.0  # seconds to hold after a first refusal without `retry-after`; doubles up to a minute
    patience: float = 600.0  # seconds of nothing but refusals after which the run pauses


class Messages:
    """The back end that asks the API, or the server at `base_url`, one message a request."""

    name = "messages"

    def __init__(self, *, base_url: str | None = None, limits: Limits | None = None) -> None:
        self.base_url = base_url
        self.limits = limits or Limits()

    def fulfil(self, asked: Asked, *, run: RunContext) -> Outcome:
        """Ask what was not asked yet; return when all is settled, or paused."""
        if nothing_to_ask(asked, run=run, backend=self.name):
            return Tally(run).outcome()
        alone = "paying" if catalog.model(run.call.model).paid else f"local-{run.build}"
        with run.ledger.alone(alone), connect(base_url=self.base_url, timeout=self.limits.timeout) as api:
            run.prepare()
            recover(run)
            tally = Tally(run)
            try:
                self.ask(run.ledger.unsettled(run.build, asked()), api=api, run=run, tally=tally)
            except PausedError as paused:
                return tally.outcome(str(paused))
            return tally.outcome()

    def ask(self, requests: Iterator[Request], *, api: Api, run: RunContext, tally: Tally) -> None:
        """Ask `requests`, group by group. Raises PausedError where that has to stop; what was paid for is safe then."""
        while group := list(islice(requests, GROUP)):
            _Group(
                group, ask=api.message, place=self.base_url or PROVIDER, limits=self.limits, run=run, tally=tally
            ).work()
            run.landed()


class _Sent(NamedTuple):
    request: Request
    worst: int


class _Group:
    """Requests on their way through one submission."""

    def __init__(
        self,
        requests: list[Request],
        *,
        ask: Callable[[bytes], bytes],
        place: str,
        limits: Limits,
        run: RunContext,
        tally: Tally,
    ) -> None:
        self.ask, self.limits, self.run, self.tally = ask, limits, run, tally
        self.model = catalog.model(run.call.model)
        self.longest = catalog.max_tokens(run.call)
        self.waiting = deque(requests)
        self.flying: dict[Future[bytes], _Sent] = {}
        self.tries: Counter[str] = Counter()
        self.paused: str | None = None
        self.hold = Hold(limits)
        prices = self.model.prices(prompt=0, batch=False)
        self.submission = run.ledger.submit(
            run.purpose(Messages.name),
            [],
            call=run.call,
            prices=prices,
            worst=0,
            state=State.RUNNING,
            workspace=place,
        )

    def work(self) -> None:
        """Send all, book all, write the raw file. After Ctrl-C the replies under way are waited for: they are paid."""
        with ThreadPoolExecutor(self.limits.concurrency) as pool:
            try:
                while self.flying or (self.waiting and not self.paused):
                    self._send(pool)
                    self._receive()
            finally:
                wait(self.flying)
                self._book(set(self.flying))
                finish(self.submission, self.run)
        if self.paused:
            raise PausedError(self.paused)

    def _send(self, pool: ThreadPoolExecutor) -> None:
        while self.waiting and not self.paused and len(self.flying) < self.limits.concurrency and self.hold.over():
            with uninterrupted():  # what is reserved and sent must be known to be under way, or its reply is lost
                if not self._send_next(pool):
                    return

    def _send_next(self, pool: ThreadPoolExecutor) -> bool:
        """Send the next request, or settle it with a reply that was kept; return whether it fitted under the cap."""
        request = self.waiting[0]
        message = self.run.ledger.replayed(_key(self.submission, request.id))
        worst = 0 if message else self._worst(request)
        try:
            self.run.ledger.extend(self.submission.number, [request], worst=worst)
        except OverCapError:
            if not self.flying:
                self.paused = over_cap(self.run, worst)
            return False
        self.waiting.popleft()
        if message:
            self.tally.settle(self.submission.number, [Settled(request.id, Fate.DONE)])
        else:
            crashpoint("message_reserved")
            self.flying[pool.submit(self.ask, request.body)] = _Sent(request, worst)
        return True

    def _worst(self, request: Request) -> int:
        return self.model.worst(body=len(request.body), max_tokens=self.longest, batch=False)

    def _receive(self) -> None:
        if not self.flying:
            time.sleep(self.hold.left())
            return
        here, _ = wait(self.flying, timeout=self.hold.left() or None, return_when=FIRST_COMPLETED)
        crashpoint("message_received")
        self._book(here)

    def _book(self, futures: set[Future[bytes]]) -> None:
        with self.run.ledger.transaction():
            for future in futures:
                sent = self.flying[future]
                error = future.exception()
                if error is None:
                    self._succeeded(sent, future.result())
                elif isinstance(error, ApiError):
                    self._failed(sent, error)
                else:
                    raise error
        for future in futures:
            del self.flying[future]
        if futures:
            crashpoint("message_booked")

    def _succeeded(self, sent: _Sent, message: bytes) -> None:
        self.hold.clear()
        result = raw.succeeded(custom_id(self.submission.id, sent.request.id), message)
        self.run.ledger.keep(_key(self.submission, sent.request.id), message)
        spent = self.model.cost(result.usage, batch=False)
        self._settle(sent, Settled(sent.request.id, Fate.DONE, spent=spent))

    def _failed(self, sent: _Sent, error: ApiError) -> None:
        settled = Settled(sent.request.id, Fate.TODO, reason=str(error))
        if error.failure in HOLDING or error.failure in PAUSING:
            if self.hold.since is None and error.failure in HOLDING:
                self.tally.show(f"{error} Asking again for up to {self.limits.patience:.0f} s.")
            if error.failure in PAUSING or not self.hold.begin(error.retry_after):
                self.paused = f"{error} What was paid for is kept; run the same command again to go on."
        else:
            self.tries[sent.request.id] += 1
            over = error.failure in FINAL or self.tries[sent.request.id] >= self.limits.attempts
            lost = sent.worst if error.failure is Failure.UNKNOWN else 0
            settled = settled._replace(tried=True, fate=Fate.DEAD if over else Fate.TODO, presumed=lost)
        self._settle(sent, settled)
        if settled.fate is Fate.TODO:
            self.waiting.append(sent.request)

    def _settle(self, sent: _Sent, settled: Settled) -> None:
        self.tally.settle(self.submission.number, [settled._replace(released=sent.worst)])


class Hold:
    """How long nothing may be sent, after the server has asked for it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.clear()

    def clear(self) -> None:
        """Forget all refusals: something succeeded."""
        self.until = 0.0
        self.since: float | None = None
        self.step = self.limits.backoff

    def begin(self, retry_after: float | None) -> bool:
        """Hold, at the server's wish or by doubling steps; return whether there is patience left."""
        clock = time.monotonic()
        self.since = clock if self.since is None else self.since
        self.until = max(self.until, clock + (self.step if retry_after is None else retry_after))
        self.step = min(self.step * 2, 60.0)
        return self.until - self.since <= self.limits.patience

    def left(self) -> float:
        """Return the seconds that are left."""
        return max(0.0, self.until - time.monotonic())

    def over(self) -> bool:
        """Return whether something may be sent."""
        return self.left() == 0


def finish(submission: Submission, run: RunContext) -> None:
    """Write the raw file of a submission from the replies that the ledger holds for it, and close it.

    What is still reserved was for calls whose reply was lost: it is booked as presumed. May be repeated.
    """
    items = run.ledger.done(submission.number)
    if items:
        results = ((item, _kept(submission, run, id)) for id, item in items.items())
        raw.write(run.file(submission), results, call=submission.call, prices=submission.prices)
        crashpoint("messages_written")
    run.ledger.close(submission.number, State.CLOSED, lost=True)


def recover(run: RunContext) -> None:
    """Finish what a killed process left of this stage."""
    for submission in run.ledger.under_way(Messages.name, build=run.build, stage=run.stage):
        finish(submission, run)


def _kept(submission: Submission, run: RunContext, id: str) -> raw.Result:
    message = run.ledger.replayed(_key(submission, id))
    assert message is not None, "a reply is done only with its message kept, in one transaction"
    return raw.succeeded(custom_id(submission.id, id), message)


def _key(submission: Submission, request: str) -> str:
    return f"{request} {submission.workspace}"
