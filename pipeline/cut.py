"""A document cut at a split, with what its probes need of it worked out once and not once a probe."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from queries.schema import Target
from queries.splits import Sides, Span, reader_window, sides

WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Cut:
    """One document, one split (moved into the document where it lies outside), one hidden side."""

    text: str
    split: int
    target: Target

    @cached_property
    def sides(self) -> Sides:
        """The visible and the hidden side as ranges of the document."""
        return sides(length=len(self.text), split=self.split, target=self.target)

    @cached_property
    def visible(self) -> str:
        """The text of the visible side."""
        return self.text[self.sides.visible.start : self.sides.visible.end]

    @cached_property
    def hidden(self) -> str:
        """The text of the hidden side."""
        return self.text[self.sides.hidden.start : self.sides.hidden.end]

    @cached_property
    def window(self) -> Span:
        """The part of the visible side that the blind answerer sees."""
        return reader_window(length=len(self.text), split=self.split, target=self.target)

    @cached_property
    def visible_words(self) -> frozenset[str]:
        """The words of the visible side, case folded."""
        return frozenset(WORD.findall(self.visible.casefold()))


@lru_cache(maxsize=64)
def cut(text: str, *, split: int, target: Target) -> Cut:
    """Return the document `text` cut at `split`; the probes of one document, which stand together, share it."""
    return Cut(text=text, split=max(0, min(split, len(text))), target=target)
