"""From published rows, in whatever state, to an index; what happens when something goes wrong on the way."""

import hashlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import hub
from pipeline.__main__ import main
from pipeline.errors import StageError
from pipeline.importer import Import, Summary, run
from queries.schema import CARD, DOCS, FACETS, PROBES, Flag
from queries.store import TABLES, Store, read_index
from tests.builds import CONTINUATION, DOCUMENT, OPENING, Row, document_rows, make_build, published_row, write_published

ROOT = Path(__file__).parents[1]
ROWS = [*document_rows(0), *document_rows(1), published_row(doc_id="one-more")]


def table(build: Path, name: str) -> list[Row]:
    found: list[Row] = []
    for path in getattr(read_index(build), name):
        found += pq.read_table(path).to_pylist()
    return found


def bring(source: Path | str, root: Path, **settings: Any) -> tuple[Path, Summary]:
    build = root / "builds" / "mine"
    return build, run(Import(source=str(source), build=build, **settings))


def essence(build: Path) -> list[Row]:
    """Everything the index says of its probes but the place they came from."""
    placeless = [
        {name: value for name, value in row.items() if name not in ("source_file", "source_row")}
        for row in table(build, "probes")
    ]
    return [*placeless, *table(build, "facets"), *table(build, "docs")]


def test_the_sample_is_imported_whole_and_nearly_free_of_flags(tmp_path: Path) -> None:
    build, summary = bring(ROOT / "sample" / "hub", tmp_path)
    assert (summary.probes, summary.documents, summary.rejects) == (640, 40, 0)
    assert {flag: count for flag, count in summary.flags.items() if count} == {"question_leak": 1, "ipa_invalid": 1}
    published = pq.read_table(next((ROOT / "sample" / "hub").glob("*.parquet"))).to_pylist()
    texts = {row["doc_key"]: row["text"] for row in table(build, "docs")}
    for row in table(build, "probes"):
        origin = published[row["source_row"]]
        assert texts[row["doc_key"]] == origin["doc"]
        assert texts[row["doc_key"]][row["atom_start"] : row["atom_end"]] == origin["atom_text"]
        assert row["located"] == "exact"


def test_every_part_has_its_schema_order_and_hash(tmp_path: Path) -> None:
    build = make_build(ROWS, tmp_path)
    (part,) = json.loads((build / "index" / "index.json").read_text())["parts"]
    for name, schema in (("docs", DOCS), ("probes", PROBES), ("facets", FACETS)):
        path = build / "index" / part[name]["file"]
        assert pq.read_schema(path).remove_metadata() == schema
        assert part[name]["rows"] == pq.read_metadata(path).num_rows
        assert part[name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    order = [(row["doc_key"], row["slot"]) for row in table(build, "probes")]
    assert order == sorted(order)
    order = [(row["doc_id"], row["slot"], row["probe_id"]) for row in table(build, "facets")]
    assert order == sorted(order)


def as_jsonl(rows: list[Row], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def with_floats(rows: list[Row], path: Path) -> Path:
    table = pa.Table.from_pylist(rows, CARD)
    for name in ("doc_idx", "split_char_offset", "row_seed"):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(pa.float64()))
    pq.write_table(table, path)
    return path


def with_other_types(rows: list[Row], path: Path) -> Path:
    table = pa.Table.from_pylist(rows, CARD).select(sorted(CARD.names, reverse=True))
    for name, kind in (
        ("doc", pa.large_string()),
        ("scope", pa.dictionary(pa.int8(), pa.string())),
        ("slot_idx", pa.int8()),
    ):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(kind))
    pq.write_table(table, path)
    return path


def as_shards(rows: list[Row], path: Path) -> Path:
    folder = path.with_suffix("")
    for number in (0, 1):
        write_published(rows[number::2], folder / "data" / f"train-0000{number}-of-00002.parquet")
        write_published([], folder / "data" / f"test-0000{number}-of-00002.parquet")
    return folder


def as_pattern(rows: list[Row], path: Path) -> str:
    return str(as_shards(rows, path) / "data" / "train-*.parquet")


@pytest.mark.parametrize("write", [as_jsonl, with_floats, with_other_types, as_shards, as_pattern])
def test_the_form_of_the_source_makes_no_difference(
    write: Callable[[list[Row], Path], Path | str], tmp_path: Path
) -> None:
    suffix = "jsonl" if write is as_jsonl else "parquet"
    build, _ = bring(write(ROWS, tmp_path / f"other.{suffix}"), tmp_path)
    assert essence(build) == essence(make_build(ROWS, tmp_path))


DIRT: list[Row] = [
    *({name: None} for name in CARD.names if name not in ("doc", "split_char_offset", "target")),
    *(
        {name: ""}
        for name in ("verbalizer_prompt", "atom_text", "incorrect_plausible_answer", "context", "doc_id", "scope")
    ),
    *({"slot_idx": float(slot)} for slot in (-1, 16, 20)),
    *({name: -9999.0} for name in ("actual_word_distance_from_split", "abs_index", "signed_index", "n_tokens_actual")),
    *({name: float("nan")} for name in ("slot_idx", "bb_answer_score_max", "bb_answer_score_mean", "n_tokens_actual")),
    *({"split_char_offset": split} for split in (0, -5, 10**12, len(OPENING) + 2)),
    {"difficulty_check": "Hmm. " * 5720},
    {"bb_answer_rollout_scores": [0.5, 0.1]},
    {"bb_answer_rollout_scores": [0.5, None, float("nan"), 0.1, 0.2]},
    {"bb_answer_rollout_answers": []},
    {"bb_answer_score_max": 7.0},
    {"doc": "\x00\x07‮" + DOCUMENT, "split_char_offset": 5},
    {"doc": "x", "split_char_offset": 0, "atom_text": "x"},
    {"doc_source": "http://[not a host"},
    {"scope": "stanza", "typicality": "so-so"},
    {"row_splits": {"word_lens": None, "sentence": 2**40, "paragraph": -1, "whole": 0}},
    {"row_seed": 2**63 - 1},
    {},
    {},
]


def test_no_dirty_row_is_lost(tmp_path: Path) -> None:
    rows = [published_row(**{"doc_id": f"doc-{number}"} | change) for number, change in enumerate(DIRT)]
    build, summary = bring(write_published(rows, tmp_path / "dirt.parquet"), tmp_path)
    assert (summary.probes, summary.rejects) == (len(rows), 0)
    found = {row["source_row"]: row for row in table(build, "probes")}
    assert found.keys() == set(range(len(rows)))
    for number, row in enumerate(rows):
        kept = (
            ("question", "verbalizer_prompt"),
            ("atom", "atom_text"),
            ("scope", "scope"),
            ("typicality", "typicality"),
        )
        assert [found[number][name] for name, _ in kept] == [row[name] for _, name in kept]
    with closing(Store(read_index(build))) as store:
        assert store.fetch("count")[0]["probes"] == len(rows)


def test_sentinels_nan_and_scores_out_of_range_become_null_with_a_flag(tmp_path: Path) -> None:
    rows = [
        published_row(doc_id="a", actual_word_distance_from_split=-9999.0, n_tokens_actual=float("nan")),
        published_row(doc_id="b", bb_answer_score_max=1.2),
        published_row(doc_id="c", bb_answer_rollout_scores=[0.285] * 5),
    ]
    build = make_build(rows, tmp_path)
    first, second, third = sorted(table(build, "probes"), key=lambda row: row["source_row"])
    assert (first["actual_word_distance"], first["n_tokens"]) == (None, None)
    assert dict(first["evidence"]).keys() == {"index_mismatch"}
    assert second["score_max"] == 1.2
    assert dict(second["evidence"]).keys() == {"scores_inconsistent", "unscored"}
    assert [row["score"] for row in table(build, "facets")] == [50, None, 29]
    assert third["evidence"] == []


def test_what_the_reader_saw_and_how_far_the_atom_lies_is_worked_out(tmp_path: Path) -> None:
    text = "a " * 2500 + "Here. " + "b c. " * 900
    atom_at = text.index("b c. ") + 20
    rows = [
        published_row(doc=text, split_char_offset=5006, atom_text="b c. b c.", doc_id="suffix"),
        published_row(doc=text, split_char_offset=5006, target="prefix", atom_text="Here.", doc_id="prefix"),
    ]
    suffix, prefix = sorted(table(make_build(rows, tmp_path), "probes"), key=lambda row: row["source_row"])
    assert (suffix["window_start"], suffix["window_end"]) == (1006, 5006)
    assert (suffix["atom_start"], suffix["distance_chars"], suffix["distance_words"]) == (5006, 0, 0)
    assert (prefix["window_start"], prefix["window_end"]) == (5006, 9006)
    assert (prefix["atom_end"], prefix["distance_chars"], prefix["distance_words"]) == (5005, 1, 0)
    assert atom_at > suffix["atom_start"]
    assert suffix["stored_context"] is None


def test_a_context_that_is_not_the_visible_side_is_kept(tmp_path: Path) -> None:
    rows = [published_row(doc_id="a"), published_row(doc_id="b", context=CONTINUATION)]
    kept = {row["source_row"]: row["stored_context"] for row in table(make_build(rows, tmp_path), "probes")}
    assert kept == {0: None, 1: CONTINUATION}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"doc": None}, "doc is null"),
        ({"doc": ""}, "doc is empty"),
        ({"split_char_offset": None}, "split_char_offset is null or no whole number"),
        ({"target": None}, "target is None, neither prefix nor suffix"),
        ({"target": "Suffix"}, "target is 'Suffix', neither prefix nor suffix"),
    ],
)
def test_a_row_that_cannot_be_shown_is_a_reject_with_all_it_held(change: Row, reason: str, tmp_path: Path) -> None:
    row = published_row() | change
    build, summary = bring(write_published([published_row(), row], tmp_path / "two.parquet"), tmp_path)
    assert (summary.probes, summary.rejects) == (1, 1)
    (reject,) = map(json.loads, (build / "rounds" / "0" / "rejects.jsonl").read_text().splitlines())
    assert (reject["row"], reject["reason"]) == (1, reason)
    assert reject["raw"] == json.loads(json.dumps(row))


def test_lines_of_jsonl_that_are_no_rows_are_rejects_and_half_characters_are_replaced(tmp_path: Path) -> None:
    good = published_row(verbalizer_prompt="Half \ud83d, whole \U0001f600?", mood="calm", row_seed=float("nan"))
    lines = [
        json.dumps(good),
        "",
        "{broken",
        "[1, 2]",
        "[" * 100_000,
        json.dumps(published_row(split_char_offset="twelve")),
        json.dumps(published_row(slot_idx=True)),
        json.dumps(published_row(row_seed=2**80)),
        json.dumps(published_row(split_char_offset=1.5)),
        json.dumps(published_row(bb_answer_rollout_answers=[1])),
    ]
    source = tmp_path / "rows.jsonl"
    source.write_bytes("\n".join(lines).encode() + b"\n\xff\xfe\n")
    build, summary = bring(source, tmp_path)
    assert (summary.probes, summary.rejects) == (1, 9)
    assert summary.columns.unknown == ("mood",)
    (probe,) = table(build, "probes")
    assert probe["question"] == "Half \ufffd, whole \U0001f600?"
    stored = pq.read_table(build / "rounds" / "0" / "source" / probe["source_file"]).to_pylist()
    assert stored[probe["source_row"]]["other"] == '{"mood": "calm"}'
    rejects = [json.loads(line) for line in (build / "rounds" / "0" / "rejects.jsonl").read_text().splitlines()]
    assert [reject["row"] for reject in rejects] == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert rejects[0]["raw"] == "{broken"
    assert rejects[3]["reason"] == "split_char_offset holds 'twelve', which is no int64"


def test_bytes_that_are_no_text_are_shown_as_replacement_characters(tmp_path: Path) -> None:
    table_ = pa.Table.from_pylist([published_row()], CARD)
    broken = pa.array([b"caf\xe9?"], pa.binary()).view(pa.string())
    path = tmp_path / "latin.parquet"
    pq.write_table(
        table_.set_column(table_.schema.get_field_index("verbalizer_prompt"), "verbalizer_prompt", broken), path
    )
    build, _ = bring(path, tmp_path)
    assert [row["question"] for row in table(build, "probes")] == ["caf\ufffd?"]


def test_probes_that_share_a_key_keep_apart_whatever_their_order(tmp_path: Path) -> None:
    same = [published_row(verbalizer_prompt=f"Question {number}?", slot_idx=None) for number in range(4)]
    rows = [*same, same[0], published_row(doc_id="other", slot_idx=None)]
    forth = make_build(rows, tmp_path, name="forth")
    back = make_build(rows[::-1], tmp_path, name="back")
    ids = {row["probe_id"]: row["question"] for row in table(forth, "probes")}
    assert len(ids) == len(rows)
    assert {row["probe_id"]: row["question"] for row in table(back, "probes")} == ids
    told = [dict(row["evidence"])["slot_invalid"] for row in table(forth, "probes")]
    assert sorted(told) == ["slot null"] + ["slot null stands 5 times in its document"] * 5
    assert {row["probe_id"] for row in table(forth, "facets")} == set(ids)


def test_columns_missing_and_unknown_are_named(tmp_path: Path) -> None:
    kept = [name for name in CARD.names if name not in ("bb_answer_score_mean", "tokenizer")]
    rows = pa.Table.from_pylist(ROWS, CARD).select(kept).append_column("mood", pa.array(["calm"] * len(ROWS)))
    pq.write_table(rows, tmp_path / "other.parquet")
    _, summary = bring(tmp_path / "other.parquet", tmp_path)
    assert summary.columns.missing == ("bb_answer_score_mean", "tokenizer")
    assert summary.columns.unknown == ("mood",)
    assert "Columns missing, taken as null: bb_answer_score_mean, tokenizer." in str(summary)
    assert "Columns unknown, kept only in the source: mood." in str(summary)


def test_only_the_first_rows_are_imported_when_so_asked(tmp_path: Path) -> None:
    folder = as_shards(ROWS, tmp_path / "rows.parquet")
    assert bring(folder, tmp_path, limit=20)[1].probes == 20
    assert bring(folder, tmp_path, limit=3)[1].probes == 3
    assert bring(folder, tmp_path)[1].probes == len(ROWS)


def test_tokens_are_counted_where_a_tokenizer_is_named(tmp_path: Path) -> None:
    rows = [
        published_row(scope="lens", doc_id="right", n_tokens_actual=None),
        published_row(scope="lens", doc_id="wrong", n_tokens_actual=40.0),
        published_row(target="prefix", doc_id="far"),
    ]
    source = write_published(rows, tmp_path / "rows.parquet")
    build, summary = bring(source, tmp_path, tokenizer=str(ROOT / "sample" / "tokenizer"))
    assert summary.flags["token_count"] == 1
    right, wrong, far = sorted(table(build, "probes"), key=lambda row: row["source_row"])
    assert (right["distance_tokens"], wrong["distance_tokens"]) == (0, 0)
    assert dict(wrong["evidence"])["token_count"].endswith("tokens, 40 claimed")
    assert far["distance_words"] <= far["distance_tokens"] <= far["distance_chars"]


def test_importing_the_same_again_does_nothing_and_says_so(tmp_path: Path) -> None:
    source = write_published(ROWS, tmp_path / "rows.parquet")
    build, _ = bring(source, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in build.rglob("*.*") if path.is_file()}
    _, summary = bring(source, tmp_path)
    assert str(summary) == f"mine: unchanged, nothing to do ({len(ROWS)} probes over 3 documents)."
    assert {path: path.stat().st_mtime_ns for path in build.rglob("*.*") if path.is_file()} == before


def test_a_changed_source_makes_a_new_revision_and_leaves_the_old_one_to_its_readers(tmp_path: Path) -> None:
    source = write_published(ROWS, tmp_path / "rows.parquet")
    build, _ = bring(source, tmp_path)
    with closing(Store(read_index(build))) as reader:
        write_published(ROWS[:5], source)
        bring(source, tmp_path)
        assert reader.fetch("count")[0]["probes"] == len(ROWS)
        key = table(build, "probes")[0]["doc_key"]
        assert reader.fetch("document", doc_key=key)[0]["text"].startswith(DOCUMENT)
    with closing(Store(read_index(build))) as reader:
        assert reader.fetch("count")[0]["probes"] == 5
    write_published(ROWS[:6], source)
    bring(source, tmp_path)
    assert len(list((build / "index").glob("*.parquet"))) == 2 * len(TABLES)  # this revision and the one before it


CRASH = """
import os, sys
from pathlib import Path
from pipeline.importer import Import, run
left = int(sys.argv[1])
def watch(event, arguments):
    global left
    if event == "os.rename":
        left -= 1
        if left < 0:
            os._exit(9)
sys.addaudithook(watch)
run(Import(source=sys.argv[2], build=Path(sys.argv[3])))
"""


def test_a_crash_at_any_step_leaves_an_index_that_can_be_read(tmp_path: Path) -> None:
    source = write_published(ROWS, tmp_path / "rows.parquet")
    build, _ = bring(source, tmp_path)
    write_published(ROWS[:5], source)
    for step in range(20):
        ended = subprocess.run([sys.executable, "-c", CRASH, str(step), str(source), str(build)], cwd=ROOT, check=False)
        with closing(Store(read_index(build))) as store:
            probes = store.fetch("count")[0]["probes"]
            assert store.fetch("document", doc_key=table(build, "probes")[0]["doc_key"])
        if ended.returncode == 0:
            break
        assert (ended.returncode, probes) == (9, len(ROWS))
    assert (step, probes) == (7, 5)  # the source, three tables, rejects, build.json, index.json; then nothing to stop
    assert not list(build.rglob("*.tmp"))


def limit_file_size() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_a_full_disk_is_one_line_and_leaves_the_index(tmp_path: Path) -> None:
    source = write_published(ROWS, tmp_path / "rows.parquet")
    build, _ = bring(source, tmp_path)
    noise = [published_row(doc=os.urandom(3000).hex(), doc_id=str(number)) for number in range(50)]
    write_published([*ROWS, *noise], source)
    command = [sys.executable, "-m", "pipeline", "import", str(source), "--build", "mine"]
    environment = os.environ | {"PROBES_DATA": str(tmp_path)}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, preexec_fn=limit_file_size
    )
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert "disk is full" in ended.stderr
    with closing(Store(read_index(build))) as store:
        assert store.fetch("count")[0]["probes"] == len(ROWS)


def wrong_source(kind: str, folder: Path) -> str:
    """Make something that cannot be imported, and return what to type for it."""
    path = folder / "rows.parquet"
    match kind:
        case "text":
            path.write_text("not Parquet")
        case "truncated":
            path.write_bytes(write_published(ROWS, folder / "whole.parquet").read_bytes()[:-9])
        case "damaged":
            pq.write_table(pa.Table.from_pylist(ROWS, CARD), path, compression="zstd")
            content = bytearray(path.read_bytes())
            content[100:2000] = os.urandom(1900)
            path.write_bytes(content)
        case "no columns":
            pq.write_table(pa.table({"text": ["a"], "label": [1]}), path)
        case "wrong type":
            pq.write_table(pa.table({"doc": [1], "split_char_offset": [1], "target": ["suffix"]}), path)
        case "empty folder":
            (folder / "empty").mkdir()
            return str(folder / "empty")
        case "other split":
            write_published(ROWS, folder / "hub" / "validation-00000-of-00001.parquet")
            return str(folder / "hub")
        case "no match":
            return str(folder / "*.parquet")
        case "no rows":
            path = folder / "rows.jsonl"
            path.write_text('{"text": "a"}\n')
    return str(path)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("absent", "There is no file or folder {}."),
        ("text", "{} is no Parquet file ("),
        ("truncated", "{} is no Parquet file ("),
        ("damaged", "is damaged ("),
        (
            "no columns",
            "{} holds no probes: it has no column doc, split_char_offset, target (its columns: text, label).",
        ),
        ("wrong type", "{}: the column doc has the type int64, not string; convert it first."),
        ("empty folder", "The folder {} holds no Parquet file, neither in itself nor in data/."),
        ("other split", "The folder {} holds no split train, only validation; say --split."),
        ("no match", "No Parquet file matches {}."),
        ("no rows", "{} holds no probes: no line of it has doc, split_char_offset, target."),
    ],
)
def test_what_cannot_be_imported_is_one_clear_line(
    kind: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path / "data"))
    source = wrong_source(kind, tmp_path)
    assert main(["import", source, "--build", "mine"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("import: ")
    assert told.format(source) in error
    assert error.count("\n") == 1
    assert not (tmp_path / "data" / "builds" / "mine" / "index" / "index.json").exists()


def test_a_hub_that_cannot_be_reached_is_one_clear_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline", "import", "nobody/nothing", "--build", "mine"]
    environment = os.environ | {
        "PROBES_DATA": str(tmp_path),
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HF_HUB_OFFLINE": "0",
    }
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith("import: nobody/nothing is no file or folder here, and the Hub gave nothing for it (")


def test_a_hub_data_set_is_streamed_into_parquet(tmp_path: Path) -> None:
    home = str(as_shards(ROWS, tmp_path / "rows.parquet"))  # `datasets` reads a local folder as it reads the Hub
    path = tmp_path / "streamed.parquet"
    assert hub.download(home, path, split="train", revision="main", limit=None) == len(ROWS)
    found = sorted(pq.read_table(path).to_pylist(), key=lambda row: (row["doc_id"], row["slot_idx"]))
    assert found == sorted(ROWS, key=lambda row: (row["doc_id"], row["slot_idx"]))
    assert hub.download(home, path, split="train", revision="main", limit=3) == 3
    with pytest.raises(StageError, match=r"Bad split: nosuch"):
        hub.download(home, path, split="nosuch", revision="main", limit=None)


def test_a_build_stays_with_its_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    build, _ = bring(write_published(ROWS, tmp_path / "one.parquet"), tmp_path)
    other = write_published(ROWS, tmp_path / "two.parquet")
    assert main(["import", str(other), "--build", "mine"]) == 2
    assert capsys.readouterr().err == (
        f"import: The build mine was imported from {tmp_path / 'one.parquet'}, not from {other}; "
        f"choose another --build, or delete {build} first.\n"
    )
    assert main(["import", str(other), "--build", "theirs", "--limit", "0"]) == 2
    assert "import at least one row" in capsys.readouterr().err


def test_flags_are_columns_of_the_facets(tmp_path: Path) -> None:
    (facet,) = table(make_build([published_row(doc_id=None)], tmp_path), "facets")
    assert facet["flag_field_null"] is True
    assert facet["flag_field_empty"] is False
    assert {facet[f"flag_{flag}"] for flag in (Flag.TOKEN_COUNT, Flag.NEAR_DUPLICATE, Flag.OFF_POLICY)} == {None}
