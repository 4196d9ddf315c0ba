"""The manifest of a published build: how each round was drawn, asked for and made, for whoever extends it."""

import json
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

from pipeline.build import code_version, read_build
from pipeline.models.catalog import USD
from pipeline.money.ledger import ledger_at
from pipeline.money.submission import State, Submission
from pipeline.rounds import Round, read_documents, read_round, round_folder
from pipeline.scoring import read_plan
from pipeline.work import Work
from queries.store import Store, read_index

Manifest = dict[str, Any]
SENT = (State.RUNNING, State.ENDED, State.CLOSED, State.UNKNOWN)


def manifest(build: Path, *, files: dict[str, str]) -> Manifest:
    """Return the manifest of a build; `files` are the published data files with their sha256."""
    with closing(Store(read_index(build))) as store:
        indexed = {row["round"]: row["doc_ids"] for row in store.fetch("round_documents")}
    submissions = _submissions(build)
    about = read_build(build) or {}
    rounds = []
    for number, doc_ids in indexed.items():
        drawn = read_round(round_folder(build, number))
        made = drawn and _made(build, number, drawn, submissions)
        rounds.append(made or _imported(number, doc_ids, about.get("source") or {}))
    return {"build": build.name, "code_version": code_version(), "rounds": rounds, "files": files}


def _imported(number: int, doc_ids: list[str], source: dict[str, Any]) -> Manifest:
    return {
        "round_idx": number,
        "batch_ids": [],
        "doc_ids": doc_ids,
        "seeds": {},
        "submitted_at": None,
        "imported_from": _public(source),
    }


def _made(build: Path, number: int, drawn: Round, submissions: list[Submission]) -> Manifest:
    folder = round_folder(build, number)
    account = Work(build=build, folder=folder).account
    ours = [one for one in submissions if one.account == account and one.state in SENT]
    plan = read_plan(folder)
    return {
        "round_idx": number,
        "batch_ids": [one.batch for one in ours if one.batch],
        "doc_ids": [each.doc_id for each in read_documents(folder)],
        "seeds": {"draw": drawn.seed},
        "submitted_at": min((one.intent_at for one in ours), default=None),
        "asked": drawn.asked,
        "drawn_at": drawn.drawn_at,
        "unusable": drawn.unusable,
        "source": _public(drawn.source),
        "source_model": drawn.source_model,
        "finalize": json.loads((folder / "finalize.json").read_text(encoding="utf-8")),
        "scoring": plan._asdict() if plan else None,
        "calls": _calls(ours),
    }


def _submissions(build: Path) -> list[Submission]:
    path = build.parents[1] / "ledger.db"
    if not path.exists():
        return []
    with ledger_at(path) as ledger:
        return ledger.submissions(build=build.name)


def _calls(submissions: list[Submission]) -> list[Manifest]:
    """Return, by stage, back end and call, how many requests there were and what they were billed, in USD."""
    groups: dict[tuple[Any, ...], list[Submission]] = defaultdict(list)
    for one in submissions:
        groups[one.stage, one.backend, one.call, one.prices].append(one)
    return [
        {
            "stage": stage,
            "backend": backend,
            **call._asdict(),
            "parameters": json.loads(call.parameters),
            "prices": {kind: price / 1000 for kind, price in prices._asdict().items()},  # USD per million tokens
            "requests": sum(one.requests for one in group),
            "billed": sum(one.spent for one in group) / USD,
            "presumed": sum(one.presumed for one in group) / USD,
        }
        for (stage, backend, call, prices), group in groups.items()
    ]


def _public(source: dict[str, Any]) -> Manifest:
    """Return a source as it may be published: files of this machine without their folders."""
    local = source.get("kind") != "hub"
    name = str(source.get("name", ""))
    prints = source.get("fingerprint", {})
    return {
        "kind": source.get("kind"),
        "name": Path(name).name if local else name,
        "fingerprint": {Path(key).name if local else key: value for key, value in prints.items()},
    }
