"""`python -m pipeline labels`: what goes out comes back in, what is wrong is said, and nothing is lost on the way."""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import labels as stage
from pipeline.__main__ import main
from pipeline.errors import StageError
from pipeline.labelling.files import LABELS, read_rows, write_rows
from queries.labels import LabelLog, Op, ReasonTag, Verdict
from queries.labels.overlay import overlay
from queries.queues import Ordering, Queues, Wish
from queries.schema import Filter
from queries.store import Store, read_index
from queries.tables import CARD
from tests.browser import ROOT
from tests.builds import document_rows, make_build, write_published
from tests.labels.presses import BUILD, press

HARD, EASY, UNSURE = Verdict
FORMATS = [".jsonl", ".parquet", ".csv"]
NASTY = '=HYPERLINK("http://x")\n"quoted", comma; ü 😀 \u202e end\r'


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("stage")
    make_build([row for number in range(3) for row in document_rows(number)], root, name=BUILD)
    return root


@pytest.fixture
def home(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data root with the build and no labels."""
    (tmp_path / "builds").symlink_to(data / "builds")
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    monkeypatch.delenv("PROBES_LABELS_URL", raising=False)
    return tmp_path


def store(home: Path) -> Store:
    return Store(read_index(home / "builds" / BUILD))


def probes(home: Path) -> list[tuple[str, str]]:
    """Return the probes of the build, in document order, with their content hashes."""
    opened = store(home)
    listed = opened.fetch("list_up", Filter(), sort="document", descending=False, key=-1.0, place=0, count=100)
    ids = [row["probe_id"] for row in listed]
    hashes = {row["probe_id"]: row["content_hash"] for row in opened.fetch("probe_hashes", probes=ids)}
    opened.close()
    return [(probe, hashes[probe]) for probe in ids]


def run(action: str, file: Path, **what: Any) -> str:
    build = stage.build_folder(BUILD) if action in ("export", "import") else None
    return str(stage.run(stage.Labels(**({"action": action, "file": file, "build": build} | what))))


def label_some(home: Path) -> LabelLog:
    """Label four probes: two persons on the first, a stale label, a skip with a nasty note, an adjudication."""
    log = stage.open_log()
    (one, first), (two, _), (three, third), (four, fourth) = probes(home)[10:14]
    log.append_all(
        [
            press(one, annotator="zoe", blind_verdict=HARD, content_hash=first, answer="+1"),
            press(one, annotator="zoe", verdict=EASY, content_hash=first, reasons=(ReasonTag.JUDGE_ERROR,)),
            press(one, annotator="ada", verdict=HARD, content_hash=first),
            press(two, annotator="ada", verdict=HARD, content_hash="old"),
            press(three, annotator="ada", skipped=True, flagged=True, note=NASTY, content_hash=third),
            press(one, annotator="eve", op=Op.ADJUDICATE, verdict=HARD, content_hash=first),
            press(four, annotator="ada", verdict=UNSURE, content_hash=fourth),
        ]
    )
    return log


def current(log: LabelLog) -> list[dict[str, Any]]:
    """Return the opinions without what belongs to the one log."""
    own = ("seq", "revision", "made_at")
    rows = [{name: value for name, value in row.items() if name not in own} for row in log.current(BUILD).to_pylist()]
    return sorted(rows, key=lambda row: (row["probe_id"], row["voice"]))


@pytest.mark.parametrize("ending", FORMATS)
def test_an_export_with_names_brought_into_an_empty_log_gives_the_same_opinions(
    home: Path, tmp_path: Path, ending: str
) -> None:
    before = current(label_some(home))
    file = tmp_path / f"labels{ending}"
    assert "6 labels" in run("export", file, named=True)
    (home / "labels.db").unlink()
    assert "6 labels imported, 0 were there already" in run("import", file)
    assert current(stage.open_log()) == before
    assert "0 labels imported, 6 were there already, 0 left alone" in run("import", file)


@pytest.mark.parametrize("named", [True, False])
def test_an_export_that_comes_back_adds_nothing_under_any_name(home: Path, tmp_path: Path, named: bool) -> None:
    log = label_some(home)
    before, people = log.head(), log.annotators(BUILD)
    run("export", tmp_path / "labels.jsonl", named=named)
    assert ": 0 labels imported" in run("import", tmp_path / "labels.jsonl")
    assert (log.head(), log.annotators(BUILD)) == (before, people)


@pytest.mark.parametrize("ending", FORMATS)
def test_an_export_hides_names_by_default_and_numbers_them_by_first_appearance(
    home: Path, tmp_path: Path, ending: str
) -> None:
    label_some(home)
    file = tmp_path / f"labels{ending}"
    run("export", file)
    rows = [row for _, row in read_rows(file)]
    assert {row["annotator"] for row in rows} == {"A1", "A2", "A3"}
    assert [row["annotator"] for row in rows if row["blind_verdict"]] == ["A1"]
    assert [row["annotator"] for row in rows if row["kind"] == "adjudication"] == ["A3"]
    assert not any(name in file.read_bytes() for name in (b"zoe", b"eve"))


def test_an_export_has_one_row_a_voice_and_beside_it_one_a_probe(home: Path, tmp_path: Path) -> None:
    label_some(home)
    run("export", tmp_path / "labels.parquet")
    rows = pq.read_table(tmp_path / "labels.parquet").to_pylist()
    one = probes(home)[10][0]
    zoe = next(row for row in rows if row["blind_verdict"])
    assert (zoe["probe_id"], zoe["verdict"], zoe["blind_verdict"], zoe["answer"]) == (one, "EASY", "HARD", "+1")
    assert (zoe["reasons"], zoe["stale"], zoe["scope"]) == (["judge_error"], False, "sentence")
    assert [row["stale"] for row in rows].count(True) == 1
    assert next(row["note"] for row in rows if row["skipped"]) == NASTY
    aggregated = pq.read_table(tmp_path / "labels.probes.parquet").to_pylist()
    found = {row["probe_id"]: row for row in aggregated}
    assert len(aggregated) == len(found) == 3
    assert (found[one]["hard"], found[one]["easy"], found[one]["adjudicated"], found[one]["source"]) == (
        1, 1, "HARD", "adjudicated",
    )  # fmt: skip
    assert [row["verdict"] for row in aggregated] == ["HARD", "STALE", "UNSURE"]


def test_an_export_says_with_which_chance_a_probe_came_into_its_queue(home: Path, tmp_path: Path) -> None:
    log, opened = stage.open_log(), store(home)
    queues = Queues(log.database)
    wish = Wish(name="q", made_by="ada", where=Filter(), ordering=Ordering.STRATIFIED, size=24)
    queue = queues.make(opened, wish, build=BUILD)
    item, hashes = queues.items(queue)[0], dict(probes(home))
    log.append(press(item.probe_id, queue_id=queue.queue_id, content_hash=hashes[item.probe_id]))
    run("export", tmp_path / "labels.jsonl")
    row = json.loads((tmp_path / "labels.jsonl").read_text())
    assert (row["queue_id"], row["ordering"], row["stratum"], row["inclusion"]) == (
        queue.queue_id, "stratified", item.stratum, item.inclusion,
    )  # fmt: skip


def test_no_cell_of_a_csv_file_begins_like_a_formula(home: Path, tmp_path: Path) -> None:
    label_some(home)
    run("export", tmp_path / "labels.csv")
    with (tmp_path / "labels.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert f"'{NASTY}" in cells
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]


@given(
    text=st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20)
    | st.sampled_from(["'=1", "''", "'", "@a", "=", "a'=b"])
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("ending", FORMATS)
def test_any_note_survives_any_format(tmp_path: Path, ending: str, text: str) -> None:
    row = dict.fromkeys(LABELS.names) | {
        "note": text or None,
        "flagged": False,
        "reasons": ["judge_error", "human_text"],
    }
    write_rows(tmp_path / f"x{ending}", [row], LABELS)
    assert next(read_rows(tmp_path / f"x{ending}"))[1] == row


def test_final_labels_choose_the_published_rows_human_over_automatic(home: Path, tmp_path: Path) -> None:
    """All columns come back as they were imported; what persons say beats the automatic label, stale labels do not."""
    published = write_published([row for number in range(3) for row in document_rows(number)], tmp_path / "all.parquet")
    everything = pq.read_table(published).to_pylist()
    log, listed = stage.open_log(), probes(home)
    scored = [at for at, row in enumerate(everything) if row["bb_answer_score_max"] is not None]
    easy = [at for at in scored if everything[at]["bb_answer_score_max"] >= 0.8]
    wrong, stale = easy[0], easy[1]
    log.append(press(listed[wrong][0], verdict=HARD, content_hash=listed[wrong][1]))
    log.append(press(listed[stale][0], verdict=HARD, content_hash="old"))
    assert "1 rows with the final label HARD" in run("export", tmp_path / "hard.parquet", final=("HARD",))
    hard = pq.read_table(tmp_path / "hard.parquet")
    assert hard.schema.equals(CARD)
    assert hard.to_pylist() == [everything[wrong]]
    run("export", tmp_path / "easy.parquet", final=("EASY",))
    assert pq.read_table(tmp_path / "easy.parquet").to_pylist() == [everything[at] for at in easy if at != wrong]
    run("export", tmp_path / "rest.parquet", final=("MIDDLE", "UNSCORED", "UNSURE"))
    assert pq.read_table(tmp_path / "rest.parquet").num_rows == len(everything) - len(easy)


GOOD = {"annotator": "bob", "verdict": "HARD"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probe_id": "nowhere"}, "row 2: the build tiny has no probe 'nowhere'"),
        ({"probe_id": None}, "row 2: it needs a probe_id and an annotator"),
        ({"probe_id": 7}, "row 2: probe_id is 7, not a text"),
        ({"annotator": ""}, "row 2: it needs a probe_id and an annotator"),
        ({"verdict": "hard"}, "row 2: 'hard' is no verdict: use HARD, EASY, UNSURE"),
        ({"verdict": None}, "row 2: The event changes nothing"),
        ({"reasons": ["because"]}, "row 2: .'because'. are no reasons"),
        ({"flagged": "yes"}, "row 2: flagged is 'yes', not true or false"),
        ({"kind": "guess"}, "row 2: 'guess' is no kind of label"),
        ({"note": "x" * 20_001}, "row 2: The text has 20,001 characters"),
    ],
)
def test_one_wrong_row_imports_nothing_and_is_named(
    home: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    (one, _), (two, _) = probes(home)[:2]
    rows = [GOOD | {"probe_id": one}, GOOD | {"probe_id": two} | change]
    file = tmp_path / "labels.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(StageError, match=f"labels.jsonl was not imported. {message}"):
        run("import", file)
    assert stage.open_log().head().seq == 0


def test_a_person_who_labels_a_probe_twice_in_one_file_is_asked_which(home: Path, tmp_path: Path) -> None:
    one = probes(home)[0][0]
    file = tmp_path / "labels.jsonl"
    file.write_text(
        "".join(json.dumps(GOOD | {"probe_id": one, "verdict": verdict}) + "\n" for verdict in ("HARD", "EASY"))
    )
    with pytest.raises(StageError, match=r"row 2: bob labels the probe .* in row 1 too"):
        run("import", file)


def bomb(*, rows: int, letters: int) -> bytes:
    """Return a small Parquet file with one long text in many rows."""
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), pa.array(["x" * letters]))
    out = io.BytesIO()
    pq.write_table(pa.table({"probe_id": text}), out)
    assert len(out.getvalue()) < 200_000
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.jsonl", b'{"probe_id": "a"}\n{oops\n', "line 2: this is no JSON"),
        ("labels.jsonl", b"[1]\n", "line 1: a label is an object"),
        ("labels.jsonl", b"\xff\xfe\n", "not UTF-8"),
        ("labels.parquet", b"PAR1 no", "cannot be read as parquet"),
        ("labels.csv", b"probe_id,annotator\na,b,c\n", "line 2: more cells than the header names"),
        ("labels.txt", b"", "must end in"),
        ("a.jsonl", b"[" * 100_000, "line 1: this is no JSON"),
        ("a.jsonl", rb'{"probe_id": "\ud83d", "annotator": "ada", "verdict": "HARD"}', "has no probe"),
        ("a.parquet", bomb(rows=20_000, letters=100_000), "unpacks to more than 500 MB"),
        ("a.parquet", bomb(rows=2_000_001, letters=1), "has 2,000,001 rows; at most 2,000,000 are read"),
    ],
)
def test_a_file_that_is_none_is_said_so(home: Path, tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StageError, match=message):
        run("import", tmp_path / name)


def test_labels_made_elsewhere_need_only_three_columns_and_never_replace_an_opinion(home: Path, tmp_path: Path) -> None:
    (one, first), (two, _), _, (four, _) = probes(home)[:4]
    stage.open_log().append(press(one, annotator="bob", verdict=EASY, content_hash=first))
    lines = ["probe_id,annotator,verdict", f"{one},bob,HARD", f"{two},bob,HARD", f"{four},new person,UNSURE"]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    said = run("import", tmp_path / "labels.csv")
    assert said.startswith("tiny: 2 labels imported, 0 were there already, 1 left alone")
    held = {each.probe_id: each.given for probe in (one, two) for each in stage.open_log().opinions(BUILD, probe)}
    assert held == {one: EASY, two: HARD}


def test_labels_survive_a_build_made_anew_and_are_stale_where_its_content_changed(home: Path, tmp_path: Path) -> None:
    label_some(home)
    rows = [row for number in range(3) for row in document_rows(number)]
    rows[10] |= {"verbalizer_prompt": "Another question?"}
    other = Store(read_index(make_build(rows, tmp_path / "anew", name=BUILD)))
    overlay(other, stage.open_log(), build=BUILD)
    one, _, _, four = (probe for probe, _ in probes(home)[10:14])
    assert {row["probe_id"]: row["verdict"] for row in other.fetch("human_labels", Filter())}.items() >= {
        one: "STALE", four: "UNSURE",
    }.items()  # fmt: skip
    other.close()


def test_a_backup_restores_the_whole_log_with_its_hashes(home: Path, tmp_path: Path) -> None:
    log = label_some(home)
    head, before = log.head(), log.current(BUILD)
    assert "7 events" in run("backup", tmp_path / "log.jsonl")
    (home / "labels.db").unlink()
    assert "7 events restored" in run("restore", tmp_path / "log.jsonl")
    assert (stage.open_log().verify(), stage.open_log().current(BUILD).equals(before)) == (head, True)
    assert "0 events restored" in run("restore", tmp_path / "log.jsonl")


KILLED = """
import os, sys
from pathlib import Path
from pipeline.__main__ import main
left, folder = int(sys.argv[1]), sys.argv[2]
def watch(event, arguments):
    global left
    opened = event == "open" and str(arguments[0]).startswith(folder)
    if opened or event in ("os.rename", "os.remove"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
sys.addaudithook(watch)
sys.exit(main(sys.argv[3:]))
"""


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_an_export_that_is_killed_leaves_no_half_file_and_can_be_made_again(
    home: Path, tmp_path: Path, ending: str
) -> None:
    label_some(home)
    names = [f"labels{ending}", f"labels.probes{ending}"]
    whole, out = tmp_path / "whole", tmp_path / "out"
    whole.mkdir()
    out.mkdir()
    run("export", whole / names[0])
    wanted = {name: (whole / name).read_bytes() for name in names}
    words = ["labels", "export", "--build", BUILD, str(out / names[0])]
    for step in range(40):
        code = subprocess.run([sys.executable, "-c", KILLED, str(step), str(out), *words], cwd=ROOT).returncode
        there = {name: (out / name).read_bytes() for name in names if (out / name).exists()}
        assert there.items() <= wanted.items()
        if code == 0:
            break
        assert code == -9
    assert step > 4
    assert there == wanted


def _edit(rows: list[dict[str, Any]]) -> None:
    rows[2]["verdict"] = "EASY"


def _shorten(rows: list[dict[str, Any]]) -> None:
    del rows[0]


def _strip(rows: list[dict[str, Any]]) -> None:
    del rows[0]["sha256"]


@pytest.mark.parametrize(("damage", "message"), [(_edit, "damaged"), (_shorten, "missing"), (_strip, "no 'sha256'")])
def test_a_damaged_backup_restores_nothing(
    home: Path, tmp_path: Path, damage: Callable[[list[dict[str, Any]]], None], message: str
) -> None:
    label_some(home)
    file = tmp_path / "log.jsonl"
    run("backup", file)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    damage(rows)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (home / "labels.db").unlink()
    with pytest.raises(StageError, match=message):
        run("restore", file)
    assert stage.open_log().head().seq == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["export", "--build", BUILD, "out.jsonl"], 0, "0 labels in out.jsonl"),
        (["export", "out.jsonl"], 2, "labels export needs --build"),
        (["export", "--build", "no such", "out.jsonl"], 2, "is no name for a build"),
        (["export", "--build", "nothing", "out.jsonl"], 2, "has no index"),
        (["export", "--build", BUILD, "out.xlsx"], 2, "must end in .jsonl, .parquet, .csv"),
        (["export", "--build", BUILD, "--final", "HARD", "out.csv"], 2, "must end in .parquet"),
        (["import", "--build", BUILD, "missing.csv"], 2, "There is no file missing.csv"),
        (["import", "--build", BUILD, "--named", "x.csv"], 2, "takes neither --final nor --named"),
        (["backup", "--build", BUILD, "x.jsonl"], 2, "takes no --build"),
        (["backup", "x.jsonl"], 0, "0 events"),
        (["restore", "missing.jsonl"], 2, "There is no file"),
    ],
)
def test_the_command_line_says_in_one_sentence_what_it_did_or_why_not(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(home)
    assert main(["labels", *words]) == code
    out, err = capsys.readouterr()
    assert said in (out if code == 0 else err)
    assert len((out + err).strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://app:s3cret@127.0.0.1:1/labels", "PROBES_LABELS_URL cannot be opened: .*Connection refused"),
        ("postgresql://app:s3cret@nowhere.invalid/labels", "PROBES_LABELS_URL cannot be opened: .*nowhere.invalid"),
        ("postgresql://app:s3cret%zz@127.0.0.1:1/labels", "is no address of a Postgres database: write"),
        ("postgresql://app:x@s3cret@127.0.0.1:1/labels", "is no address of a Postgres database: write"),
        ("postgresql://app:x/s3cret@127.0.0.1:1/labels", "is no address of a Postgres database: write"),
        ("postgresql://app:s3cret@[::1/labels", "is no address of a Postgres database: write"),
        ("postgresql://app:s3cret@127.0.0.1:port/labels", "is no address of a Postgres database: write"),
        ("postgresql://app:s3cret@127.0.0.1:1/labels?s3cret=1", "is no address of a Postgres database: write"),
        ("mysql://app:s3cret@127.0.0.1:1/labels", "PROBES_LABELS_URL must begin with postgresql://"),
    ],
)
def test_a_database_that_cannot_be_reached_is_said_in_one_sentence_without_its_password(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str, said: str
) -> None:
    monkeypatch.setenv("PROBES_LABELS_URL", url)
    assert main(["labels", "backup", str(home / "x.jsonl")]) == 2
    out, err = capsys.readouterr()
    assert re.search(said, err)
    assert "s3cret" not in out + err
    assert len(err.strip().splitlines()) == 1
