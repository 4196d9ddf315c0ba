"""What the rest of a round will cost, stage by stage, before any of it is sent: what to expect, and the most it can be.

What was asked already is left out. Of requests that cannot exist yet, those about documents are taken to be like those
about the source's first openings, answers and judgements like those of the dataset card.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from pipeline import answer, generate, judge, rollouts
from pipeline.asking import Asking
from pipeline.dataset import sources
from pipeline.errors import StageError
from pipeline.models import catalog
from pipeline.models.calls import Call, Stage
from pipeline.models.recorded import Recorded
from pipeline.money.estimate import NOTHING, Estimate, typical
from pipeline.money.ledger import ledger_at
from pipeline.money.submission import Fate, Purse, dollars
from pipeline.rounds import Drawn, read_documents, read_round
from pipeline.sample import Sample
from pipeline.scoring import Plan
from pipeline.seeds import row_seed
from pipeline.work import Work, read_level
from queries.schema import SCORED_SCOPES, SLOTS

LOOKED_AT = 50  # openings of the source that stand for a round which is not drawn yet
SCORED = sum(scope in SCORED_SCOPES for scope in SLOTS)  # probes of a document that are answered and judged


class Forecast(NamedTuple):
    """The cost of what is left of a round by stage, and its money so far; `warning` is what to know of the model."""

    account: str
    stages: dict[Stage, Estimate]
    purse: Purse
    warning: str | None

    @property
    def total(self) -> Estimate:
        """All stages together."""
        return sum(self.stages.values(), NOTHING)

    def __str__(self) -> str:
        """What a person reads before deciding on a cap."""
        lines = [f"{stage:>9}: {each}" for stage, each in self.stages.items()]
        so_far = f"{dollars(self.purse.spent + self.purse.presumed)} spent, {dollars(self.purse.reserved)} reserved"
        total = f"{self.account} so far: {so_far}. What is left: {dollars(self.total.expected)} expected, "
        lines.append(f"{total}{dollars(self.total.ceiling)} at most.")
        return "\n".join([*lines, *([self.warning] if self.warning else [])])


def forecast(sample: Sample, work: Work, by: Asking, *, plan: Plan, targets: bool) -> Forecast:
    """Return what is left to pay for a round, drawn or not; asks nothing and draws nothing.

    Raises StageError where the source has nothing to draw.
    """
    drawn = read_round(work.folder)
    documents = drawn.documents if drawn else sample.documents
    stages = {Stage.GENERATE: _generate(sample, work, by) if drawn is None else _left(work, by)}
    probes = SCORED * documents
    wanted = answer.Answer(work=work, by=by, plan=plan._replace(stop_at=None))
    if read_level(work.folder) is None or stages[Stage.GENERATE].requests:
        stages[Stage.ANSWER] = priced(answer.call(by), Stage.ANSWER, requests=plan.k * probes, by=by)
    else:
        probes = sum(1 for _ in answer.due(wanted))
        stages[Stage.ANSWER] = answer.cost(wanted)
    with ledger_at(work.root / "ledger.db") as ledger:
        purse = ledger.purse(work.account)
        ceilings = {Stage.CEILING: probes} if targets else {}
        for stage, due in ({Stage.JUDGE: plan.k * probes} | ceilings).items():
            call = judge.call(by)
            counts = ledger.counts(work.account, stage, call)
            left = max(0, due - counts.get(Fate.DONE, 0) - counts.get(Fate.DEAD, 0))
            stages[stage] = priced(call, stage, requests=left, by=by)
    return Forecast(work.account, stages, purse, warning(by))


def _left(work: Work, by: Asking) -> Estimate:
    return generate.cost(read_documents(work.folder), work, by)


def _generate(sample: Sample, work: Work, by: Asking) -> Estimate:
    """Return what the generator costs for a round that is not drawn, from the first openings of the source."""
    some = list(islice(_openings(sample), LOOKED_AT))
    if not some:
        raise StageError(f"{sample.source} holds no opening that a document can be made of.")
    measured = generate.cost(some, work, by)
    if not measured.requests:
        return NOTHING._replace(requests=sample.documents)
    return Estimate(*(round(amount * sample.documents / measured.requests) for amount in measured))


def _openings(sample: Sample) -> Iterator[Drawn]:
    source = sources.find(sample.source, split=sample.split)
    for opening in rollouts.read(source, sources.fingerprint(source)):
        if not opening.unusable:
            yield Drawn(**opening._asdict(), row_seed=row_seed(sample.seed, opening.doc_id))


def priced(call: Call, stage: Stage, *, requests: int, by: Asking) -> Estimate:
    """Return what calls of a scoring stage cost if they are like those of the dataset card; recorded ones, nothing."""
    if by.backend == Recorded.name:
        return NOTHING._replace(requests=requests)
    return typical(call, stage, requests=requests, batch=by.batch)


def warning(by: Asking) -> str | None:
    """Return what to know of the model that is asked before paying for much; None for nothing."""
    if by.backend == Recorded.name:
        return None
    return catalog.model(by.model).retirement(datetime.now(UTC).date())
