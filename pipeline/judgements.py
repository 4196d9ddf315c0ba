"""Stage `judge`: ask for a score of every blind answer, and of the full-information answers where that is wanted."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from pipeline import asking, scores, work
from pipeline.asking import Answered, Asking
from pipeline.calls import Call, Item, Request, Stage
from pipeline.estimate import Estimate
from pipeline.judge import prompt, prompt_fingerprint
from pipeline.made import Made, MadeProbe
from pipeline.models import catalog
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
    collect = partial(scores.collect, settings.work.folder, level=settings.work.level)
    collect()
    makers = {Stage.JUDGE: requests} | ({Stage.CEILING: ceilings} if settings.targets else {})
    if settings.only_estimate:
        every = (one for make in makers.values() for one in make(settings))
        return asking.cost(every, work=settings.work, by=settings.by)
    asked = tuple(
        asking.ask(
            partial(make, settings),
            work=settings.work,
            stage=stage,
            call=call(settings.by),
            total=sum(1 for _ in make(settings)),
            by=settings.by,
        )
        for stage, make in makers.items()
    )
    return Summary(asked=asked, scores=collect())


def call(by: Asking) -> Call:
    """Return what all requests to the judge share."""
    return by.call(prompt=prompt_fingerprint(), max_tokens=MAX_TOKENS)


def requests(settings: Judge) -> Iterator[Request]:
    """Yield one request an answer, in the order of the round."""
    for made, found in scores.with_scores(settings.work.folder):
        probes = {probe.slot: probe for probe in made.probes}
        for slot, said in found.items():
            if slot in probes:
                for rollout, answer in enumerate(said.answers):
                    if answer is not None:
                        yield _request(settings, made, probes[slot], answer, stage=Stage.JUDGE, rollout=rollout)


def ceilings(settings: Judge) -> Iterator[Request]:
    """Yield one request a target response of a scored probe, in the order of the round."""
    for made, _ in scores.with_scores(settings.work.folder):
        for probe in made.probes:
            if probe.scope in SCORED_SCOPES:
                yield _request(settings, made, probe, probe.target_response, stage=Stage.CEILING, rollout=0)


def _request(settings: Judge, made: Made, probe: MadeProbe, answer: str, *, stage: Stage, rollout: int) -> Request:
    shared = call(settings.by)
    asked = prompt(question=probe.question, atom=made.atom(probe), answer=answer)
    item = Item(stage, made.doc_id, made.level, probe.slot, rollout)
    return Request(item, shared, catalog.body(shared, user=asked.user))
