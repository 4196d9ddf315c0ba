"""Stage `judge`: ask for a score of every blind answer, and of the full-information answers where that is wanted."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from pipeline import asking, marks, scores, work
from pipeline.asking import Answered, Asking
from pipeline.models import catalog
from pipeline.models.calls import Call, Item, Request, Stage
from pipeline.money.estimate import NOTHING, Estimate
from pipeline.probes.made import Made, MadeProbe
from pipeline.prompts.judge import prompt, prompt_fingerprint
from pipeline.work import Work
from queries.schema import SCORED_SCOPES

MAX_TOKENS = 32  # a number; room for what models write around it ("**Score: 0.7**")


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Whose answers are judged, and by whom; `targets` judges the target responses too, once each."""

    work: Work
    by: Asking
    targets: bool = False
    only_estimate: bool = False
    landed: Callable[[], None] = lambda: None  # called whenever replies came in


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How judging left the answers."""

    asked: tuple[Answered, ...]
    scores: scores.Summary

    @property
    def new(self) -> int:
        """How many replies are new."""
        return sum(each.new for each in self.asked)

    def __str__(self) -> str:
        """What a person reads at the end of the stage."""
        return "\n".join(map(str, (*self.asked, self.scores)))


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `judge` takes."""
    work.add_arguments(parser)
    asking.add_arguments(parser)
    add_targets(parser)


def add_targets(parser: ArgumentParser) -> None:
    """Declare whether target responses are judged."""
    parser.add_argument("--targets", action="store_true", help="also score target_response, the ceiling")


def settings(arguments: Namespace) -> Judge:
    """Return the settings that the command line names."""
    return Judge(
        work=work.work(arguments),
        by=asking.asking(arguments),
        targets=arguments.targets,
        only_estimate=arguments.estimate,
    )


def run(settings: Judge) -> Summary | Estimate:
    """Ask for every score that was not asked for, collect them all, and say how that left the answers."""
    settings.work.check(finalized=True)
    collect(settings.work)
    stages = (Stage.JUDGE, Stage.CEILING) if settings.targets else (Stage.JUDGE,)
    if settings.only_estimate:
        return sum((cost(settings, stage) for stage in stages), NOTHING)
    asked = tuple(
        asking.ask(
            partial(requests, settings, stage),
            work=settings.work,
            stage=stage,
            call=call(settings.by),
            total=sum(1 for _ in _due(settings.work, stage)),
            by=settings.by,
            landed=settings.landed,
        )
        for stage in stages
    )
    return Summary(asked=asked, scores=collect(settings.work))


def collect(work: Work) -> scores.Summary:
    """Collect answers and scores from the raw replies, unless that was done with exactly these; say what there is."""
    made_of = marks.fingerprint(work.folder, *scores.STAGES, level=work.level)
    if marks.is_made(work.folder, "scores", made_of):
        return scores.summary(work.folder)
    collected = scores.collect(work.folder, level=work.level)
    marks.mark(work.folder, "scores", made_of)
    return collected


def call(by: Asking) -> Call:
    """Return what all requests to the judge share."""
    return by.call(prompt=prompt_fingerprint(), max_tokens=MAX_TOKENS)


def cost(settings: Judge, stage: Stage) -> Estimate:
    """Return what it costs to ask for the scores that were not asked for; asks nothing."""
    every, shared = requests(settings, stage), call(settings.by)
    return asking.cost(every, stage=stage, call=shared, work=settings.work, by=settings.by)


def requests(settings: Judge, stage: Stage) -> Iterator[Request]:
    """Yield one request an answer, or for the ceiling one a target response, in the order of the round."""
    shared = call(settings.by)
    for due in _due(settings.work, stage):
        asked = prompt(question=due.probe.question, atom=due.made.atom(due.probe), answer=due.answer)
        item = Item(stage, due.made.doc_id, due.made.level, due.probe.slot, due.rollout)
        yield Request(item, shared, catalog.body(shared, user=asked.user))


class _Due(NamedTuple):
    """An answer that is judged."""

    made: Made
    probe: MadeProbe
    rollout: int
    answer: str


def _due(work: Work, stage: Stage) -> Iterator[_Due]:
    for made, found in scores.with_scores(work.folder):
        for probe in made.probes:
            if probe.scope in SCORED_SCOPES and stage is Stage.CEILING:
                yield _Due(made, probe, 0, probe.target_response)
            elif probe.slot in found:
                for rollout, answer in enumerate(found[probe.slot].answers):
                    if answer is not None:
                        yield _Due(made, probe, rollout, answer)
