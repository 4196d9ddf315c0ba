"""Where an atom stands in its document: verbatim, with other whitespace, or nearly.

Generators copy atoms from memory: 2% of them come back with whitespace changed, a word replaced or an end cut off.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from rapidfuzz import fuzz

from pipeline.probes.cut import Cut
from pipeline.probes.wording import folded
from queries.schema import Located, Scope, Target
from queries.splits import Span

FRAGMENT = 48  # characters at either end of a long atom that are looked for first; rapidfuzz is fastest below 64
LIKE_SHORT = 90.0  # of 100: in ten characters one may differ, in five none
LIKE_LONG = 85.0  # of 100: a clause of a sentence may be reworded
LIKE_FRAGMENT = 80.0
SLACK = 40  # characters by which an end found by likeness may be wrong
LONGEST = 20_000  # characters of an atom that is compared with its document; the card's documents end at 12,000


class Location(NamedTuple):
    """How an atom was found, where, and how often it stands there; `span` is null where it was not found."""

    how: Located
    span: Span | None = None
    occurrences: int = 0


MISSING = Location(Located.MISSING)


def locate(atom: str | None, cut: Cut, *, scope: Scope | None) -> Location:
    """Return where `atom` stands on the hidden side of `cut`; of several places the one nearest the split.

    A word is looked for as a whole word first. The text of the span is the atom itself only where it was found EXACT.
    """
    if not atom or atom.isspace():
        return _exact(atom, cut) if atom else MISSING
    found = _exact_word(atom, cut) if scope is Scope.WORD else _exact(atom, cut)
    if found is MISSING:
        found = _respaced(atom, cut)
    return _nearly(atom, cut) if found is MISSING else found


def starts(part: str, text: str, within: Span) -> Iterator[int]:
    """Yield where `part` begins in `within`, from left to right, no two places overlapping."""
    at = text.find(part, *within)
    while at >= 0:
        yield at
        at = text.find(part, at + len(part), within.end)


def stands_alone(text: str, span: Span) -> bool:
    """Say whether neither neighbour of `span` in `text` belongs to the same word."""
    before, after = text[max(span.start - 1, 0) : span.start], text[span.end : span.end + 1]
    return not (before.isalnum() or after.isalnum())


def _places(part: str, text: str, within: Span, target: Target) -> list[int]:
    """Return where `part` begins in `within`, from left to right, no two overlapping, counted from the split on."""
    if target is Target.SUFFIX:
        return list(starts(part, text, within))
    found: list[int] = []
    at = text.rfind(part, *within)
    while at >= 0:
        found.append(at)
        at = text.rfind(part, within.start, at)
    return found[::-1]


def _exact(atom: str, cut: Cut) -> Location:
    found = _places(atom, cut.text, cut.sides.hidden, cut.target)
    return _nearest([Span(at, at + len(atom)) for at in found], cut, Located.EXACT)


def _exact_word(atom: str, cut: Cut) -> Location:
    spans = [Span(at, at + len(atom)) for at in _places(atom, cut.text, cut.sides.hidden, cut.target)]
    whole = [span for span in spans if stands_alone(cut.text, span)]
    return _nearest(whole or spans, cut, Located.EXACT)


def _respaced(atom: str, cut: Cut) -> Location:
    words = cut.hidden_words
    wanted = " ".join(atom.split())

    def place(at: int) -> int:
        word = bisect_right(words.joined_starts, at) - 1
        return words.starts[word] + at - words.joined_starts[word]

    found = _places(wanted, words.joined, Span(0, len(words.joined)), cut.target)
    return _nearest([Span(place(at), place(at + len(wanted) - 1) + 1) for at in found], cut, Located.WHITESPACE)


def _nearest(spans: list[Span], cut: Cut, how: Located) -> Location:
    if not spans:
        return MISSING
    return Location(how, spans[0] if cut.target is Target.SUFFIX else spans[-1], len(spans))


def _nearly(atom: str, cut: Cut) -> Location:
    wanted, text = folded(atom.strip()), cut.hidden_folded
    if not text or len(wanted) > min(LONGEST, 1.25 * len(text)):
        return MISSING
    span = _nearly_short(wanted, text) if len(wanted) <= FRAGMENT + 16 else _nearly_long(wanted, text)
    if span is None:
        return MISSING
    span = _snapped(span, wanted, text)
    begin = cut.sides.hidden.start
    return Location(Located.FUZZY, Span(begin + span.start, begin + span.end), 1)


def _nearly_short(wanted: str, text: str) -> Span | None:
    found = fuzz.partial_ratio_alignment(wanted, text, score_cutoff=LIKE_SHORT)
    return Span(found.dest_start, found.dest_end) if found and found.dest_end > found.dest_start else None


def _nearly_long(wanted: str, text: str) -> Span | None:
    """Find both ends of a long atom, or one and count from there, and compare what lies between with the whole."""
    head = fuzz.partial_ratio_alignment(wanted[:FRAGMENT], text, score_cutoff=LIKE_FRAGMENT)
    tail = fuzz.partial_ratio_alignment(wanted[-FRAGMENT:], text, score_cutoff=LIKE_FRAGMENT)
    spans = []
    if head and tail:
        spans.append(Span(head.dest_start, tail.dest_end))
    if head:
        spans.append(Span(head.dest_start, min(head.dest_start + len(wanted), len(text))))
    if tail:
        spans.append(Span(max(tail.dest_end - len(wanted), 0), tail.dest_end))
    for span in spans:
        if span.start < span.end and fuzz.ratio(wanted, text[span.start : span.end], score_cutoff=LIKE_LONG):
            return span
    return None


def _snapped(span: Span, wanted: str, text: str) -> Span:
    """Move the ends of a span, which are right to a few words, to the ends of words where they fit best."""
    head, tail = wanted[:FRAGMENT], wanted[-FRAGMENT:]
    gaps = [" ", *text[max(span.start - SLACK, 0) : span.end + SLACK], " "]
    first = max(span.start - SLACK, 0) - 1  # the place in the text of the first of `gaps`
    spaces = [character.isspace() for character in gaps]
    begins = [first + at for at in range(1, len(gaps)) if spaces[at - 1] and not spaces[at]]
    ends = [first + at for at in range(1, len(gaps)) if not spaces[at - 1] and spaces[at]]
    near = [at for at in begins if abs(at - span.start) <= SLACK] or [span.start]
    start = max(near, key=lambda at: fuzz.ratio(head, text[at : at + len(head)]))
    near = [at for at in ends if abs(at - span.end) <= SLACK and at > start] or [max(span.end, start + 1)]
    return Span(start, max(near, key=lambda at: fuzz.ratio(tail, text[max(at - len(tail), start) : at])))
