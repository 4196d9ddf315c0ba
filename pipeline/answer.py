"""Stage `answer`: ask blind readers about every sentence, paragraph and whole probe, K times each."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pipeline import asking, scores, work
from pipeline.asking import Answered, Asking
from pipeline.errors import StageError
from pipeline.models import catalog
from pipeline.models.calls import Call, Item, Request, Stage
from pipeline.money.estimate import Estimate
from pipeline.probes.made import Made, MadeProbe
from pipeline.prompts.answerer import prompt, prompt_fingerprint
from pipeline.scoring import Plan, write_plan
from pipeline.work import Work
from queries.schema import ROLLOUTS, SCORED_SCOPES

MAX_TOKENS = 800  # dataset card, "Answerer + judge"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Whose probes are asked about, by whom, and how often; `wave` counts the plan's waves from 0."""

    work: Work
    by: Asking
    plan: Plan = field(default_factory=Plan)
    wave: int = 0
    only_estimate: bool = False
    landed: Callable[[], None] = lambda: None  # called whenever replies came in

    @property
    def rollouts(self) -> range:
        """The rollouts of the wave."""
        return self.plan.waves()[self.wave]


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `answer` takes."""
    work.add_arguments(parser)
    asking.add_arguments(parser)
    add_k(parser)


def add_k(parser: ArgumentParser) -> None:
    """Declare how many answers a probe gets."""
    parser.add_argument("--k", type=int, default=ROLLOUTS, metavar="K", help=f"answers a probe (default: {ROLLOUTS})")


def settings(arguments: Namespace) -> Answer:
    """Return the settings that the command line names."""
    return Answer(
        work=work.work(arguments),
        by=asking.asking(arguments),
        plan=Plan(k=k(arguments)),
        only_estimate=arguments.estimate,
    )


def k(arguments: Namespace) -> int:
    """Return how many answers the command line asks for; raises StageError for an impossible number."""
    if not 0 < arguments.k < scores.ROLLOUTS:
        raise StageError(f"--k {arguments.k}: from 1 to {scores.ROLLOUTS - 1} answers a probe.")
    return int(arguments.k)


def run(settings: Answer) -> Answered | Estimate:
    """Ask for every answer that was not asked for, and say how that left the stage."""
    settings.work.check(finalized=True)
    if settings.only_estimate:
        return cost(settings)
    write_plan(settings.work.folder, settings.plan)
    return asking.ask(
        lambda: requests(settings),
        work=settings.work,
        stage=Stage.ANSWER,
        call=call(settings.by),
        total=_total(settings),
        by=settings.by,
        landed=settings.landed,
    )


def call(by: Asking) -> Call:
    """Return what all requests to the blind readers share."""
    return by.call(prompt=prompt_fingerprint(), max_tokens=MAX_TOKENS)


def cost(settings: Answer) -> Estimate:
    """Return what it costs to ask for the answers that were not asked for; asks nothing."""
    return asking.cost(
        requests(settings), stage=Stage.ANSWER, call=call(settings.by), work=settings.work, by=settings.by
    )


def requests(settings: Answer) -> Iterator[Request]:
    """Yield one request a rollout of each probe that is due, in the order of the round."""
    shared = call(settings.by)
    for made, probe in due(settings):
        asked = prompt(text=made.text, split=probe.split, target=probe.target, question=probe.question)
        body = catalog.body(shared, user=asked.user)
        for rollout in settings.rollouts:
            yield Request(Item(Stage.ANSWER, made.doc_id, made.level, probe.slot, rollout), shared, body)


def due(settings: Answer) -> Iterator[tuple[Made, MadeProbe]]:
    """Yield the probes that are asked about in the wave: those whose label earlier ones did not decide."""
    return ((made, probe) for made, probe, is_due in _scored(settings) if is_due)


def _total(settings: Answer) -> int:
    """Return how many answers there will be after the wave, those of earlier ones included."""
    rollouts = settings.rollouts
    return sum(rollouts.stop if is_due else rollouts.start for _, _, is_due in _scored(settings))


def _scored(settings: Answer) -> Iterator[tuple[Made, MadeProbe, bool]]:
    for made, found in scores.with_scores(settings.work.folder):
        for probe in made.probes:
            if probe.scope in SCORED_SCOPES:
                earlier = found[probe.slot].scores[: settings.rollouts.start] if probe.slot in found else []
                yield made, probe, not settings.plan.decided(earlier)
