"""What a round or a sweep has so far, while a run is at work on it: scores, rejects, money and batches.

The index learns of scores when the judge is through; until then they are read here from the raw replies. A raw file
never changes once it is there, so a process reads each one once.
"""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pipeline.models import raw
from pipeline.models.batches import Batches
from pipeline.models.calls import Reply, Stage
from pipeline.money.books import Books
from pipeline.money.submission import Purse
from pipeline.prompts import answerer, judge
from pipeline.rejects import Reason, Rejected
from pipeline.rounds import level_folders, raw_folder
from pipeline.work import Work

PARSERS: dict[Stage, Callable[[Reply], object]] = {Stage.ANSWER: answerer.parse, Stage.JUDGE: judge.parse}
NEWEST = 20  # rejects that are told in full
TAIL = 65_536  # bytes of rejects.jsonl that are read for them
GIVEN_UP = "given_up"
COUNTED = 2_000  # requests that were given up, counted at every look; beyond, "at least"
PATIENCE = 0.2  # seconds to wait for the ledger while a stage writes in it; a screen that draws each second looks again


class Reject(NamedTuple):
    """Something that a stage could not use. `raw` is the reply, None where `raw_replies` is to look it up."""

    stage: Stage
    level: int
    doc_id: str
    slot: int | None
    rollout: int | None
    reason: str
    detail: str
    raw: str | None


@dataclass(frozen=True, kw_only=True)
class SoFar:
    """Probes by max score in hundredths; rejects by stage and reason; the newest rejects, the newest first."""

    scores: Counter[int]
    rejects: Counter[tuple[Stage, str]]
    newest: tuple[Reject, ...]


@dataclass(frozen=True, kw_only=True)
class Account:
    """The money of a round, in nanodollars; its batches by state; what was given up, by stage, and the first of it."""

    purse: Purse
    batches: Counter[str] = field(default_factory=Counter)
    given_up: Counter[Stage] = field(default_factory=Counter)
    first: tuple[Reject, ...] = ()


class _Digest(NamedTuple):
    """What one raw file says; probes by level, document and slot."""

    maxima: dict[tuple[int, str, int | None], int]
    rejects: Counter[tuple[Stage, str]]
    newest: tuple[Reject, ...]


def so_far(work: Work) -> SoFar:
    """Return what the raw replies of a round say, or of all levels of a sweep, and what finalizing them left out.

    Documents without a reply are no rejects here: they are not asked yet, or given up, which `account` tells.
    """
    maxima: dict[tuple[int, str, int | None], int] = {}
    rejects, newest = Counter[tuple[Stage, str]](), list[Reject]()
    for digest in _digests(work):
        for probe, score in digest.maxima.items():
            maxima[probe] = max(score, maxima.get(probe, 0))
        rejects.update(digest.rejects)
        newest += digest.newest
    for folder in _finalized(work):
        rejects.update(_counts(folder))
        newest += _left_out(folder)
    return SoFar(scores=Counter(maxima.values()), rejects=rejects, newest=tuple(newest[:NEWEST]))


def _digests(work: Work) -> list[_Digest]:
    """Return what each raw file says, the newest first."""
    files = [
        (path.stat().st_mtime_ns, stage, path)
        for stage in PARSERS
        for path in raw_folder(work.folder, stage).glob(f"*{raw.SUFFIX}")
    ]
    level = None if work.is_sweep else work.level
    return [_digest(path, stage, level, changed) for changed, stage, path in sorted(files, reverse=True)]


@lru_cache(maxsize=1024)
def _digest(path: Path, stage: Stage, level: int | None, changed: int) -> _Digest:
    maxima: dict[tuple[int, str, int | None], int] = {}
    missed: list[Reject] = []
    for reply in raw.replies(path):
        if level not in (None, reply.item.level):
            continue
        said = PARSERS[stage](reply)
        probe = (reply.item.level, reply.item.doc_id, reply.item.slot)
        if isinstance(said, float):
            maxima[probe] = max(round(said * 100), maxima.get(probe, 0))
        elif isinstance(said, Rejected):
            missed.append(Reject(stage, *probe, reply.item.rollout, said.reason, said.detail, reply.text))
    return _Digest(maxima, Counter((stage, each.reason) for each in missed), tuple(reversed(missed[-NEWEST:])))


def _finalized(work: Work) -> list[Path]:
    """Return the folders that were finalized, or may be: of a round its own, of a sweep one a level."""
    return level_folders(work.folder) if work.is_sweep else [work.folder]


def _counts(folder: Path) -> Counter[tuple[Stage, str]]:
    try:
        summary = json.loads((folder / "finalize.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Counter()
    rejects = summary["rejects"].items()
    return Counter({(Stage.GENERATE, reason): count for reason, count in rejects if reason != Reason.NO_REPLY})


def _left_out(folder: Path) -> Iterator[Reject]:
    """Yield the last slots that finalizing left out, the last first."""
    try:
        with (folder / "rejects.jsonl").open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            lines = file.read().splitlines()[1 if size > TAIL else 0 :]
    except FileNotFoundError:
        return
    for line in lines[: -NEWEST - 1 : -1]:
        told = json.loads(line)
        if told["reason"] != Reason.NO_REPLY:
            place = (told["level"], told["doc_id"], told["slot"])
            yield Reject(Stage.GENERATE, *place, None, told["reason"], told["detail"], None)


def raw_replies(work: Work, rejects: Sequence[Reject]) -> list[str | None]:
    """Return the reply that each of `rejects` is about, of several attempts the last; None where there is none."""
    wanted = {each[:3] for each in rejects if each.raw is None and each.reason != GIVEN_UP}
    found: dict[tuple[Stage, int, str], str] = {}
    for stage in {stage for stage, *_ in wanted}:
        for reply in raw.replies(raw_folder(work.folder, stage)):
            key = (stage, reply.item.level, reply.item.doc_id)
            if key in wanted:
                found[key] = reply.text
    return [found.get(each[:3]) if each.raw is None else each.raw for each in rejects]


def account(work: Work) -> Account | None:
    """Return how the money and the batches of a round stand; None where nothing was asked, or the ledger is busy."""
    path = work.root.resolve() / "ledger.db"
    try:  # `rw` and not `ro`: a journal that a killed stage left is rolled back by whoever reads next
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=PATIENCE)) as database:
            database.row_factory = sqlite3.Row
            return _account(Books(path, database), work)
    except sqlite3.OperationalError:
        return None


def _account(books: Books, work: Work) -> Account:
    batches = (
        one for one in books.submissions(build=work.asked_as, backend=Batches.name) if one.account == work.account
    )
    dead = [
        Reject(stage, each.item.level, each.item.doc_id, each.item.slot, each.item.rollout, GIVEN_UP, each.reason, None)
        for stage in Stage
        for each in islice(books.dead(work.asked_as, stage, account=work.account), COUNTED)
    ]
    return Account(
        purse=books.purse(work.account),
        batches=Counter(str(one.state) for one in batches),
        given_up=Counter(each.stage for each in dead),
        first=tuple(dead[:NEWEST]),
    )
