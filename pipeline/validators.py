"""What is wrong, or worth knowing, about a probe: one pure function a flag, which returns what it saw, or None."""

from collections.abc import Callable

from pipeline.probe import Probe
from queries.schema import READER_WINDOW, SCORED_SCOPES, Flag


def split_outside(probe: Probe) -> str | None:
    """V1: the split must lie inside the document, so that both sides hold something."""
    split, length = probe.row.split_char_offset, len(probe.cut.text)
    return None if split is not None and 0 < split < length else f"split {split} of {length} characters"


def window_truncated(probe: Probe) -> str | None:
    """V15: the blind reader saw at most 4,000 characters of the visible side."""
    length = len(probe.cut.visible)
    return f"{length} characters visible" if length > READER_WINDOW else None


def unscored(probe: Probe) -> str | None:
    """V21: sentence, paragraph and whole probes should have a score."""
    return "no score" if probe.scope in SCORED_SCOPES and probe.row.bb_answer_score_max is None else None


VALIDATORS: dict[Flag, Callable[[Probe], str | None]] = {
    Flag.SPLIT_OUTSIDE: split_outside,
    Flag.WINDOW_TRUNCATED: window_truncated,
    Flag.UNSCORED: unscored,
}


def validate(probe: Probe) -> dict[Flag, str]:
    """Return the flags of a probe with their evidence."""
    seen = {flag: validator(probe) for flag, validator in VALIDATORS.items()}
    return {flag: evidence[:200] for flag, evidence in seen.items() if evidence is not None}
