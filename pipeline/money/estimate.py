"""What a set of requests will cost, before any of it is sent: what to expect, and what it cannot exceed.

Tokens are estimated from measured bytes: `bytes_per_token` of models.toml, 3.5 for Haiku 4.5. The ceiling counts a
token a byte and every reply as long as `max_tokens` allows, which is what the ledger reserves: a run in which no call
fails never needs a higher cap.
"""

from collections.abc import Iterable
from typing import NamedTuple

from pipeline.models import catalog
from pipeline.models.calls import Call, Request, Stage, Usage
from pipeline.money.submission import dollars

OUTPUT = {
    Stage.GENERATE: 10_500,  # a thinking budget of 8,000 and a reply of 8 KB (the sample's mean)
    Stage.ANSWER: 80,  # this and the judge's: dataset card, "Cost"
    Stage.JUDGE: 5,
    Stage.CEILING: 5,
}
"""Tokens that a reply is expected to have."""

INPUT = {Stage.ANSWER: 1300, Stage.JUDGE: 400, Stage.CEILING: 400}
"""Tokens that a request of the dataset card had, for stages whose requests do not exist yet."""


class Estimate(NamedTuple):
    """The cost of a number of requests in nanodollars, and the tokens behind what is expected."""

    requests: int
    input_tokens: int
    output_tokens: int
    expected: int
    ceiling: int

    def __add__(self, other: object) -> "Estimate":
        """Return the estimate for both together."""
        if not isinstance(other, Estimate):
            return NotImplemented
        return Estimate(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def __str__(self) -> str:
        """Return one line for a person."""
        return (
            f"{self.requests:,} requests, about {self.input_tokens:,} tokens in and {self.output_tokens:,} out: "
            f"{dollars(self.expected)} expected, {dollars(self.ceiling)} at most"
        )


NOTHING = Estimate(0, 0, 0, 0, 0)


def estimate(requests: Iterable[Request], *, batch: bool) -> Estimate:
    """Return what `requests` cost at batch prices or the full ones; they are read one at a time."""
    total = NOTHING
    for request in requests:
        total += _one(request.call, request.item.stage, size=len(request.body), batch=batch)
    return total


def _one(call: Call, stage: Stage, *, size: int, batch: bool) -> Estimate:
    model, longest = catalog.model(call.model), catalog.max_tokens(call)
    given, written = round(size / model.bytes_per_token), min(OUTPUT[stage], longest)
    expected = model.cost(Usage(input=given, output=written), batch=batch)
    return Estimate(1, given, written, expected, model.worst(body=size, max_tokens=longest, batch=batch))


def typical(call: Call, stage: Stage, *, requests: int, batch: bool) -> Estimate:
    """Return what `requests` calls of a scoring stage cost if they are like those of the dataset card.

    For a stage whose requests depend on replies that are not there yet.
    """
    model = catalog.model(call.model)
    one = _one(call, stage, size=round(INPUT[stage] * model.bytes_per_token), batch=batch)
    return Estimate(*(requests * amount for amount in one))
