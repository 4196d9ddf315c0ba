"""What is wrong, or worth knowing, about a probe: one pure function a flag, which returns what it saw, or None.

The rules are those of queries.schema.FLAG_RULES. Where a rule needs a limit, it is set so that the sample build, where
nothing is wrong on purpose, stays nearly free of it: a flag that is often false is a flag nobody reads.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from itertools import chain

from pipeline.dataset.published import SENTINEL
from pipeline.probes import leaks
from pipeline.probes.probe import Probe
from pipeline.probes.wording import acts_on_reader, same_wording
from queries.schema import (
    READER_WINDOW,
    ROLLOUTS,
    SCORED_SCOPES,
    SLOTS,
    SPLIT_GROUP,
    Flag,
    Located,
    Scope,
    Target,
    Typicality,
)

APART = " <> "  # between two fields, so that no pattern spans both
EVIDENCE = 200  # characters kept of what a validator saw
SHORT = 200  # characters of visible side below which a reader has next to nothing to go by
RUNAWAY = 4000  # characters of a rationale; published ones reach 28,600, which is thinking that ran into the field
LENGTH_RATIO = 4.0  # an IPA longer or shorter than its atom by more than this has another shape
WHOLE_SHARE = 0.5  # of the hidden side: an atom below it is not the whole of it
SCORE_SLACK = 0.005  # published summaries are rounded to two decimals

REQUIRED = (
    "verbalizer_prompt",
    "atom_text",
    "target_response",
    "incorrect_plausible_answer",
    "context",
    "scope",
    "doc_id",
)
TYPICALITIES = frozenset(Typicality)
RATIONALES = ("doc_choice_rationale", "split_rationale", "synergy_check", "distribution_check", "difficulty_check")
MEASURES = ("abs_index", "signed_index", "signed_index_hint", "actual_word_distance_from_split", "n_tokens_actual")

SENTENCE_END = re.compile(r"\w{3,}[.!?][\"'”’)\]]*\s+[\"'“‘(\[]?[A-Z]")  # "Dr. X" and "U.S. Y" are no ends
PARAGRAPH_END = re.compile(r"\n\s*\n")
NO_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
JOINERS = "\u200d\ufe0e\ufe0f"  # zero-width joiner and variation selectors hold a cluster together


def split_outside(probe: Probe) -> str | None:
    """V1: the split lies inside the document, so that both sides hold something."""
    split, length = probe.row.split_char_offset or 0, len(probe.cut.text)
    return None if 0 < split < length else f"split {split} of {length} characters"


def context_mismatch(probe: Probe) -> str | None:
    """V2: the stored context is the visible side, character by character."""
    given, wanted = probe.row.context, probe.cut.visible
    if given is None or given == wanted:
        return None
    if given.strip() == wanted.strip():
        return "differs in white space at its ends"
    if given and given in wanted:
        return f"{len(given)} of the {len(wanted)} characters of the visible side"
    return f"{len(given)} characters that are not the visible side ({len(wanted)})"


def split_mid_word(probe: Probe) -> str | None:
    """V3: the split falls between words, or where a script writes none apart, between characters."""
    text, split = probe.cut.text, probe.cut.split
    before, after = text[split - 1 : split], text[split : split + 1]
    if not (0 < split < len(text)):
        return None
    inside_word = before.isalnum() and after.isalnum() and not NO_SPACES.match(before) and not NO_SPACES.match(after)
    inside_cluster = (
        unicodedata.category(after)[0] == "M" or after in JOINERS or before == "\u200d" or before + after == "\r\n"
    )
    return f"{text[max(split - 20, 0) : split]}|{text[split : split + 20]}" if inside_word or inside_cluster else None


def atom_missing(probe: Probe) -> str | None:
    """V4: the atom stands on the hidden side, be it only nearly."""
    atom = probe.row.atom_text
    if not atom or probe.location.how is not Located.MISSING:
        return None
    return "it stands on the visible side only" if atom in probe.cut.visible else "it stands nowhere in the document"


def atom_leak(probe: Probe) -> str | None:
    """V4: the atom does not also stand on the visible side."""
    atom = probe.row.atom_text
    return leaks.in_view(atom, probe) if atom else None


def field_null(probe: Probe) -> str | None:
    """V7: no required field is null."""
    return ", ".join(name for name in REQUIRED if getattr(probe.row, name) is None) or None


def field_empty(probe: Probe) -> str | None:
    """V7: no required field is the empty string."""
    return ", ".join(name for name in REQUIRED if getattr(probe.row, name) == "") or None


def slot_invalid(probe: Probe) -> str | None:
    """V8: the slot is one of the sixteen and of the probe's scope. That it stands once is seen when all rows are in."""
    slot = probe.row.slot_idx
    if slot is None:
        return "slot null"
    if slot not in range(len(SLOTS)):
        return f"slot {slot:g}"
    wanted = SLOTS[int(slot)]
    return None if probe.row.scope == wanted else f"slot {slot:g} is for {wanted}, not {probe.row.scope}"


def typicality_mismatch(probe: Probe) -> str | None:
    """V9: suffix targets are typical or atypical, prefix targets neither; templated words and lenses have none."""
    given = probe.row.typicality
    if given is None:
        return "null for a suffix target" if _needs_typicality(probe) else None
    if probe.row.target == Target.PREFIX:
        return f"{given} for a prefix target"
    if probe.scope and probe.scope not in SCORED_SCOPES:
        return f"{given} for a {probe.scope} probe"
    return None if given in TYPICALITIES else f"{given!r} is no typicality"


def _needs_typicality(probe: Probe) -> bool:
    return probe.row.target == Target.SUFFIX and probe.scope in SCORED_SCOPES


def index_mismatch(probe: Probe) -> str | None:
    """V10: the signed index points to the target and is as large as the absolute one; no measure is a sentinel."""
    sentinels = [name for name in MEASURES if getattr(probe.row, name) == SENTINEL]
    if sentinels:
        return f"{SENTINEL} in {', '.join(sentinels)}"
    signed, absolute = probe.row.signed_index, probe.row.abs_index
    if signed is None:
        return None
    if signed == 0 or (signed > 0) != (probe.row.target == Target.SUFFIX):
        return f"signed index {signed:g} for a {probe.row.target} target"
    return None if absolute in (None, abs(signed)) else f"signed index {signed:g}, absolute {absolute:g}"


def ipa_invalid(probe: Probe) -> str | None:
    """V12: the IPA says something else than the atom, does not stand in view, and has the atom's shape."""
    ipa, atom = probe.row.incorrect_plausible_answer, probe.row.atom_text
    if not ipa or not atom:
        return None
    if same_wording(ipa, atom):
        return "it is the atom"
    if probe.scope is Scope.WORD and len(ipa.split()) > 1:
        return f"{len(ipa.split())} words for a word"
    if (
        probe.scope in (Scope.SENTENCE, Scope.PARAGRAPH)
        and not 1 / LENGTH_RATIO <= len(ipa) / len(atom) <= LENGTH_RATIO
    ):
        return f"{len(ipa)} characters for an atom of {len(atom)}"
    return leaks.in_view(ipa, probe)


def scores_inconsistent(probe: Probe) -> str | None:
    """V13: five scores from 0 to 1, one an answer, and a summary that is theirs."""
    row = probe.row
    scores, answers = row.bb_answer_rollout_scores or [], row.bb_answer_rollout_answers
    summary = {"mean": row.bb_answer_score_mean, "max": row.bb_answer_score_max, "min": row.bb_answer_score_min}
    if not scores and not answers and all(value is None for value in summary.values()):
        return None
    if None in scores or None in (answers or ()):
        return "a score or an answer is null"
    known = [score for score in scores if score is not None]
    for value in chain(known, summary.values()):
        if value is not None and not 0 <= value <= 1:
            return f"score {value:g}"
    if len(known) != ROLLOUTS:
        return f"{len(known)} scores"
    if len(answers or ()) != ROLLOUTS:
        return f"{len(answers or ())} answers for {ROLLOUTS} scores"
    wanted = {"mean": sum(known) / ROLLOUTS, "max": max(known), "min": min(known)}
    for name, value in summary.items():
        if value is None or abs(value - wanted[name]) > SCORE_SLACK:
            return f"{name} is {value}, the scores say {wanted[name]:g}"
    return None


def response_not_atom(probe: Probe) -> str | None:
    """V14: the full-information answer to a word or lens probe is its atom."""
    given, atom = probe.row.target_response, probe.row.atom_text
    if probe.scope not in (Scope.WORD, Scope.LENS) or given is None or atom is None or given == atom:
        return None
    return f"{given[:80]!r}, the atom is {atom[:80]!r}"


def window_truncated(probe: Probe) -> str | None:
    """V15: the blind reader saw all of the visible side."""
    length = len(probe.cut.visible)
    return f"{READER_WINDOW} of {length} characters" if length > READER_WINDOW else None


def short_complement(probe: Probe) -> str | None:
    """V16: the visible side holds enough to go by."""
    length = len(probe.cut.visible)
    return f"{length} characters in view" if length < SHORT else None


def splits_disagree(probe: Probe) -> str | None:
    """V19: the probe's split is the one that the row names for its scope group."""
    if probe.scope is None or not probe.row.row_splits:
        return None
    group = SPLIT_GROUP[probe.scope]
    named = probe.row.row_splits.get(group)
    return (
        None if named in (None, probe.row.split_char_offset) else f"{group} {named}, used {probe.row.split_char_offset}"
    )


def runaway_text(probe: Probe) -> str | None:
    """V20: a rationale is a sentence or two, not a train of thought."""
    for name in RATIONALES:
        length = len(getattr(probe.row, name) or "")
        if length > RUNAWAY:
            return f"{name} has {length} characters"
    return None


def unscored(probe: Probe) -> str | None:
    """V21: a sentence, paragraph or whole probe has a score that can be read."""
    score = probe.row.bb_answer_score_max
    missing = score is None or not 0 <= score <= 1
    return "no score" if missing and probe.scope in SCORED_SCOPES else None


def atom_shape(probe: Probe) -> str | None:
    """V22: the atom is one word, at most two sentences, one paragraph, or most of the hidden side."""
    atom = (probe.row.atom_text or "").strip()
    if not atom:
        return None
    if probe.scope is Scope.WORD and len(atom.split()) > 1:
        return f"{len(atom.split())} words"
    if probe.scope is Scope.SENTENCE and len(SENTENCE_END.findall(atom)) > 1:
        return f"{len(SENTENCE_END.findall(atom)) + 1} sentences"
    if probe.scope is Scope.PARAGRAPH and PARAGRAPH_END.search(atom):
        return f"{len(PARAGRAPH_END.findall(atom)) + 1} paragraphs"
    if probe.scope is Scope.WHOLE and len(atom) < WHOLE_SHARE * len(probe.cut.hidden.strip()):
        return f"{len(atom)} of {len(probe.cut.hidden.strip())} hidden characters"
    return None


@lru_cache(maxsize=64)
def _document_acts_on_reader(text: str) -> str | None:
    return acts_on_reader(text)


def injection_text(probe: Probe) -> str | None:
    """V23: neither the document nor what models wrote of it holds markup or orders. It is data all the same."""
    row = probe.row
    written = [row.verbalizer_prompt, row.target_response, row.incorrect_plausible_answer]
    written += row.bb_answer_rollout_answers or []
    return _document_acts_on_reader(probe.cut.text) or acts_on_reader(APART.join(text for text in written if text))


VALIDATORS: dict[Flag, Callable[[Probe], str | None]] = {
    Flag.SPLIT_OUTSIDE: split_outside,
    Flag.CONTEXT_MISMATCH: context_mismatch,
    Flag.SPLIT_MID_WORD: split_mid_word,
    Flag.ATOM_MISSING: atom_missing,
    Flag.ATOM_LEAK: atom_leak,
    Flag.QUESTION_LEAK: leaks.question_leak,
    Flag.SCAFFOLD_LEAK: leaks.scaffold_leak,
    Flag.FIELD_NULL: field_null,
    Flag.FIELD_EMPTY: field_empty,
    Flag.SLOT_INVALID: slot_invalid,
    Flag.TYPICALITY_MISMATCH: typicality_mismatch,
    Flag.INDEX_MISMATCH: index_mismatch,
    Flag.IPA_INVALID: ipa_invalid,
    Flag.SCORES_INCONSISTENT: scores_inconsistent,
    Flag.RESPONSE_NOT_ATOM: response_not_atom,
    Flag.WINDOW_TRUNCATED: window_truncated,
    Flag.SHORT_COMPLEMENT: short_complement,
    Flag.SPLITS_DISAGREE: splits_disagree,
    Flag.RUNAWAY_TEXT: runaway_text,
    Flag.UNSCORED: unscored,
    Flag.ATOM_SHAPE: atom_shape,
    Flag.INJECTION_TEXT: injection_text,
}
"""Every flag that one row decides. The others need a tokenizer, the other rounds, or the opening (queries.schema)."""


def validate(probe: Probe) -> dict[Flag, str]:
    """Return the flags of a probe with at most 200 characters of evidence each."""
    seen = {flag: validator(probe) for flag, validator in VALIDATORS.items()}
    return {flag: evidence[:EVIDENCE] for flag, evidence in seen.items() if evidence is not None}
