"""Invented prose that behaves like text: word frequencies fall off as in a language, so that it compresses like one.

The words are made of syllables from a seed; the commonest are English, a few carry accents or come from other scripts,
and each document has names of its own. No sentence means anything.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

WORDS = 5_000
SYLLABLES = 300
NAMES = 150_000  # four for each document of a card-size build
NAME_STEP = 7_368_787  # shares no factor with SYLLABLES ** 3, so that no two names are alike
NAME_EVERY = 35  # words from one proper noun to the next, on average
COMMON = (
    "the of and to in a is that for it as was with be by on not he this are or his from at which but have an had they "
    "you were their one all we can her has there been if more when will would who so no said what up its about than "
    "into them time only some could these two may then do first any now such like our over even most after also new "
    "through years before must where much way well down should because each people those very make under world"
)
FOREIGN = "Ελλάδα 東京 Москва naïve Škoda مدينة smörgås œuvre — ☕ “so”"
ONSETS = "b br c ch cl d dr f fl g gr h j k l m n p pl pr qu r s sc sh sl sp st str t th tr v w y z"
VOWELS = {"a": 8, "e": 9, "i": 7, "o": 7, "u": 4, "ai": 1, "ea": 1, "ou": 1, "io": 1, "é": 0.15, "ö": 0.1}
CODAS = ("", "", "", "n", "r", "s", "t", "l", "nd", "st", "ck", "m", "ng", "rt")
FILLER = 24_000_000  # characters: text in a page of Parquet, 1 MB, then hardly repeats
LINES_AT_ONCE = 4_096
CHARACTERS_A_WORD = 6.8  # with the space after it; measured
ENDINGS = (" ", ", ", ". ", ".\n\n", "? ")  # the forms a word takes, by what follows it
PLAIN, COMMA, STOP, BREAK, ASK = range(len(ENDINGS))


class Passage(NamedTuple):
    """A stretch of text with what it is made of, as character offsets: words, sentences and paragraphs end before the
    white space that follows them."""

    text: str
    word_starts: np.ndarray
    word_ends: np.ndarray  # punctuation left out
    sentence_starts: np.ndarray
    sentence_ends: np.ndarray
    paragraph_starts: np.ndarray
    paragraph_ends: np.ndarray


class Prose:
    """A made-up language, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        syllables = _syllables(rng)
        words, names = _words(rng, syllables), _names(syllables)
        self.names = names
        bare = [*words, *(word[:1].upper() + word[1:] for word in words), *names]
        self._words = len(words)
        self._bare_lengths = np.array([len(word) for word in bare])
        self._forms = np.array([word + ending for ending in ENDINGS for word in bare], dtype=object)
        self._lengths = np.array([len(form) for form in self._forms])
        ranks = np.arange(1, self._words + 1)
        self._cumulative = np.cumsum(1 / (ranks + 2.7))  # Zipf-Mandelbrot
        self._cumulative /= self._cumulative[-1]

    def passage(self, rng: np.random.Generator, *, characters: int, names: np.ndarray | None = None) -> Passage:
        """Return about `characters` of text in paragraphs of two to seven sentences; `names` are those it may use."""
        count = round(characters / CHARACTERS_A_WORD)
        words = np.searchsorted(self._cumulative, rng.random(count))
        last, closing = self._sentence_ends(rng, count)
        starts = np.concatenate([[0], last[:-1] + 1])
        words[starts] += self._words
        if names is not None:
            words[rng.integers(0, count, size=count // NAME_EVERY)] = 2 * self._words + rng.choice(
                names, size=count // NAME_EVERY
            )
        ending = np.where(rng.random(count) < 0.06, COMMA, PLAIN)
        ending[last] = closing
        return self._laid_out(words, ending, last=last, starts=starts)

    def _sentence_ends(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        last = np.cumsum(rng.integers(6, 29, size=count // 6))
        last = np.append(last[last < count - 1], count - 1)
        paragraphs = np.cumsum(rng.integers(2, 8, size=len(last)))
        closing = np.where(rng.random(len(last)) < 0.05, ASK, STOP)
        closing[paragraphs[paragraphs < len(last)]] = BREAK
        closing[-1] = BREAK
        return last, closing

    def _laid_out(self, words: np.ndarray, ending: np.ndarray, *, last: np.ndarray, starts: np.ndarray) -> Passage:
        forms = words + ending * len(self._bare_lengths)
        ends = np.cumsum(self._lengths[forms])
        word_starts = ends - self._lengths[forms]
        closing_space = np.where(ending[last] == BREAK, 2, 1)
        breaks = last[ending[last] == BREAK]
        return Passage(
            "".join(self._forms[forms].tolist()),
            word_starts,
            word_starts + self._bare_lengths[words],
            word_starts[starts],
            ends[last] - closing_space,
            word_starts[np.concatenate([[0], breaks[:-1] + 1])],
            ends[breaks] - 2,
        )


class Filler:
    """A store of running text from which lines of any length are cut, whole words at both ends."""

    def __init__(self, prose: Prose, rng: np.random.Generator) -> None:
        self._from = prose.passage(rng, characters=FILLER)

    def lines(self, rng: np.random.Generator, *, shortest: int, longest: int) -> Iterator[str]:
        """Yield lines of about `shortest` to `longest` characters for ever, each from the start of a sentence."""
        text, word_ends = self._from.text, self._from.word_ends
        starts = self._from.sentence_starts[self._from.sentence_starts < len(text) - longest]
        while True:
            first = rng.choice(starts, size=LINES_AT_ONCE)
            wanted = rng.integers(shortest, longest, size=LINES_AT_ONCE)
            last = word_ends[np.searchsorted(word_ends, first + wanted) - 1]
            yield from (text[a:b] for a, b in zip(first.tolist(), last.tolist(), strict=True))


def _syllables(rng: np.random.Generator) -> np.ndarray:
    weights = np.array(list(VOWELS.values()))
    parts = (
        rng.choice((*ONSETS.split(), ""), size=4 * SYLLABLES),
        rng.choice(list(VOWELS), size=4 * SYLLABLES, p=weights / weights.sum()),
        rng.choice(CODAS, size=4 * SYLLABLES),
    )
    distinct = list(dict.fromkeys("".join(syllable) for syllable in zip(*parts, strict=True)))
    return np.array(distinct[:SYLLABLES], dtype=object)


def _words(rng: np.random.Generator, syllables: np.ndarray) -> list[str]:
    found = dict.fromkeys(f"{COMMON} {FOREIGN}".split())
    while len(found) < WORDS:
        found["".join(rng.choice(syllables, size=rng.choice(4, p=(0, 0.3, 0.5, 0.2))))] = None
    return list(found)


def _names(syllables: np.ndarray) -> list[str]:
    number = np.arange(NAMES) * NAME_STEP % SYLLABLES**3
    spelled = (
        syllables[number % SYLLABLES] + syllables[number // SYLLABLES**2] + syllables[number // SYLLABLES % SYLLABLES]
    )
    return [name.capitalize() for name in spelled]
