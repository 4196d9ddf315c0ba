"""Who can be compared: annotators, the human label and the automatic one; and which probes a cell of a table counts.

An annotator's verdict is the blind one, given before the hidden side was seen, or the one that counts. A verdict after
the hidden side is anchored by what was revealed, so agreement between persons is that of blind verdicts where there are
any. The human label is always the one that counts (queries/opinions.sql).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import combinations
from typing import Any, NamedTuple

from queries.agreement import TWO, Agreement, Rating, Ratings, agreement, ratings
from queries.labels import ADJUDICATED
from queries.schema import Filter, Label

HALF_WIDTH = 0.1  # what "labels still needed" plans for; kappa at 400 probes has 0.065 (research: SD 0.033)


class Given(StrEnum):
    """Which verdict of an annotator is meant."""

    BLIND = "blind"
    FINAL = "final"


class Kind(StrEnum):
    """What a rater is."""

    ANNOTATOR = "annotator"
    HUMAN = "human label"
    AUTOMATIC = "automatic label"


class Rater(NamedTuple):
    """One of those compared; only an annotator has a name."""

    kind: Kind
    name: str = ""


HUMAN, AUTOMATIC = Rater(Kind.HUMAN), Rater(Kind.AUTOMATIC)
Pair = tuple[Rater, Rater]


class Word(NamedTuple):
    """What a rater says of a probe, and where the probe is."""

    document: str
    scope: str
    category: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Board:
    """Everything that raters say of the probes of one filter. What is computed of it is computed once."""

    given: Given
    words: Mapping[Rater, Mapping[str, Word]]
    _known: dict[tuple[Any, ...], Agreement] = field(default_factory=dict)

    @property
    def annotators(self) -> list[Rater]:
        """Those with a verdict on some probe, by name."""
        return sorted(rater for rater in self.words if rater.kind is Kind.ANNOTATOR)

    @property
    def scopes(self) -> list[str]:
        """The scopes of the judged probes, "" for none."""
        return sorted({word.scope for said in self.words.values() for word in said.values()})

    def met(self, pair: Pair) -> int:
        """Return how many probes both have judged, in whichever category."""
        return len(self.words[pair[0]].keys() & self.words[pair[1]].keys())

    def pairs(self) -> list[Pair]:
        """Return who can be compared: each with the automatic label, then persons, most probes in common first."""
        if AUTOMATIC not in self.words:
            return []
        people = sorted(combinations(self.annotators, 2), key=lambda pair: (-self.met(pair), pair))
        human = [(HUMAN, AUTOMATIC)] if HUMAN in self.words else []
        alone = [(rater, AUTOMATIC) for rater in self.annotators]
        return [*human, *alone, *(pair for pair in people if self.met(pair))]

    def between(self, pair: Pair, *, categories: Sequence[str] = TWO, scope: str | None = None) -> Agreement:
        """Return how far two raters agree, the first in the rows of the table; of one scope, or of all."""
        words = [self.words[rater] for rater in pair]
        both = words[0].keys() & words[1].keys()
        named = {str(at): {probe: said[probe] for probe in both} for at, said in enumerate(words)}
        return self._compared(("pair", pair), named, categories, scope)

    def among(self, *, categories: Sequence[str] = TWO, scope: str | None = None) -> Agreement:
        """Return how far all annotators agree, of one scope or of all."""
        named = {rater.name: self.words[rater] for rater in self.annotators}
        return self._compared(("all",), named, categories, scope)

    def _compared(
        self,
        who: tuple[Any, ...],
        words: Mapping[str, Mapping[str, Word]],
        categories: Sequence[str],
        scope: str | None,
    ) -> Agreement:
        asked = (*who, tuple(categories), scope)
        if asked not in self._known:
            self._known[asked] = agreement(_columns(words, categories, scope), wanted=HALF_WIDTH)
        return self._known[asked]


def _columns(words: Mapping[str, Mapping[str, Word]], categories: Sequence[str], scope: str | None) -> Ratings:
    given = (
        Rating(word.document, probe, name, word.category)
        for name, said in words.items()
        for probe, word in said.items()
        if scope in (None, word.scope)
    )
    return ratings(given, categories=categories)


def board(opinions: Iterable[Mapping[str, Any]], labels: Iterable[Mapping[str, Any]], *, given: Given) -> Board:
    """Return what raters say, from the rows of human_opinions.sql and human_labels.sql; stale opinions are left out."""
    words: defaultdict[Rater, dict[str, Word]] = defaultdict(dict)

    def note(rater: Rater, row: Mapping[str, Any], category: str) -> None:
        words[rater][row["probe_id"]] = Word(row["doc_key"], row["scope"] or "", category)
        words[AUTOMATIC][row["probe_id"]] = Word(row["doc_key"], row["scope"] or "", row["automatic"])

    for row in opinions:
        verdict = row["blind_verdict"] if given is Given.BLIND else row["verdict"]
        if verdict and not row["stale"] and row["voice"] != ADJUDICATED:
            note(Rater(Kind.ANNOTATOR, row["voice"]), row, verdict)
    for row in labels:
        if row["source"] != "stale":
            note(HUMAN, row, row["verdict"])
    return Board(given=given, words=words)


def cell(where: Filter, said: Mapping[Rater, str], *, given: Given) -> Filter:
    """Return the filter of the probes of `where` of which each rater of `said` says that category."""
    for rater, category in said.items():
        if rater == AUTOMATIC:
            label = Label.MIDDLE if category == "UNSURE" else Label(category)
            where = replace(where, labels=(label,))
        elif rater == HUMAN:
            where = replace(where, verdicts=(category,))
        else:
            blind = "blind " if given is Given.BLIND else ""
            where = replace(where, votes=(*where.votes, f"{rater.name}:{blind}{category}"))
    return where
