"""What each of a document's sixteen slots asks for: the side and the distance, drawn from the document's row seed.

Both sides get at least two of the five word probes and of the five lens probes, and half of the six scored probes. A
distance is at least 1 and its logarithm is uniform, as neighbouring probe sets sample it.
"""

from functools import lru_cache
from typing import NamedTuple

from pipeline.seeds import log_uniform, shuffled, uniform
from queries.schema import SLOTS, Scope, Target

FARTHEST = {
    Scope.WORD: 63,  # words, and tokens for lens: the range of the published build (|signed_index| 1..63)
    Scope.LENS: 63,
    Scope.SENTENCE: 10,  # sentences and paragraphs: what a document of 2,000-6,000 characters holds on a side
    Scope.PARAGRAPH: 4,
    Scope.WHOLE: 1,
}
UNIT = {Scope.SENTENCE: "sentence", Scope.PARAGRAPH: "paragraph"}


class Wish(NamedTuple):
    """What a slot asks for. `distance` counts the units of the scope from the split; 1 is the nearest."""

    slot: int
    scope: Scope
    target: Target
    distance: int

    @property
    def signed(self) -> int:
        """The distance with its side: negative before the split."""
        return self.distance if self.target is Target.SUFFIX else -self.distance


@lru_cache(maxsize=16)
def wishes(row_seed: int) -> tuple[Wish, ...]:
    """Return what the sixteen slots of a document ask for, in the order of the slots."""
    words, lenses, scored = _sides(row_seed, "word", 5), _sides(row_seed, "lens", 5), _scored_sides(row_seed)
    return tuple(
        Wish(slot, scope, target, log_uniform(FARTHEST[scope], row_seed, slot, "distance"))
        for slot, (scope, target) in enumerate(zip(SLOTS, (*words, *lenses, *scored), strict=True))
    )


def _sides(row_seed: int, name: str, slots: int) -> list[Target]:
    """Return a side for each of an odd number of slots, as evenly as that goes."""
    odd = Target.SUFFIX if uniform(row_seed, name, "odd") < 0.5 else Target.PREFIX
    return shuffled([*(Target.SUFFIX, Target.PREFIX) * (slots // 2), odd], row_seed, name, "sides")


def _scored_sides(row_seed: int) -> list[Target]:
    sentences = _sides(row_seed, "sentence", 3)
    paragraphs = shuffled([Target.SUFFIX, Target.PREFIX], row_seed, "paragraph", "sides")
    rare = Target.PREFIX if sentences.count(Target.SUFFIX) == 2 else Target.SUFFIX  # makes it three on each side
    return [*sentences, *paragraphs, rare]


def slot_table(row_seed: int) -> str:
    """Return the lines that tell the generator what to fill: slots 10-15 with their scopes, sides and distances."""
    return "\n".join(_line(wish) for wish in wishes(row_seed) if wish.scope not in (Scope.WORD, Scope.LENS))


def _line(wish: Wish) -> str:
    line = f"slot {wish.slot}: {wish.scope}, preferably {wish.target} target"
    if wish.scope is Scope.WHOLE:
        return line
    unit = UNIT[wish.scope]
    return f"{line}, about {wish.distance} {unit if wish.distance == 1 else unit + 's'} from the split"
