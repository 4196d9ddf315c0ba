"""What every step of a batch needs: a connection, the run it is for, patience with readings, waiting with a reason."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from pipeline.models.anthropic_api import Api, ApiError, Batch, Failure
from pipeline.models.backend import PausedError, RunContext, Tally
from pipeline.models.results import IncompleteError
from pipeline.money.ledger import Ledger
from pipeline.money.submission import Submission

Value = TypeVar("Value")
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


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One stage's place at the provider."""

    api: Api
    run: RunContext
    tally: Tally
    chunking: Chunking

    @property
    def ledger(self) -> Ledger:
        """The ledger of the run."""
        return self.run.ledger

    def draft(self, submission: Submission) -> Path:
        """Return where the results of a submission are put before they are known to be whole."""
        return self.run.folder / f"{submission.id}{DRAFT}"

    def bind(self, submission: Submission, batch: Batch) -> None:
        """Write down that `submission` runs as `batch`."""
        self.ledger.bind(submission.number, batch=batch.id, created_at=batch.created_at, expires_at=batch.expires_at)

    def read(self, call: Callable[[], Value]) -> Value:
        """Return what `call` reads, repeated until it works. Raises PausedError where it is refused, or never works."""
        since = time.monotonic()
        while True:
            try:
                return call()
            except (ApiError, IncompleteError) as error:
                refused = isinstance(error, ApiError) and error.failure not in PASSING
                if refused or time.monotonic() - since > self.chunking.patience:
                    raise PausedError(f"{error} What runs goes on; run the same command again.") from error
                note = str(error)
            self.wait(self.chunking.poll, note=note)

    def wait(self, seconds: float, *, note: str | None = None) -> None:
        """Wait, saying why."""
        self.tally.show(note)
        time.sleep(seconds)
