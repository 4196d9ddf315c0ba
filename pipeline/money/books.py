"""The ledger as one reads it: money, submissions, what became of requests. Writing is pipeline/money/ledger.py's."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from pipeline.models.calls import Call, Dead, Item, Request, Stage
from pipeline.models.catalog import Prices
from pipeline.money.submission import Fate, Purse, State, Submission

LOOKED_UP = 1000  # requests asked about in one question


class Books:
    """The reading half of an open ledger."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path = path
        self._db = database

    def purse(self, account: str) -> Purse:
        """Return the money of `account`; its cap is 0 until one was set."""
        row = self._db.execute(
            "select coalesce((select cap from account where name = :name), 0) as cap, coalesce(sum(spent), 0) as spent,"
            " coalesce(sum(presumed), 0) as presumed, coalesce(sum(reserved), 0) as reserved"
            " from submission where account = :name",
            {"name": account},
        ).fetchone()
        return Purse(*row)

    def accounts(self) -> list[tuple[str, Purse, str | None]]:
        """Return every account by name, with its money and why it is paused, if it is."""
        rows = self._db.execute("select name, paused from account order by name").fetchall()
        return [(row["name"], self.purse(row["name"]), row["paused"]) for row in rows]

    def unsettled(self, build: str, requests: Iterable[Request]) -> Iterator[Request]:
        """Yield the requests that are neither done, dead nor under way, each once, reading `requests` in blocks."""
        stream = iter(requests)
        while block := {request.id: request for request in islice(stream, LOOKED_UP)}:
            known = self._db.execute(
                "select id from request where build = ? and state in ('done', 'dead', 'sent')"
                " and id in (select value from json_each(?))",
                (build, json.dumps(list(block))),
            )
            settled = {row["id"] for row in known.fetchall()}
            yield from (request for id, request in block.items() if id not in settled)

    def fate(self, build: str, request: str) -> tuple[Fate, str | None]:
        """Return where a request stands that went out, and why, if it failed."""
        row = self._db.execute("select state, reason from request where build = ? and id = ?", (build, request))
        state, reason = row.fetchone()
        return Fate(state), reason

    def fates(self, build: str) -> Iterator[tuple[str, Fate]]:
        """Yield every request of a build that ever went out, by id, with where it stands."""
        for row in self._db.execute("select id, state from request where build = ? order by id", (build,)):
            yield row["id"], Fate(row["state"])

    def counts(self, account: str, stage: Stage, call: Call) -> dict[Fate, int]:
        """Return how many requests of a stage, asked with `call` for the money of `account`, met each fate."""
        rows = self._db.execute(
            "select request.state, count(*) as requests from request join submission on number = submission"
            " where account = ? and stage = ? and model = ? and prompt = ? and parameters = ?"
            " group by request.state",
            (account, stage, *call),
        )
        return {Fate(row["state"]): row["requests"] for row in rows}

    def dead(self, build: str, stage: Stage, *, account: str | None = None) -> Iterator[Dead]:
        """Yield the requests of a stage that are given up, with the reason; with `account`, only those of a round."""
        rows = self._db.execute(
            "select item, request.reason from request indexed by request_dead join submission on number = submission"
            " where request.build = ? and request.state = 'dead' and stage = ? and account = coalesce(?, account)"
            " order by item",
            (build, stage, account),
        )
        for row in rows:
            yield Dead(_item(row["item"]), row["reason"])

    def submission(self, number: int) -> Submission:
        """Return the submission `number` as it stands now."""
        return _submission(self._db.execute("select * from submission where number = ?", (number,)).fetchone())

    def submissions(self, *, build: str | None = None, backend: str | None = None) -> list[Submission]:
        """Return the submissions of a build, a back end, both or all, oldest first."""
        rows = self._db.execute(
            "select * from submission where build = coalesce(?, build) and backend = coalesce(?, backend)"
            " order by number",
            (build, backend),
        )
        return [_submission(row) for row in rows.fetchall()]

    def under_way(self, backend: str, *, build: str | None = None, stage: Stage | None = None) -> list[Submission]:
        """Return the open submissions of a back end, of one stage of one build where these are given, oldest first."""
        rows = self._db.execute(
            "select * from submission where backend = ? and build = coalesce(?, build) and stage = coalesce(?, stage)"
            " and state in ('intent', 'unknown', 'running', 'ended') order by number",
            (backend, build, stage),
        )
        return [_submission(row) for row in rows.fetchall()]

    def items(self, number: int) -> dict[str, tuple[Item, int]]:
        """Return what the requests of a submission are for and how often each failed before, by request id."""
        rows = self._db.execute("select id, item, tries from request where submission = ?", (number,))
        return {row["id"]: (_item(row["item"]), row["tries"]) for row in rows}

    def done(self, number: int) -> dict[str, Item]:
        """Return what those requests of a submission are for whose reply is here, by request id."""
        rows = self._db.execute("select id, item from request where submission = ? and state = 'done'", (number,))
        return {row["id"]: _item(row["item"]) for row in rows}

    def open_counts(self) -> set[int]:
        """Return the numbers of requests of all open batches; a new one must have another (ledger.sql)."""
        rows = self._db.execute(
            "select requests from submission where backend = 'batches'"
            " and state in ('intent', 'unknown', 'running', 'ended')"
        )
        return {row["requests"] for row in rows}

    def bound(self) -> set[str]:
        """Return the ids of all batches that are known to be ours or not ours."""
        rows = self._db.execute(
            "select batch as id from submission where batch is not null union all select id from foreign_batch"
        )
        return {row["id"] for row in rows}

    def proven(self, call: Call) -> bool:
        """Return whether a request with these parameters was ever billed, and so was valid."""
        row = self._db.execute(
            "select 1 from submission where model = ? and prompt = ? and parameters = ? and spent > 0 limit 1", call
        )
        return row.fetchone() is not None

    def replayed(self, key: str) -> bytes | None:
        """Return the message that was kept under `key`, or None."""
        row = self._db.execute("select message from replay where key = ?", (key,)).fetchone()
        return bytes(row["message"]) if row else None


def _item(text: str) -> Item:
    stage, *rest = json.loads(text)
    return Item(Stage(stage), *rest)


def _submission(row: sqlite3.Row) -> Submission:
    fields = dict(row)
    call = Call(fields.pop("model"), fields.pop("prompt"), fields.pop("parameters"))
    prices = Prices(*json.loads(fields.pop("prices")))
    return Submission(
        **{**fields, "stage": Stage(fields["stage"]), "state": State(fields["state"])}, call=call, prices=prices
    )
