"""What comes in is shown as often as that is worth its time, and a round shows while it is being made."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from pipeline import generate, index, run, sample
from pipeline.asking import RECORDED_MODEL, Asking
from pipeline.errors import StageError
from pipeline.indexing.refresh import Refresh, shown_anyhow
from pipeline.rounds import round_folder
from pipeline.work import Work
from queries.store import Store, read_index
from tests.made import SAMPLE


def test_a_refresh_waits_until_it_is_due() -> None:
    seen: list[int] = []
    refresh = Refresh(lambda: seen.append(1), every=3600)
    refresh()
    assert seen == []
    refresh = Refresh(lambda: seen.append(1), every=0)
    refresh()
    assert seen == [1]


def test_a_refresh_that_cannot_be_is_left_out() -> None:
    def refused() -> None:
        raise StageError("another process writes the build")

    Refresh(refused, every=0)()


def test_what_a_stage_has_is_shown_where_it_cannot_go_on() -> None:
    seen: list[int] = []
    with pytest.raises(StageError, match="no credit"), shown_anyhow(lambda: seen.append(1)):
        raise StageError("no credit")
    assert seen == [1]
    with shown_anyhow(lambda: seen.append(2)):
        pass
    assert seen == [1]


def test_probes_are_in_the_index_before_their_stage_has_ended(tmp_path: Path) -> None:
    build = tmp_path / "builds" / "demo"
    source = str(SAMPLE / "rollouts.jsonl")
    sample.run(sample.Sample(source=source, build=build, round=0, documents=4, source_model=RECORDED_MODEL))
    work = Work(build=build, folder=round_folder(build, 0))
    shown: list[int] = []

    def show() -> None:
        run.make_probes(work, tokenizer=str(SAMPLE / "tokenizer"))
        index.run(index.Index(work=work))
        with closing(Store(read_index(build))) as store:
            shown.append(store.fetch("count")[0]["probes"])

    generate.run(generate.Generate(work=work, by=Asking(), landed=show))
    assert shown == [64]


def test_the_index_grows_shard_by_shard_and_only_by_what_is_new(tmp_path: Path) -> None:
    build = tmp_path / "builds" / "demo"
    source = str(SAMPLE / "rollouts.jsonl")
    sample.run(sample.Sample(source=source, build=build, round=0, documents=8, source_model=RECORDED_MODEL))
    work = Work(build=build, folder=round_folder(build, 0))
    generate.run(generate.Generate(work=work, by=Asking()))
    run.make_probes(work, tokenizer=str(SAMPLE / "tokenizer"))
    wanted = index.Index(work=work, documents=3)
    summary = index.run(wanted)
    assert (summary.documents, summary.probes, summary.shards, summary.new) == (8, 128, 3, 3)
    assert index.run(wanted).new == 0
    folder = build / "index"
    assert len(read_index(build).docs) == 3
    before = {path.name for path in folder.glob("*-docs.parquet")}
    listed = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps(listed | {"parts": listed["parts"][:1]}))  # killed after one shard
    assert index.run(wanted).new == 2
    assert len(read_index(build).docs) == 3
    (build / "rounds" / "0" / "scoring.json").write_text('{"k": 5, "stop_at": null}')
    assert index.run(wanted).new == 3
    assert before & {path.name for path in read_index(build).docs} == set()
