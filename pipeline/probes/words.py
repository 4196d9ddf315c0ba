"""Word probes: a content word of the hidden side, asked for by its distance from the split alone.

Slots 0-4. The word nearest the distance that the slot asks for is taken, unless it stands in view too or a slot before
has it: a document's words are drawn without replacement, in the order of the slots.
"""

import re
from itertools import islice
from typing import NamedTuple

from pipeline.probes.bank import Bank
from pipeline.probes.ground import Ground, Outcome, Templated
from pipeline.probes.slots import FARTHEST, Wish, wishes
from pipeline.probes.vocabulary import WORD, content
from pipeline.rejects import Reason, Rejected
from queries.schema import Scope, Target
from queries.splits import Span

REACH = 2 * FARTHEST[Scope.WORD]  # words from the split in which one is looked for
LONGEST = 40 * REACH  # characters that are searched for so many words before the split
SIDE = {Target.PREFIX: "before", Target.SUFFIX: "after"}


class Place(NamedTuple):
    """A content word of the hidden side and its distance: 1 is the word at the split."""

    span: Span
    distance: int


def word_probes(ground: Ground, bank: Bank) -> dict[int, Outcome]:
    """Return the word probe of each of the slots 0-4, or why it has none."""
    return {slot: _probe(ground, bank, wish, place) for slot, (wish, place) in _places(ground).items()}


def word_probe(ground: Ground, bank: Bank, slot: int) -> Outcome:
    """Return the word probe of one slot, the same as `word_probes` gives it, without making the others."""
    return _probe(ground, bank, *_places(ground)[slot])


def question(distance: int, target: Target) -> str:
    """Return the question for the word so many words from the split, which says nothing but where it stands."""
    return (
        f"Which content word stands about {distance} {'word' if distance == 1 else 'words'} {SIDE[target]} this point?"
    )


def _places(ground: Ground) -> dict[int, tuple[Wish, Place | None]]:
    near = {target: _near(ground, target) for target in Target}
    taken: set[str] = set()
    places: dict[int, tuple[Wish, Place | None]] = {}
    for wish in wishes(ground.drawn.row_seed):
        if wish.scope is Scope.WORD:
            place = _nearest(ground, near[wish.target], wish, taken)
            places[wish.slot] = wish, place
            if place:
                taken.add(ground.text[place.span.start : place.span.end].casefold())
    return places


def _near(ground: Ground, target: Target) -> list[re.Match[str]]:
    """Return the words of the hidden side from the split outward, as many as are looked at."""
    if target is Target.SUFFIX:
        return list(islice(WORD.finditer(ground.text, ground.split), REACH))
    start = max(0, ground.split - LONGEST)
    return list(WORD.finditer(ground.text, start, ground.split))[::-1][:REACH]


def _nearest(ground: Ground, near: list[re.Match[str]], wish: Wish, taken: set[str]) -> Place | None:
    for index in sorted(range(len(near)), key=lambda each: (abs(each + 1 - wish.distance), each)):
        word = near[index]
        letters = content(word[0])
        if letters:
            atom = word[0][letters.start : letters.end]
            if atom.casefold() not in taken and not ground.in_view(atom, wish.target):
                return Place(Span(word.start() + letters.start, word.start() + letters.end), index + 1)
    return None


def _probe(ground: Ground, bank: Bank, wish: Wish, place: Place | None) -> Outcome:
    if place is None:
        return Rejected(Reason.NO_WORD, f"no content word within {REACH} words of the split stands on one side only")
    word = ground.text[place.span.start : place.span.end]
    ipa = bank.word_like(word, absent_from=ground.siblings, key=(ground.drawn.row_seed, wish.slot, "ipa"))
    if ipa is None:
        return Rejected(Reason.NO_IPA, f"no other document has a word like {word!r} that no sibling has")
    return Templated(
        slot=wish.slot,
        scope=wish.scope,
        target=wish.target,
        atom=place.span,
        question=question(place.distance, wish.target),
        ipa=ipa,
        distance=place.distance if wish.target is Target.SUFFIX else -place.distance,
        hint=wish.signed,
        n_tokens=None,
    )
