"""Rows in whatever state: none is lost, and what is wrong with one is told."""

import json
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from queries.schema import Flag
from queries.store import Store, read_index
from queries.tables import CARD
from tests.builds import CONTINUATION, DOCUMENT, OPENING, Row, make_build, published_row, write_published
from tests.importing import bring, rejects_of, table

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
    (reject,) = map(json.loads, rejects_of(build).read_text().splitlines())
    assert (reject["row"], reject["reason"]) == (1, reason)
    assert reject["raw"] == json.loads(json.dumps(row))


def test_a_reject_is_the_row_as_it_was_read_with_columns_that_nobody_knows(tmp_path: Path) -> None:
    table_ = pa.Table.from_pylist([published_row(), published_row()], CARD).append_column("mood", pa.array(["a", "b"]))
    at = table_.schema.get_field_index("split_char_offset")
    path = tmp_path / "halves.parquet"
    pq.write_table(table_.set_column(at, "split_char_offset", pa.array([300.0, 300.5])), path)
    (reject,) = map(json.loads, rejects_of(bring(path, tmp_path)[0]).read_text().splitlines())
    assert (reject["row"], reject["raw"]["split_char_offset"], reject["raw"]["mood"]) == (1, 300.5, "b")


def test_rejects_of_jsonl_are_all_numbered_by_the_lines_of_the_source(tmp_path: Path) -> None:
    lines = ["{broken", "", json.dumps(published_row()), json.dumps(published_row(doc=None, mood="calm"))]
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join(lines))
    rejects = [json.loads(line) for line in rejects_of(bring(source, tmp_path)[0]).read_text().splitlines()]
    assert sorted((reject["file"], reject["row"]) for reject in rejects) == [("rows.jsonl", 0), ("rows.jsonl", 3)]
    assert {reject["raw"]["mood"] for reject in rejects if reject["row"] == 3} == {"calm"}


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
    stored = pq.read_table(build / probe["source_file"]).to_pylist()
    assert stored[probe["source_row"]]["other"] == '{"mood": "calm"}'
    rejects = [json.loads(line) for line in rejects_of(build).read_text().splitlines()]
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


def test_flags_are_columns_of_the_facets(tmp_path: Path) -> None:
    (facet,) = table(make_build([published_row(doc_id=None)], tmp_path), "facets")
    assert facet["flag_field_null"] is True
    assert facet["flag_field_empty"] is False
    assert {facet[f"flag_{flag}"] for flag in (Flag.TOKEN_COUNT, Flag.NEAR_DUPLICATE, Flag.OFF_POLICY)} == {None}
