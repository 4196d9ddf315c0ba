"""What was asked, reserved, paid and received: the one record that keeps a request from being paid for twice.

Every method that writes is one transaction, and `transaction` joins several into one. An amount is reserved before a
request leaves and replaced by what the reply's usage says, so spent + reserved never passes an account's cap. A request
that is not recorded here was never sent. One Ledger belongs to one thread.
"""

import fcntl
import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from pipeline.calls import Call, Dead, Item, Request, Stage
from pipeline.database import database_at, transaction
from pipeline.errors import StageError
from pipeline.models.catalog import Prices
from pipeline.submission import Fate, OverCapError, Purpose, Purse, Settled, State, Submission, now

LOOKED_UP = 1000  # requests asked about in one question


@contextmanager
def ledger_at(path: Path) -> Iterator["Ledger"]:
    """Open the ledger at `path`, made where there is none, and close it at the end."""
    with database_at(path, tables=Path(__file__).with_suffix(".sql")) as database:
        yield Ledger(path, database)


class Ledger:
    """The open ledger; see `ledger_at`."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path = path
        self._db = database

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside one transaction."""
        with transaction(self._db):
            yield

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Hold the right to do `what`, a word for a file name; the system lets go of it when the process ends.

        Raises StageError where another process holds it.
        """
        with self.path.with_name(f"{self.path.stem}.{what}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StageError(f"Another process is asking models ({what}); wait until it has ended.") from None
            yield

    def purse(self, account: str) -> Purse:
        """Return the money of `account`; its cap is 0 until one was set."""
        row = self._db.execute(
            "select coalesce((select cap from account where name = :name), 0) as cap, coalesce(sum(spent), 0) as spent,"
            " coalesce(sum(presumed), 0) as presumed, coalesce(sum(reserved), 0) as reserved"
            " from submission where account = :name",
            {"name": account},
        ).fetchone()
        return Purse(*row)

    def set_cap(self, account: str, cap: int) -> None:
        """Let `account` spend `cap` nanodollars in all, and forget why it was paused."""
        with self.transaction():
            self._db.execute("insert or replace into account (name, cap) values (?, ?)", (account, cap))

    def pause(self, account: str, reason: str) -> None:
        """Write down why `account` stopped spending."""
        with self.transaction():
            self._db.execute("update account set paused = ? where name = ?", (reason, account))

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

    def submit(
        self,
        purpose: Purpose,
        requests: Sequence[Request],
        *,
        call: Call,
        prices: Prices,
        worst: int,
        state: State,
        workspace: str | None = None,
    ) -> Submission:
        """Reserve `worst` for a new submission of `requests` and return it.

        Raises OverCapError, with nothing written, where that does not fit under the account's cap.
        """
        with self.transaction():
            values = (secrets.token_hex(4), *purpose, *call, json.dumps(prices), state, workspace, now())
            number = self._db.execute(
                "insert into submission (id, account, build, stage, backend, model, prompt, parameters, prices, state,"
                " workspace, intent_at, requests, reserved) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)"
                " returning number",
                values,
            ).fetchone()["number"]
            self.extend(number, requests, worst=worst)
        return self.submission(number)

    def extend(self, number: int, requests: Sequence[Request], *, worst: int) -> None:
        """Reserve `worst` more for `requests` that join the submission. Raises OverCapError as `submit` does."""
        with self.transaction():
            row = self._db.execute("select account, build from submission where number = ?", (number,)).fetchone()
            if worst > max(0, self.purse(row["account"]).room):
                raise OverCapError(row["account"])
            self._db.executemany(
                "insert into request (build, id, submission, state, item) values (?, ?, ?, 'sent', ?)"
                " on conflict do update set submission = excluded.submission, state = 'sent', reason = null",
                ((row["build"], request.id, number, json.dumps(request.item)) for request in requests),
            )
            self._db.execute(
                "update submission set reserved = reserved + ?,"
                " requests = (select count(*) from request where submission = number) where number = ?",
                (worst, number),
            )

    def mark(self, number: int, state: State, *, reason: str | None = None) -> None:
        """Write down where a submission stands."""
        with self.transaction():
            self._db.execute("update submission set state = ?, reason = ? where number = ?", (state, reason, number))

    def bind(self, number: int, *, batch: str, created_at: str, expires_at: str) -> None:
        """Write down that a submission runs at the provider as `batch`."""
        with self.transaction():
            self._db.execute(
                "update submission set state = 'running', batch = ?, created_at = ?, expires_at = ? where number = ?",
                (batch, created_at, expires_at, number),
            )

    def disown(self, number: int, *, batch: str) -> None:
        """Write down that `batch` is not ours, and that the submission taken for it is unknown again."""
        with self.transaction():
            self._db.execute("insert or ignore into foreign_batch values (?)", (batch,))
            self._db.execute(
                "update submission set state = 'unknown', batch = null where number = ? and batch = ?", (number, batch)
            )

    def end(self, number: int, *, ended_at: str) -> None:
        """Write down that the provider is done with a submission."""
        with self.transaction():
            self._db.execute("update submission set state = 'ended', ended_at = ? where number = ?", (ended_at, number))

    def settle(self, number: int, settled: Iterable[Settled]) -> list[Settled]:
        """Write down what became of requests, and return those of `settled` that were not written down before."""
        with self.transaction():
            new = [one for one in settled if self._settle(number, one)]
            self._db.execute(
                "update submission set spent = spent + ?, presumed = presumed + ?, reserved = max(0, reserved - ?)"
                " where number = ?",
                (*(sum(amounts) for amounts in zip((0, 0, 0), *(one[4:] for one in new), strict=True)), number),
            )
        return new

    def _settle(self, number: int, one: Settled) -> bool:
        written = self._db.execute(
            "update request set state = ?, tries = tries + ?, reason = ? where id = ? and submission = ?"
            " and state = 'sent' and build = (select build from submission where number = ?)",
            (one.fate, one.tried, one.reason, one.request, number, number),
        )
        return written.rowcount == 1

    def close(self, number: int, state: State, *, reason: str | None = None, lost: bool = False) -> None:
        """End a submission: nothing stays reserved for it, and what it did not settle is to be asked again.

        What was still reserved may have been billed where replies were `lost`, and is booked as presumed.
        """
        with self.transaction():
            self._db.execute(
                "update submission set state = ?, reason = ?, presumed = presumed + iif(?, reserved, 0), reserved = 0"
                " where number = ?",
                (state, reason, lost, number),
            )
            self._db.execute("update request set state = 'todo' where submission = ? and state = 'sent'", (number,))

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

    def counts(self, build: str, stage: Stage, call: Call) -> dict[Fate, int]:
        """Return how many requests of a stage, asked with `call`, met each fate."""
        rows = self._db.execute(
            "select request.state, count(*) as requests from request join submission on number = submission"
            " where submission.build = ? and stage = ? and model = ? and prompt = ? and parameters = ?"
            " group by request.state",
            (build, stage, *call),
        )
        return {Fate(row["state"]): row["requests"] for row in rows}

    def proven(self, call: Call) -> bool:
        """Return whether a request with these parameters was ever billed, and so was valid."""
        row = self._db.execute(
            "select 1 from submission where model = ? and prompt = ? and parameters = ? and spent > 0 limit 1", call
        )
        return row.fetchone() is not None

    def fate(self, build: str, request: str) -> tuple[Fate, str | None]:
        """Return where a request stands that went out, and why, if it failed."""
        row = self._db.execute("select state, reason from request where build = ? and id = ?", (build, request))
        state, reason = row.fetchone()
        return Fate(state), reason

    def open_counts(self) -> set[int]:
        """Return the numbers of requests of all open batches; a new one must have another (ledger.sql)."""
        rows = self._db.execute(
            "select requests from submission where backend = 'batches'"
            " and state in ('intent', 'unknown', 'running', 'ended')"
        )
        return {row["requests"] for row in rows}

    def dead(self, build: str, stage: Stage) -> Iterator[Dead]:
        """Yield the requests of a stage that are given up, with the reason."""
        rows = self._db.execute(
            "select item, reason from request where build = ? and state = 'dead' and item ->> 0 = ? order by id",
            (build, stage),
        )
        for row in rows:
            yield Dead(_item(row["item"]), row["reason"])

    def revive(self, build: str, stage: Stage) -> None:
        """Let the dead requests of a stage be asked again, with all their tries."""
        with self.transaction():
            self._db.execute(
                "update request set state = 'todo', tries = 0 where build = ? and state = 'dead' and item ->> 0 = ?",
                (build, stage),
            )

    def bound(self) -> set[str]:
        """Return the ids of all batches that are known to be ours or not ours."""
        rows = self._db.execute(
            "select batch as id from submission where batch is not null union all select id from foreign_batch"
        )
        return {row["id"] for row in rows}

    def replayed(self, key: str) -> bytes | None:
        """Return the message that was kept under `key`, or None."""
        row = self._db.execute("select message from replay where key = ?", (key,)).fetchone()
        return bytes(row["message"]) if row else None

    def keep(self, key: str, message: bytes) -> None:
        """Keep a message that was paid for."""
        with self.transaction():
            self._db.execute("insert or replace into replay values (?, ?)", (key, message))


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
