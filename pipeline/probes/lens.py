"""Lens probes: the N tokens that touch the split on the hidden side.

Slots 5-9. N is the number nearest the slot's wish whose tokens hold a letter or digit, do not stand in view, are N when
tokenized alone, and are not those of a slot before: a document's spans are drawn without replacement.
"""

from typing import NamedTuple

from pipeline.probes.bank import Bank
from pipeline.probes.ground import Ground, Outcome, Templated
from pipeline.probes.slots import FARTHEST, Wish, wishes
from pipeline.probes.tokens import Tokenizer
from pipeline.probes.vocabulary import says_something
from pipeline.probes.words import SIDE
from pipeline.rejects import Reason, Rejected
from queries.schema import Scope, Target
from queries.splits import Span

SLACK = 12  # tokens beyond the farthest wish on a side that are looked at, where shorter spans do not serve


class Place(NamedTuple):
    """A span that touches the split, and how many tokens it has."""

    span: Span
    tokens: int


def lens_probes(ground: Ground, bank: Bank, tokenizer: Tokenizer) -> dict[int, Outcome]:
    """Return the lens probe of each of the slots 5-9, or why it has none."""
    places = _places(ground, tokenizer)
    return {slot: _probe(ground, bank, wish, place) for slot, (wish, place) in places.items()}


def lens_probe(ground: Ground, bank: Bank, tokenizer: Tokenizer, slot: int) -> Outcome:
    """Return the lens probe of one slot, the same as `lens_probes` gives it, without making the others."""
    return _probe(ground, bank, *_places(ground, tokenizer)[slot])


def question(tokens: int, target: Target) -> str:
    """Return the question for the tokens that touch the split, which says nothing but how many and on which side."""
    what = "is the token" if tokens == 1 else f"are the {tokens} tokens"
    return f"What {what} immediately {SIDE[target]} this point?"


def _places(ground: Ground, tokenizer: Tokenizer) -> dict[int, tuple[Wish, Place | None]]:
    wanted = [wish for wish in wishes(ground.drawn.row_seed) if wish.scope is Scope.LENS]
    most = {wish.target: 0 for wish in wanted}
    for wish in wanted:
        most[wish.target] = min(FARTHEST[Scope.LENS], max(most[wish.target], wish.distance + SLACK))
    near = {target: _candidates(ground, tokenizer, target, most=number) for target, number in most.items()}
    places = {}
    for wish in wanted:
        place = _nearest(ground, tokenizer, near[wish.target], wish)
        if place:
            near[wish.target].remove(place)
        places[wish.slot] = wish, place
    return places


def _candidates(ground: Ground, tokenizer: Tokenizer, target: Target, *, most: int) -> list[Place]:
    """Return the spans of 1, 2, 3 ... up to `most` tokens from the split outward that end where a character does."""
    suffix = target is Target.SUFFIX
    tokens = tokenizer.near(ground.text, split=ground.split, target=target, at_least=most + 1)
    places = []
    for number, (token, after) in enumerate(zip(tokens, [*tokens[1:], None], strict=True), start=1):
        outer, inner_of_next = (token.end, after and after.start) if suffix else (token.start, after and after.end)
        if number <= most and (after is None or outer == inner_of_next):
            places.append(Place(Span(min(ground.split, outer), max(ground.split, outer)), number))
    return places


def _nearest(ground: Ground, tokenizer: Tokenizer, places: list[Place], wish: Wish) -> Place | None:
    for place in sorted(places, key=lambda each: (abs(each.tokens - wish.distance), each.tokens)):
        text = ground.text[place.span.start : place.span.end]
        if says_something(text) and not ground.in_view(text, wish.target) and tokenizer.count(text) == place.tokens:
            return place
    return None


def _probe(ground: Ground, bank: Bank, wish: Wish, place: Place | None) -> Outcome:
    if place is None:
        return Rejected(Reason.NO_LENS_SPAN, "no span of tokens at the split stands on one side only")
    atom = ground.text[place.span.start : place.span.end]
    ipa = bank.span_like(
        atom,
        tokens=place.tokens,
        absent_from=ground.siblings,
        key=(ground.drawn.row_seed, wish.slot, "ipa"),
    )
    if ipa is None:
        return Rejected(
            Reason.NO_IPA, f"no other document has {place.tokens} tokens that begin alike and no sibling has"
        )
    return Templated(
        slot=wish.slot,
        scope=wish.scope,
        target=wish.target,
        atom=place.span,
        question=question(place.tokens, wish.target),
        ipa=ipa,
        distance=place.tokens if wish.target is Target.SUFFIX else -place.tokens,
        hint=wish.signed,
        n_tokens=place.tokens,
    )
