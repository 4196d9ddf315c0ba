"""Asking once more where a reply was paid for and cannot be used: deliberate, under a name of its own, paid again."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pipeline import scores
from pipeline.models import raw
from pipeline.models.calls import Call, Item, Reply, Request, Stage
from pipeline.prompts.replies import read_generator
from pipeline.rejects import Rejected
from pipeline.rounds import raw_folder

READERS: dict[Stage, Callable[[Reply], object]] = {Stage.GENERATE: read_generator, **scores.STAGES}


def unusable(folder: Path, stage: Stage, call: Call) -> frozenset[Item]:
    """Return what those first replies to `call` in the folder of a round are for that say nothing of use."""
    return frozenset(
        reply.item
        for reply in raw.replies(raw_folder(folder, stage), call=call)
        if reply.item.attempt == 0 and isinstance(READERS[stage](reply), Rejected)
    )


def with_retries(requests: Iterable[Request], missed: frozenset[Item]) -> Iterator[Request]:
    """Yield the requests, those for what was `missed` a second time as a new draw."""
    for request in requests:
        yield request
        if request.item in missed:
            yield request._replace(item=request.item._replace(attempt=1))
