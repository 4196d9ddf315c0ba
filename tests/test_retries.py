"""A reply that was paid for and cannot be used is asked for once more where that is wished, and counted apart."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pipeline.models import raw
from pipeline.rounds import raw_folder, round_folder
from queries.store import Store, read_index
from tests.anthropic_server import AnthropicServer, Workspace, anthropic_server
from tests.buyer import KEY
from tests.made import command, made
from tests.test_run_paid import Recordings, make, probes

FEW = 4
WORDS = ("run", "--build", "demo", "--docs", str(FEW), "--backend", "messages", "--model", "local:some-model")
ALL = FEW + FEW * 30 * 2


class Spoiled:
    """Says what is recorded, but nothing of use the first `times` that each of three chosen requests comes."""

    def __init__(self, times: int) -> None:
        self.recorded = Recordings()
        self.left = dict.fromkeys(("generate", "answer", "judge"), times)
        self.chosen: dict[str, str] = {}  # the request of each stage that came first

    def __call__(self, params: dict[str, Any]) -> str:
        said = self.recorded(params)
        asked = params["messages"][0]["content"]
        stage = "judge" if asked.startswith("Score") else "answer" if asked.startswith("You are") else "generate"
        if not self.left[stage] or self.chosen.setdefault(stage, asked) != asked:
            return said
        self.left[stage] -= 1
        return {"generate": "I cannot do that.", "answer": " \n", "judge": "quite good"}[stage]


@pytest.fixture(scope="module")
def server() -> Iterator[AnthropicServer]:
    with anthropic_server() as running:
        yield running


def workspace(server: AnthropicServer, tmp_path: Path, *, times: int) -> Workspace:
    space = server.workspace(tmp_path.name)
    space.say = Spoiled(times)
    return space


def billed(space: Workspace) -> int:
    return sum(space.billed.values())


def unscored(build: Path) -> int:
    with closing(Store(read_index(build))) as store:
        found = store._con.cursor().execute("select sum(len(scores) - list_count(scores))::int from probes")
        return int(found.fetchone()[0])


def test_what_could_not_be_used_is_asked_once_more_and_comes_out_whole(
    server: AnthropicServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = workspace(server, tmp_path, times=1)
    words = (*WORDS, "--base-url", server.url(space.name))
    build = tmp_path / "builds" / "demo"
    assert command(tmp_path, *words) == 0
    assert len({doc_id for doc_id, _ in probes(build)}) == FEW - 1
    assert unscored(build) == 2
    before = billed(space)
    capsys.readouterr()
    assert command(tmp_path, *words, "--retry-unusable") == 0
    told = capsys.readouterr().out.splitlines()
    assert sum("asked once more" in line for line in told) == 3
    assert probes(build) == probes(made(tmp_path / "recorded", docs=FEW))
    assert billed(space) == ALL + 3 > before
    attempts = [
        json.loads(line)["item"]["attempt"]
        for stage in ("generate", "answer", "judge")
        for line in raw.lines(raw_folder(round_folder(build, 0), stage))
    ]
    assert (len(attempts), sum(attempts)) == (ALL + 3, 3)
    assert command(tmp_path, "check", "--build", "demo") == 0


def test_message_batches_ask_once_more_too(
    server: AnthropicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = workspace(server, tmp_path, times=1)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url(space.name))
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    build = make(tmp_path, docs=FEW, retry_unusable=True)
    assert probes(build) == probes(made(tmp_path / "recorded", docs=FEW))
    assert billed(space) == ALL + 3
    assert command(tmp_path, "check", "--build", "demo") == 0


def test_it_is_asked_no_third_time(server: AnthropicServer, tmp_path: Path) -> None:
    space = workspace(server, tmp_path, times=9)
    words = (*WORDS, "--base-url", server.url(space.name), "--retry-unusable")
    assert command(tmp_path, *words) == 0
    before = billed(space)
    assert command(tmp_path, *words) == 0
    assert billed(space) == before
    build = tmp_path / "builds" / "demo"
    assert len({doc_id for doc_id, _ in probes(build)}) == FEW - 1
    rejects = (build / "rounds" / "0" / "rejects.jsonl").read_text().splitlines()
    assert [json.loads(line)["reason"] for line in rejects] == ["no_json"]
    assert command(tmp_path, "check", "--build", "demo") == 0


def test_an_estimate_counts_what_would_be_asked_again(
    server: AnthropicServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = workspace(server, tmp_path, times=1)
    words = (*WORDS, "--base-url", server.url(space.name))
    assert command(tmp_path, *words) == 0
    before = billed(space)
    for stage in ("generate", "answer", "judge"):
        capsys.readouterr()
        one_stage = (stage, *(word for word in words[1:] if word not in ("--docs", str(FEW))))
        assert command(tmp_path, *one_stage, "--estimate") == 0
        assert capsys.readouterr().out.startswith("0 requests")
        assert command(tmp_path, *one_stage, "--estimate", "--retry-unusable") == 0
        assert capsys.readouterr().out.startswith("1 requests")
    assert billed(space) == before
