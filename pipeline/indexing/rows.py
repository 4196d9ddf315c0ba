"""From a published row to the rows of the index: a document, a probe, a facet."""

import math
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pipeline.dataset.published import SENTINEL, Published, whole
from pipeline.probes.cut import Cut, cut
from pipeline.probes.locate import Location, locate
from pipeline.probes.probe import Probe
from pipeline.probes.tokens import Tokenizer, token_count
from pipeline.probes.validators import VALIDATORS, validate
from queries.identity import ProbeKey, content_hash, doc_key, probe_id
from queries.schema import Flag, Located, Scope, SplitGroup, Target
from queries.splits import Span

Row = dict[str, Any]
SCOPES = {str(scope): scope for scope in Scope}
TARGETS = frozenset(Target)
UNFLAGGED = {f"flag_{flag}": False for flag in VALIDATORS}
INT32 = 2**31 - 1


class Place(NamedTuple):
    """Where a row came from, and what only its source can say about it."""

    file: str
    row: int
    round: int | None  # none in a sweep
    level: int | None


class Own(NamedTuple):
    """What the pipeline that made a probe knows of it and a published row does not say."""

    opening_end: int | None
    atom: Span | None
    evidence: dict[str, str]  # by flag
    measures: Row  # the columns queries.schema.OWN


class IndexRows(NamedTuple):
    """What one published row adds to the index; `doc` repeats for every probe of a document."""

    doc: Row
    probe: Row
    facet: Row


def reason_to_reject(row: Published) -> str | None:
    """Return why a row cannot be shown at all, or None for one that can."""
    if row.doc is None:
        return "doc is null"
    if not row.doc:
        return "doc is empty"
    if row.split_char_offset is None:
        return "split_char_offset is null or no whole number"
    if row.target not in TARGETS:
        return f"target is {row.target!r}, neither prefix nor suffix"
    return None


def index_rows(row: Published, place: Place, *, tokens: Tokenizer | None = None, own: Own | None = None) -> IndexRows:
    """Return the index rows of a published row that `reason_to_reject` lets pass.

    Distances and counts in tokens are null without `tokens`. With `own`, the atom and the flags are taken from there.
    """
    text, split = row.doc or "", row.split_char_offset or 0
    here = cut(text, split=split, target=Target(row.target or ""))
    scope = SCOPES.get(row.scope or "")
    location = _known(row, here, own.atom) if own and own.atom else locate(row.atom_text, here, scope=scope)
    probe = Probe(row=row, scope=scope, cut=here, location=location)
    doc = _doc(
        text,
        source_model=row.source_model,
        doc_id=row.doc_id,
        doc_idx=row.doc_idx,
        doc_source=row.doc_source,
        round_=place.round,
        opening_end=own.opening_end if own else None,
    )
    flags = {Flag(flag): seen for flag, seen in own.evidence.items()} if own else validate(probe)
    wide = _wide(probe, place, doc["doc_key"]) | (own.measures if own else {})
    facet = _facet(wide, doc)
    if own:
        facet[f"flag_{Flag.OFF_POLICY}"] = False
    if tokens:
        facet["flag_token_count"] = False
        _count_tokens(probe, tokens, wide, flags)
    wide["evidence"] = list(flags.items())
    return IndexRows(doc=doc, probe=wide, facet=facet | {f"flag_{flag}": True for flag in flags})


def _known(row: Published, here: Cut, atom: Span) -> Location:
    hidden = here.sides.hidden
    return Location(Located.EXACT, atom, here.text.count(row.atom_text or "", hidden.start, hidden.end))


def _count_tokens(probe: Probe, tokens: Tokenizer, wide: Row, flags: dict[Flag, str]) -> None:
    if probe.location.span:
        wide["distance_tokens"] = tokens.distance(probe.cut, probe.location.span)
    miscounted = token_count(probe, tokens)
    if miscounted is not None:
        flags[Flag.TOKEN_COUNT] = miscounted


@lru_cache(maxsize=64)
def _doc(
    text: str,
    *,
    source_model: str | None,
    doc_id: str | None,
    doc_idx: int | None,
    doc_source: str | None,
    round_: int | None,
    opening_end: int | None,
) -> Row:
    # Cached because the sixteen rows of a document stand together.
    return {
        "doc_key": doc_key(source_model=source_model, doc_id=doc_id, doc_idx=doc_idx, text=text),
        "doc_id": doc_id,
        "doc_idx": doc_idx,
        "doc_source": doc_source,
        "host": host(doc_source),
        "round": round_,
        "opening_end": opening_end,
        "text": text,
    }


def host(url: str | None) -> str | None:
    """Return the host of a document's URL in lower case; null where there is none."""
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None


def _wide(probe: Probe, place: Place, key: str) -> Row:
    row, here, location = probe.row, probe.cut, probe.location
    slot, splits = whole(row.slot_idx), row.row_splits or {}
    identity = ProbeKey(row.source_model, row.doc_id, row.doc_idx, row.row_seed, place.level, slot)
    return {
        "probe_id": probe_id(identity),
        "doc_key": key,
        "content_hash": content_hash(
            question=row.verbalizer_prompt,
            atom=row.atom_text,
            split=row.split_char_offset or 0,
            complement=here.visible,
        ),
        "round": place.round,
        "level": place.level,
        "slot": _small(slot),
        "scope": row.scope,
        "target": row.target,
        "typicality": row.typicality,
        "split": _small(row.split_char_offset),
        "split_word_lens": _small(splits.get(SplitGroup.WORD_LENS)),
        "split_sentence": _small(splits.get(SplitGroup.SENTENCE)),
        "split_paragraph": _small(splits.get(SplitGroup.PARAGRAPH)),
        "split_whole": _small(splits.get(SplitGroup.WHOLE)),
        "question": row.verbalizer_prompt,
        "atom": row.atom_text,
        "target_response": row.target_response,
        "ipa": row.incorrect_plausible_answer,
        "answers": row.bb_answer_rollout_answers,
        "scores": row.bb_answer_rollout_scores,
        "score_mean": row.bb_answer_score_mean,
        "score_max": row.bb_answer_score_max,
        "score_min": row.bb_answer_score_min,
        "located": str(location.how),
        "atom_start": location.span.start if location.span else None,
        "atom_end": location.span.end if location.span else None,
        "occurrences": location.occurrences,
        **_distances(here, location.span),
        "window_start": here.window.start,
        "window_end": here.window.end,
        "stored_context": row.context if row.context != here.visible else None,
        "synergy_check": row.synergy_check,
        "distribution_check": row.distribution_check,
        "difficulty_check": row.difficulty_check,
        "doc_choice_rationale": row.doc_choice_rationale,
        "split_rationale": row.split_rationale,
        "row_seed": row.row_seed,
        "abs_index": _measured(row.abs_index),
        "signed_index": _measured(row.signed_index),
        "signed_index_hint": _measured(row.signed_index_hint),
        "actual_word_distance": _measured(row.actual_word_distance_from_split),
        "source": row.source,
        "n_tokens": _small(whole(_measured(row.n_tokens_actual))),
        "tokenizer": row.tokenizer,
        "generator_model": row.generator_model,
        "source_model": row.source_model,
        "source_file": place.file,
        "source_row": place.row,
    }


def _distances(here: Cut, span: Span | None) -> Row:
    if span is None:
        return {}
    start, end = (here.split, span.start) if here.target is Target.SUFFIX else (span.end, here.split)
    return {"distance_chars": end - start, "distance_words": len(here.text[start:end].split())}


def _facet(wide: Row, doc: Row) -> Row:
    scores = [score for score in wide["scores"] or () if score is not None]
    return {
        **{
            name: wide[name]
            for name in ("probe_id", "doc_key", "round", "level", "slot", "scope", "target", "typicality")
        },
        "doc_id": doc["doc_id"],
        "host": doc["host"],
        "score": hundredths(wide["score_max"]),
        "mean": wide["score_mean"],
        "spread": max(scores) - min(scores) if scores else None,
        "distance": wide.get("distance_chars"),
        "question": wide["question"],
        **UNFLAGGED,
    }


def hundredths(score: float | None) -> int | None:
    """Return a score of 0-1 in hundredths, halves rounded up; null where it is null or out of range.

    The inner rounding removes what binary fractions add or lack: 0.285 * 100 is 28.499999999999996.
    """
    if score is None or not 0 <= score <= 1:
        return None
    return math.floor(round(score * 100, 6) + 0.5)


def _small(value: int | None) -> int | None:
    return None if value is None else max(-INT32, min(value, INT32))


def _measured(value: float | None) -> float | None:
    return None if value == SENTINEL else value
