"""A document cut at a split, with what its probes need of it worked out once and not once a probe."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from pipeline.probes.wording import folded
from queries.schema import Target
from queries.splits import Sides, Span, clamp, reader_window, sides


class Words(NamedTuple):
    """A text as its words with one space between them, and where each of them stands in the document."""

    joined: str
    joined_starts: tuple[int, ...]
    starts: tuple[int, ...]


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
    def visible_folded(self) -> str:
        """The visible side without regard to case."""
        return self.visible.casefold()

    @cached_property
    def window(self) -> Span:
        """The part of the visible side that the blind answerer sees."""
        return reader_window(length=len(self.text), split=self.split, target=self.target)

    @cached_property
    def hidden(self) -> str:
        """The text of the hidden side."""
        return self.text[self.sides.hidden.start : self.sides.hidden.end]

    @cached_property
    def hidden_folded(self) -> str:
        """The hidden side without regard to case and typography, character by character as long as it is."""
        return folded(self.hidden)

    @cached_property
    def hidden_words(self) -> Words:
        """The words of the hidden side."""
        found = [(match.start() + self.sides.hidden.start, match[0]) for match in re.finditer(r"\S+", self.hidden)]
        joined_starts, at = [], 0
        for _, word in found:
            joined_starts.append(at)
            at += len(word) + 1
        return Words(" ".join(word for _, word in found), tuple(joined_starts), tuple(start for start, _ in found))


@lru_cache(maxsize=64)
def cut(text: str, *, split: int, target: Target) -> Cut:
    """Return the document `text` cut at `split`; the probes of one document, which stand together, share it."""
    return Cut(text=text, split=clamp(split, len(text)), target=target)
