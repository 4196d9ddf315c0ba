"""The labels that a model answers with, and the spans they stand for.

A model never counts characters and never copies text: it sees numbered sentences ([P1], [P2] ... of the opening, [A1]
... of sibling A) and answers "A7" or "A2+6". Sentences are those of `sentencex` for English, of the opening and of each
continuation apart. Spans leave out the white space around a sentence.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from sentencex import get_sentence_boundaries

from pipeline.rejects import Reason, RejectError
from queries.splits import Span

OPENING = "P"
LABEL = re.compile(r"\[?([A-Z])([0-9]{1,4})(?:\+([0-9]{1,4}))?\]?")
BLANK_LINE = re.compile(r"\n\s*\n")  # holds in text as well as between sentences, where all is white space
WORD = re.compile(r"\S+")


class Sentence(NamedTuple):
    """One numbered sentence; a paragraph is named after the sentence that starts it."""

    label: str
    span: Span
    starts_paragraph: bool


class Label(NamedTuple):
    """A label taken apart: `words` is the n of "A2+n", None where there is none."""

    letter: str
    number: int
    words: int | None


def number(text: str, letter: str) -> list[Sentence]:
    """Return the sentences of an opening or of a continuation, labelled with `letter`.

    The first sentence starts a paragraph in an opening; in a continuation only where a blank line comes before it, else
    it belongs to the last paragraph of the opening.
    """
    numbered: list[Sentence] = []
    end = 0
    for span in _spans(text):
        after_blank = BLANK_LINE.search(text, end, span.start) is not None
        starts = after_blank or (letter == OPENING and not numbered)
        numbered.append(Sentence(f"{letter}{len(numbered) + 1}", span, starts))
        end = span.end
    return numbered


def _spans(text: str) -> list[Span]:
    spans = []
    for boundary in get_sentence_boundaries("en", text):
        start, end = boundary["start_index"], boundary["end_index"]
        for blank in BLANK_LINE.finditer(text, start, end):  # sentencex knows blank lines, but not those with spaces in
            spans.append(_stripped(text, start, blank.start()))
            start = blank.end()
        spans.append(_stripped(text, start, end))
    return [span for span in spans if span.start < span.end]


def _stripped(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def stripped(text: str, span: Span) -> Span:
    """Return `span` without the white space at its ends."""
    return _stripped(text, span.start, span.end)


def parse_label(written: str) -> Label:
    """Return the label that a model wrote, brackets and lower case allowed; raises RejectError for anything else."""
    found = LABEL.fullmatch(written.strip().upper())
    if not found:
        raise RejectError(Reason.LABEL_UNKNOWN, f"{written[:40]!r} is no label")
    return Label(found[1], int(found[2]), int(found[3]) if found[3] else None)


@dataclass(frozen=True)
class Numbered:
    """An opening with one of its continuations: the document, its sentences, and what labels mean in it."""

    text: str
    opening_end: int
    letter: str
    sentences: tuple[Sentence, ...]

    @classmethod
    def of(cls, opening: str, continuation: str, *, letter: str) -> "Numbered":
        """Number a document whose continuation was shown as sibling `letter`."""
        shift = len(opening)
        moved = (
            each._replace(span=Span(each.span.start + shift, each.span.end + shift))
            for each in number(continuation, letter)
        )
        return cls(opening + continuation, shift, letter, (*number(opening, OPENING), *moved))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {sentence.label: place for place, sentence in enumerate(self.sentences)}

    @cached_property
    def paragraphs(self) -> tuple[Span, ...]:
        """The paragraphs in order; they hold every sentence once."""
        starts = [place for place, sentence in enumerate(self.sentences) if sentence.starts_paragraph or place == 0]
        return tuple(
            Span(self.sentences[start].span.start, self.sentences[end - 1].span.end)
            for start, end in pairwise([*starts, len(self.sentences)])
        )

    def _place(self, label: Label) -> int:
        name = f"{label.letter}{label.number}"
        if name in self._places:
            return self._places[name]
        if label.letter not in (OPENING, self.letter):
            raise RejectError(Reason.LABEL_OTHER_SIBLING, f"{name} is not of sibling {self.letter}")
        raise RejectError(Reason.LABEL_UNKNOWN, f"there is no sentence {name}")

    def sentence(self, written: str) -> Span:
        """Return the span of the sentence with this label; raises RejectError where there is none."""
        return self.sentences[self._place(_whole(written))].span

    def paragraph(self, written: str) -> Span:
        """Return the span of the paragraph that begins with the labelled sentence; raises RejectError if none does."""
        start = self.sentences[self._place(_whole(written))].span.start
        for span in self.paragraphs:
            if span.start == start:
                return span
        raise RejectError(Reason.NOT_A_PARAGRAPH, f"no paragraph begins with {written.strip()}")

    def split(self, written: str) -> int:
        """Return the offset of a split: "A2" is the end of A2, "A2+6" the end of the sixth word after it.

        Raises RejectError where the sentence or the word does not exist, or no text would be left on a side.
        """
        label = parse_label(written)
        place = self._place(label)
        offset = self.sentences[place].span.end
        if label.words:
            offset = self._word_end(place + 1, label.words, written)
        if not self.text[offset:].strip():
            raise RejectError(Reason.SPLIT_INVALID, f"nothing comes after {written.strip()}")
        return offset

    def _word_end(self, place: int, words: int, written: str) -> int:
        if place < len(self.sentences):
            start, end = self.sentences[place].span
            ends = [word.end() for word in WORD.finditer(self.text, start, end)]
            if words <= len(ends):
                return ends[words - 1]
        raise RejectError(Reason.SPLIT_INVALID, f"the sentence after the label of {written.strip()} has fewer words")


def _whole(written: str) -> Label:
    label = parse_label(written)
    if label.words is not None:
        raise RejectError(Reason.LABEL_UNKNOWN, f"{written.strip()} names a place inside a sentence")
    return label
