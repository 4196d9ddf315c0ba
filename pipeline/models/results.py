"""The results of an ended batch: fetched, counted against what was sent, and turned into what became of each request.

A stream that was cut at the end of a line ends without an error, so a file counts as whole only when the set of its
custom ids is the set that was sent and its counts are those that the provider states.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipeline.crashpoint import crashpoint
from pipeline.models import raw
from pipeline.models.anthropic_api import Api, ApiError, Batch, out_of_money
from pipeline.models.calls import Item, parse_custom_id
from pipeline.models.catalog import Model
from pipeline.money.submission import Fate, Settled


class IncompleteError(Exception):
    """The results that came are not all; they can be fetched again."""


class ForeignError(Exception):
    """The batch holds results of somebody else's requests."""


class Known(NamedTuple):
    """What the results of a batch are judged by."""

    submission: str
    items: dict[str, tuple[Item, int]]  # by request id, with the failures before
    model: Model
    attempts: int


class Verdict(NamedTuple):
    """What the results of a batch say."""

    settled: list[Settled]
    invalid: int  # requests that were refused for what they say
    stop: str | None  # why no more should be asked now


def download(api: Api, batch: Batch, draft: Path) -> None:
    """Stream the results of `batch` into `draft`. Raises IncompleteError where the stream breaks."""
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        for _ in api.results(batch.id, draft):
            crashpoint("mid_download")
    except ApiError as error:
        raise IncompleteError(str(error)) from error


def first_submission(draft: Path) -> str | None:
    """Return the submission that the first result in `draft` belongs to, or None where it is no request of ours."""
    with draft.open("rb") as file:
        try:
            names = parse_custom_id(raw.parse_result(file.readline()).custom_id)
        except ValueError:
            return None
    return names[0] if names else None


def verify(draft: Path, batch: Batch, known: Known) -> Verdict:
    """Return what became of every request of a batch, by the results in `draft`.

    Raises ForeignError where they are not ours, IncompleteError where they are not all.
    """
    settled: dict[str, Settled] = {}
    kinds: Counter[str] = Counter()
    invalid, stop = 0, None
    for result in results(draft):
        names = parse_custom_id(result.custom_id)
        if not names or names[0] != known.submission:
            raise ForeignError(result.custom_id)
        if names[1] not in known.items:
            raise IncompleteError(f"{result.custom_id} is nothing that was sent.")
        _, failures = known.items[names[1]]
        one = _settle(names[1], result, model=known.model, last=failures + 1 >= known.attempts)
        settled[names[1]] = one
        kinds[result.kind] += 1
        invalid += result.error.get("type") == "invalid_request_error" and one.fate is Fate.DEAD
        stop = stop or _stop(one)
    stated = {kind: count for kind, count in batch.counts.items() if count}
    if len(settled) < len(known.items) or dict(kinds) != stated:
        raise IncompleteError(f"{len(settled)} of {len(known.items)} results came.")
    return Verdict(list(settled.values()), invalid, stop)


def results(draft: Path) -> Iterator[raw.Result]:
    """Yield the results in `draft`. Raises IncompleteError at a line that was cut."""
    with draft.open("rb") as file:
        for line in file:
            try:
                yield raw.parse_result(line)
            except ValueError as error:
                raise IncompleteError("A line of the results was cut.") from error


def _settle(request: str, result: raw.Result, *, model: Model, last: bool) -> Settled:
    message = str(result.error.get("message", ""))
    reason = ": ".join(part for part in (str(result.error.get("type") or result.kind), message[:500]) if part)
    match result.kind:
        case "succeeded":
            return Settled(request, Fate.DONE, spent=model.cost(result.usage, batch=True))
        case "canceled":
            return Settled(request, Fate.TODO, reason=reason)
        case "errored" if out_of_money(message):
            return Settled(request, Fate.TODO, reason=reason)
        case "errored" if result.error.get("type") == "invalid_request_error":
            return Settled(request, Fate.DEAD, tried=True, reason=reason)
        case "errored" | "expired":
            return Settled(request, Fate.DEAD if last else Fate.TODO, tried=True, reason=reason)
        case _:
            return Settled(request, Fate.DEAD, tried=True, reason=f"the provider's result {result.kind!r} is not known")


def _stop(one: Settled) -> str | None:
    """Return why the run should stop: of failures, only those that count no try come from outside the request."""
    return f"{one.reason}." if one.fate is Fate.TODO and not one.tried else None
