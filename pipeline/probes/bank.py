"""Text of other documents, which incorrect plausible answers of word and lens probes are taken from, without a model.

The bank of a round is made of its first documents, whose order is random; it is the same whenever the round is
finalized, so any one probe can be made again alone.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Self

from pipeline.probes.tokens import Tokenizer
from pipeline.probes.vocabulary import content_words, says_something
from pipeline.rounds import Drawn
from pipeline.seeds import Key, pick
from queries.splits import Span

DOCUMENTS = 400  # 2 MB of text at 5,000 characters each, with some 15,000 different content words
ENDINGS = ("ing", "tion", "ed", "ly", "er", "al", "y", "s", "e")
TRIES = 64  # draws before a looser likeness is tried, or none is found
Shape = tuple[str | int, ...]


class Start(StrEnum):
    """What a token begins with."""

    BREAK = "break"
    SPACE = "space"
    LETTER = "letter"
    OTHER = "other"

    @classmethod
    def of(cls, text: str) -> Self:
        """Return what `text`, which is not empty, begins with."""
        if text[0].isspace():
            return cls("break" if text[0] in "\r\n" else "space")
        return cls("letter" if text[0].isalnum() else "other")


@dataclass(frozen=True)
class Text:
    """A document of the bank, its tokens, and the numbers of those that begin in each way."""

    text: str
    tokens: list[Span]
    starts: dict[Start, list[int]]


class Bank:
    """The first documents of a round."""

    def __init__(self, documents: Iterable[Drawn], tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._texts = [_text(drawn, tokenizer) for drawn in islice(documents, DOCUMENTS)]
        self._held_by = Counter(word for text in self._texts for word in set(content_words(text.text)))
        self._alike: dict[Shape, list[str]] = defaultdict(list)
        for word in sorted(self._held_by):
            for shape in self._shapes(word):
                self._alike[shape].append(word)

    def _shapes(self, word: str) -> Iterator[Shape]:
        """Yield what a word has in common with those that may stand in its place, from the closest likeness on."""
        case = "lower" if word.islower() else "upper" if word.isupper() else "title" if word.istitle() else "mixed"
        ending = next((ending for ending in ENDINGS if word.casefold().endswith(ending)), "")
        band = self._held_by[word].bit_length()  # the power of two of how many documents hold it
        yield case, ending, max(1, band)
        yield case, ending
        yield (case,)

    def word_like(self, word: str, *, absent_from: str, key: Sequence[Key]) -> str | None:
        """Return a content word of another document with the case, the ending and the frequency of `word`.

        `absent_from` is case folded text in which it must not stand, not even as a part of a word. Where there is none,
        frequency, then ending, are let go.
        """
        for shape in self._shapes(word):
            alike = self._alike.get(shape, [])
            for attempt in range(min(TRIES, 2 * len(alike))):
                other = pick(alike, *key, *shape, attempt)
                if other.casefold() not in absent_from:
                    return other
        return None

    def span_like(self, atom: str, *, tokens: int, absent_from: str, key: Sequence[Key]) -> str | None:
        """Return a span of another document with so many tokens that begins as `atom` does.

        `absent_from` is case folded text in which it must not stand.
        """
        start = Start.of(atom)
        for attempt in range(TRIES):
            text = pick(self._texts, *key, "text", attempt)
            places = text.starts.get(start, [])
            if not places:
                continue
            other = _slice(text, pick(places, *key, "place", attempt), tokens)
            if says_something(other) and other.casefold() not in absent_from and self._tokenizer.count(other) == tokens:
                return other
        return None


def _text(drawn: Drawn, tokenizer: Tokenizer) -> Text:
    text = drawn.opening + next(rollout for rollout in drawn.rollouts if rollout.strip())
    tokens = tokenizer.spans(text)
    starts: dict[Start, list[int]] = defaultdict(list)
    for number, token in enumerate(tokens):
        if token.start < token.end:
            starts[Start.of(text[token.start : token.end])].append(number)
    return Text(text, tokens, dict(starts))


def _slice(text: Text, first: int, tokens: int) -> str:
    if first + tokens > len(text.tokens):
        return ""
    return text.text[text.tokens[first].start : text.tokens[first + tokens - 1].end]
