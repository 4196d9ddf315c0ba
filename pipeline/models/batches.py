"""Anthropic Message Batches: half the price, hours of waiting, and money that a careless repeat pays twice.

A chunk of requests is written down as a submission with its cost reserved (INTENT) before it is posted, once. A lost
answer makes it UNKNOWN, and nothing else is posted until the workspace's list has told whether it arrived: batches have
no name, but no two open ones of ours have the same number of requests, and after the end their custom ids are proof.
Everything after that is reading, and may be repeated.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from itertools import accumulate, chain, islice, takewhile

from pipeline.crashpoint import crashpoint
from pipeline.models import catalog
from pipeline.models.anthropic_api import Api, ApiError, Failure, connect
from pipeline.models.arrival import resolve
from pipeline.models.backend import Asked, Outcome, PausedError, RunContext, Tally, nothing_to_ask
from pipeline.models.calls import Request, custom_id
from pipeline.models.collect import collect
from pipeline.models.desk import DRAFT, Chunking, Desk
from pipeline.models.messages import Hold, Limits, Messages, recover
from pipeline.money.submission import Fate, State, Submission

Connection = Callable[[], AbstractContextManager[Api]]
AROUND = 60  # bytes that a request has around its body in a batch


class Batches:
    """The back end that asks by Message Batches."""

    name = "batches"

    def __init__(
        self, *, chunking: Chunking | None = None, limits: Limits | None = None, connection: Connection | None = None
    ) -> None:
        self.chunking = chunking or Chunking()
        self.limits = limits or Limits()
        self._connection = connection or partial(connect, timeout=self.limits.timeout)

    def fulfil(self, asked: Asked, *, run: RunContext) -> Outcome:
        """Ask what was not asked yet; return when all is settled, or paused."""
        if nothing_to_ask(asked, run=run, backend=self.name):
            return Tally(run).outcome()
        with run.ledger.alone("paying"), self._connection() as api:
            run.prepare()
            recover(run)
            tally = Tally(run)
            work = _Work(api, self, run=run, tally=tally)
            try:
                work.resume()
                while work.ask(asked()):
                    pass
            except PausedError as paused:
                return tally.outcome(str(paused))
            return tally.outcome()


class _Work:
    """One stage on its way through Message Batches."""

    def __init__(self, api: Api, backend: Batches, *, run: RunContext, tally: Tally) -> None:
        self.api, self.run, self.tally, self.ledger = api, run, tally, run.ledger
        self.chunking, self.limits = backend.chunking, backend.limits
        self.desk = Desk(api=api, run=run, tally=tally, chunking=backend.chunking)
        self.model = catalog.model(run.call.model)
        self.longest = catalog.max_tokens(run.call)
        self.waiting: deque[Request] = deque()
        self.size = self.chunking.requests
        self.hold = Hold(self.limits)
        self.polled = -math.inf
        self.again = False
        self.workspace: str | None = None

    def resume(self) -> None:
        """Find out what became of everything that an earlier process may have posted.

        Raises PausedError where the key belongs to another workspace: there, nothing of ours would be found, and all
        would be paid again.
        """
        for draft in self.run.folder.glob(f"*{DRAFT}"):
            draft.unlink()
        self.workspace = self.desk.read(self.api.workspace)
        left = self.ledger.under_way(Batches.name)
        for submission in left:
            if submission.workspace != self.workspace:
                raise PausedError(
                    f"Batches under way were submitted from the workspace {submission.workspace}; this key belongs to "
                    f"{self.workspace}. Use the other key until they are collected."
                )
        for submission in left:
            if submission.state in (State.INTENT, State.UNKNOWN):
                resolve(self.desk, submission)

    def ask(self, requests: Iterable[Request]) -> bool:
        """Submit and collect `requests`; return whether some failed and are to be asked again."""
        self.again = False
        stream = self._after_canary(self.ledger.unsettled(self.run.build, requests))
        while self._fill(stream):
            self._poll()
            if size := self._fitting():
                self._submit([self.waiting.popleft() for _ in range(size)])
            elif self._under_way():
                self.desk.wait(self.chunking.poll)
            else:  # the cap is reached, which this finds too, or batches of another build have all smaller counts
                self._ask_alone(self.waiting.popleft())
        while self._under_way():
            self._poll()
            if self._under_way():
                self.desk.wait(self.chunking.poll)
        return self.again

    def _after_canary(self, stream: Iterator[Request]) -> Iterator[Request]:
        """Ask the first request by itself where this call never worked: a batch tells of a bad one only at its end."""
        first = next(stream, None)
        if first is None or self.ledger.proven(self.run.call):
            return chain([first] if first else [], stream)
        self._ask_alone(first)
        fate, reason = self.ledger.fate(self.run.build, first.id)
        if fate is not Fate.DONE:
            raise PausedError(f"The first request failed, so no batch was submitted: {reason}")
        return stream

    def _ask_alone(self, request: Request) -> None:
        Messages(limits=self.limits).ask(iter([request]), api=self.api, run=self.run, tally=self.tally)

    def _fill(self, stream: Iterator[Request]) -> bool:
        """Have enough requests waiting for one batch; return whether there are any."""
        self.waiting.extend(islice(stream, max(0, self.size - len(self.waiting))))
        return bool(self.waiting)

    def _fitting(self) -> int:
        """Return how many of the waiting requests the next batch can have; 0 while what is under way must end first."""
        wanted = self._prefix((len(request.body) + AROUND for request in self.waiting), limit=self.chunking.bytes)
        wanted = max(1, min(wanted, self.size))
        under_way = sum(one.requests for one in self._under_way())
        room = self.ledger.purse(self.run.account).room
        affordable = self._prefix((self._worst(request) for request in islice(self.waiting, wanted)), limit=room)
        allowed = min(wanted, affordable, self.chunking.window - under_way)
        if allowed < wanted and under_way:
            return 0
        open_counts = self.ledger.open_counts()
        return next((size for size in range(allowed, 0, -1) if size not in open_counts), 0)

    def _prefix(self, amounts: Iterable[int], *, limit: int) -> int:
        return sum(1 for _ in takewhile(lambda total: total <= limit, accumulate(amounts)))

    def _worst(self, request: Request) -> int:
        return self.model.worst(body=len(request.body), max_tokens=self.longest, batch=True)

    def _submit(self, chunk: list[Request]) -> None:
        submission = self.ledger.submit(
            self.run.purpose(Batches.name),
            chunk,
            call=self.run.call,
            prices=self.model.prices(prompt=0, batch=True),
            worst=sum(self._worst(request) for request in chunk),
            state=State.INTENT,
            workspace=self.workspace,
        )
        crashpoint("after_intent")
        try:
            batch = self.api.create_batch(_body(submission, chunk))
        except ApiError as error:
            if not self._arrived(submission, error):
                self.waiting.extendleft(reversed(chunk))
            return
        crashpoint("after_post")
        self.desk.bind(submission, batch)
        crashpoint("after_bound")
        self.hold.clear()

    def _arrived(self, submission: Submission, error: ApiError) -> bool:
        """Return whether a submission whose post failed runs all the same, having waited as the failure asks for."""
        if error.failure in (Failure.UNKNOWN, Failure.SERVER):
            self.ledger.mark(submission.number, State.UNKNOWN, reason=str(error))
            return resolve(self.desk, submission)
        self.ledger.close(submission.number, State.REFUSED, reason=str(error))
        if error.failure is Failure.TOO_LARGE and submission.requests > 1:
            self.size = submission.requests // 2
        elif error.failure in (Failure.BUSY, Failure.NEVER_SENT):
            if not self.hold.begin(error.retry_after) and not self._under_way():
                raise PausedError(f"{error} Run the same command again later.")
            self.desk.wait(self.hold.left(), note=str(error))
        else:
            raise PausedError(f"{error} The batch was not accepted and costs nothing; what runs goes on.")
        return False

    def _under_way(self) -> list[Submission]:
        return self.ledger.under_way(Batches.name, build=self.run.build, stage=self.run.stage)

    def _poll(self) -> None:
        """Collect what has ended; asks the provider once in `poll` seconds at most."""
        if time.monotonic() - self.polled < self.chunking.poll:
            return
        for submission in self._under_way():
            batch = self.desk.read(partial(self.api.retrieve_batch, str(submission.batch)))
            if batch.ended:
                self.again |= collect(self.desk, submission, batch, attempts=self.limits.attempts)
        self.polled = time.monotonic()
        self.tally.show(_note(self._under_way()))


def _body(submission: Submission, chunk: list[Request]) -> bytes:
    parts = (
        b'{"custom_id":"%s","params":%s}' % (custom_id(submission.id, request.id).encode(), request.body)
        for request in chunk
    )
    return b'{"requests":[' + b",".join(parts) + b"]}"


def _note(under_way: list[Submission]) -> str:
    ends = [one.expires_at for one in under_way if one.expires_at]
    requests = sum(one.requests for one in under_way)
    if not ends:
        return ""
    batches = "1 batch" if len(under_way) == 1 else f"{len(under_way):,} batches"
    latest = f"{datetime.fromisoformat(min(ends)).astimezone():%Y-%m-%d %H:%M}"
    return f"{batches} of {requests:,} requests in all under way; the first ends by {latest} at the latest"
