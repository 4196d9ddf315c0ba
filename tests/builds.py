"""Tiny builds for tests: rows in the published form, imported through the real importer."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import importer
from queries.schema import SCORED_SCOPES, SLOTS, SPLIT_GROUP, Scope, Target
from queries.splits import complement, hidden
from queries.tables import CARD

Row = dict[str, Any]

OPENING = (
    "The harbour at Varnholm freezes every second winter, and nobody who lives there has ever called it a nuisance. "
    "Ships wait outside the mole, sometimes for nine days, while the pilots play cards in the customs house.\n\n"
    "Old Ketil Brandt kept a ledger of those waits. He wrote the date, the wind and the name of the first ship in. "
)
CONTINUATION = (
    "His granddaughter found it in 2004 behind a stove. It covered forty-one winters without a gap.\n\n"
    "Climatologists from Uppsala asked to copy it, and she agreed on one condition. "
    "The ledger was to stay in the kitchen where it had always been read. "
    "So the scanner came to the stove, and two professors slept on the floor for a week.\n\n"
    "Their paper gives the thickness of the ice to within a hand's breadth for every year since 1931."
)
DOCUMENT = OPENING + CONTINUATION
ATOMS = {
    (Scope.WORD, Target.PREFIX): "wind",
    (Scope.WORD, Target.SUFFIX): "granddaughter",
    (Scope.LENS, Target.PREFIX): " the first ship in. ",
    (Scope.LENS, Target.SUFFIX): "His granddaughter found",
    (
        Scope.SENTENCE,
        Target.PREFIX,
    ): "Ships wait outside the mole, sometimes for nine days, while the pilots play cards in the customs house.",
    (Scope.SENTENCE, Target.SUFFIX): "It covered forty-one winters without a gap.",
    (Scope.PARAGRAPH, Target.PREFIX): OPENING.split("\n\n")[0],
    (Scope.PARAGRAPH, Target.SUFFIX): CONTINUATION.split("\n\n")[1],
    (Scope.WHOLE, Target.PREFIX): OPENING.strip(),
    (Scope.WHOLE, Target.SUFFIX): CONTINUATION,
}
IPAS = {
    Scope.WORD: "nephew",
    Scope.LENS: "Her brother sold",
    Scope.SENTENCE: "It listed thirty storms and two lost boats.",
    Scope.PARAGRAPH: "A museum in Oslo bought it at once. "
    "The keeper locked it in a glass case and never let anyone turn a page.",
    Scope.WHOLE: "The book was lost in a fire. Only a few pages survived.\n\n"
    "A school copied them out by hand, and a poet made a cycle of songs of them. "
    "It is still sung at midsummer, when the boats come home and the fires are lit.",
}


def published_row(**changes: Any) -> Row:
    """Return one row in the published form: a scored sentence probe with no flag, but for `changes`.

    What follows from a change follows along unless it is given too: atom and slot from scope and target, context and
    splits from the split, the summary of the scores from the scores, the target response of a word from its atom.
    """
    scope, target = changes.get("scope", Scope.SENTENCE), changes.get("target", Target.SUFFIX)
    known = scope if scope in list(Scope) else Scope.SENTENCE
    side = target if target in list(Target) else Target.SUFFIX
    text = changes.get("doc", DOCUMENT)
    split = changes.get("split_char_offset", len(OPENING))
    scored = known in SCORED_SCOPES
    sign = 1 if side == Target.SUFFIX else -1
    row = {
        "doc": text,
        "scope": str(scope) if scope else scope,
        "verbalizer_prompt": "What is asked about here?",
        "atom_text": ATOMS[known, side],
        "target_response": "What the text says at that place, in other words.",
        "incorrect_plausible_answer": IPAS[known],
        "bb_answer_rollout_answers": [f"Blind answer number {n}." for n in range(1, 6)] if scored else None,
        "bb_answer_rollout_scores": [0.1, 0.15, 0.5, 0.05, 0.2] if scored else None,
        "row_seed": 7,
        "doc_id": "doc-0001",
        "doc_source": "https://example.org/varnholm/ledger",
        "doc_idx": 1,
        "split_char_offset": split,
        "doc_choice_rationale": "It moves through separable steps.",
        "split_rationale": "The split falls between two sentences.",
        "slot_idx": float(SLOTS.index(known)),
        "target": str(target) if target else target,
        "typicality": "typical" if scored and side == Target.SUFFIX else None,
        "abs_index": 2.0,
        "signed_index": 2.0 * sign,
        "signed_index_hint": 2.0 * sign,
        "actual_word_distance_from_split": 8.0 * sign,
        "synergy_check": "Needs both halves." if scored else None,
        "distribution_check": "Siblings agree." if scored else None,
        "difficulty_check": "Nothing in view names it." if scored else None,
        "source": "haiku" if scored else "python_template",
        "n_tokens_actual": 4.0 if known == Scope.LENS else None,
        "tokenizer": "sample/tokenizer" if known == Scope.LENS else None,
        "generator_model": "recorded",
        "source_model": "recorded",
    }
    row |= changes
    if isinstance(text, str) and isinstance(split, int):
        row.setdefault("context", complement(text, split=split, target=Target(side)))
        row.setdefault("row_splits", dict.fromkeys(sorted(set(SPLIT_GROUP.values())), split))
    if known in (Scope.WORD, Scope.LENS) and "target_response" not in changes:
        row["target_response"] = row["atom_text"]
    scores = [score for score in row["bb_answer_rollout_scores"] or [] if score is not None]
    row.setdefault("bb_answer_score_mean", sum(scores) / len(scores) if scores else None)
    row.setdefault("bb_answer_score_max", max(scores, default=None))
    row.setdefault("bb_answer_score_min", min(scores, default=None))
    return {name: row.get(name) for name in CARD.names} | {name: row[name] for name in changes}


def document_rows(number: int = 0, **changes: Any) -> list[Row]:
    """Return the sixteen probes of document `number`, targets taking turns; each document has its own text and id."""
    text = f"{DOCUMENT} This is page {number}."
    rows = []
    for slot, scope in enumerate(SLOTS):
        target = (Target.PREFIX, Target.SUFFIX)[(slot + number) % 2]
        scores = [round(((slot * 7 + number * 3 + n * 5) % 21) / 20, 2) for n in range(5)]
        own = {
            "doc": text,
            "doc_id": f"doc-{number:04d}",
            "scope": scope,
            "target": target,
            "slot_idx": float(slot),
            "row_seed": 1000 + number,
            "verbalizer_prompt": f"What is asked in slot {slot}?",
        }
        if scope is Scope.WHOLE:
            own["atom_text"] = hidden(text, split=len(OPENING), target=target).strip()
        if scope in SCORED_SCOPES:
            own["bb_answer_rollout_scores"] = scores
        rows.append(published_row(**(own | changes)))
    return rows


def spread_rows(documents: int) -> list[Row]:
    """Return the probes of `documents` documents; the max scores of those that have any lie all over 0-1."""
    rows = [row for number in range(documents) for row in document_rows(number)]
    for number, row in enumerate(row for row in rows if row["bb_answer_rollout_scores"] is not None):
        top = number * 13 % 101 / 100
        row |= {"bb_answer_rollout_scores": [top / 2] * 4 + [top], "bb_answer_score_min": top / 2}
        row |= {"bb_answer_score_max": top, "bb_answer_score_mean": sum(row["bb_answer_rollout_scores"]) / 5}
    return rows


def write_published(rows: list[Row], path: Path) -> Path:
    """Write rows as one Parquet file in the published form, changed columns included, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, CARD), path)
    return path


def make_build(rows: list[Row], root: Path, *, name: str = "tiny") -> Path:
    """Import rows in the published form as the build `name` under the data root `root`; return the build's folder."""
    source = write_published(rows, root / "published" / f"{name}.parquet")
    build = root / "builds" / name
    importer.run(importer.Import(source=str(source), build=build))
    return build
