"""A round from the command line: whole on the sample, resumed after any interruption, disjoint from other rounds."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.models import raw
from pipeline.models.calls import Stage
from pipeline.money.ledger import ledger_at
from pipeline.rounds import raw_folder, round_folder
from queries.schema import Label
from queries.store import Store, read_index
from queries.tables import CARD
from tests.made import ROOT, SAMPLE, command, made

FEW = "12"  # documents, where a round of forty would show no more
COMPARED = [name for name in CARD.names if name not in ("row_seed", "signed_index_hint")]  # the published seeds differ


def rows(build: Path) -> dict[tuple[str, float], dict[str, Any]]:
    """Return the published rows that the index lists, by document and slot."""
    parts = json.loads((build / "index" / "index.json").read_text())["parts"]
    files = [build / "rounds" / str(part["round"]) / "source" / name for part in parts for name in part["source"]]
    return {(row["doc_id"], row["slot_idx"]): row for file in files for row in pq.read_table(file).to_pylist()}


def labels(build: Path) -> dict[str, str]:
    with closing(Store(read_index(build))) as store:
        found = store._con.cursor().execute(
            "select probe_id, label_of(score, {'hard_below': 40, 'easy_from': 80}) from facets"
            " where scope in ('sentence', 'paragraph', 'whole')"
        )
        return dict(found.fetchall())


def answers(build: Path, *, number: int = 0) -> Counter[str]:
    """Count the replies to the blind readers' and the judge's requests by what they are for; one each is right."""
    folder = round_folder(build, number)
    return Counter(str(reply.item) for stage in Stage for reply in raw.replies(raw_folder(folder, stage)))


def start(root: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", "run", "--build", "demo", *words],
        cwd=ROOT,
        env=os.environ | {"PROBES_DATA": str(root)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_samples_round_is_forty_documents_640_probes_240_scored(tmp_path: Path) -> None:
    build = made(tmp_path)
    found = rows(build)
    assert (len({doc_id for doc_id, _ in found}), len(found)) == (40, 640)
    assert sum(row["bb_answer_score_max"] is not None for row in found.values()) == 240


def test_its_scored_rows_are_those_of_the_published_sample(tmp_path: Path) -> None:
    published = pq.read_table(SAMPLE / "hub" / "train-00000-of-00001.parquet").to_pylist()
    wanted = {(row["doc_id"], row["slot_idx"]): row for row in published if row["slot_idx"] >= 10}
    got = {key: row for key, row in rows(made(tmp_path)).items() if key[1] >= 10}
    assert {key: [row[name] for name in COMPARED] for key, row in got.items()} == {
        key: [row[name] for name in COMPARED] for key, row in wanted.items()
    }


def test_nothing_of_a_run_reads_the_published_sample(tmp_path: Path) -> None:
    tracer = (
        "import sys; opened = [];"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None);"
        "from pipeline.__main__ import main; code = main(['run', '--build', 'demo', '--docs', '3']);"
        "sys.exit(code or any('sample/hub' in path for path in opened))"
    )
    environment = os.environ | {"PROBES_DATA": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", tracer], cwd=ROOT, env=environment, check=False).returncode == 0


def test_a_second_run_does_nothing_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = made(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in build.rglob("*.parquet")} | dict.fromkeys(answers(build), 1)
    assert command(tmp_path, "run", "--build", "demo", "--round", "0") == 0
    assert capsys.readouterr().out.endswith("demo/rounds/0: complete, nothing to do.\n")
    untouched = {path for path in build.rglob("*.parquet") if path.name != "scores.parquet"}
    assert all(before[path] == path.stat().st_mtime_ns for path in untouched)
    assert set(answers(build).values()) == {1}


def test_two_rounds_of_twenty_are_disjoint_and_a_third_finds_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in ("0", "1"):
        assert command(tmp_path, "run", "--build", "two", "--round", number, "--docs", "20") == 0
    build = tmp_path / "builds" / "two"
    drawn = [
        set(pq.read_table(round_folder(build, n) / "documents.parquet").column("doc_id").to_pylist()) for n in (0, 1)
    ]
    assert [len(each) for each in drawn] == [20, 20]
    assert not drawn[0] & drawn[1]
    assert len(rows(build)) == 640
    capsys.readouterr()
    assert command(tmp_path, "run", "--build", "two", "--round", "2", "--docs", "20") == 2
    assert "No documents are left" in capsys.readouterr().err
    assert command(tmp_path, "check", "--build", "two") == 0


@pytest.mark.parametrize("point", ["recorded_written"])
def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path, point: str) -> None:
    killed = start(tmp_path, "--docs", FEW, CRASH_AT=point, PROBES_CRASH_TEST="1")
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert command(tmp_path, "run", "--build", "demo", "--docs", FEW) == 0
    _is_whole(tmp_path)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("seen", ["round.json", "raw/answer", "scores.parquet", "raw/judge"])
def test_a_run_that_is_stopped_anywhere_comes_out_the_same(tmp_path: Path, sign: int, seen: str) -> None:
    running = start(tmp_path, "--docs", FEW)
    folder = tmp_path / "builds" / "demo" / "rounds" / "0"
    while running.poll() is None and not (folder / seen).exists():
        time.sleep(0.002)
    running.send_signal(sign)
    running.communicate()
    assert command(tmp_path, "run", "--build", "demo", "--docs", FEW) == 0
    _is_whole(tmp_path)


def _is_whole(root: Path) -> None:
    build = root / "builds" / "demo"
    assert {key: list(row.values()) for key, row in rows(build).items()} == {
        key: list(row.values()) for key, row in rows(made(root / "other", docs=int(FEW))).items()
    }
    assert set(answers(build).values()) == {1}
    assert command(root, "check", "--build", "demo") == 0


def test_a_run_stopped_by_ctrl_c_says_so_in_one_line(tmp_path: Path) -> None:
    running = start(tmp_path)
    while running.poll() is None and not (tmp_path / "builds" / "demo" / "rounds" / "0" / "raw" / "answer").exists():
        time.sleep(0.002)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate()
    assert running.returncode == 130
    assert err.splitlines()[-1] == "run: interrupted; what was there before is intact, and the same command goes on."


def test_a_damaged_list_of_parts_is_made_anew_of_every_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in ("0", "1"):
        assert command(tmp_path, "run", "--build", "two", "--round", number, "--docs", "3") == 0
    build = tmp_path / "builds" / "two"
    before = rows(build)
    listed = build / "index" / "index.json"
    listed.write_text(listed.read_text()[:-20])
    capsys.readouterr()
    assert command(tmp_path, "import", str(SAMPLE / "hub"), "--build", "two") == 2
    assert command(tmp_path, "status", "--build", "two") == 2
    assert f"{listed} is damaged (" in capsys.readouterr().err
    assert command(tmp_path, "index", "--build", "two", "--round", "1") == 0
    assert "was damaged and is made anew of all rounds made here." in capsys.readouterr().out
    assert rows(build) == before
    assert command(tmp_path, "check", "--build", "two") == 0


def test_a_shard_of_the_index_that_was_cut_short_is_made_again(tmp_path: Path) -> None:
    build = made(tmp_path, docs=3)
    (part,) = json.loads((build / "index" / "index.json").read_text())["parts"]  # older parts lie beside it
    path = build / "index" / part["docs"]["file"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    assert command(tmp_path, "index", "--build", "demo") == 0
    assert path.read_bytes() == whole


@pytest.mark.parametrize("stop_at", ["0.8", "0.4"])
def test_stopping_early_changes_no_label_that_it_promises(tmp_path: Path, stop_at: str) -> None:
    whole = labels(made(tmp_path / "whole"))
    assert command(tmp_path, "run", "--build", "demo", "--stop-at", stop_at) == 0
    build = tmp_path / "builds" / "demo"
    stopped = labels(build)
    if stop_at == "0.8":
        assert stopped == whole
    else:
        hard = {probe for probe, label in whole.items() if label == Label.HARD}
        assert {probe for probe, label in stopped.items() if label == Label.HARD} == hard
    assert command(tmp_path, "check", "--build", "demo") == 0


def test_what_was_stopped_is_told_in_columns(tmp_path: Path) -> None:
    assert command(tmp_path, "run", "--build", "demo", "--stop-at", "0.8") == 0
    with closing(Store(read_index(tmp_path / "builds" / "demo"))) as store:
        found = store._con.cursor().execute(
            "select censored, len(scores), stop_at, rollouts_due, score_max >= 0.8 and list_max(scores[:2]) >= 0.8"
            " from probes where answers is not null"
        )
        seen = Counter(found.fetchall())
    assert set(seen) == {(True, 2, 0.8, 5, True), (False, 5, 0.8, 5, False)}
    assert seen[True, 2, 0.8, 5, True] > 20


@pytest.mark.parametrize("k", [1, 3])
def test_fewer_answers_can_be_asked_for_and_more_later(tmp_path: Path, k: int) -> None:
    words = ("run", "--build", "demo", "--docs", "3")
    assert command(tmp_path, *words, "--k", str(k)) == 0
    build = tmp_path / "builds" / "demo"
    lengths = {len(row["bb_answer_rollout_scores"]) for row in rows(build).values() if row["slot_idx"] >= 10}
    assert lengths == {k}
    assert command(tmp_path, *words) == 0
    lengths = {len(row["bb_answer_rollout_scores"]) for row in rows(build).values() if row["slot_idx"] >= 10}
    assert lengths == {5}
    assert set(answers(build).values()) == {1}


def test_a_request_without_a_recording_leaves_a_reject_and_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    for stage in ("generate", "answer", "judge"):
        lines = (SAMPLE / "replies" / f"{stage}.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not _is_left_out(json.loads(line), stage)]
        (recordings / f"{stage}.jsonl").write_text("".join(kept), encoding="utf-8")
    assert command(tmp_path, "run", "--build", "demo", "--recordings", str(recordings)) == 0
    told = capsys.readouterr().out
    assert "has no reply to generate sample-0001, level -2" in told
    build = tmp_path / "builds" / "demo"
    rejects = [json.loads(line) for line in (build / "rounds" / "0" / "rejects.jsonl").read_text().splitlines()]
    assert {(each["doc_id"], each["reason"]) for each in rejects} == {("sample-0001", "no_reply")}
    with closing(Store(read_index(build))) as store:
        found = store._con.cursor().execute(
            "select slot, scores, reasons, flags from (select *, map_keys(evidence) as flags from probes)"
            " join docs using (doc_key) where doc_id = 'sample-0002' and slot in (10, 11)  order by slot"
        )
        (_, none, why, flags), (_, some, reasons, others) = found.fetchall()
    assert (none, why, flags) == ([None] * 5, ["no_reply"] * 5, ["unscored"])
    assert [score is None for score in some] == [False, False, True, False, False]
    assert (reasons, others) == ([None, None, "no_reply", None, None], ["scores_inconsistent"])
    assert command(tmp_path, "check", "--build", "demo") == 0


def test_status_tells_a_person_some_reasons_and_a_program_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "nothing").mkdir()
    assert command(tmp_path, "run", "--build", "demo", "--docs", "13", "--recordings", str(tmp_path / "nothing")) == 0
    capsys.readouterr()
    assert command(tmp_path, "status", "--build", "demo") == 0
    told = [line.strip() for line in capsys.readouterr().out.splitlines() if "given up" in line]
    assert len(told) == 11
    assert told[-1] == "3  given up for other reasons (--json lists them)"
    assert command(tmp_path, "status", "--build", "demo", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["course"]["dead"]) == 13


def _is_left_out(row: dict[str, Any], stage: str) -> bool:
    if row["level"] != -2:
        return False
    if stage == "generate":
        return bool(row["doc_id"] == "sample-0001")
    judged_never = stage == "judge" and row["slot"] == 10
    judged_but_one = stage == "judge" and (row["slot"], row["rollout"]) == (11, 2)
    return bool(row["doc_id"] == "sample-0002" and (judged_never or judged_but_one))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--level", "9"), "--level 9: there are the levels -3, -2, -1, 0, 1, 2, 3."),
        (("--round", "-1"), "--round -1: rounds are counted from 0."),
        (("--docs", "0"), "--docs 0 --round 0: at least 1 document, round 0 or later."),
        (("--k", "0"), "--k 0: from 1 to 1023 answers a probe."),
        (("--cap", "much"), "--cap much is no amount of USD."),
        (("--cap", "-1"), "--cap -1: an amount of USD from 0 on."),
        (("--source", "nowhere.jsonl", "--source-model", "x"), "There is no file or folder nowhere.jsonl."),
        (("--source", "README.md"), "Say --source-model NAME: README.md does not tell which model wrote its rollouts."),
        (("--base-url", "http://localhost:1"), "--base-url is for the backend messages, not for recorded."),
        (("--backend", "batches", "--model", "gpt"), "There is no model 'gpt'"),
        (("--recordings", "nowhere"), "There is no folder of recordings nowhere."),
        (("--tokenizer", "./nowhere"), "There is no tokenizer folder ./nowhere."),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert command(tmp_path, "run", "--build", "demo", *words) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"run: {says}")
    assert len(err.splitlines()) == 1


def test_a_round_is_not_asked_of_a_second_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path)
    assert command(tmp_path, "run", "--build", "demo", "--model", "another") == 2
    assert "asking again would mix the two" in capsys.readouterr().err


def test_another_level_never_replaces_the_probes_of_a_round(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = round_folder(made(tmp_path, docs=3), 0) / "probes.parquet"
    before = path.read_bytes()
    words = ("--build", "demo", "--level", "1", "--tokenizer", str(SAMPLE / "tokenizer"))
    assert command(tmp_path, "finalize", *words) == 2
    assert "demo/rounds/0 is made at level -2, not +1" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_an_estimate_asks_nothing_and_draws_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("run", "--build", "demo", "--backend", "batches", "--estimate")
    assert command(tmp_path, *words, "--docs", "1000") == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].strip() for line in told[:3]] == ["generate", "answer", "judge"]
    assert "1,000 requests" in told[0]
    assert "30,000 requests" in told[1]
    assert told[3].startswith("demo/rounds/0 so far: $0.0000 spent")
    assert not (tmp_path / "builds").exists()


def test_a_paid_back_end_without_a_cap_spends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_API_KEY", "sk-test")
        words = ("run", "--build", "demo", "--backend", "messages", "--docs", "2", "--base-url", "http://127.0.0.1:9")
        assert command(tmp_path, *words) == 2
    assert "The cap of $0.0000 for demo/rounds/0 is reached" in capsys.readouterr().err
    with ledger_at(tmp_path / "ledger.db") as ledger:
        assert ledger.purse("demo/rounds/0").spent == 0
