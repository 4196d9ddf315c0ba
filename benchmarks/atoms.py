"""Where the splits and the atoms of a synthetic document lie."""

from bisect import bisect_left, bisect_right
from random import Random
from typing import NamedTuple

from benchmarks.prose import Passage
from queries.schema import Scope, SplitGroup, Target
from queries.splits import sides

EDGE = 0.2  # of the sentences stay clear of a split, at either end
SAME_SPLIT = 0.51  # of the rows use one offset for all scopes (dataset card)
FAR = {Scope.WORD: 20, Scope.SENTENCE: 8, Scope.PARAGRAPH: 4}  # units from the split to an atom, at most
LENS_TOKENS = 12
WORDS_A_TOKEN = 0.75


class Text(NamedTuple):
    """A document with its edges as lists, which are faster than arrays to look one number up in."""

    text: str
    word_starts: list[int]
    word_ends: list[int]
    sentence_starts: list[int]
    sentence_ends: list[int]
    paragraph_starts: list[int]
    paragraph_ends: list[int]

    @classmethod
    def of(cls, passage: Passage) -> "Text":
        """Return the passage without the white space after its last sentence."""
        return cls(passage.text.rstrip(), *(edges.tolist() for edges in passage[1:]))


class Atom(NamedTuple):
    """A hidden span, and how many of its own units away from the split it stands."""

    start: int
    end: int
    units: int


def draw_splits(text: Text, *, mid_word: bool, dice: Random) -> dict[SplitGroup, int]:
    """Return the four splits, each the end of a sentence; with `mid_word`, word and lens are split inside a word."""
    count = len(text.sentence_ends)
    places = text.sentence_ends[int(count * EDGE) : int(count * (1 - EDGE))]
    once = dice.choice(places)
    same = dice.random() < SAME_SPLIT
    splits = {group: once if same else dice.choice(places) for group in SplitGroup}
    if mid_word:
        splits[SplitGroup.WORD_LENS] = _inside_a_word(text, splits[SplitGroup.WORD_LENS])
    return splits


def _inside_a_word(text: Text, split: int) -> int:
    before = range(bisect_left(text.word_starts, split), -1, -1)
    return next(text.word_starts[word] + 2 for word in before if text.word_ends[word] - text.word_starts[word] > 3)


def draw_atom(text: Text, scope: Scope, *, split: int, target: Target, dice: Random) -> Atom:
    """Return an atom of `scope` on the hidden side."""
    match scope:
        case Scope.LENS:
            return _adjacent(text, split=split, target=target, tokens=dice.randint(1, LENS_TOKENS))
        case Scope.WHOLE:
            return _side(text, split=split, target=target)
        case Scope.WORD:
            starts, ends = text.word_starts, text.word_ends
        case Scope.SENTENCE:
            starts, ends = text.sentence_starts, text.sentence_ends
        case Scope.PARAGRAPH:
            starts, ends = text.paragraph_starts, text.paragraph_ends
    units = dice.randint(1, FAR[scope])
    if target is Target.SUFFIX:
        first = bisect_left(starts, split)
        place = min(first + units - 1, len(starts) - 1)
        found = place >= first
    else:
        after_last = bisect_right(ends, split)
        place = max(after_last - units, 0)
        found = place < after_last
    if found:
        return Atom(starts[place], ends[place], units)
    return _side(text, split=split, target=target)  # the split is in the only paragraph of its side


def _side(text: Text, *, split: int, target: Target) -> Atom:
    start, end = sides(length=len(text.text), split=split, target=target).hidden
    bare = text.text[start:end].strip()
    start += text.text[start:end].index(bare)
    return Atom(start, start + len(bare), 1)


def _adjacent(text: Text, *, split: int, target: Target, tokens: int) -> Atom:
    words = max(1, round(tokens * WORDS_A_TOKEN))
    if target is Target.SUFFIX:
        last = bisect_left(text.word_starts, split) + words - 1
        return Atom(split, text.word_ends[min(last, len(text.word_ends) - 1)], tokens)
    first = bisect_right(text.word_ends, split) - words
    return Atom(text.word_starts[max(first, 0)], split, tokens)
