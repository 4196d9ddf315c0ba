"""Stage `generate`: ask the generator for the probes of each document, one call a document."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pipeline import asking, work
from pipeline.asking import Answered, Asking
from pipeline.models import catalog
from pipeline.models.calls import Call, Item, Request, Stage
from pipeline.money.estimate import Estimate
from pipeline.prompts.generator import prompt, prompt_fingerprint
from pipeline.prompts.replies import generator_schema
from pipeline.rounds import Drawn, read_documents, read_round
from pipeline.work import Work

THINKING, MAX_TOKENS = 8_000, 28_000  # dataset card, "Generator"


@dataclass(frozen=True, kw_only=True)
class Generate:
    """Whose documents the generator is asked about, and who it is."""

    work: Work
    by: Asking
    only_estimate: bool = False
    landed: Callable[[], None] = lambda: None  # called whenever replies came in


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `generate` takes."""
    work.add_arguments(parser)
    asking.add_arguments(parser)


def settings(arguments: Namespace) -> Generate:
    """Return the settings that the command line names."""
    place, by = work.work(arguments), asking.asking(arguments)
    asking.refuse_edited(by, place.build, [place.level])
    return Generate(work=place, by=by, only_estimate=arguments.estimate)


def run(settings: Generate) -> Answered | Estimate:
    """Ask the generator about every document it was not asked about, and say how that left the stage."""
    settings.work.check()
    drawn = read_round(settings.work.folder)
    if settings.only_estimate:
        return cost(read_documents(settings.work.folder), settings.work, settings.by)
    return asking.ask(
        lambda: requests(read_documents(settings.work.folder), settings.work, settings.by),
        work=settings.work,
        stage=Stage.GENERATE,
        call=call(settings.work, settings.by),
        total=drawn.documents if drawn else 0,
        by=settings.by,
        landed=settings.landed,
    )


def call(work: Work, by: Asking) -> Call:
    """Return what all requests to the generator share."""
    return by.call(
        prompt=prompt_fingerprint(work.addendum), max_tokens=MAX_TOKENS, thinking=THINKING, schema=generator_schema()
    )


def cost(documents: Iterable[Drawn], work: Work, by: Asking) -> Estimate:
    """Return what it costs to ask about those of `documents` that were not asked about; asks nothing."""
    return asking.cost(requests(documents, work, by), stage=Stage.GENERATE, call=call(work, by), work=work, by=by)


def requests(documents: Iterable[Drawn], work: Work, by: Asking) -> Iterator[Request]:
    """Yield one request a document, in their order."""
    shared, addendum = call(work, by), work.addendum
    for drawn in documents:
        asked = prompt(drawn, addendum=addendum)
        body = catalog.body(shared, system=asked.system, user=asked.user)
        yield Request(Item(Stage.GENERATE, drawn.doc_id, work.level), shared, body)
