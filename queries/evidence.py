"""Which labels say something of the probes on a screen: those of an estimate queue drawn from all of them.

The rule is that the queue's filter must be as wide as the screen's or wider, field by field. Then the probes on screen
are a part of what was drawn from, and the labelled ones among them estimate that part with the weights of the draw
(estimation for a domain: Cochran, Sampling Techniques, 1977, 2.13 and 5A.14). The rule reads filters alone and never
the labels, so that which queue is shown cannot depend on what it says. Queues are not pooled: they may share probes.

What was said elsewhere, as in a hunt, counts for a drawn probe only once its turn in the queue has come: Relabel serves
no probe again to those who have judged it (queue_upcoming.sql), so that to leave it out would lose just what hunts look
for, and to take it before its turn would bring in what they chose. Queues come in random order, so the probes up to any
place are a random sample like the whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from queries.estimate import (
    Estimate,
    Sample,
    error,
    false_easy,
    false_hard,
    human_hard,
    human_hard_by_score,
    sample,
)
from queries.queues import Item, Queue, Stratum
from queries.schema import Filter

SETS = ("scopes", "targets", "typicalities", "labels", "rounds", "levels", "flags")  # an empty one means any
SAME = ("doc_id", "host", "search")  # None means any


def contains(whole: Filter, part: Filter) -> bool:
    """Return whether every probe that `part` means is surely one that `whole` means; a filter by human label never is.

    Whom such a filter means moves with every label, so that nobody knows what a queue over it was drawn from.
    """
    if whole.by_label or (whole.labels and whole.thresholds != part.thresholds):
        return False
    sets = [(set(getattr(whole, name)), set(getattr(part, name))) for name in SETS]
    same = [(getattr(whole, name), getattr(part, name)) for name in SAME]
    low, high = (whole.score_from, part.score_from), (whole.score_to, part.score_to)
    return (
        all(not wide or (narrow and narrow <= wide) for wide, narrow in sets)
        and all(wide in (None, narrow) for wide, narrow in same)
        and (low[0] is None or (low[1] is not None and low[0] <= low[1]))
        and (high[0] is None or (high[1] is not None and high[1] <= high[0]))
    )


class Rates(NamedTuple):
    """How wrong the automatic label is, and what persons say, each None where no label tells (queries/estimate.py)."""

    labels: int
    error: Estimate | None
    false_hard: Estimate | None
    false_easy: Estimate | None
    hard: Estimate | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """The labels of one estimate queue; `inside` marks those on screen, in `documents` documents.

    `population` is how many probes the queue was drawn from; without a sample it has fewer than two labels.
    """

    queue: Queue
    population: int
    sample: Sample | None
    inside: NDArray[np.bool_]
    documents: int

    @property
    def labels(self) -> int:
        """How many labelled probes of the queue are on screen."""
        return int(self.inside.sum())

    @property
    def scopes(self) -> list[str]:
        """The scopes of the labelled probes on screen, "" for none."""
        return sorted({str(scope) for scope in self.sample.scope[self.inside]}) if self.sample else []

    def rates(self, *, scope: str | None = None) -> Rates:
        """Return the rates over the probes on screen, or over those of one scope."""
        found = self.sample
        if found is None:
            return Rates(0, None, None, None, None)
        inside = self.inside if scope is None else self.inside & (found.scope == scope)
        return Rates(
            int(inside.sum()),
            error(found, within=inside),
            false_hard(found, within=inside),
            false_easy(found, within=inside),
            human_hard(found, within=inside),
        )

    def hard_by_score(self, starts: Sequence[int]) -> dict[int, Estimate]:
        """Return human P(HARD) on screen by bin of the max score, bins beginning at `starts` hundredths."""
        return human_hard_by_score(self.sample, starts=starts, within=self.inside) if self.sample else {}


def evidence(
    queue: Queue, *, strata: Sequence[Stratum], items: Sequence[Item], labels: Sequence[Mapping[str, Any]]
) -> Evidence:
    """Return what a queue knows of the probes on screen; `labels` are the rows of queue_labels.sql for its probes."""
    places = {item.probe_id: item.position for item in items}
    reached = max((places[row["probe_id"]] for row in labels if row["here"]), default=0)
    counted = [row for row in labels if places[row["probe_id"]] <= reached]
    found = sample(strata=strata, items=items, labels=counted)
    meant = {row["probe_id"]: row["doc_key"] for row in counted if row["meant"] and row["score"] is not None}
    inside = np.isin(found.probe_id, list(meant)) if found else np.zeros(0, dtype=bool)
    documents = {meant[str(probe)] for probe in found.probe_id[inside]} if found else set()
    return Evidence(
        queue=queue,
        population=sum(part.probes for part in strata),
        sample=found,
        inside=inside,
        documents=len(documents),
    )
