"""The vocabulary of a build: scopes, targets, labels, flags, the sixteen slots, and the filter that chooses probes.

Everything else in the project takes these words from here; the columns of its files are in queries/tables.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

READER_WINDOW = 4000  # characters of the complement that the blind answerer sees (dataset card, "Answerer + judge")
ROLLOUTS = 5  # blind answers per scored probe (dataset card)


class Scope(StrEnum):
    """How much text a probe's atom is."""

    WORD = "word"
    LENS = "lens"
    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"
    WHOLE = "whole"


SCORED_SCOPES = (Scope.SENTENCE, Scope.PARAGRAPH, Scope.WHOLE)


class SplitGroup(StrEnum):
    """The four splits of a row; word and lens share one."""

    WORD_LENS = "word_lens"
    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"
    WHOLE = "whole"


SPLIT_GROUP = {
    Scope.WORD: SplitGroup.WORD_LENS,
    Scope.LENS: SplitGroup.WORD_LENS,
    Scope.SENTENCE: SplitGroup.SENTENCE,
    Scope.PARAGRAPH: SplitGroup.PARAGRAPH,
    Scope.WHOLE: SplitGroup.WHOLE,
}


class Target(StrEnum):
    """The hidden side of the split."""

    PREFIX = "prefix"
    SUFFIX = "suffix"


class Typicality(StrEnum):
    """Whether a suffix atom recurs in the sibling continuations, as the generator judged it."""

    TYPICAL = "typical"
    ATYPICAL = "atypical"


class Label(StrEnum):
    """The automatic label: HARD below one threshold of the max score, EASY from another, MIDDLE between."""

    HARD = "HARD"
    MIDDLE = "MIDDLE"
    EASY = "EASY"
    UNSCORED = "UNSCORED"


class Located(StrEnum):
    """How an atom was found in its document."""

    EXACT = "exact"
    WHITESPACE = "whitespace"
    FUZZY = "fuzzy"
    MISSING = "missing"


class Sort(StrEnum):
    """What a list of probes can be ordered by."""

    SCORE = "score"
    MEAN = "mean"
    SPREAD = "spread"
    DISTANCE = "distance"
    DOCUMENT = "document"


class SearchField(StrEnum):
    """Where a text search looks."""

    QUESTION = "question"
    ATOM = "atom"
    ANSWERS = "answers"
    DOCUMENT = "document"


class Thresholds(NamedTuple):
    """The two cuts of the max score, in hundredths: HARD is below the first, EASY from the second on."""

    hard_below: int = 40
    easy_from: int = 80

    def label(self, score: int | None) -> Label:
        """Return the automatic label of a max score in hundredths; UNSCORED where there is none."""
        if score is None:
            return Label.UNSCORED
        if score < self.hard_below:
            return Label.HARD
        return Label.EASY if score >= self.easy_from else Label.MIDDLE


SLOTS: tuple[Scope, ...] = (
    *(Scope.WORD,) * 5,
    *(Scope.LENS,) * 5,
    *(Scope.SENTENCE,) * 3,
    *(Scope.PARAGRAPH,) * 2,
    Scope.WHOLE,
)
"""The scope of each of a document's sixteen slots, by `slot_idx` (dataset card, "Probe design")."""


class Flag(StrEnum):
    """What is wrong, or worth knowing, about a probe. The order is that of the validators V1-V23 they come from."""

    SPLIT_OUTSIDE = "split_outside"
    CONTEXT_MISMATCH = "context_mismatch"
    SPLIT_MID_WORD = "split_mid_word"
    ATOM_MISSING = "atom_missing"
    ATOM_LEAK = "atom_leak"
    QUESTION_LEAK = "question_leak"
    SCAFFOLD_LEAK = "scaffold_leak"
    FIELD_NULL = "field_null"
    FIELD_EMPTY = "field_empty"
    SLOT_INVALID = "slot_invalid"
    TYPICALITY_MISMATCH = "typicality_mismatch"
    INDEX_MISMATCH = "index_mismatch"
    TOKEN_COUNT = "token_count"
    IPA_INVALID = "ipa_invalid"
    SCORES_INCONSISTENT = "scores_inconsistent"
    RESPONSE_NOT_ATOM = "response_not_atom"
    WINDOW_TRUNCATED = "window_truncated"
    SHORT_COMPLEMENT = "short_complement"
    NEAR_DUPLICATE = "near_duplicate"
    OFF_POLICY = "off_policy"
    SPLITS_DISAGREE = "splits_disagree"
    RUNAWAY_TEXT = "runaway_text"
    UNSCORED = "unscored"
    ATOM_SHAPE = "atom_shape"
    INJECTION_TEXT = "injection_text"


class FlagRule(NamedTuple):
    """The validator behind a flag and what it means, in words for the screen."""

    validator: str
    meaning: str


FLAG_RULES: dict[Flag, FlagRule] = {
    Flag.SPLIT_OUTSIDE: FlagRule("V1", "The split is not inside the document."),
    Flag.CONTEXT_MISMATCH: FlagRule("V2", "The stored context is not the visible side of the document."),
    Flag.SPLIT_MID_WORD: FlagRule("V3", "The split falls inside a word or a character cluster."),
    Flag.ATOM_MISSING: FlagRule("V4", "The atom was not found on the hidden side."),
    Flag.ATOM_LEAK: FlagRule("V4", "The atom also stands word for word on the visible side."),
    Flag.QUESTION_LEAK: FlagRule("V5", "The question contains the atom, or rare words of it."),
    Flag.SCAFFOLD_LEAK: FlagRule("V6", "The question speaks of the prefix, the suffix, the split or hidden states."),
    Flag.FIELD_NULL: FlagRule("V7", "A required field is null."),
    Flag.FIELD_EMPTY: FlagRule("V7", "A required field is empty."),
    Flag.SLOT_INVALID: FlagRule("V8", "The slot is missing, outside 0-15, repeated, or of another scope."),
    Flag.TYPICALITY_MISMATCH: FlagRule(
        "V9", "Typicality is set for a prefix target, a word or a lens, or missing where it is due."
    ),
    Flag.INDEX_MISMATCH: FlagRule("V10", "The signed index disagrees with the target or the absolute index."),
    Flag.TOKEN_COUNT: FlagRule("V11", "The lens atom does not have the number of tokens it claims."),
    Flag.IPA_INVALID: FlagRule(
        "V12", "The incorrect plausible answer equals the atom, stands in view, or has another shape."
    ),
    Flag.SCORES_INCONSISTENT: FlagRule(
        "V13", "The scores are fewer than five, out of range, or disagree with their summary."
    ),
    Flag.RESPONSE_NOT_ATOM: FlagRule("V14", "The target response of a word or lens probe is not its atom."),
    Flag.WINDOW_TRUNCATED: FlagRule("V15", "The blind reader saw only part of the visible side."),
    Flag.SHORT_COMPLEMENT: FlagRule("V16", "The visible side is shorter than 200 characters."),
    Flag.NEAR_DUPLICATE: FlagRule("V17", "The document nearly repeats one of another round."),
    Flag.OFF_POLICY: FlagRule("V18", "A suffix atom lies in the human opening, so the model never wrote it."),
    Flag.SPLITS_DISAGREE: FlagRule("V19", "The split is not the one its scope group names."),
    Flag.RUNAWAY_TEXT: FlagRule("V20", "A rationale is longer than 4,000 characters."),
    Flag.UNSCORED: FlagRule("V21", "A sentence, paragraph or whole probe has no score."),
    Flag.ATOM_SHAPE: FlagRule("V22", "The atom is not one unit of its scope."),
    Flag.INJECTION_TEXT: FlagRule("V23", "The text contains markup or instructions aimed at a reader or a model."),
}


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a person typed into the search box, and where it looks. Case never matters."""

    text: str
    fields: tuple[SearchField, ...] = (SearchField.QUESTION,)
    regex: bool = False

    @property
    def row_set(self) -> int:
        """The name of the row set this search makes."""
        return _named(self)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which probes are meant. An empty tuple or None means any; hashable, so a cache key.

    `scopes`, `targets`, `typicalities` and `host` take "" for the probes whose value is null; a probe is meant when it
    has any of `flags`, where "" stands for having none.
    Scores are the max score in hundredths, both ends included.
    `verdicts` are human labels (HARD, EASY, UNSURE, STALE; "" for none): those of `annotators`, each for himself, or
    where none is named the ones that count (queries/opinions.sql). `votes` are opinions that all must hold, each as
    "annotator:HARD", or "annotator:blind HARD" for a verdict given before the hidden side was seen.
    """

    scopes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    typicalities: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    score_from: int | None = None
    score_to: int | None = None
    rounds: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()
    flags: tuple[str, ...] = ()
    doc_id: str | None = None
    host: str | None = None
    verdicts: tuple[str, ...] = ()
    annotators: tuple[str, ...] = ()
    votes: tuple[str, ...] = ()
    search: Search | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)

    @property
    def by_label(self) -> bool:
        """Whether which probes are meant depends on human labels."""
        return bool(self.verdicts or self.annotators or self.votes)

    def row_set(self, labels_seq: int = 0) -> int | None:
        """Return the name of the row set that holds what no column tells, while `labels_seq` is the newest label.

        None where columns tell all of it.
        """
        if self.by_label:
            return _named((self.search, self.verdicts, self.annotators, self.votes, labels_seq))
        return self.search.row_set if self.search else None

    def parameters(self, labels_seq: int = 0) -> dict[str, Any]:
        """Return the filter as the struct that the SQL macro `chosen` reads as `$where`."""
        row_set = self.row_set(labels_seq)
        return {
            "source": "every_probe" if row_set is None else "found_probes",
            "row_set": row_set,
            "scopes": list(self.scopes),
            "targets": list(self.targets),
            "typicalities": list(self.typicalities),
            "labels": [str(label) for label in self.labels],
            "score_from": self.score_from,
            "score_to": self.score_to,
            "rounds": list(self.rounds),
            "levels": list(self.levels),
            "flag_bits": flag_bits(self.flags) if self.flags else None,
            "unflagged": "" in self.flags,
            "doc_id": self.doc_id,
            "host": self.host,
            "verdicts": list(self.verdicts),
            "annotators": list(self.annotators),
            "votes": list(self.votes),
            **self.thresholds._asdict(),
        }


def _named(asked: object) -> int:
    """Return a number of 64 bits that stands for what is asked of a row set."""
    digest = blake2b(repr(asked).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def flag_bits(flags: Iterable[str]) -> int:
    """Return the bits of `flags` as in the column `flag_bits` of queries/facets.sql; "" has none."""
    order = list(Flag)
    return sum(1 << order.index(Flag(flag)) for flag in flags if flag)
