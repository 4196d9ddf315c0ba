"""What was asked, reserved, paid and received: the one record that keeps a request from being paid for twice.

Every method that writes is one transaction, and `transaction` joins several into one. An amount is reserved before a
request leaves and replaced by what the reply's usage says, so spent + reserved never passes an account's cap. A request
that is not recorded here was never sent. One Ledger belongs to one thread.
"""

import fcntl
import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.database import database_at, transaction
from pipeline.errors import StageError
from pipeline.models.calls import Call, Item, Request, Stage
from pipeline.models.catalog import Prices
from pipeline.money.books import Books
from pipeline.money.submission import OverCapError, Purpose, Settled, State, Submission, now


@contextmanager
def ledger_at(path: Path) -> Iterator["Ledger"]:
    """Open the ledger at `path`, made where there is none, and close it at the end."""
    with database_at(path, tables=Path(__file__).with_suffix(".sql")) as database:
        yield Ledger(path, database)


class Ledger(Books):
    """The open ledger; see `ledger_at`."""

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

    def set_cap(self, account: str, cap: int) -> None:
        """Let `account` spend `cap` nanodollars in all, and forget why it was paused."""
        with self.transaction():
            self._db.execute("insert or replace into account (name, cap) values (?, ?)", (account, cap))

    def pause(self, account: str, reason: str) -> None:
        """Write down why `account` stopped spending."""
        with self.transaction():
            self._db.execute("update account set paused = ? where name = ?", (reason, account))

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

    def revive(self, account: str, stage: Stage) -> None:
        """Let the dead requests of a stage of a round be asked again, with all their tries."""
        with self.transaction():
            self._db.execute(
                "update request set state = 'todo', tries = 0"
                " where state = 'dead'"
                " and submission in (select number from submission where account = ? and stage = ?)",
                (account, stage),
            )

    def adopt(
        self, id: str, purpose: Purpose, items: dict[str, Item], *, call: Call, prices: Prices, spent: int
    ) -> None:
        """Take over a submission whose raw file is here though this ledger never saw it; again, nothing happens."""
        with self.transaction():
            row = self._db.execute(
                "insert into submission (id, account, build, stage, backend, model, prompt, parameters, prices, state,"
                " requests, reserved, spent, intent_at, reason)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'closed', ?, 0, ?, ?, 'found on disk')"
                " on conflict do nothing returning number",
                (id, *purpose, *call, json.dumps(prices), len(items), spent, now()),
            ).fetchone()
            if row:
                self._db.executemany(
                    "insert or ignore into request (build, id, submission, state, item) values (?, ?, ?, 'done', ?)",
                    ((purpose.build, request, row["number"], json.dumps(item)) for request, item in items.items()),
                )

    def keep(self, key: str, message: bytes) -> None:
        """Keep a message that was paid for."""
        with self.transaction():
            self._db.execute("insert or replace into replay values (?, ?)", (key, message))
