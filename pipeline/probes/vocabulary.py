"""Words that carry content: at least four letters, nothing but letters, not in function_words.txt (English)."""

import re
from collections.abc import Iterator
from pathlib import Path

from queries.splits import Span

WORD = re.compile(r"\S+")
CONTENT = re.compile(r"\W*?([^\W\d_]{4,30})\W*")  # a word between white space, its punctuation around the letters
FUNCTION_WORDS = frozenset(Path(__file__).with_name("function_words.txt").read_text(encoding="utf-8").split())


def content(word: str) -> Span | None:
    """Return where the letters of a word between white space stand in it, or None where it carries no content."""
    found = CONTENT.fullmatch(word)
    if not found or found[1].casefold() in FUNCTION_WORDS:
        return None
    return Span(*found.span(1))


def content_words(text: str) -> Iterator[str]:
    """Yield the content words of a text in order, without the punctuation around them."""
    for word in WORD.finditer(text):
        letters = content(word[0])
        if letters:
            yield word[0][letters.start : letters.end]


def says_something(text: str) -> bool:
    """Tell whether a text holds a letter or a digit."""
    return any(character.isalnum() for character in text)
