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
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate, chain, islice, takewhile
from pathlib import Path
from typing import NamedTuple, TypeVar

from pipeline import raw
from pipeline.calls import Request, custom_id
from pipeline.crashpoint import crashpoint
from pipeline.models import catalog, results
from pipeline.models.anthropic_api import Api, ApiError, Batch, Failure, connect
from pipeline.models.backend import Asked, Outcome, PausedError, RunContext, Tally, over_cap
from pipeline.models.messages import Hold, Limits, Messages, recover
from pipeline.submission import OPEN, Fate, Settled, State, Submission, now

Value = TypeVar("Value")
AROUND = 60  # bytes that a request has around its body in a batch
DRAFT = ".part"  # results on their way here
PASSING = (Failure.BUSY, Failure.NEVER_SENT, Failure.SERVER, Failure.UNKNOWN)  # failures of a reading that may pass


class Chunking(NamedTuple):
    """How requests are cut into batches and how long things are waited for, times in seconds.

    The API takes 100,000 requests or 256 MB a batch, and at most 200,000 requests in all at the lowest tier
    (api/rate-limits). Counts of a batch stay 0 until all of it has ended, so small ones are what shows progress.
    """

    requests: int = 5_000
    bytes: int = 100_000_000
    window: int = 180_000  # requests under way
    poll: float = 30.0
    cool_off: float = 120.0  # between the two listings that must both miss a batch before it counts as never arrived
    skew: float = 120.0  # how far the provider's clock may be behind
    patience: float = 3600.0  # of nothing but failed readings
    downloads: int = 5


class Batches:
    """The back end that asks by Message Batches."""

    name = "batches"

    def __init__(self, *, chunking: Chunking | None = None, limits: Limits | None = None) -> None:
        self.chunking = chunking or Chunking()
        self.limits = limits or Limits()

    def fulfil(self, asked: Asked, *, run: RunContext) -> Outcome:
        """Ask what was not asked yet; return when all is settled, or paused."""
        with run.ledger.alone("paying"), connect(timeout=self.limits.timeout) as api:
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
        self.workspace = self._read(self.api.workspace)
        left = [one for one in self.ledger.submissions(backend=Batches.name) if one.state in OPEN]
        for submission in left:
            if submission.workspace != self.workspace:
                raise PausedError(
                    f"Batches under way were submitted from the workspace {submission.workspace}; this key belongs to "
                    f"{self.workspace}. Use the other key until they are collected."
                )
        for submission in left:
            if submission.state in (State.INTENT, State.UNKNOWN):
                self._resolve(submission)

    def ask(self, requests: Iterable[Request]) -> bool:
        """Submit and collect `requests`; return whether some failed and are to be asked again."""
        self.again = False
        stream = self._after_canary(self.ledger.unsettled(self.run.build, requests))
        while self._fill(stream):
            self._poll()
            if size := self._fitting():
                self._submit([self.waiting.popleft() for _ in range(size)])
            elif self._under_way():
                self._wait(self.chunking.poll)
            else:
                raise PausedError(over_cap(self.run, self._worst(self.waiting[0])))
        while self._under_way():
            self._poll()
            if self._under_way():
                self._wait(self.chunking.poll)
        return self.again

    def _after_canary(self, stream: Iterator[Request]) -> Iterator[Request]:
        """Ask the first request by itself where this call never worked: a batch tells of a bad one only at its end."""
        first = next(stream, None)
        if first is None or self.ledger.proven(self.run.call):
            return chain([first] if first else [], stream)
        Messages(limits=self.limits).ask(iter([first]), api=self.api, run=self.run, tally=self.tally)
        fate, reason = self.ledger.fate(self.run.build, first.id)
        if fate is not Fate.DONE:
            raise PausedError(f"The first request failed, so no batch was submitted: {reason}")
        return stream

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
        self._bind(submission, batch)
        crashpoint("after_bound")
        self.hold.clear()

    def _arrived(self, submission: Submission, error: ApiError) -> bool:
        """Return whether a submission whose post failed runs all the same, having waited as the failure asks for."""
        if error.failure in (Failure.UNKNOWN, Failure.SERVER):
            self.ledger.mark(submission.number, State.UNKNOWN, reason=str(error))
            return self._resolve(submission)
        self.ledger.close(submission.number, State.REFUSED, reason=str(error))
        if error.failure is Failure.TOO_LARGE and submission.requests > 1:
            self.size = submission.requests // 2
        elif error.failure in (Failure.BUSY, Failure.NEVER_SENT):
            if not self.hold.begin(error.retry_after) and not self._under_way():
                raise PausedError(f"{error} Run the same command again later.")
            self._wait(self.hold.left(), note=str(error))
        else:
            raise PausedError(f"{error} The batch was not accepted and costs nothing; what runs goes on.")
        return False

    def _bind(self, submission: Submission, batch: Batch) -> None:
        self.ledger.bind(submission.number, batch=batch.id, created_at=batch.created_at, expires_at=batch.expires_at)

    def _resolve(self, submission: Submission) -> bool:
        """Find out whether a submission whose answer was lost runs, bind it if so, else void it; return which."""
        missed = False
        while True:
            running, ended = self._candidates(submission)
            for batch in ended:
                if self._is_ours(batch, submission):
                    self._bind(submission, batch)
                    return True
                self.ledger.disown(submission.number, batch=batch.id)
            if len(running) == 1:
                self._bind(submission, running[0])
                return True
            if running:
                note = f"{len(running)} batches of {submission.requests} requests may be ours; waiting until they end"
                self._wait(self.chunking.poll, note=note)
            elif missed:
                self.ledger.close(submission.number, State.VOID, reason="it never arrived")
                return False
            else:
                missed = True
                self._wait(self.chunking.cool_off, note="a batch is in doubt; looking twice before it is sent again")

    def _candidates(self, submission: Submission) -> tuple[list[Batch], list[Batch]]:
        """Return the batches that may be `submission`: those still running, and those ended."""
        since = datetime.fromisoformat(submission.intent_at) - timedelta(seconds=self.chunking.skew)
        known = self.ledger.bound()

        def listed() -> list[Batch]:
            young = takewhile(lambda batch: datetime.fromisoformat(batch.created_at) >= since, self.api.batches())
            return [batch for batch in young if batch.requests == submission.requests and batch.id not in known]

        found = self._read(listed)
        return [batch for batch in found if not batch.ended], [batch for batch in found if batch.ended]

    def _is_ours(self, batch: Batch, submission: Submission) -> bool:
        draft = self._draft(submission)
        self._read(lambda: results.download(self.api, batch, draft))
        return results.first_submission(draft) == submission.id

    def _under_way(self) -> list[Submission]:
        mine = self.ledger.submissions(build=self.run.build, backend=Batches.name)
        return [one for one in mine if one.stage == self.run.stage and one.state in OPEN]

    def _poll(self) -> None:
        """Collect what has ended; asks the provider once in `poll` seconds at most."""
        if time.monotonic() - self.polled < self.chunking.poll:
            return
        for submission in self._under_way():
            batch = self._read(partial(self.api.retrieve_batch, str(submission.batch)))
            if batch.ended:
                self._collect(submission, batch)
        self.polled = time.monotonic()
        self.tally.show(_note(self._under_way()))

    def _collect(self, submission: Submission, batch: Batch) -> None:
        self.ledger.end(submission.number, ended_at=batch.ended_at or now())
        crashpoint("after_ended")
        if batch.archived_at:
            self._give_up(submission)
            return
        items = self.ledger.items(submission.number)
        known = results.Known(submission.id, items, self.model, self.limits.attempts)
        try:
            verdict = self._fetch(submission, batch, known)
        except results.ForeignError:
            self.ledger.disown(submission.number, batch=batch.id)
            self.again |= not self._resolve(self.ledger.submission(submission.number))
            return
        crashpoint("after_download")
        draft = self._draft(submission)
        lines = ((items[result.custom_id[-16:]][0], result) for result in results.results(draft))
        raw.write(self.run.file(submission), lines, call=submission.call, prices=submission.prices)
        crashpoint("after_rename")
        with self.ledger.transaction():
            self.tally.settle(submission.number, verdict.settled)
            self.ledger.close(submission.number, State.CLOSED)
        crashpoint("after_booking")
        draft.unlink()
        self.again |= any(one.fate is Fate.TODO for one in verdict.settled)
        self._stop(verdict, batch)

    def _fetch(self, submission: Submission, batch: Batch, known: results.Known) -> results.Verdict:
        draft = self._draft(submission)
        for _ in range(self.chunking.downloads):
            try:
                results.download(self.api, batch, draft)
                return results.verify(draft, batch, known)
            except results.IncompleteError as error:
                reason = str(error)
            self._wait(self.chunking.poll, note=f"the results of {batch.id} are not whole: {reason} Asking again")
        raise PausedError(
            f"The results of {batch.id} are not whole after {self.chunking.downloads} downloads: {reason} They stay with "
            f"the provider until 29 days after {batch.created_at}; run the same command again."
        )

    def _give_up(self, submission: Submission) -> None:
        reason = "the provider deleted the results, 29 days after the batch was made"
        lost = [Settled(request, Fate.DEAD, reason=reason) for request in self.ledger.items(submission.number)]
        with self.ledger.transaction():
            self.tally.settle(submission.number, lost)
            self.ledger.close(submission.number, State.CLOSED, reason=reason, lost=True)

    def _stop(self, verdict: results.Verdict, batch: Batch) -> None:
        if verdict.stop:
            raise PausedError(f"Requests of {batch.id} were not answered: {verdict.stop} Run the same command again.")
        if verdict.invalid * 2 > len(verdict.settled):
            first = next(one.reason for one in verdict.settled if one.fate is Fate.DEAD)
            raise PausedError(
                f"{verdict.invalid} of {len(verdict.settled)} requests of {batch.id} were refused as invalid, at no "
                f"cost: {first}"
            )

    def _draft(self, submission: Submission) -> Path:
        return self.run.folder / f"{submission.id}{DRAFT}"

    def _read(self, call: Callable[[], Value]) -> Value:
        """Return what `call` reads, repeated until it works. Raises PausedError where it is refused, or never works."""
        since = time.monotonic()
        while True:
            try:
                return call()
            except (ApiError, results.IncompleteError) as error:
                refused = isinstance(error, ApiError) and error.failure not in PASSING
                if refused or time.monotonic() - since > self.chunking.patience:
                    raise PausedError(f"{error} What runs goes on; run the same command again.") from error
                note = str(error)
            self._wait(self.chunking.poll, note=note)

    def _wait(self, seconds: float, note: str | None = None) -> None:
        self.tally.show(note)
        time.sleep(seconds)


def _body(submission: Submission, chunk: list[Request]) -> bytes:
    parts = (
        b'{"custom_id":"%s","params":%s}' % (custom_id(submission.id, request.id).encode(), request.body)
        for request in chunk
    )
    return b'{"requests":[' + b",".join(parts) + b"]}"


def _note(under_way: list[Submission]) -> str:
    ends = [one.expires_at for one in under_way if one.expires_at]
    requests = sum(one.requests for one in under_way)
    return f"{len(under_way)} batches with {requests} requests under way; by {min(ends)} at the latest" if ends else ""
