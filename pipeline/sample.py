"""Stage `sample`: draw a round, that is N openings of a rollouts source that no earlier round of the build has.

The order is that of a hash of seed and doc_id, so the order of the source changes nothing. That no document is in two
rounds is a constraint of `documents.db`; a draw is recorded there last, after its files, so that a crash redraws it.
"""

import sqlite3
from argparse import ArgumentParser, Namespace
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq

from pipeline import rollouts
from pipeline.dataset import sources
from pipeline.errors import StageError
from pipeline.files import locked
from pipeline.indexing.writer import read_manifest
from pipeline.rounds import Drawn, Round, read_round, round_folder, write_documents, write_round
from pipeline.seeds import bits, row_seed
from pipeline.settings import build_folder
from pipeline.spool import spool

Fingerprint = dict[str, str]
SCHEMA = "create table if not exists document (doc_id text primary key, round integer not null) strict, without rowid"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What to draw. `documents` is how many are asked for; a source that holds fewer new ones gives those."""

    source: str
    build: Path
    round: int
    documents: int
    source_model: str
    seed: int = 0
    split: str = "train"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What the stage did."""

    drawn: Round
    unchanged: bool

    def __str__(self) -> str:
        """What a person reads at the end of the stage."""
        done = "drawn before" if self.unchanged else "drawn"
        lines = [f"Round {self.drawn.round}: {self.drawn.documents:,} documents {done} (seed {self.drawn.seed})."]
        if self.drawn.documents < self.drawn.asked:
            lines.append(f"{self.drawn.asked:,} were asked for; the source has no more that are new to the build.")
        lines += [f"{count:>11,}  openings left out: {reason}" for reason, count in self.drawn.unusable.items()]
        return "\n".join(lines)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `sample` takes."""
    parser.add_argument(
        "source", help="rollouts: Parquet file, folder or glob; JSONL file; or Hugging Face data set id"
    )
    parser.add_argument("--build", required=True, metavar="NAME", help="the build that the round belongs to")
    parser.add_argument("--round", type=int, default=0, metavar="N", help="number of the round (default: 0)")
    parser.add_argument("--docs", type=int, default=100, metavar="N", help="how many documents to draw (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default: 0)")
    parser.add_argument("--source-model", required=True, metavar="NAME", help="the model that wrote the rollouts")
    parser.add_argument("--split", default="train", help="split of a Hugging Face data set (default: train)")


def settings(arguments: Namespace) -> Sample:
    """Return the settings that the command line names."""
    return Sample(
        source=arguments.source,
        build=build_folder(arguments.build),
        round=arguments.round,
        documents=arguments.docs,
        source_model=arguments.source_model,
        seed=arguments.seed,
        split=arguments.split,
    )


def run(settings: Sample) -> Summary:
    """Draw the round, unless it was drawn exactly so before, and say what was done.

    Raises StageError where the round was drawn otherwise, and where no document is left.
    """
    if settings.documents < 1 or settings.round < 0:
        raise StageError(
            f"--docs {settings.documents} --round {settings.round}: at least 1 document, round 0 or later."
        )
    source = sources.find(settings.source, split=settings.split)
    fingerprint = sources.fingerprint(source)
    with locked(settings.build), closing(_database(settings.build)) as database:
        taken = _taken(settings.build, database)
        before = read_round(round_folder(settings.build, settings.round))
        if before and settings.round in taken.values():
            _refuse_another_draw(before, settings, fingerprint)
            return Summary(drawn=before, unchanged=True)
        if settings.round in taken.values():
            raise StageError(f"Round {settings.round} of {settings.build.name} was imported; draw another --round.")
        order, unusable = draw(source, fingerprint, "draw", settings.seed)
        if not order:
            raise StageError(f"{source.name} holds no opening that a document can be made of{_told(unusable)}.")
        chosen = [doc_id for doc_id in order if doc_id not in taken][: settings.documents]
        if not chosen:
            raise StageError(
                f"No documents are left: {settings.build.name} has all {len(order):,} usable openings of {source.name}."
                " Name another --source, or leave some to later rounds of a new build with --docs."
            )
        drawn = _write(settings, source, fingerprint, chosen, unusable)
        with database:
            database.executemany("insert into document values (?, ?)", [(doc_id, settings.round) for doc_id in chosen])
    return Summary(drawn=drawn, unchanged=False)


def _told(unusable: Counter[str]) -> str:
    return f" ({', '.join(f'{count:,} times {reason}' for reason, count in unusable.items())})" if unusable else ""


def _database(build: Path) -> sqlite3.Connection:
    database = sqlite3.connect(build / "documents.db")
    database.execute(SCHEMA)
    return database


def _taken(build: Path, database: sqlite3.Connection) -> dict[str, int]:
    """Return the round of every document that the build has, drawn or imported."""
    manifest = read_manifest(build)
    taken: dict[str, int] = {}
    for part in manifest.parts if manifest else ():
        docs = pq.read_table(build / "index" / part["docs"]["file"], columns=["doc_id", "round"])
        taken.update(zip(*(column.to_pylist() for column in docs.columns), strict=True))
    return taken | dict(database.execute("select doc_id, round from document"))


def _refuse_another_draw(before: Round, settings: Sample, fingerprint: Fingerprint) -> None:
    now = (settings.documents, settings.seed, sorted(fingerprint.values()))  # whatever folder the source is in today
    if (before.asked, before.seed, sorted(before.source["fingerprint"].values())) != now:
        raise StageError(
            f"Round {before.round} was drawn as {before.asked:,} documents of {before.source['name']} with seed "
            f"{before.seed}; a round never changes. Choose another --round."
        )


def draw(source: sources.Source, fingerprint: Fingerprint, *key: str | int) -> tuple[list[str], Counter[str]]:
    """Return the ids of the usable openings in the order that belongs to `key`, and how many are unusable, by reason.

    Raises StageError where a doc_id stands twice.
    """
    unusable: Counter[str] = Counter()
    seen: set[str] = set()
    for opening in rollouts.read(source, fingerprint):
        if opening.doc_id in seen:
            raise StageError(
                f"{source.name}: the doc_id {opening.doc_id!r} stands twice; a draw needs one row a document."
            )
        if opening.unusable:
            unusable[opening.unusable] += 1
        else:
            seen.add(opening.doc_id)
    return sorted(seen, key=lambda doc_id: (bits(*key, doc_id), doc_id)), unusable


def _write(
    settings: Sample, source: sources.Source, fingerprint: Fingerprint, chosen: list[str], unusable: Counter[str]
) -> Round:
    folder = round_folder(settings.build, settings.round)
    write_drawn(folder, source, fingerprint, chosen, seed=settings.seed)
    drawn = Round(
        round=settings.round,
        seed=settings.seed,
        asked=settings.documents,
        documents=len(chosen),
        source={"kind": source.kind, "name": source.name, "fingerprint": fingerprint},
        source_model=settings.source_model,
        drawn_at=datetime.now(UTC).isoformat(timespec="seconds"),
        unusable=dict(sorted(unusable.items())),
    )
    write_round(folder, drawn)
    return drawn


def write_drawn(
    folder: Path, source: sources.Source, fingerprint: Fingerprint, chosen: list[str], *, seed: int
) -> None:
    """Write the documents called `chosen`, in that order, with the row seeds that belong to `seed`."""
    rank = {doc_id: place for place, doc_id in enumerate(chosen)}
    with spool() as openings:
        openings.put((rank[each.doc_id], each) for each in rollouts.read(source, fingerprint) if each.doc_id in rank)
        write_documents(folder, (_drawn(rollouts.Rollouts(*values), seed) for values in openings.values()))


def _drawn(opening: rollouts.Rollouts, seed: int) -> Drawn:
    return Drawn(**opening._asdict(), row_seed=row_seed(seed, opening.doc_id))
