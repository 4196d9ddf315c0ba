"""One probe beside its document: question, answers, scores, checks, flags and provenance, as one escaped block.

One st.html element instead of forty widgets keeps "next probe" within a few milliseconds of script.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import streamlit as st

from pages.shared.document import opinions as human
from pages.shared.escape import safe
from pages.shared.palette import LABEL_COLORS
from queries.schema import FLAG_RULES, Flag, Label
from queries.store import Row

_STYLE = f"<style>{(Path(__file__).parent / 'probe_card.css').read_text(encoding='utf-8')}</style>"

CHECKS = {
    "synergy_check": "Synergy",
    "distribution_check": "Distribution",
    "difficulty_check": "Difficulty",
    "doc_choice_rationale": "Why this sibling",
    "split_rationale": "Why these splits",
}
PROVENANCE = {
    "round": "Round",
    "level": "Level",
    "row_seed": "Row seed",
    "source": "Written by",
    "generator_model": "Generator",
    "source_model": "Source model",
    "tokenizer": "Tokenizer",
    "n_tokens": "Tokens in the atom",
    "abs_index": "Absolute index",
    "signed_index": "Signed index",
    "signed_index_hint": "Signed index asked for",
    "actual_word_distance": "Word distance as stored",
    "distance_chars": "Distance, characters",
    "distance_words": "Distance, words",
    "distance_tokens": "Distance, tokens",
    "located": "Atom found",
    "occurrences": "Occurrences of the atom",
    "content_hash": "Content hash",
}


def show(probe: Row, *, label: Label, opinions: Sequence[Row] = (), voices_open: bool = False) -> None:
    """Draw everything known of `probe` but its document; `label` is its automatic label under the current cuts.

    `opinions` is what persons say of it, the rows of probe_opinions.sql, each voice folded or open.
    """
    voices = human.voices(opinions, opened=voices_open)
    st.html(_STYLE + "".join(_blocks(probe, label, opinions, voices)))


def _blocks(probe: Row, label: Label, opinions: Sequence[Row], voices: str) -> Iterable[str]:
    yield f'<article class="probe">{_head(probe, label, opinions)}{voices}'
    yield _text("Question", probe["question"], name="question")
    yield _text("Atom", probe["atom"], name="atom")
    if probe["target_response"] != probe["atom"]:
        yield _text("Target response", probe["target_response"])
    yield _text("Incorrect plausible answer", probe["ipa"])
    yield _answers(probe, label)
    yield _flags(probe)
    yield from (_folded(title, probe[name]) for name, title in CHECKS.items() if probe[name])
    yield _provenance(probe)
    yield "</article>"


def _head(probe: Row, label: Label, opinions: Sequence[Row]) -> str:
    words = [probe["scope"] or "no scope", f"{probe['target']} target", probe["typicality"]]
    slot = "no slot" if probe["slot"] is None else f"slot {probe['slot']}"
    badge = human.badge(opinions)
    automatic = f"<small>automatic</small> {label}" if badge else str(label)
    return (
        f'<header><b class="label" style="--label:{LABEL_COLORS[label]}">{automatic}</b>{badge}'
        f"<span>{safe(' · '.join(str(word) for word in [*words, slot] if word))}</span></header>"
    )


def _text(title: str, text: str | None, *, name: str = "") -> str:
    missing = {None: "null in the data", "": "empty in the data"}
    body = f'<i class="missing">{missing[text]}</i>' if text in missing else safe(text)
    return f'<section class="{name}"><h4>{title}</h4><p>{body}</p></section>'


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary><p>{safe(text)}</p></details>"


def _answers(probe: Row, label: Label) -> str:
    answers, scores = probe["answers"] or [], probe["scores"] or []
    if not answers and not scores:
        return "" if probe["scope"] in ("word", "lens") else "<section><h4>Blind answers</h4><p>none</p></section>"
    best = max((score for score in scores if score is not None), default=None)
    rows = "".join(
        _answer(
            answers[i] if i < len(answers) else None,
            scores[i] if i < len(scores) else None,
            best=best,
        )
        for i in range(max(len(answers), len(scores)))
    )
    head = f"<h4>Blind answers · {_summary(probe)}</h4>"
    return f'<section style="--label:{LABEL_COLORS[label]}">{head}<ol>{rows}</ol></section>'


def _summary(probe: Row) -> str:
    numbers = {"max": probe["score_max"], "mean": probe["mean"], "spread": probe["spread"]}
    return ", ".join(f"{name} {value:.2f}" for name, value in numbers.items() if value is not None) or "unscored"


def _answer(answer: str | None, score: float | None, *, best: float | None) -> str:
    shown = "–" if score is None else f"{score:.2f}"
    width = 0 if score is None else round(100 * min(max(score, 0), 1))
    mark = ' class="best" title="This answer sets the max score"' if score is not None and score == best else ""
    text = '<i class="missing">no answer</i>' if answer is None else safe(answer)
    return f'<li{mark}><b>{shown}</b><span class="bar" style="--width:{width}%"></span><p>{text}</p></li>'


def _flags(probe: Row) -> str:
    evidence = dict(probe["evidence"] or {})
    if not evidence:
        return ""
    rows = "".join(
        f"<li><b>{flag}</b> {safe(FLAG_RULES[flag].meaning)} <em>{safe(evidence[flag])}</em></li>"
        for flag in Flag
        if flag in evidence
    )
    return f'<section class="flags"><h4>Flags</h4><ul>{rows}</ul></section>'


def _provenance(probe: Row) -> str:
    rows = "".join(
        f"<dt>{title}</dt><dd>{safe(_number(probe[name]))}</dd>"
        for name, title in PROVENANCE.items()
        if probe[name] is not None
    )
    return f"<details><summary>Provenance</summary><dl>{rows}</dl></details>"


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
