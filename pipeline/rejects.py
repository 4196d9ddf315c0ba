"""Why a reply, a probe or an answer could not be used. A failure is data with a reason: no score, and not dropped."""

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """The reasons, in the words that a summary counts them by."""

    # of a whole reply
    NO_REPLY = "no_reply"
    REFUSAL = "refusal"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_DEEP = "too_deep"
    NO_JSON = "no_json"
    NOT_AS_ASKED = "not_as_asked"
    SIBLING_UNKNOWN = "sibling_unknown"
    # of one probe
    SLOT_UNKNOWN = "slot_unknown"
    SLOT_REPEATED = "slot_repeated"
    SLOT_MISSING = "slot_missing"
    JUNK_KEY = "junk_key"
    FIELD_MISSING = "field_missing"
    FIELD_EMPTY = "field_empty"
    FIELD_TYPE = "field_type"
    LABEL_UNKNOWN = "label_unknown"
    LABEL_OTHER_SIBLING = "label_other_sibling"
    NOT_A_PARAGRAPH = "not_a_paragraph"
    SPLIT_INVALID = "split_invalid"
    ATOM_WRONG_SIDE = "atom_wrong_side"
    NO_WORD = "no_word"
    NO_LENS_SPAN = "no_lens_span"
    NO_IPA = "no_ipa"
    # of a judgement
    NOT_A_NUMBER = "not_a_number"
    TWO_NUMBERS = "two_numbers"
    OUT_OF_RANGE = "out_of_range"


class Rejected(NamedTuple):
    """What a parser returns for a reply that cannot be used; `detail` says what was seen, in at most 200 characters."""

    reason: Reason
    detail: str


class Missed(NamedTuple):
    """A slot without a probe, and why. `slot` is null where a probe names none, or the whole reply cannot be used."""

    slot: int | None
    rejected: Rejected


class RejectError(Exception):
    """Raised inside a parser by the step that sees the reason; it ends as a `Rejected` at the probe it concerns."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.rejected = Rejected(reason, detail[:200])
