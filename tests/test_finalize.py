"""From replies to probes: the sample's come out as published, and what a reply does wrong is a reject with a reason."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import finalize, sample, scores
from pipeline.errors import StageError
from pipeline.models.calls import Stage
from pipeline.probes.made import Made, MadeProbe, published, read_made
from pipeline.probes.resolution import Resolved, resolve
from pipeline.rejects import Reason
from pipeline.rounds import read_documents, round_folder
from queries.schema import SLOTS, SPLIT_GROUP, Flag, SplitGroup, Target
from queries.splits import hidden
from queries.tables import CARD
from tests.openings import MODEL, SAMPLE, drawn, probe, recorded, reply, templates, write_raw, written

OUR_OWN = {"row_seed", "signed_index_hint"}  # drawn by us; the published sample has other seeds, and no hints here


def resolved(value: dict[str, Any] | str) -> Resolved:
    text = value if isinstance(value, str) else json.dumps(value)
    return resolve(drawn(), reply(text), templates=templates(), source_model=MODEL)


def reasons(outcome: Resolved) -> dict[int | None, Reason]:
    return {missed.slot: missed.rejected.reason for missed in outcome.missed}


def scored(outcome: Resolved) -> dict[int, str]:
    """Return the atoms of the slots 10-15."""
    assert outcome.made
    return {each.slot: outcome.made.atom(each) for each in outcome.made.probes if each.slot >= 10}


def make_round(tmp_path: Path, *, seed: int = 0) -> Path:
    """Draw the sample's forty documents and lay the recorded replies beside them."""
    build = tmp_path / "build"
    source = str(SAMPLE / "rollouts.jsonl")
    sample.run(sample.Sample(source=source, build=build, round=0, documents=40, source_model=MODEL, seed=seed))
    for stage in (Stage.GENERATE, Stage.ANSWER, Stage.JUDGE):
        write_raw(round_folder(build, 0), recorded(stage))
    return round_folder(build, 0)


def run(folder: Path, level: int = -2) -> finalize.Summary:
    return finalize.run(finalize.Finalize(folder=folder, level=level, tokenizer=str(SAMPLE / "tokenizer")))


def read(folder: Path) -> list[Made]:
    return [made for _, made in read_made(folder / "probes.parquet", read_documents(folder))]


@pytest.fixture(scope="module")
def round_folder_of_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_round(tmp_path_factory.mktemp("round"))
    run(folder)
    return folder


def test_the_scored_rows_of_the_sample_come_out_as_published(round_folder_of_sample: Path) -> None:
    rows = pq.read_table(SAMPLE / "hub" / "train-00000-of-00001.parquet").to_pylist()
    wanted = {(row["doc_id"], row["slot_idx"]): row for row in rows if row["slot_idx"] >= 10}
    scores.collect(round_folder_of_sample, level=-2)
    got = {
        (made.doc_id, float(each.slot)): published(made, each, found[each.slot])._asdict()
        for made, found in scores.with_scores(round_folder_of_sample)
        for each in made.probes
        if each.slot >= 10
    }
    assert len(got) == 240
    compared = [name for name in CARD.names if name not in OUR_OWN]
    assert {key: [row[name] for name in compared] for key, row in got.items()} == {
        key: [row[name] for name in compared] for key, row in wanted.items()
    }


def test_every_document_of_the_sample_has_sixteen_valid_probes(round_folder_of_sample: Path) -> None:
    documents = read(round_folder_of_sample)
    assert len(documents) == 40
    for made in documents:
        assert [(each.slot, each.scope) for each in made.probes] == list(enumerate(SLOTS))
        for each in made.probes:
            assert each.split == made.splits[SPLIT_GROUP[each.scope]]
            assert made.atom(each) in hidden(made.text, split=each.split, target=each.target)
    assert not (round_folder_of_sample / "rejects.jsonl").read_text()


def test_all_88_recorded_replies_come_to_sixteen_probes_each(tmp_path: Path) -> None:
    folder = make_round(tmp_path)
    probes = {level: run(folder, level).probes for level in range(-3, 4)}
    assert probes == {-2: 640} | dict.fromkeys((-3, -1, 0, 1, 2, 3), 128)


def test_flags_that_need_no_score_are_kept_with_their_evidence(round_folder_of_sample: Path) -> None:
    flags = Counter(flag for made in read(round_folder_of_sample) for each in made.probes for flag in each.evidence)
    assert set(flags) <= {Flag.OFF_POLICY, Flag.QUESTION_LEAK}
    for made in read(round_folder_of_sample):
        for each in made.probes:
            human = each.target is Target.SUFFIX and each.atom.start < made.opening_end
            assert human == (Flag.OFF_POLICY in each.evidence)


def test_finalizing_again_gives_the_same_files(tmp_path: Path) -> None:
    folder = make_round(tmp_path)
    first = str(run(folder))
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert str(run(folder)) == first
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_document_without_a_reply_is_a_reject_and_the_last_of_several_attempts_counts(tmp_path: Path) -> None:
    folder = make_round(tmp_path)
    for path in (folder / "raw" / "generate").iterdir():
        path.unlink()
    first = next(each for each in recorded(Stage.GENERATE) if each.item.level == -2)
    again = first._replace(item=first.item._replace(attempt=1))
    write_raw(folder, [again, first._replace(text="I won't.")])
    summary = run(folder)
    assert (summary.finalized, summary.probes, summary.rejects) == (1, 16, {"no_reply": 39})
    rejects = [json.loads(line) for line in (folder / "rejects.jsonl").read_text().splitlines()]
    assert {each["reason"] for each in rejects} == {"no_reply"}
    assert len(rejects) == 39


def test_what_was_written_is_what_is_read(round_folder_of_sample: Path) -> None:
    table = pq.read_table(round_folder_of_sample / "probes.parquet")
    assert table.num_rows == 640
    assert json.loads((round_folder_of_sample / "finalize.json").read_text())["readings"] == {"strict": 40}


def test_finalizing_needs_a_drawn_round(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="never drawn"):
        run(tmp_path / "rounds" / "0")


def test_a_reply_as_asked_comes_to_sixteen_probes() -> None:
    outcome = resolved(written())
    assert outcome.missed == ()
    assert scored(outcome) == {
        10: "The rod sank two fingers deeper each morning, although the air was colder than before.",
        11: "He measured it every dawn with a brass rod.",
        12: "Marten wrote to the university.",
        13: "A reply came in April, when the water was open. The professor thanked him and enclosed a thermometer.",
        14: "The harbour froze early that winter. Boats stayed tied to the quay for weeks.",
        15: "In February the readings changed. The rod sank two fingers deeper each morning, although the air was"
        " colder than before. Marten wrote to the university.\n\nA reply came in April, when the water was open. The"
        " professor thanked him and enclosed a thermometer.",
    }


@pytest.mark.parametrize(
    ("slot", "target", "atom", "reason"),
    [
        (10, "suffix", "P3", Reason.ATOM_WRONG_SIDE),
        (10, "prefix", "A3", Reason.ATOM_WRONG_SIDE),
        (10, "suffix", "A99", Reason.LABEL_UNKNOWN),
        (10, "suffix", "B2", Reason.LABEL_OTHER_SIBLING),
        (10, "suffix", "The rod sank two fingers deeper each morning", Reason.LABEL_UNKNOWN),
        (10, "suffix", "A3+2", Reason.LABEL_UNKNOWN),
        (10, "suffix", "suffix", Reason.LABEL_UNKNOWN),
        (13, "suffix", "A3", Reason.NOT_A_PARAGRAPH),
        (13, "prefix", "P3", Reason.ATOM_WRONG_SIDE),
        (15, "suffix", "prefix", Reason.ATOM_WRONG_SIDE),
        (15, "suffix", "A5", Reason.ATOM_WRONG_SIDE),
        (3, "suffix", "A3", Reason.SLOT_UNKNOWN),
        (16, "suffix", "A3", Reason.SLOT_UNKNOWN),
    ],
)
def test_a_wrong_label_rejects_its_probe_alone(slot: int, target: str, atom: str, reason: Reason) -> None:
    splits = dict.fromkeys(SplitGroup, "A1") | {
        SplitGroup.PARAGRAPH: "P5" if slot == 13 and target == "prefix" else "A1"
    }
    others = [each for each in written()["probes"] if each["slot"] != slot]
    outcome = resolved(written(splits=splits, probes=[*others, probe(slot, target, atom)]))
    assert reasons(outcome)[slot] is reason
    assert outcome.made
    assert {each.slot for each in outcome.made.probes} >= set(range(10))
    assert len(scored(outcome)) >= 4


def test_of_two_probes_for_a_slot_the_first_valid_one_counts() -> None:
    twice = [probe(10, "suffix", "P1"), probe(10, "suffix", "A3"), probe(10, "suffix", "A4")]
    outcome = resolved(written(probes=twice))
    assert scored(outcome)[10].startswith("The rod sank")
    assert [missed.rejected.reason for missed in outcome.missed if missed.slot == 10] == [
        Reason.ATOM_WRONG_SIDE,
        Reason.SLOT_REPEATED,
    ]
    assert [missed.slot for missed in outcome.missed if missed.rejected.reason is Reason.SLOT_MISSING] == [
        11,
        12,
        13,
        14,
        15,
    ]


@pytest.mark.parametrize("group", list(SplitGroup))
def test_a_wrong_split_rejects_the_probes_of_its_group(group: SplitGroup) -> None:
    outcome = resolved(written(splits=dict.fromkeys(SplitGroup, "A1") | {group: "A2+77"}))
    lost = {slot for slot, scope in enumerate(SLOTS) if SPLIT_GROUP[scope] is group}
    assert reasons(outcome) == dict.fromkeys(lost, Reason.SPLIT_INVALID)
    assert outcome.made
    assert {each.slot for each in outcome.made.probes} == set(range(16)) - lost
    assert outcome.made.splits[group] is None


@pytest.mark.parametrize("sibling", ["D", "", "AB", "0"])
def test_a_sibling_that_was_not_shown_rejects_the_reply(sibling: str) -> None:
    outcome = resolved(written(sibling=sibling))
    assert outcome.made is None
    assert reasons(outcome) == {None: Reason.SIBLING_UNKNOWN}


@pytest.mark.parametrize("sibling", ["A", "a", "Sibling A", " A "])
def test_a_sibling_is_known_by_its_letter(sibling: str) -> None:
    assert resolved(written(sibling=sibling)).missed == ()


def test_typicality_is_kept_for_suffix_targets_only() -> None:
    probes = [probe(10, "suffix", "A3", typicality="atypical"), probe(11, "prefix", "P4", typicality="typical")]
    made = resolved(written(probes=probes)).made
    assert made
    assert {each.slot: each.typicality for each in made.probes if each.slot >= 10} == {10: "atypical", 11: None}


def test_an_incorrect_answer_that_a_sibling_gives_is_flagged() -> None:
    probes = [probe(10, "suffix", "A3", incorrect_plausible_answer="One day the rod went missing.")]
    made = resolved(written(probes=probes)).made
    assert made
    assert [each.evidence.get(Flag.IPA_INVALID) for each in made.probes if each.slot == 10] == [
        "it stands in a sibling"
    ]


@pytest.mark.parametrize(
    ("label", "slot", "target", "atom", "index", "words"),
    [
        ("A1", 10, "suffix", "A2", 1, 0),
        ("A1", 10, "suffix", "A4", 3, 20),
        ("A1", 10, "prefix", "A1", -1, 0),
        ("A1", 10, "prefix", "P5", -2, -6),
        ("A2+2", 10, "suffix", "A4", 2, 13),
        ("A2+2", 10, "prefix", "A2", -2, -2),
        ("A1", 13, "suffix", "A2", 2, 0),
        ("A1", 13, "prefix", "P3", -1, 0),
        ("A2", 13, "suffix", "A5", 2, 20),
        ("A1", 15, "prefix", "prefix", -1, 0),
    ],
)
def test_distances_are_counted_as_in_the_published_sample(
    label: str, slot: int, target: str, atom: str, index: int, words: int
) -> None:
    made = resolved(written(splits=dict.fromkeys(SplitGroup, label), probes=[probe(slot, target, atom)])).made
    assert made
    (each,) = [each for each in made.probes if each.slot == slot]
    assert (each.signed_index, each.actual_word_distance) == (index, words)


LABELS = st.sampled_from(
    ["P1", "P5", "A1", "A2+2", "A5", "A6", "B1", "Z9", "", "prefix", "suffix", "A99", "P0", "\ud800"]
)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.builds(probe, st.integers(-1, 20), st.sampled_from(["prefix", "suffix", "both"]), LABELS), max_size=8),
    st.fixed_dictionaries({str(group): LABELS for group in SplitGroup}),
)
def test_whatever_a_reply_says_each_slot_ends_as_a_valid_probe_or_with_a_reason(
    probes: list[dict[str, Any]], splits: dict[str, str]
) -> None:
    outcome = resolved(written(probes=probes, splits=splits))
    assert outcome.made
    made: dict[int, MadeProbe] = {each.slot: each for each in outcome.made.probes}
    assert set(made) | {missed.slot for missed in outcome.missed} >= set(range(16))
    assert len(made) == len(outcome.made.probes)
    for each in made.values():
        assert 0 < each.split < len(outcome.made.text)
        assert outcome.made.atom(each).strip()
        assert outcome.made.atom(each) in hidden(outcome.made.text, split=each.split, target=each.target)
        assert (each.signed_index > 0) == (each.target is Target.SUFFIX)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=200) | st.text(st.sampled_from('{}[]",:ab\\ \n'), max_size=200))
def test_no_text_makes_finalizing_fail(text: str) -> None:
    outcome = resolved(text)
    assert outcome.made is None
    assert len(outcome.missed) == 1
