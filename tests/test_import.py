"""From published rows in any form to an index, once."""

import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.dataset import hub
from pipeline.errors import StageError
from pipeline.indexing.writer import read_manifest
from pipeline.status import differences
from queries.store import TABLES, Store, read_index
from queries.tables import CARD, DOCS, FACETS, PROBES
from tests.builds import DOCUMENT, Row, make_build, published_row, write_published
from tests.importing import ROOT, ROWS, as_shards, bring, table


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
    siblings = [row | {"doc": f"{row['doc']} Another end.", "doc_idx": 1} for row in ROWS]
    build = make_build([*ROWS, *siblings], tmp_path)
    (part,) = json.loads((build / "index" / "index.json").read_text())["parts"]
    for name, schema in (("docs", DOCS), ("probes", PROBES), ("facets", FACETS)):
        path = build / "index" / part[name]["file"]
        assert pq.read_schema(path).remove_metadata() == schema
        assert part[name]["rows"] == pq.read_metadata(path).num_rows
        assert part[name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    order = [(row["doc_key"], row["slot"]) for row in table(build, "probes")]
    assert order == sorted(order)
    names = ("doc_id", "doc_key", "slot", "probe_id")  # none has a level, which stands before the slot
    order = [tuple(row[name] for name in names) for row in table(build, "facets")]
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


def as_pattern(rows: list[Row], path: Path) -> str:
    return str(as_shards(rows, path) / "data" / "train-*.parquet")


@pytest.mark.parametrize("write", [as_jsonl, with_floats, with_other_types, as_shards, as_pattern])
def test_the_form_of_the_source_makes_no_difference(
    write: Callable[[list[Row], Path], Path | str], tmp_path: Path
) -> None:
    suffix = "jsonl" if write is as_jsonl else "parquet"
    build, _ = bring(write(ROWS, tmp_path / f"other.{suffix}"), tmp_path)
    assert essence(build) == essence(make_build(ROWS, tmp_path))


def test_only_the_files_of_the_split_are_taken_and_the_others_are_named(tmp_path: Path) -> None:
    home = tmp_path / "hub"
    write_published(ROWS, home / "train-00000-of-00001.parquet")
    for name in ("train-hard-00000-of-00001.parquet", "z.parquet", "data/train-00000-of-00001.parquet"):
        write_published([published_row(doc_id=name)], home / name)
    (home / "more.jsonl").write_text("{}")
    (home / "notes.txt").write_text("no data")
    _, summary = bring(home, tmp_path)
    assert summary.probes == len(ROWS)
    assert (
        "Files left out: data/train-00000-of-00001.parquet, more.jsonl, train-hard-00000-of-00001.parquet, z.parquet."
        in str(summary)
    )
    write_published(ROWS, home / "train-00000-of-00002.parquet")
    with pytest.raises(StageError, match=r"holds the split train more than once, as shards of 00001 and of 00002"):
        bring(home, tmp_path)


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


def test_an_index_that_lost_a_file_is_made_again(tmp_path: Path) -> None:
    source = write_published(ROWS, tmp_path / "rows.parquet")
    build, _ = bring(source, tmp_path)
    read_index(build).docs[0].unlink()
    assert not bring(source, tmp_path)[1].unchanged
    assert len(table(build, "docs")) == 3


@pytest.mark.parametrize("which", ["index", "rounds/0/source"])
def test_an_index_with_a_file_cut_short_is_made_again(which: str, tmp_path: Path) -> None:
    source = write_published(ROWS, tmp_path / "rows.parquet")
    build, _ = bring(source, tmp_path)
    path = next((build / which).glob("*.parquet"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    assert not bring(source, tmp_path)[1].unchanged
    assert len(path.read_bytes()) == len(whole)
    assert bring(source, tmp_path)[1].unchanged


@pytest.mark.parametrize("written", ["", "{}", "[]", '{"fingerprint": {}, "parts": [{"round": 0}]}', "\udc80"])
def test_a_damaged_list_of_parts_is_made_again_by_the_import_it_came_from(written: str, tmp_path: Path) -> None:
    source = write_published(ROWS, tmp_path / "rows.parquet")
    build, _ = bring(source, tmp_path)
    (build / "index" / "index.json").write_text(written, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(StageError, match=r"index\.json is damaged .* imported again"):
        read_manifest(build)
    assert bring(source, tmp_path)[1].probes == len(ROWS)
    assert len(table(build, "probes")) == len(ROWS)


def test_status_compares_with_the_card_of_the_rows_that_are_listed(tmp_path: Path) -> None:
    folder = as_shards(ROWS, tmp_path / "rows.parquet")
    (folder / "README.md").write_text("Total probes in this build: 7\n")
    build, _ = bring(folder, tmp_path)
    assert [difference.stated for difference in differences(build)] == [7]
    listed = (build / "index" / "index.json").read_text()
    (folder / "README.md").write_text("Total probes in this build: 8\n")
    bring(folder, tmp_path)
    assert [difference.stated for difference in differences(build)] == [8]
    (build / "index" / "index.json").write_text(listed)  # as after a crash before the last step
    assert [difference.stated for difference in differences(build)] == [7]
    (folder / "README.md").unlink()
    bring(folder, tmp_path)
    assert differences(build) == []
    assert not list((build / "rounds" / "0" / "source").glob("README.md"))


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


def test_a_hub_data_set_is_streamed_into_parquet(tmp_path: Path) -> None:
    home = str(as_shards(ROWS, tmp_path / "rows.parquet"))  # `datasets` reads a local folder as it reads the Hub
    path = tmp_path / "streamed.parquet"
    assert hub.download(home, path, split="train", revision="main", limit=None) == len(ROWS)
    found = sorted(pq.read_table(path).to_pylist(), key=lambda row: (row["doc_id"], row["slot_idx"]))
    assert found == sorted(ROWS, key=lambda row: (row["doc_id"], row["slot_idx"]))
    assert hub.download(home, path, split="train", revision="main", limit=3) == 3
    with pytest.raises(StageError, match=r"Bad split: nosuch"):
        hub.download(home, path, split="nosuch", revision="main", limit=None)
