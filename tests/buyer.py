"""A stage that asks models, as small as can be: numbered requests, a back end, a data folder."""

import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from pipeline.crashpoint import ALLOWED, POINT
from pipeline.models import catalog, raw
from pipeline.models.backend import Backend, Outcome, RunContext
from pipeline.models.batches import Batches
from pipeline.models.calls import Call, Dead, Item, Reply, Request, Stage
from pipeline.models.desk import Chunking
from pipeline.models.messages import Limits, Messages
from pipeline.models.recorded import Recorded
from pipeline.money.ledger import ledger_at
from pipeline.money.submission import Purse, State, Submission
from pipeline.progress import progress

MODEL = "claude-haiku-4-5"
KEY = "sk-ant-CANARY0123456789-abcdefghij"
QUICK = Limits(concurrency=4, attempts=3, timeout=0.4, backoff=0.01, patience=5.0)
SMALL = Chunking(requests=4, poll=0.005, cool_off=0.02, patience=5.0)


def call(model: str = MODEL) -> Call:
    return catalog.call(model, prompt="0123abcd", max_tokens=200)


def numbered(count: int, *, model: str = MODEL) -> Iterator[Request]:
    """Yield the requests 0 to `count` - 1, each of another text."""
    shared = call(model)
    for number in range(count):
        item = Item(Stage.ANSWER, f"doc-{number // 5}", -2, 10, number % 5)
        yield Request(item, shared, catalog.body(shared, user=f"What comes after {number}? “é\u2028”"))


class Buyer:
    """One data folder, and what is in it after a back end was there."""

    def __init__(self, root: Path, *, count: int = 10, cap: str = "5", model: str = MODEL, build: str = "demo") -> None:
        self.root, self.count, self.cap, self.model, self.build = root, count, Decimal(cap), model, build
        self.account = f"{build}/round-0"
        self.folder = root / "builds" / build / "rounds" / "0" / "raw" / "answer"

    def buy(self, backend: Backend, *, retry_dead: bool = False) -> Outcome:
        """Let `backend` fulfil the requests in this process."""
        with ledger_at(self.root / "ledger.db") as ledger, progress("answer", total=self.count) as shown:
            run = RunContext(
                build=self.build,
                stage=Stage.ANSWER,
                call=call(self.model),
                folder=self.folder,
                account=self.account,
                cap=self.cap,
                ledger=ledger,
                progress=shown,
                retry_dead=retry_dead,
            )
            return backend.fulfil(lambda: numbered(self.count, model=self.model), run=run)

    def replies(self) -> list[Reply]:
        return list(raw.replies(self.folder))

    def answered(self) -> Counter[int]:
        """Count the replies by the number of their request; one of each is what all tests want."""
        return Counter(int(reply.item.doc_id[4:]) * 5 + reply.item.rollout for reply in self.replies())

    def is_complete(self) -> bool:
        return self.answered() == Counter(range(self.count))

    def dead(self) -> list[Dead]:
        with ledger_at(self.root / "ledger.db") as ledger:
            return list(ledger.dead(self.build, Stage.ANSWER))

    def purse(self) -> Purse:
        with ledger_at(self.root / "ledger.db") as ledger:
            return ledger.purse(self.account)

    def submissions(self, state: State | None = None) -> list[Submission]:
        with ledger_at(self.root / "ledger.db") as ledger:
            return [one for one in ledger.submissions() if state in (None, one.state)]


def batches(**chunking: Any) -> Batches:
    return Batches(chunking=SMALL._replace(**chunking), limits=QUICK)


def messages(base_url: str | None = None, **limits: Any) -> Messages:
    return Messages(base_url=base_url, limits=QUICK._replace(**limits))


def recorded(root: Path, count: int) -> Recorded:
    """Record a reply to each of the numbered requests."""
    folder = root / "replies"
    folder.mkdir(exist_ok=True)
    items = (request.item for request in numbered(count))
    rows = (json.dumps({**item._asdict(), "text": f"reply to {item.rollout}"}) for item in items)
    (folder / "answer.jsonl").write_text("\n".join(rows))
    return Recorded(folder, latency=0)


def _work(root: Path, name: str, count: int, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    backend = {"batches": batches, "messages": messages, "recorded": lambda: recorded(root, count)}[name]()
    outcome = Buyer(root, count=count).buy(backend)
    (root / "outcome.json").write_text(json.dumps(outcome._asdict()))


def forks() -> ForkServerContext:
    """Return the maker of fresh processes; the SDK, 1.7 s of imports, is loaded once for all of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["anthropic", "httpx2", "tests.buyer"])
    return context


def in_a_process(root: Path, *, url: str, crash_at: str | None = None, name: str = "batches", count: int = 10) -> int:
    """Buy in a process of its own, killed at `crash_at`, and return its exit code: -9 where it was killed."""
    environment = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY, ALLOWED: "1", POINT: crash_at or ""}
    process = forks().Process(target=_work, args=(root, name, count, environment))
    process.start()
    process.join(60)
    assert process.exitcode is not None, "the process hangs"
    return process.exitcode
