"""What the stages that ask a model share: which back end and model, what it may cost, and the asking itself."""

import json
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pipeline import prompts, retries
from pipeline.addenda import addenda, signed
from pipeline.errors import StageError
from pipeline.models import catalog
from pipeline.models.backend import Asked, Backend, Outcome, RunContext
from pipeline.models.batches import Batches
from pipeline.models.calls import Call, Request, Stage
from pipeline.models.messages import Messages
from pipeline.models.recorded import Recorded
from pipeline.money.estimate import NOTHING, Estimate, estimate
from pipeline.money.ledger import Ledger, ledger_at
from pipeline.money.submission import OPEN, Fate, State, dollars
from pipeline.progress import progress
from pipeline.rounds import raw_folder
from pipeline.work import Work

BACKENDS = (Recorded.name, Batches.name, Messages.name)
MODEL = "claude-haiku-4-5-20251001"  # generator, answerer and judge of the published build (dataset card)
SAMPLE = Path(__file__).parents[1] / "sample"
RECORDED_MODEL = "claude (recorded sample)"  # who wrote the sample's replies and rollouts (sample/README.md)
REASONS = 3  # different ones that a summary tells


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who is asked, and what that may cost in all, in USD. `recordings` is where the back end `recorded` looks."""

    backend: str = Recorded.name
    model: str = RECORDED_MODEL
    cap: Decimal = Decimal(0)
    base_url: str | None = None
    recordings: Path = SAMPLE / "replies"
    retry_dead: bool = False
    retry_unusable: bool = False

    @property
    def batch(self) -> bool:
        """Whether a call costs what it does in a Message Batch."""
        return self.backend == Batches.name

    @property
    def of_the_sample(self) -> bool:
        """Whether the sample's recordings are replayed."""
        return self.backend == Recorded.name and self.recordings.resolve() == SAMPLE / "replies"

    @property
    def free(self) -> bool:
        """Whether calls cost nothing."""
        return self.backend == Recorded.name or not catalog.model(self.model).paid

    def call(self, *, prompt: str, max_tokens: int, thinking: int = 0, schema: Mapping[str, Any] | None = None) -> Call:
        """Return what the requests of a stage share (catalog.call); a recording's parameters are not known here."""
        if self.backend == Recorded.name:
            parameters = json.dumps({"model": self.model, "max_tokens": max_tokens}, separators=catalog.LINES)
            return Call(self.model, prompt, parameters)
        return catalog.call(self.model, prompt=prompt, max_tokens=max_tokens, thinking=thinking, schema=schema)

    def open(self) -> Backend:
        """Return the back end."""
        if self.backend == Batches.name:
            return Batches()
        if self.backend == Messages.name:
            return Messages(base_url=self.base_url)
        return Recorded(self.recordings)


class Answered(NamedTuple):
    """How asking left a stage. Counts are of the stage's whole work, `new` of this run; money is in nanodollars."""

    stage: Stage
    done: int
    dead: int
    new: int
    spent: int
    reasons: dict[str, int]  # why requests are dead
    again: int = 0  # requests for which this was the second time, since the first reply could not be used

    def __str__(self) -> str:
        """What a person reads at the end of the stage."""
        lines = [f"{self.stage}: {self.done:,} replies, {self.new:,} of them new, for {dollars(self.spent)}."]
        lines += [f"{self.again:>11,}  asked once more: the reply could not be used"] if self.again else []
        lines += [f"{count:>11,}  given up: {reason}" for reason, count in islice(self.reasons.items(), REASONS)]
        if len(self.reasons) > REASONS:
            rest = sum(self.reasons.values()) - sum(islice(self.reasons.values(), REASONS))
            lines.append(f"{rest:>11,}  given up for other reasons (python -m pipeline status lists them)")
        return "\n".join(lines)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare who is asked and what it may cost."""
    parser.add_argument("--backend", choices=BACKENDS, default=Recorded.name, help="default: recorded, which is free")
    parser.add_argument("--model", metavar="ID", help=f"default: {MODEL}; local:NAME for a server of your own")
    parser.add_argument("--cap", default="0", metavar="USD", help="what the round may cost in all (default: 0)")
    parser.add_argument("--base-url", metavar="URL", help="server that speaks /v1/messages, for the backend messages")
    parser.add_argument("--recordings", metavar="FOLDER", help="recorded replies (default: those of the sample)")
    parser.add_argument("--retry-dead", action="store_true", help="ask again what was given up")
    parser.add_argument(
        "--retry-unusable", action="store_true", help="ask once more, and pay again, where a reply could not be used"
    )
    parser.add_argument("--estimate", action="store_true", help="print what it would cost, and ask nothing")


def asking(arguments: Namespace) -> Asking:
    """Return who the command line says is asked; raises StageError for what cannot be."""
    chosen = arguments.backend
    if arguments.base_url and chosen != Messages.name:
        raise StageError(f"--base-url is for the backend messages, not for {chosen}.")
    model = arguments.model or (RECORDED_MODEL if chosen == Recorded.name else MODEL)
    if chosen != Recorded.name:
        catalog.model(model)  # or it has no price
    folder = Path(arguments.recordings).expanduser() if arguments.recordings else SAMPLE / "replies"
    if not folder.is_dir():
        raise StageError(f"There is no folder of recordings {folder}.")
    return Asking(
        backend=chosen,
        model=model,
        cap=_cap(arguments.cap),
        base_url=arguments.base_url,
        recordings=folder,
        retry_dead=arguments.retry_dead,
        retry_unusable=arguments.retry_unusable,
    )


def refuse_edited(by: Asking, build: Path, levels: Iterable[int]) -> None:
    """Raise StageError where the sample's replies would stand for an addendum that `build` edited or added."""
    known, shipped = addenda(build), prompts.addenda()
    edited = [level for level in levels if known[level].text != shipped.get(level)]
    if by.of_the_sample and edited:
        raise StageError(
            f"Level {signed(edited[0])} of {build.name} has an addendum of its own, and the sample's replies were "
            "recorded with the shipped one; ask a model, or choose other levels."
        )


def _cap(text: str) -> Decimal:
    try:
        cap = Decimal(text)
    except InvalidOperation:
        raise StageError(f"--cap {text} is no amount of USD.") from None
    if not cap.is_finite() or cap < 0:
        raise StageError(f"--cap {text}: an amount of USD from 0 on.")
    return cap


def ask(
    requests: Asked,
    *,
    work: Work,
    stage: Stage,
    call: Call,
    total: int,
    by: Asking,
    landed: Callable[[], None] = lambda: None,
) -> Answered:
    """Ask what was not asked yet and say how that left the stage; `landed` is called whenever replies came in.

    Raises StageError where asking had to pause; what was paid for is kept, and the same command goes on.
    """
    with ledger_at(work.root / "ledger.db") as ledger, progress(stage, total=total) as shown:
        _refuse_another_call(ledger, work, stage, call)
        before = ledger.counts(work.account, stage, call)
        run = RunContext(
            build=work.asked_as,
            stage=stage,
            call=call,
            folder=raw_folder(work.folder, stage),
            account=work.account,
            cap=by.cap,
            ledger=ledger,
            progress=shown,
            retry_dead=by.retry_dead,
            landed=landed,
        )
        first = _fulfilled(requests, run=run, by=by)
        again = first
        missed = retries.unusable(work.folder, stage, call) if by.retry_unusable else frozenset()
        if missed:
            shown.update(done=first.done + first.dead, total=total + len(missed))
            once_more = replace(run, retry_dead=False)  # or what has just been given up would be forgotten
            again = _fulfilled(lambda: retries.with_retries(requests(), missed), run=once_more, by=by)
        dead = ledger.dead(work.asked_as, stage, account=work.account)
        reasons = Counter(one.cause for one in dead)
    return Answered(
        stage,
        again.done,
        again.dead,
        new=again.done - before.get(Fate.DONE, 0),
        spent=first.spent + (again.spent if missed else 0),
        reasons=dict(reasons.most_common()),
        again=again.done - first.done,
    )


def _fulfilled(requests: Asked, *, run: RunContext, by: Asking) -> Outcome:
    outcome = by.open().fulfil(requests, run=run)
    if outcome.paused:
        raise StageError(outcome.paused)
    return outcome


def cost(requests: Iterable[Request], *, stage: Stage, call: Call, work: Work, by: Asking) -> Estimate:
    """Return what those of `requests` cost that were not asked yet; asks nothing."""
    if by.retry_unusable:
        requests = retries.with_retries(requests, retries.unusable(work.folder, stage, call))
    with ledger_at(work.root / "ledger.db") as ledger:
        left = ledger.unsettled(work.asked_as, requests)
        if by.backend == Recorded.name:
            return NOTHING._replace(requests=sum(1 for _ in left))
        return estimate(left, batch=by.batch)


def _refuse_another_call(ledger: Ledger, work: Work, stage: Stage, call: Call) -> None:
    """Raise StageError where the stage was asked of another model or with another prompt: two builds would be mixed."""
    for one in ledger.submissions(build=work.asked_as):
        if (
            (one.account, one.stage) == (work.account, stage)
            and one.state in (*OPEN, State.CLOSED)
            and one.call != call
        ):
            differs = [name for name, old, new in zip(Call._fields, one.call, call, strict=True) if old != new]
            raise StageError(
                f"The stage {stage} of {work.account} was asked of {one.call.model} with another "
                f"{' and '.join(differs)}; asking again would mix the two. Choose another --round, or another --build."
            )
