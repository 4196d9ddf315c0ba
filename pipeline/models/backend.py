"""What the three back ends have in common: what they are given, what they say when they come back."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, Protocol

from pipeline import files
from pipeline.models import raw
from pipeline.models.calls import Call, Request, Stage
from pipeline.models.catalog import USD
from pipeline.money.ledger import Ledger
from pipeline.money.submission import Fate, Purpose, Settled, Submission, dollars
from pipeline.progress import Progress

Asked = Callable[[], Iterable[Request]]
"""Makes the stage's requests, the same ones each time it is called: a back end reads them again to repeat failures,
so that it never holds more of them than it sends at once."""


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """One stage of one build, as a back end sees it. A stage's requests share one `call`."""

    build: str
    stage: Stage
    call: Call
    folder: Path  # where the stage's raw replies are
    account: str  # whose cap it is, e.g. `demo/round-0`: it holds for all runs and stages of the account together
    cap: Decimal  # USD
    ledger: Ledger
    progress: Progress
    retry_dead: bool = False
    landed: Callable[[], None] = lambda: None  # called after each raw file: what came in can be looked at

    def purpose(self, backend: str) -> Purpose:
        """Return what a submission of this stage is for."""
        return Purpose(self.account, self.build, self.stage, backend)

    def prepare(self) -> None:
        """Set the cap, know what is on disk, and let the dead be asked again where that was wished.

        To be called alone: it removes drafts that a killed process left.
        """
        self.ledger.set_cap(self.account, int(self.cap * USD))
        for draft in self.folder.glob(f"*{files.DRAFT}"):
            draft.unlink()
        self._adopt()
        if self.retry_dead:
            self.ledger.revive(self.account, self.stage)

    def _adopt(self) -> None:
        """Take over raw files that this ledger never saw: a build that came without its ledger is not bought again."""
        known = {submission.id for submission in self.ledger.submissions(build=self.build)}
        for path in self.folder.glob(f"*{raw.SUFFIX}"):
            id = path.name.removesuffix(raw.SUFFIX)
            if id not in known and (found := raw.contents(path)):
                self.ledger.adopt(
                    id,
                    self.purpose("found"),
                    found.items,
                    call=found.call,
                    prices=found.prices,
                    spent=found.spent,
                )

    def file(self, submission: Submission) -> Path:
        """Return where a submission's raw replies are."""
        return self.folder / f"{submission.id}{raw.SUFFIX}"


class Outcome(NamedTuple):
    """How a back end left a stage. The counts are those of the stage so far, all runs and waves together."""

    done: int  # requests whose reply is on disk
    dead: int  # requests that were given up; the ledger has the reasons
    spent: int  # nanodollars that this one call of `fulfil` was billed
    paused: str | None = None  # why not everything was asked, and what to do


class Backend(Protocol):
    """Makes sure that each request has a raw reply on disk, or a reason in the ledger."""

    name: str

    def fulfil(self, asked: Asked, *, run: RunContext) -> Outcome:
        """Ask what was not asked yet; return when all is settled, or paused.

        It may be killed at any moment and called again. Raises StageError where it cannot even begin.
        """


class PausedError(Exception):
    """No more may be asked now; the message says why and what to do."""


class Tally:
    """Keeps count of a stage while a back end works on it, and shows it."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._counts = Counter(run.ledger.counts(run.account, run.stage, run.call))
        self._spent = 0
        self.show()

    def settle(self, number: int, settled: Iterable[Settled]) -> None:
        """Write down what became of requests, in the ledger and here."""
        new = self._run.ledger.settle(number, settled)
        self._counts.update(one.fate for one in new)
        self._spent += sum(one.spent for one in new)
        self.show()

    def show(self, note: str | None = None) -> None:
        """Show how far the stage is and where its money stands, with a note on what is going on."""
        done = self._counts[Fate.DONE] + self._counts[Fate.DEAD]
        self._run.progress.update(done=done, note=note, purse=self._run.ledger.purse(self._run.account))

    def outcome(self, paused: str | None = None) -> Outcome:
        """Return how things stand, having written down why they paused, if they did."""
        if paused:
            self._run.ledger.pause(self._run.account, paused)
            self._run.progress.pause(paused)
        return Outcome(self._counts[Fate.DONE], self._counts[Fate.DEAD], self._spent, paused)


def over_cap(run: RunContext, worst: int) -> str:
    """Return why nothing more can be reserved, for a person."""
    purse = run.ledger.purse(run.account)
    return (
        f"The cap of {dollars(purse.cap)} for {run.account} is reached: {dollars(purse.spent)} spent, "
        f"{dollars(purse.presumed)} presumed, {dollars(purse.reserved)} reserved, and the next request can cost "
        f"{dollars(worst)}. Raise it with --cap and run the same command again."
    )


def nothing_to_ask(asked: Asked, *, run: RunContext, backend: str) -> bool:
    """Return whether a stage is complete, so that no key, no connection and no import of the SDK is needed."""
    if run.retry_dead or run.ledger.under_way(backend, build=run.build, stage=run.stage):
        return False
    return next(run.ledger.unsettled(run.build, asked()), None) is None
