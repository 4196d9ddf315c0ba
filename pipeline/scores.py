"""From raw answers and judgements to `scores.parquet`: one row an answered probe, in the order of the round.

Every rollout of a probe keeps its place: an answer or a score that could not be read is null there, with its reason.
Free and repeatable, like all parsing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.files import put
from pipeline.models import raw
from pipeline.models.calls import Stage
from pipeline.probes.made import Made, Scores, read_made
from pipeline.prompts import answerer, judge
from pipeline.rejects import Reason, Rejected
from pipeline.rounds import raw_folder, read_documents
from pipeline.spool import spool
from queries.schema import SLOTS

GROUP_ROWS = 4096
STAGES = {Stage.ANSWER: answerer.parse, Stage.JUDGE: judge.parse, Stage.CEILING: judge.parse}
ROLLOUTS, ATTEMPTS = 1024, 64  # more than there are, to pack a place into one number
SCORES = pa.schema(
    [
        ("doc_id", pa.string()),
        ("level", pa.int32()),
        ("slot", pa.int32()),
        ("answers", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float64())),
        ("reasons", pa.list_(pa.string())),  # why an answer or its score is null; null beside a score
        ("ceiling", pa.float64()),  # score of the target response; null where it was not asked for, or not read
        ("ceiling_reason", pa.string()),
    ]
)


@dataclass(kw_only=True)
class Summary:
    """How many answered probes have a score, and why answers have none."""

    probes: int = 0
    scored: int = 0
    unscored: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """What a person reads."""
        lines = [f"{self.scored:,} of {self.probes:,} answered probes have a score."]
        lines += [f"{count:>11,}  answers unscored: {reason}" for reason, count in self.unscored.most_common()]
        return "\n".join(lines)

    def count(self, scores: Scores) -> None:
        """Add one probe."""
        self.probes += 1
        self.scored += any(score is not None for score in scores.scores)
        self.unscored.update(reason for reason in scores.reasons if reason)


def collect(folder: Path, *, level: int) -> Summary:
    """Write `scores.parquet` into the folder of a round from its raw replies of a level; say what it holds."""
    ids = [drawn.doc_id for drawn in read_documents(folder)]
    summary = Summary()

    def rows(replies: Iterable[Any]) -> Iterator[dict[str, Any]]:
        for probe, said in groupby(replies, key=lambda each: each[0]):
            rank, slot = divmod(probe, len(SLOTS))
            scores = _scores(said)
            summary.count(scores)
            yield {"doc_id": ids[rank], "level": level, "slot": slot, **scores._asdict()}

    def write(draft: Path) -> None:
        with spool() as replies, pq.ParquetWriter(draft, SCORES, compression="zstd") as writer:
            replies.put(_read(folder, level, {doc_id: rank for rank, doc_id in enumerate(ids)}))
            made = rows(replies.values())
            while some := list(islice(made, GROUP_ROWS)):
                writer.write_batch(pa.RecordBatch.from_pylist(some, SCORES))

    put(folder / "scores.parquet", write)
    return summary


def summary(folder: Path) -> Summary:
    """Return what `scores.parquet` of a folder holds, in the words of `collect`."""
    found = Summary()
    for row in _stored(folder / "scores.parquet"):
        found.count(_of(row))
    return found


def _of(row: dict[str, Any]) -> Scores:
    return Scores(**{name: row[name] for name in Scores._fields})


def _read(folder: Path, level: int, ranks: dict[str, int]) -> Iterator[tuple[int, Any]]:
    """Yield what each reply says, under a key that sorts by document, slot, rollout, stage and attempt."""
    for number, (stage, parse) in enumerate(STAGES.items()):
        for reply in raw.replies(raw_folder(folder, stage)):
            item = reply.item
            if item.level == level and item.slot is not None and item.doc_id in ranks:
                probe = ranks[item.doc_id] * len(SLOTS) + item.slot
                key = ((probe * ROLLOUTS + item.rollout) * len(STAGES) + number) * ATTEMPTS + item.attempt
                said = parse(reply)
                reason = said.reason if isinstance(said, Rejected) else None
                yield key, (probe, item.rollout, stage, None if reason else said, reason)


def _scores(said: Iterable[Any]) -> Scores:
    """Return the scores of one probe from what the replies about it say; of several attempts the last counts."""
    last = {(stage, rollout): (value, reason) for _, rollout, stage, value, reason in said}
    missing = (None, Reason.NO_REPLY)
    rollouts = range(1 + max((rollout for stage, rollout in last if stage == Stage.ANSWER), default=-1))
    answers = [last.get((Stage.ANSWER, rollout), missing) for rollout in rollouts]
    judged = [last.get((Stage.JUDGE, rollout), missing) for rollout in rollouts]
    ceiling = last.get((Stage.CEILING, 0), (None, None))
    return Scores(
        answers=[text for text, _ in answers],
        scores=[None if not_answered else score for (_, not_answered), (score, _) in zip(answers, judged, strict=True)],
        reasons=[not_answered or unscored for (_, not_answered), (_, unscored) in zip(answers, judged, strict=True)],
        ceiling=ceiling[0],
        ceiling_reason=ceiling[1],
    )


def with_scores(folder: Path) -> Iterator[tuple[Made, dict[int, Scores]]]:
    """Yield the finalized documents of a round in order, each with the scores of its slots, as far as there are any."""
    stored = groupby(_stored(folder / "scores.parquet"), key=lambda row: row["doc_id"])
    doc_id, rows = next(stored, (None, iter(())))
    for _, made in read_made(folder / "probes.parquet", read_documents(folder)):
        scores: dict[int, Scores] = {}
        if made.doc_id == doc_id:
            scores = {row["slot"]: _of(row) for row in rows}
            doc_id, rows = next(stored, (None, iter(())))
        yield made, scores


def _stored(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(GROUP_ROWS):
                yield from batch.to_pylist()
