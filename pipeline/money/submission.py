"""The values of the ledger: submissions and where they stand, what became of requests, and an account's money.

Money is counted in whole nanodollars (pipeline/models/catalog.py).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from pipeline.models.calls import Call, Stage
from pipeline.models.catalog import USD, Prices


class State(StrEnum):
    """Where a submission stands."""

    INTENT = "intent"  # written down, and perhaps sent
    UNKNOWN = "unknown"  # sent, and the answer was lost
    RUNNING = "running"
    ENDED = "ended"  # the provider is done with it, the results are not here yet
    CLOSED = "closed"
    REFUSED = "refused"  # the provider said no: nothing runs, nothing is billed
    VOID = "void"  # it never arrived, or was not ours


OPEN = (State.INTENT, State.UNKNOWN, State.RUNNING, State.ENDED)


class Fate(StrEnum):
    """Where a request stands. One that never went out has none."""

    TODO = "todo"
    SENT = "sent"
    DONE = "done"
    DEAD = "dead"


class Purpose(NamedTuple):
    """Whose money a submission spends, and what for."""

    account: str
    build: str
    stage: Stage
    backend: str


class Purse(NamedTuple):
    """The money of an account, in nanodollars."""

    cap: int
    spent: int  # billed, by usage
    presumed: int  # the most that may have been billed for calls whose reply was lost
    reserved: int  # the most that what is under way can still cost

    @property
    def room(self) -> int:
        """What can still be reserved."""
        return self.cap - self.spent - self.presumed - self.reserved


class OverCapError(Exception):
    """A reservation does not fit under the account's cap."""


class Settled(NamedTuple):
    """What became of one request of a submission; amounts in nanodollars."""

    request: str
    fate: Fate
    tried: bool = False  # whether a failure says something about the request, and so counts as a try
    reason: str | None = None
    spent: int = 0
    presumed: int = 0
    released: int = 0  # what is no longer reserved for it


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One group of requests that went out together; amounts in nanodollars, times in ISO 8601."""

    number: int
    id: str
    account: str
    build: str
    stage: Stage
    backend: str
    call: Call
    prices: Prices
    state: State
    requests: int
    reserved: int
    spent: int
    presumed: int
    batch: str | None
    workspace: str | None
    intent_at: str
    created_at: str | None
    expires_at: str | None
    ended_at: str | None
    reason: str | None


def now() -> str:
    """Return the time in UTC as ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat()


def dollars(amount: int) -> str:
    """Return an amount as a person reads it: `$12.30`, four digits below a dollar."""
    return f"${amount / USD:,.2f}" if amount >= USD else f"${amount / USD:.4f}"
