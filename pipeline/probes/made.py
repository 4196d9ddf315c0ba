"""What finalizing makes of a drawn document: the chosen sibling, four splits as offsets, probes, and what was rejected.

`probes.parquet` of a round has one row a probe. The document's text is not repeated there: `documents.parquet`, in the
same order, has it, and an atom is a slice of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.published import Published
from pipeline.errors import StageError
from pipeline.files import put
from pipeline.rounds import Drawn
from queries.schema import Scope, SplitGroup, Target, Typicality
from queries.splits import Span, complement

GROUP_ROWS = 4096
PROBES = pa.schema(
    [
        ("doc_id", pa.string()),
        ("doc_idx", pa.int32()),
        ("row_seed", pa.int64()),
        ("level", pa.int32()),
        ("opening_end", pa.int32()),  # characters of human text that the document begins with
        *((f"split_{group}", pa.int32()) for group in SplitGroup),  # null where the label was wrong
        ("doc_choice_rationale", pa.string()),
        ("split_rationale", pa.string()),
        ("reading", pa.string()),  # replies.Reading: strict, lenient or repaired
        ("generator_model", pa.string()),
        ("source_model", pa.string()),
        ("prompt", pa.string()),  # fingerprint of the generator's prompt
        ("slot", pa.int32()),
        ("scope", pa.string()),
        ("target", pa.string()),
        ("typicality", pa.string()),
        ("split", pa.int32()),
        ("atom_start", pa.int32()),
        ("atom_end", pa.int32()),
        ("question", pa.string()),
        ("target_response", pa.string()),
        ("ipa", pa.string()),
        ("synergy_check", pa.string()),
        ("distribution_check", pa.string()),
        ("difficulty_check", pa.string()),
        ("signed_index", pa.int32()),
        ("signed_index_hint", pa.int32()),
        ("actual_word_distance", pa.int32()),
        ("source", pa.string()),
        ("n_tokens", pa.int32()),
        ("tokenizer", pa.string()),
        ("evidence", pa.map_(pa.string(), pa.string())),  # flag -> what was seen; flags that need no score
    ]
)


@dataclass(frozen=True, kw_only=True)
class MadeProbe:
    """One valid probe. Index and distance are negative before the split.

    `signed_index` counts words, tokens, sentences or paragraphs by scope; `actual_word_distance` is that of a word, or
    the words between the split and a longer atom, and null for lens.
    """

    slot: int
    scope: Scope
    target: Target
    typicality: Typicality | None = None
    split: int
    atom: Span
    question: str
    target_response: str
    ipa: str
    synergy_check: str | None = None
    distribution_check: str | None = None
    difficulty_check: str | None = None
    signed_index: int
    signed_index_hint: int | None
    actual_word_distance: int | None
    source: str
    n_tokens: int | None = None
    tokenizer: str | None = None
    evidence: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Made:
    """One finalized document with its probes in the order of their slots."""

    doc_id: str
    doc_idx: int
    doc_source: str | None
    text: str
    opening_end: int
    row_seed: int
    level: int
    splits: dict[SplitGroup, int | None]
    doc_choice_rationale: str | None
    split_rationale: str | None
    reading: str
    generator_model: str
    source_model: str
    prompt: str
    probes: tuple[MadeProbe, ...]

    def atom(self, probe: MadeProbe) -> str:
        """Return the atom of one of the probes: a verbatim slice of the document."""
        return self.text[probe.atom.start : probe.atom.end]


class Scores(NamedTuple):
    """The blind answers of a probe and their scores, by rollout; `reasons` says why one is null.

    `ceiling` is the score of the target response: what full information reaches.
    """

    answers: list[str | None]
    scores: list[float | None]
    reasons: list[str | None]
    ceiling: float | None = None
    ceiling_reason: str | None = None


def published(made: Made, probe: MadeProbe, scores: Scores | None = None) -> Published:
    """Return a probe as a row of the published form, columns and conventions of the dataset card."""
    values = [score for score in scores.scores if score is not None] if scores else []
    distance, hint = probe.actual_word_distance, probe.signed_index_hint
    return Published(
        doc=made.text,
        scope=probe.scope,
        verbalizer_prompt=probe.question,
        context=complement(made.text, split=probe.split, target=probe.target),
        atom_text=made.atom(probe),
        target_response=probe.target_response,
        incorrect_plausible_answer=probe.ipa,
        bb_answer_rollout_answers=list(scores.answers) if scores else None,
        bb_answer_rollout_scores=list(scores.scores) if scores else None,
        bb_answer_score_mean=sum(values) / len(values) if values else None,
        bb_answer_score_max=max(values, default=None),
        bb_answer_score_min=min(values, default=None),
        row_seed=made.row_seed,
        doc_id=made.doc_id,
        doc_source=made.doc_source,
        doc_idx=made.doc_idx,
        split_char_offset=probe.split,
        row_splits={str(group): split for group, split in made.splits.items()},
        doc_choice_rationale=made.doc_choice_rationale,
        split_rationale=made.split_rationale,
        slot_idx=float(probe.slot),
        target=probe.target,
        typicality=probe.typicality,
        abs_index=float(abs(probe.signed_index)),
        signed_index=float(probe.signed_index),
        signed_index_hint=None if hint is None else float(hint),
        actual_word_distance_from_split=None if distance is None else float(distance),
        synergy_check=probe.synergy_check,
        distribution_check=probe.distribution_check,
        difficulty_check=probe.difficulty_check,
        source=probe.source,
        n_tokens_actual=None if probe.n_tokens is None else float(probe.n_tokens),
        tokenizer=probe.tokenizer,
        generator_model=made.generator_model,
        source_model=made.source_model,
    )


OF_DOCUMENT = ("doc_id", "doc_idx", "row_seed", "level", "opening_end", "doc_choice_rationale", "split_rationale")
OF_REPLY = ("reading", "generator_model", "source_model", "prompt")
NOT_OF_PROBE = {*OF_DOCUMENT, *OF_REPLY, *(f"split_{group}" for group in SplitGroup), "atom_start", "atom_end"}
OF_PROBE = tuple(name for name in PROBES.names if name not in NOT_OF_PROBE)


def write_made(path: Path, documents: Iterable[Made]) -> None:
    """Write the probes of finalized documents to `path` in one step."""

    def write(draft: Path) -> None:
        rows = (row for made in documents for row in _rows(made))
        with pq.ParquetWriter(draft, PROBES, compression="zstd") as writer:
            while some := list(islice(rows, GROUP_ROWS)):
                writer.write_batch(pa.RecordBatch.from_pylist(some, PROBES))

    put(path, write)


def _rows(made: Made) -> Iterator[dict[str, Any]]:
    shared = {name: getattr(made, name) for name in (*OF_DOCUMENT, *OF_REPLY)}
    shared |= {f"split_{group}": made.splits[group] for group in SplitGroup}
    for probe in made.probes:
        own = {name: getattr(probe, name) for name in OF_PROBE} | {"evidence": list(probe.evidence.items())}
        yield {**shared, **own, "atom_start": probe.atom.start, "atom_end": probe.atom.end}


def read_made(path: Path, documents: Iterable[Drawn]) -> Iterator[tuple[Drawn, Made]]:
    """Yield the finalized documents of `path`, each with the drawn one that it is of; both have one order.

    Raises StageError where the two files are not of the same round.
    """
    drawn = iter(documents)
    for doc_id, rows in groupby(_stored(path), key=lambda row: row["doc_id"]):
        found = next((each for each in drawn if each.doc_id == doc_id), None)
        if found is None:
            raise StageError(f"{path} holds probes of {doc_id!r}, which documents.parquet lacks; finalize again.")
        yield found, _made(found, list(rows))


def _stored(path: Path) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(GROUP_ROWS):
            yield from batch.to_pylist()


def _made(drawn: Drawn, rows: list[dict[str, Any]]) -> Made:
    first = rows[0]
    return Made(
        **{name: first[name] for name in (*OF_DOCUMENT, *OF_REPLY)},
        doc_source=drawn.doc_source,
        text=drawn.opening + drawn.rollouts[first["doc_idx"]],
        splits={group: first[f"split_{group}"] for group in SplitGroup},
        probes=tuple(_probe(row) for row in rows),
    )


def _probe(row: dict[str, Any]) -> MadeProbe:
    own = {name: row[name] for name in OF_PROBE}
    own |= {"scope": Scope(row["scope"]), "target": Target(row["target"]), "evidence": dict(row["evidence"])}
    own["typicality"] = Typicality(row["typicality"]) if row["typicality"] else None
    return MadeProbe(**own, atom=Span(row["atom_start"], row["atom_end"]))
