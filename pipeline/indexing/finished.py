"""A finalized document with all that is known of its probes so far, and the published and index rows it becomes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.build import code_version
from pipeline.indexing.rows import IndexRows, Own, Place, Row, index_rows
from pipeline.indexing.shards import SHARDS
from pipeline.probes.made import Made, MadeProbe, Scores, published
from pipeline.rejects import Reason
from pipeline.scores import with_scores
from pipeline.scoring import Plan
from queries.schema import SCORED_SCOPES, Flag
from queries.tables import CARD

GROUP = 128  # documents of a row group: 2,000 probes
MEASURED = ("siblings", "recurs_in", "recurrence")


class Finished(NamedTuple):
    """A finalized document with what is known of its slots so far."""

    made: Made
    scores: dict[int, Scores]
    measures: dict[int, Row]


def finished(folder: Path) -> Iterator[Finished]:
    """Yield the finalized documents of a folder in order, with all that is known of their probes."""
    rows = groupby(_rows(folder / "siblings.parquet"), key=itemgetter("doc_id"))
    doc_id, measured = next(rows, (None, iter(())))
    for made, scores in with_scores(folder):
        measures: dict[int, Row] = {}
        if made.doc_id == doc_id:
            measures = {row["slot"]: {name: row[name] for name in MEASURED} for row in measured}
            doc_id, measured = next(rows, (None, iter(())))
        yield Finished(made, scores, measures)


def _rows(path: Path) -> Iterator[Row]:
    if path.exists():
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()


def digest(shard: list[Finished], plan: Plan | None) -> str:
    """Return a name for what the index will say of these documents."""
    hashed = sha256(f"{code_version()} {plan}".encode())
    for each in shard:
        hashed.update(repr(each).encode("utf-8", "surrogatepass"))
    return hashed.hexdigest()[:8]


def write_rows(shard: list[Finished], plan: Plan | None, place: Place, unit: Path, draft: Path) -> None:
    """Write a shard's published rows to `draft`, and its unsorted index rows to `<unit>-<table>.parquet`."""
    rest = iter(shard)
    number = 0
    with ExitStack() as stack:
        stored = stack.enter_context(pq.ParquetWriter(draft, CARD, compression="zstd"))
        writers = {
            table: stack.enter_context(pq.ParquetWriter(f"{unit}-{table}.parquet", schema, compression="lz4"))
            for table, schema in SHARDS.items()
        }
        while some := list(islice(rest, GROUP)):
            rows: list[Row] = []
            index: dict[str, list[Row]] = {table: [] for table in SHARDS}
            for finished in some:
                for probe in finished.made.probes:
                    here = place._replace(row=number, level=finished.made.level)
                    row, indexed = _indexed(finished, probe, here, plan=plan)
                    rows.append(row)
                    index["probes"].append(indexed.probe)
                    index["facets"].append(indexed.facet | {"source_file": here.file, "source_row": here.row})
                    number += 1
                index["docs"].append(indexed.doc)
            stored.write_batch(pa.RecordBatch.from_pylist(rows, CARD))
            for table, found in index.items():
                writers[table].write_batch(pa.RecordBatch.from_pylist(found, SHARDS[table]))


def _indexed(finished: Finished, probe: MadeProbe, place: Place, *, plan: Plan | None) -> tuple[Row, IndexRows]:
    made, scores = finished.made, finished.scores.get(probe.slot)
    if scores and plan:
        scores = _padded(scores, plan)
    row = published(made, probe, scores)
    own = Own(
        opening_end=made.opening_end,
        atom=probe.atom,
        evidence=probe.evidence | _of_scores(probe, scores),
        measures={
            "reading": made.reading,
            "prompt": made.prompt,
            **finished.measures.get(probe.slot, {}),
            **(_scoring(scores, plan) if plan and probe.scope in SCORED_SCOPES else {}),
        },
    )
    return row._asdict(), index_rows(row, place, own=own)


def _padded(scores: Scores, plan: Plan) -> Scores:
    """Return scores with a place for each answer that is due, null with a reason where nothing came."""
    missing = 0 if plan.decided(scores.scores) else plan.k - len(scores.answers)
    nothing, reasons = [None] * missing, [str(Reason.NO_REPLY)] * missing
    return scores._replace(
        answers=[*scores.answers, *nothing],
        scores=[*scores.scores, *nothing],
        reasons=[*scores.reasons, *reasons],
    )


def _scoring(scores: Scores | None, plan: Plan) -> Row:
    about: Row = {"rollouts_due": plan.k, "stop_at": plan.stop_at, "censored": False}
    if scores is None:
        return about
    return about | {
        "reasons": scores.reasons,
        "censored": plan.censored(scores.scores),
        "ceiling": scores.ceiling,
        "ceiling_reason": scores.ceiling_reason,
    }


def _of_scores(probe: MadeProbe, scores: Scores | None) -> dict[str, str]:
    """V13 and V21, which finalizing could not know. What a stopped probe lacks is no fault (column `censored`)."""
    if probe.scope not in SCORED_SCOPES:
        return {}
    reasons = Counter(scores.reasons if scores else ())
    missing = ", ".join(f"{count} answers: {reason}" for reason, count in reasons.items() if reason)
    if scores is None or all(score is None for score in scores.scores):
        return {str(Flag.UNSCORED): missing or "not asked"}
    return {str(Flag.SCORES_INCONSISTENT): missing} if missing else {}
