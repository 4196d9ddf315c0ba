"""Making a sweep readable: its own index, and what each level cost and lost.

One part holds all levels, because the levels of a document often chose the same sibling and a part names each document
once. It is written anew whenever a level changes: seconds for the hundreds of documents that a sweep has.
"""

import json
import shutil
from collections import Counter
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipeline.files import locked, put, sweep, sweep_drafts
from pipeline.index import SCRATCH
from pipeline.indexing.finished import Finished, digest, finished, write_rows
from pipeline.indexing.rows import Place
from pipeline.indexing.shards import stored_at
from pipeline.indexing.writer import DamagedIndexError, Manifest, read_manifest, sweep_index, write_manifest, write_part
from pipeline.models import raw
from pipeline.models.calls import Stage
from pipeline.models.catalog import Prices
from pipeline.rounds import raw_folder
from pipeline.scoring import Plan
from pipeline.sweeping.asking import finalized
from pipeline.sweeping.sweeps import Result, Sweep, write_results
from pipeline.work import Work
from queries.store import TABLES


def grow(whole: Work, setup: Sweep) -> bool:
    """Bring the index and the results of a sweep up to its files; return whether the index was behind."""
    folder, plan = whole.folder, Plan(k=setup.rollouts)
    with locked(folder):
        works = list(finalized(whole, setup))
        _write_results(whole, works)
        shards = {work.level: [_named(each, setup) for each in finished(work.folder)] for work in works}
        names = {level: f"l{level:+d}-{digest(shard, plan)}" for level, shard in shards.items()}
        name = f"sweep-{sha256(' '.join(names.values()).encode()).hexdigest()[:12]}"
        manifest = _manifest(folder)
        if manifest and [part["name"] for part in manifest.parts] == [name]:
            return False
        _clear(folder, manifest)
        scratch = folder / SCRATCH
        scratch.mkdir()
        try:
            for work in works:
                path = work.folder / "source" / f"{names[work.level]}.parquet"
                place = Place(stored_at(path), 0, None, None)
                put(path, partial(write_rows, shards[work.level], plan, place, scratch / names[work.level]))
            part = write_part(folder, scratch, name=name, round_=None)
        finally:
            shutil.rmtree(scratch)
        write_manifest(folder, Manifest(fingerprint={}, parts=(part,)))
        for work in works:  # rows are read from here only on demand, by position
            sweep(work.folder / "source", keep={f"{names[work.level]}.parquet"})
    return True


def _named(each: Finished, setup: Sweep) -> Finished:
    """Return a document whose prompt is that of its level, where the call names that of the whole sweep."""
    return each._replace(made=replace(each.made, prompt=setup.levels[each.made.level].fingerprint))


def _manifest(folder: Path) -> Manifest | None:
    """Return what the index lists; None where it lists nothing, is damaged or lacks a file, and so is made anew."""
    try:
        manifest = read_manifest(folder)
    except DamagedIndexError:
        return None
    files = [part[table]["file"] for part in manifest.parts for table in TABLES] if manifest else []
    return manifest if all((folder / "index" / file).is_file() for file in files) else None


def _clear(folder: Path, manifest: Manifest | None) -> None:
    """Delete what a killed process left, and parts that the index does not list."""
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    sweep_drafts(folder)
    sweep_index(folder, manifest)


def _write_results(whole: Work, works: list[Work]) -> None:
    replies: dict[int, Counter[str]] = {work.level: Counter() for work in works}
    spent: dict[int, Counter[str]] = {work.level: Counter() for work in works}
    for stage in (Stage.GENERATE, Stage.ANSWER, Stage.JUDGE):
        for line in raw.lines(raw_folder(whole.folder, stage)):
            value = json.loads(line)
            level = value["item"]["level"]
            if level in replies and value["result"]["type"] == "succeeded":
                replies[level][stage] += 1
                spent[level][stage] += _cost(value)
    results = {}
    for work in works:
        made = json.loads((work.folder / "finalize.json").read_text(encoding="utf-8"))
        results[work.level] = Result(
            documents=made["documents"],
            finalized=made["finalized"],
            readings=made["readings"],
            rejects=made["rejects"],
            replies=dict(replies[work.level]),
            spent=dict(spent[work.level]),
        )
    write_results(whole.folder, results)


def _cost(value: dict[str, Any]) -> int:
    """Return what a raw reply was billed, in nanodollars."""
    prices = Prices(**{kind: round(price * 1000) for kind, price in value["call"]["prices"].items()})
    return prices.cost(raw.usage_of(value["result"]["message"].get("usage")))
