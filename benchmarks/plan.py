"""What a synthetic build holds, counted in advance: which slots are filled, which are scored and how, what is dirty.

The counts are the dataset card's at its 36,997 documents, and the same shares rounded down at any other number. The
rates of dirt are ours: of the sibling build (Qwen3-8B) only the ranges of its columns are public, so every kind seen
there occurs, rarely, and none changes a count of the card.
"""

from enum import StrEnum
from typing import NamedTuple

import numpy as np

from queries.schema import SCORED_SCOPES, SLOTS, Scope

CARD_DOCUMENTS = 36_997
SCOPE_PROBES = {
    Scope.WORD: 184_959,
    Scope.LENS: 184_805,
    Scope.SENTENCE: 110_882,
    Scope.PARAGRAPH: 73_932,
    Scope.WHOLE: 35_622,
}
UNSCOPED_PROBES = 541  # the card's total, 590,741, less its scopes; here they have a null scope
HISTOGRAM = (33_518, 45_525, 25_803, 52_087, 31_961)  # max score in [0, .2), [.2, .4), [.4, .6), [.6, .8), [.8, 1]
STATED_SCORED = 188_819  # what the card says next to a histogram of 188,894

BIN = 20  # hundredths
STEPS = (0, 5, 10, 15)  # the judge mostly answers in twentieths
STEP_WEIGHTS = (0.38, 0.27, 0.2, 0.15)  # the lower steps oftener, so that the mean is near the card's 0.461
FULL_MARKS = 0.12  # of the last bin's probes have a max score of 1
OFF_LATTICE = 0.03  # of the max scores are no twentieths


class Dirt(StrEnum):
    """What can be wrong with one probe; at most one thing is."""

    QUESTION_NULL = "question_null"
    QUESTION_EMPTY = "question_empty"
    ATOM_NULL = "atom_null"
    ATOM_EMPTY = "atom_empty"
    IPA_EMPTY = "ipa_empty"
    SLOT_BELOW = "slot_below"
    SLOT_ABOVE = "slot_above"
    SLOT_NULL = "slot_null"
    SLOT_REPEATED = "slot_repeated"
    DISTANCE_UNKNOWN = "distance_unknown"
    CONTEXT_TRIMMED = "context_trimmed"
    CONTEXT_OTHER = "context_other"
    ATOM_RESPACED = "atom_respaced"
    ATOM_REWORDED = "atom_reworded"
    RUNAWAY_TEXT = "runaway_text"
    SCORES_FEWER = "scores_fewer"


class Rate(NamedTuple):
    """How many of a build's probes have a kind of dirt, and what it imitates."""

    share: float
    imitates: str


RATES: dict[Dirt, Rate] = {
    Dirt.QUESTION_NULL: Rate(0.0010, "verbalizer_prompt is nullable and sometimes null"),
    Dirt.QUESTION_EMPTY: Rate(0.0005, "its shortest value has 0 characters"),
    Dirt.ATOM_NULL: Rate(0.0010, "atom_text is nullable and sometimes null"),
    Dirt.ATOM_EMPTY: Rate(0.0005, "its shortest value has 0 characters"),
    Dirt.IPA_EMPTY: Rate(0.0005, "incorrect_plausible_answer has 0 to 3,150 characters"),
    Dirt.SLOT_BELOW: Rate(0.0005, "slot_idx starts at -1, where the card says 0"),
    Dirt.SLOT_ABOVE: Rate(0.0005, "slot_idx goes to 20, where the card says 15"),
    Dirt.SLOT_NULL: Rate(0.0005, "slot_idx is nullable"),
    Dirt.SLOT_REPEATED: Rate(0.0005, "two probes of a document under one slot_idx"),
    Dirt.DISTANCE_UNKNOWN: Rate(0.0050, "actual_word_distance_from_split is -9,999 where the atom was not located"),
    Dirt.CONTEXT_TRIMMED: Rate(0.0010, "a context without the white space at its ends"),
    Dirt.CONTEXT_OTHER: Rate(0.0010, "a context that is not the visible side: here cut at half its length"),
    Dirt.ATOM_RESPACED: Rate(0.0100, "a sentence, paragraph or whole copied with its white space changed"),
    Dirt.ATOM_REWORDED: Rate(0.0100, "the same copied with one word changed"),
    Dirt.RUNAWAY_TEXT: Rate(0.0003, "difficulty_check of 28,600 characters: thinking that ran into the field"),
    Dirt.SCORES_FEWER: Rate(0.0010, "an answer or a judgement lost: three or four scores instead of five"),
}
MID_WORD_SPLITS = 0.01  # of the documents have their word and lens split inside a word, as the first published row has


class Counts(NamedTuple):
    """How many of everything a build of some number of documents holds."""

    documents: int
    scopes: dict[Scope, int]
    unscoped: int
    histogram: tuple[int, ...]
    stated_scored: int

    @property
    def probes(self) -> int:
        """All rows of the build."""
        return sum(self.scopes.values()) + self.unscoped


def counts(documents: int) -> Counts:
    """Return the card's counts scaled to `documents`, each rounded down."""

    def scaled(number: int) -> int:
        return number * documents // CARD_DOCUMENTS

    return Counts(
        documents=documents,
        scopes={scope: scaled(number) for scope, number in SCOPE_PROBES.items()},
        unscoped=scaled(UNSCOPED_PROBES),
        histogram=tuple(scaled(number) for number in HISTOGRAM),
        stated_scored=scaled(STATED_SCORED),
    )


class Plan(NamedTuple):
    """The cells of a build by document and slot."""

    filled: np.ndarray  # has a row
    unscoped: np.ndarray  # its row has a null scope
    score: np.ndarray  # max score in hundredths; -1 = unscored
    dirt: np.ndarray  # a number of Dirt in its order; -1 = clean
    mid_word: np.ndarray  # by document


def plan(documents: int, *, rng: np.random.Generator) -> Plan:
    """Return which cells of `documents` times sixteen are filled, scored and dirty, with the counts of `counts`."""
    wanted = counts(documents)
    filled, unscoped = _filled(wanted, rng)
    score = _scores(wanted, filled & ~unscoped, rng)
    return Plan(
        filled=filled,
        unscoped=unscoped,
        score=score,
        dirt=_dirt(filled, score, rng),
        mid_word=np.isin(np.arange(documents), _drawn(np.arange(documents), MID_WORD_SPLITS * documents, rng)),
    )


def _drawn(cells: np.ndarray, count: float, rng: np.random.Generator) -> np.ndarray:
    return rng.choice(cells, size=int(count), replace=False)


def _columns(scope: Scope) -> np.ndarray:
    return np.array([slot == scope for slot in SLOTS])


def _filled(wanted: Counts, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    filled = np.zeros((wanted.documents, len(SLOTS)), dtype=bool)
    for scope, number in wanted.scopes.items():
        cells = np.flatnonzero(np.broadcast_to(_columns(scope), filled.shape))
        filled.flat[_drawn(cells, number, rng)] = True
    unscoped = np.zeros_like(filled)
    unscoped.flat[_drawn(np.flatnonzero(~filled), wanted.unscoped, rng)] = True
    return filled | unscoped, unscoped


def _scores(wanted: Counts, scoped: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    eligible = np.flatnonzero(scoped & np.isin(SLOTS, SCORED_SCOPES))
    drawn = _drawn(eligible, sum(wanted.histogram), rng)
    bins = np.repeat(np.arange(len(wanted.histogram)), wanted.histogram)
    value = bins * BIN + rng.choice(STEPS, size=len(bins), p=STEP_WEIGHTS)
    value += (rng.random(len(bins)) < OFF_LATTICE) * rng.integers(1, 5, size=len(bins))
    value[(bins == len(wanted.histogram) - 1) & (rng.random(len(bins)) < FULL_MARKS)] = 100
    score = np.full(scoped.shape, -1, dtype=np.int16)
    score.flat[drawn] = value
    return score


def _dirt(filled: np.ndarray, score: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    dirt = np.full(filled.shape, -1, dtype=np.int8)
    for number, (kind, rate) in enumerate(RATES.items()):
        free = np.flatnonzero((dirt < 0) & _eligible(kind, filled, score))
        dirt.flat[_drawn(free, rate.share * filled.sum(), rng)] = number
    return dirt


def _eligible(kind: Dirt, filled: np.ndarray, score: np.ndarray) -> np.ndarray:
    match kind:
        case Dirt.ATOM_RESPACED | Dirt.ATOM_REWORDED | Dirt.RUNAWAY_TEXT:
            return filled & np.isin(SLOTS, SCORED_SCOPES)
        case Dirt.SCORES_FEWER:
            return score >= 0
        case Dirt.SLOT_REPEATED:  # takes the number of the slot before it, which must be there and of the same scope
            before = np.array([slot > 0 and SLOTS[slot - 1] == SLOTS[slot] for slot in range(len(SLOTS))])
            return np.asarray(filled & before & np.roll(filled, 1, axis=1))
        case _:
            return filled
