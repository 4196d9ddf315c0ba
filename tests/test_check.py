"""Each invariant of a build is broken once, and the check that holds it says so."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.check import CHECKS, findings
from queries.store import read_index
from tests.made import command, made

Row = dict[str, Any]
Break = Callable[[Path], None]


def rewritten(path: Path, change: Callable[[list[Row]], None]) -> None:
    table = pq.read_table(path)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, table.schema), path)


def indexed(table: str, **changes: Any) -> Break:
    """Change columns of the first row of a table of the index that is of a fitting scope and side."""

    def broken(build: Path) -> None:
        def change(rows: list[Row]) -> None:
            row = next(row for row in rows if row.get("scope", "whole") == "whole" and row.get("target") != "prefix")
            row |= {name: value(row) if callable(value) else value for name, value in changes.items()}

        rewritten(getattr(read_index(build), table)[0], change)

    return broken


def repeated(table: str, **changes: Any) -> Break:
    """Repeat the first row of a table of the index, changed."""
    return lambda build: rewritten(getattr(read_index(build), table)[0], lambda rows: rows.append(rows[0] | changes))


def of_round(name: str) -> Break:
    """Leave out the last row of a file of the round."""
    return lambda build: rewritten(build / "rounds" / "0" / name, lambda rows: rows.pop())


def of_ledger(statement: str) -> Break:
    def broken(build: Path) -> None:
        with closing(sqlite3.connect(build.parents[1] / "ledger.db")) as database, database:
            database.execute(statement)

    return broken


def a_word_is_answered(build: Path) -> None:
    def change(rows: list[Row]) -> None:
        next(row for row in rows if row["scope"] == "word")["answers"] = ["An answer."]

    rewritten(read_index(build).probes[0], change)


def a_raw_file(act: Callable[[Path], object]) -> Break:
    return lambda build: act(next((build / "rounds" / "0" / "raw" / "judge").iterdir())) and None


BROKEN: list[tuple[str, Break]] = [
    ("check_split_inside", indexed("probes", split=0)),
    ("check_context", indexed("probes", stored_context="Something else.")),
    ("check_atom_slice", indexed("probes", atom="Something else.")),
    ("check_atom_side", indexed("probes", atom_start=lambda row: row["split"] - 1)),
    ("check_window", indexed("probes", window_end=lambda row: row["split"] + 1)),
    ("check_window", indexed("probes", window_start=-5000)),
    ("check_slots", indexed("probes", slot=3)),
    ("check_slots", repeated("probes", probe_id="another")),
    ("check_ipa", indexed("probes", ipa=lambda row: row["atom"].upper())),
    ("check_scores", indexed("probes", score_max=0.01)),
    ("check_scores", indexed("probes", scores=[2.0] * 5, score_max=2.0, score_min=2.0, score_mean=2.0)),
    ("check_scores", indexed("probes", answers=["one"])),
    ("check_scored_scopes", a_word_is_answered),
    ("check_unscored_reasons", indexed("probes", scores=[None, 0.1, 0.1, 0.1, 0.1])),
    ("check_unscored_reasons", indexed("probes", reasons=["refusal", None, None, None, None])),
    ("check_censored", indexed("probes", censored=True, stop_at=0.0)),
    ("check_censored", indexed("probes", rollouts_due=9)),
    ("check_probe_ids", repeated("probes", slot=99)),
    ("check_facets", indexed("facets", score=101)),
    ("check_facets", repeated("facets", probe_id="another")),
    ("check_rounds_disjoint", repeated("docs", doc_key="another", round=1)),
    ("check_near_duplicates", repeated("docs", doc_key="another", doc_id="another", round=1)),
    ("check_document_text", indexed("docs", text="Something else.")),
    ("check_documents_complete", of_round("probes.parquet")),
    ("check_index_complete", of_round("probes.parquet")),
    ("check_index_complete", repeated("facets", slot=99)),
    ("check_money", of_ledger("update submission set reserved = 1 where number = 1")),
    ("check_money", of_ledger("update submission set reserved = 1, state = 'running' where number = 1")),
    ("check_replies", a_raw_file(Path.unlink)),
    ("check_replies", a_raw_file(lambda path: shutil.copy(path, path.with_name("again.jsonl.gz")))),
    ("check_replies", of_ledger("update request set state = 'todo' where id = (select min(id) from request)")),
]


def test_a_build_as_it_is_made_passes_every_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path, docs=12)
    assert command(tmp_path, "check", "--build", "demo") == 0
    assert capsys.readouterr().out.endswith(f"demo: all {len(CHECKS)} checks pass.\n")


@pytest.mark.parametrize(("check", "broken"), BROKEN, ids=[f"{n}-{check}" for n, (check, _) in enumerate(BROKEN)])
def test_what_is_broken_is_found(tmp_path: Path, check: str, broken: Break) -> None:
    build = made(tmp_path, docs=12)
    broken(build)
    found = {finding.check: finding for finding in findings(build)}
    assert check in found
    assert found[check].found == 1 or check == "check_replies"
    assert found[check].rule.startswith("One row ")


def test_every_check_is_broken_once() -> None:
    assert {check for check, _ in BROKEN} == set(CHECKS)


def test_a_failed_check_is_one_line_and_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = made(tmp_path, docs=12)
    indexed("probes", split=0)(build)
    capsys.readouterr()
    assert command(tmp_path, "check", "--build", "demo") == 2
    err = capsys.readouterr().err
    assert err.startswith("check: demo fails 2 of 20 checks (1 x split_inside; 1 x window)")
    assert len(err.splitlines()) == 1
    (first, _) = json.loads((build / "check.json").read_text())
    assert (first["check"], first["found"], first["rows"][0]["split"]) == ("check_split_inside", 1, 0)


def test_documents_that_share_a_quarter_are_no_duplicates(tmp_path: Path) -> None:
    build = made(tmp_path, docs=12)

    def change(rows: list[Row]) -> None:
        words = rows[0]["text"].split()
        text = " ".join([*words[: len(words) // 4], *(f"word{number}" for number in range(len(words)))])
        rows.append(rows[0] | {"doc_key": "another", "doc_id": "another", "round": 1, "text": text})

    rewritten(read_index(build).docs[0], change)
    assert "check_near_duplicates" not in {finding.check for finding in findings(build)}
