"""A round through paid back ends and a server of one's own, over HTTP: the same probes, each request billed once."""

import json
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipeline import run, sample
from pipeline.asking import MODEL, RECORDED_MODEL, Asking
from pipeline.errors import StageError
from pipeline.models.backend import Backend
from pipeline.money.ledger import ledger_at
from pipeline.rounds import round_folder
from pipeline.scoring import Plan
from pipeline.work import Work
from queries.schema import Label
from queries.store import Store, read_index
from tests.anthropic_server import AnthropicServer, Fault, Workspace, anthropic_server
from tests.buyer import KEY, batches
from tests.made import SAMPLE, command, made

FEW = 6
ACCOUNT = "demo/rounds/0"


class Quick(Asking):
    """Message Batches of some requests each, without the waiting."""

    def open(self) -> Backend:
        return batches(requests=40)


@pytest.fixture(scope="module")
def server() -> Iterator[AnthropicServer]:
    with anthropic_server() as running:
        yield running


@pytest.fixture
def workspace(server: AnthropicServer, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a workspace of its own that knows the recorded replies, with the environment that leads to it."""
    name = f"w{abs(hash(request.node.nodeid))}"
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url(name))
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    space = server.workspace(name)
    space.say = Recordings()
    return space


class Recordings:
    """Answers a request as the sample's recordings do, by what is asked: the five answers to a question in turn."""

    def __init__(self) -> None:
        self.generated = _lines("generate")
        self.openings = [json.loads(line) for line in (SAMPLE / "rollouts.jsonl").read_text().splitlines()]
        self.answers: dict[str, deque[str]] = defaultdict(deque)
        self.judged: dict[tuple[str, str], str] = {}
        scores = {(row["doc_id"], row["slot"], row["rollout"]): row["text"] for row in _lines("judge")}
        questions = {
            (row["doc_id"], probe["slot"]): probe["question"]
            for row in self.generated
            for probe in json.loads(row["text"])["probes"]
        }
        for row in _lines("answer"):
            question = " ".join(questions[row["doc_id"], row["slot"]].split())
            self.answers[question].append(row["text"])
            self.judged[question, row["text"]] = scores[row["doc_id"], row["slot"], row["rollout"]]

    def __call__(self, params: dict[str, Any]) -> str:
        asked = params["messages"][0]["content"]
        if asked.startswith("Score how well"):
            question = asked.partition("Question: ")[2].partition("\n")[0]
            return self.judged[question, asked.partition("<answer>\n")[2].partition("\n</answer>")[0]]
        if asked.startswith("You are given part"):
            question = asked.partition("Question: ")[2].partition("\n")[0]
            self.answers[question].rotate(-1)
            return self.answers[question][-1]
        first = asked.partition("[P2] ")[2].partition("\n")[0]
        doc_id = next(row["doc_id"] for row in self.openings if first in " / ".join(row["prefix"].split("\n")))
        return next(row["text"] for row in self.generated if row["doc_id"] == doc_id)


def _lines(stage: str) -> list[dict[str, Any]]:
    rows = map(json.loads, (SAMPLE / "replies" / f"{stage}.jsonl").read_text(encoding="utf-8").splitlines())
    return [row for row in rows if row["level"] == -2]


def make(
    root: Path, *, cap: str = "5", plan: Plan | None = None, docs: int = FEW, retry_unusable: bool = False
) -> Path:
    """Make a round of a few documents through Message Batches; return the build."""
    build = root / "builds" / "demo"
    run.run(
        run.Run(
            sample=sample.Sample(
                source=str(SAMPLE / "rollouts.jsonl"),
                build=build,
                round=0,
                documents=docs,
                source_model=RECORDED_MODEL,
            ),
            work=Work(build=build, folder=round_folder(build, 0)),
            by=Quick(backend="batches", model=MODEL, cap=Decimal(cap), retry_unusable=retry_unusable),
            tokenizer=str(SAMPLE / "tokenizer"),
            plan=plan or Plan(),
        )
    )
    return build


def probes(build: Path) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Return what does not depend on which of five answers came first."""
    with closing(Store(read_index(build))) as store:
        found = store._con.cursor().execute(
            "select doc_id, slot, question, atom, ipa, list_sort(scores), score_max"
            " from probes join docs using (doc_key)"
        )
        return {(row[0], row[1]): row[2:] for row in found.fetchall()}


def test_a_round_through_message_batches_has_the_same_probes_and_bills_each_request_once(
    tmp_path: Path, workspace: Workspace
) -> None:
    build = make(tmp_path / "paid")
    assert probes(build) == probes(made(tmp_path / "recorded", docs=FEW))
    assert set(workspace.billed.values()) == {1, 5}  # five answers to one question are one body, asked five times
    assert sum(workspace.billed.values()) == FEW + FEW * 30 * 2
    assert command(tmp_path / "paid", "check", "--build", "demo") == 0
    with ledger_at(tmp_path / "paid" / "ledger.db") as ledger:
        purse = ledger.purse(ACCOUNT)
    assert purse.reserved == 0
    assert 0 < purse.spent <= purse.cap


def test_a_second_run_asks_nothing_and_needs_no_key(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path)
    billed = sum(workspace.billed.values())
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    make(tmp_path)
    assert sum(workspace.billed.values()) == billed


def test_a_cap_that_is_reached_pauses_and_a_higher_one_goes_on(tmp_path: Path, workspace: Workspace) -> None:
    workspace.output_tokens = 700
    with pytest.raises(StageError, match=r"The cap of \$0\.3000 for demo/rounds/0 is reached"):
        make(tmp_path, cap="0.3")
    assert workspace.billed
    with ledger_at(tmp_path / "ledger.db") as ledger:
        assert sum(ledger.purse(ACCOUNT)[1:]) <= ledger.purse(ACCOUNT).cap
    make(tmp_path)
    assert sum(workspace.billed.values()) == FEW + FEW * 30 * 2


def test_what_a_paused_round_has_is_in_the_index(tmp_path: Path, workspace: Workspace) -> None:
    workspace.faults["create"].extend([Fault.NONE, Fault.NO_CREDIT])
    with pytest.raises(StageError, match="Payment required"):
        make(tmp_path)
    with closing(Store(read_index(tmp_path / "builds" / "demo"))) as store:
        (counted,) = store.fetch("count")
    assert counted["probes"] == 16 * FEW


def test_stopping_early_saves_calls_and_keeps_labels(tmp_path: Path, workspace: Workspace) -> None:
    whole = probes(made(tmp_path / "recorded", docs=FEW))
    build = make(tmp_path / "paid", plan=Plan(stop_at=0.8))
    assert sum(workspace.billed.values()) < FEW + FEW * 30 * 2

    def label(score: float | None) -> Label | None:
        return None if score is None else Label.EASY if score >= 0.8 else Label.HARD if score < 0.4 else Label.MIDDLE

    assert {key: label(row[-1]) for key, row in probes(build).items()} == {
        key: label(row[-1]) for key, row in whole.items()
    }


def test_a_tokenizer_that_is_not_there_is_known_before_anything_is_paid(
    tmp_path: Path, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--backend", "messages", "--cap", "5", "--tokenizer", "./nowhere")
    assert command(tmp_path, "run", "--build", "demo", "--docs", "2", *words) == 2
    assert "run: There is no tokenizer folder ./nowhere." in capsys.readouterr().err
    assert not workspace.posts


def test_a_server_of_ones_own_needs_no_key_and_no_cap(
    tmp_path: Path, server: AnthropicServer, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.delenv("ANTHROPIC_BASE_URL")
    words = ("--backend", "messages", "--model", "local:some-model", "--base-url", server.url(workspace.name))
    assert command(tmp_path / "local", "run", "--build", "demo", "--docs", str(FEW), *words) == 0
    assert probes(tmp_path / "local" / "builds" / "demo") == probes(made(tmp_path / "recorded", docs=FEW))
    assert command(tmp_path / "local", "check", "--build", "demo") == 0


def test_target_responses_are_judged_for_the_ceiling(
    tmp_path: Path, server: AnthropicServer, workspace: Workspace
) -> None:
    recordings = workspace.say
    assert recordings

    def say(params: dict[str, Any]) -> str:
        try:
            return recordings(params)
        except KeyError:  # a target response, which was never recorded
            return "0.9"

    workspace.say = say
    words = ("--backend", "messages", "--model", "local:some-model", "--base-url", server.url(workspace.name))
    assert command(tmp_path, "run", "--build", "demo", "--docs", "2", "--targets", *words) == 0
    with closing(Store(read_index(tmp_path / "builds" / "demo"))) as store:
        found = store._con.cursor().execute("select slot < 10, ceiling, count(*) from probes group by all")
        assert set(found.fetchall()) == {(True, None, 20), (False, 0.9, 12)}
