"""How far the rounds of a build are, what they cost so far, and what waits: the second half of `status`."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.models.calls import Stage
from pipeline.models.catalog import USD
from pipeline.money.ledger import Ledger, ledger_at
from pipeline.money.submission import OPEN, Submission
from pipeline.rounds import read_round

KEPT = timedelta(days=29)  # the provider keeps the results of a batch so long from its creation
TOLD = 10  # reasons that a person reads

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Course:
    """How far a build is; money in USD, times in ISO 8601."""

    drawn: list[Row] = field(default_factory=list)  # a round: when, its seed, documents, probes, rejects
    batches: dict[str, int] = field(default_factory=dict)  # submissions by state, Message Batches and others
    accounts: list[Row] = field(default_factory=list)  # a round's money, and why it is paused
    dead: list[Row] = field(default_factory=list)  # requests that were given up, by account, stage and reason
    deadlines: list[Row] = field(default_factory=list)  # open batches: when they expire, until when results are kept

    def __str__(self) -> str:
        """The course as a person reads it; empty where nothing was drawn or asked here."""
        lines = [_drawn(row) for row in self.drawn]
        if self.batches:
            lines.append(f"{'batches':<10}" + ", ".join(f"{state} {count:,}" for state, count in self.batches.items()))
        lines += [_account(row) for row in self.accounts]
        lines += [f"{row['requests']:>11,}  given up: {row['stage']}, {row['reason']}" for row in self.dead[:TOLD]]
        if rest := sum(row["requests"] for row in self.dead[TOLD:]):
            lines.append(f"{rest:>11,}  given up for other reasons (--json lists them)")
        lines += [_deadline(row) for row in self.deadlines]
        return "\n".join(lines)


def course(build: Path) -> Course:
    """Return how far a build is; all of it empty where nothing was drawn or asked here."""
    drawn = [_round(path.parent) for path in (build / "rounds").glob("*/round.json")]
    drawn.sort(key=lambda row: int(row["round"]))
    path = build.parents[1] / "ledger.db"
    if not path.exists():
        return Course(drawn=drawn)
    with ledger_at(path) as ledger:
        submissions = [one for one in ledger.submissions() if one.account.startswith(f"{build.name}/")]
        return Course(
            drawn=drawn,
            batches=dict(sorted(Counter(str(one.state) for one in submissions).items())),
            accounts=_accounts(ledger, {one.account for one in submissions}),
            dead=_dead(ledger, submissions),
            deadlines=[_waiting(one) for one in submissions if one.batch and one.state in OPEN],
        )


def _round(folder: Path) -> Row:
    drawn = read_round(folder)
    about = {name: getattr(drawn, name) for name in ("round", "drawn_at", "seed", "asked", "documents")}
    try:
        made = json.loads((folder / "finalize.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return about | {"level": None, "finalized": None, "probes": None, "rejects": {}}
    return about | {name: made[name] for name in ("level", "finalized", "probes", "rejects")}


def _accounts(ledger: Ledger, names: set[str]) -> list[Row]:
    return [
        {"account": name, **{kind: amount / USD for kind, amount in purse._asdict().items()}, "paused": paused}
        for name, purse, paused in ledger.accounts()
        if name in names
    ]


def _dead(ledger: Ledger, submissions: list[Submission]) -> list[Row]:
    rows = []
    for account, build in sorted({(one.account, one.build) for one in submissions}):
        for stage in Stage:
            reasons = Counter(dead.cause for dead in ledger.dead(build, stage, account=account))
            rows += [
                {"account": account, "stage": str(stage), "reason": reason, "requests": count}
                for reason, count in reasons.most_common()
            ]
    return rows


def _waiting(one: Submission) -> Row:
    made = datetime.fromisoformat(one.created_at) if one.created_at else None
    return {
        "batch": one.batch,
        "stage": str(one.stage),
        "state": str(one.state),
        "requests": one.requests,
        "expires_at": one.expires_at,
        "results_until": (made + KEPT).isoformat() if made else None,
    }


def _drawn(row: Row) -> str:
    made = "not finalized"
    if row["probes"] is not None:
        made = f"level {row['level']:+d}, {row['probes']:,} probes over {row['finalized']:,}"
    rejects = sum(row["rejects"].values())
    told = f"round {row['round']:<4}{row['documents']:,} documents (seed {row['seed']}), {made}"
    return f"{told}, {rejects:,} rejects" if rejects else told


def _account(row: Row) -> str:
    money = ", ".join(f"{name} ${row[name]:,.4f}" for name in ("spent", "presumed", "reserved", "cap"))
    return f"{row['account']}: {money}" + (f"; paused: {row['paused']}" if row["paused"] else "")


def _deadline(row: Row) -> str:
    until = f"expires {row['expires_at']}, results until {row['results_until']}"
    return f"{row['batch']} ({row['stage']}, {row['requests']:,} requests, {row['state']}): {until}"
