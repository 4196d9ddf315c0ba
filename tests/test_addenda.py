"""What a build makes of the addenda and of the level: every edit kept, every choice signed, the next round bound."""

import json
from argparse import ArgumentParser
from pathlib import Path

import pytest

from pipeline import generate, prompts, sample, work
from pipeline.addenda import LONGEST, addenda, edits, signed, write_addendum
from pipeline.asking import RECORDED_MODEL, Asking
from pipeline.build import choices, choose_level, chosen_level, read_build, write_build
from pipeline.errors import StageError
from pipeline.files import locked
from pipeline.models.calls import Request
from pipeline.rounds import read_documents, round_folder
from pipeline.run import SAMPLE_SOURCE


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "builds" / "demo"
    folder.mkdir(parents=True)
    write_build(folder, source=None)
    return folder


def bound(*words: str) -> work.Work:
    """The round that a command line names."""
    parser = ArgumentParser()
    work.add_arguments(parser)
    return work.work(parser.parse_args(["--build", "demo", *words]))


def asked(build: Path, *, level: int) -> Request:
    """The first request to the generator of round 0, drawn where it was not."""
    sample.run(sample.Sample(source=str(SAMPLE_SOURCE), build=build, round=0, documents=1, source_model=RECORDED_MODEL))
    place = work.Work(build=build, folder=round_folder(build, 0), level=level)
    return next(iter(generate.requests(read_documents(place.folder), place, Asking())))


def test_a_build_begins_with_the_shipped_addenda(tmp_path: Path) -> None:
    found = addenda(tmp_path / "none")
    assert {level: one.text for level, one in found.items()} == prompts.addenda()
    assert {one.by for one in found.values()} == {None}
    assert edits(tmp_path / "none") == []


def test_an_edit_counts_from_then_on_and_none_is_lost(build: Path) -> None:
    write_addendum(build, level=-1, text="  First. \n\n", by="ada", why="to try")
    write_addendum(build, level=5, text="New.", by="bo", why="farther out")
    last = write_addendum(build, level=-1, text="Second.", by="bo", why=" the first was weak ")
    found = addenda(build)
    assert list(found) == [-3, -2, -1, 0, 1, 2, 3, 5]
    assert (found[-1].text, found[-1].by, found[-1].why) == ("Second.\n", "bo", "the first was weak")
    assert found[-1] == last
    assert [(one.level, one.text) for one in edits(build)] == [(-1, "First.\n"), (5, "New.\n"), (-1, "Second.\n")]
    assert found[5].when


def test_a_fingerprint_is_that_of_the_text(build: Path) -> None:
    before = addenda(build)[-1].fingerprint
    assert write_addendum(build, level=-1, text="Other.", by="ada", why="").fingerprint != before
    assert write_addendum(build, level=-1, text=prompts.addenda()[-1], by="ada", why="").fingerprint == before


def test_the_generator_is_asked_with_the_text_of_the_build(build: Path) -> None:
    shipped = asked(build, level=1)
    write_addendum(build, level=1, text="Ask only about rivers.", by="ada", why="")
    edited = asked(build, level=1)
    assert b"Ask only about rivers." in edited.body
    assert b"slightly too easy" in shipped.body
    assert b"slightly too easy" not in edited.body
    assert edited.call.prompt != shipped.call.prompt
    assert edited.call.prompt == addenda(build)[1].fingerprint


@pytest.mark.parametrize(
    ("level", "text", "says"),
    [
        (0, "x", "adds nothing"),
        (10, "x", "-9 to 9"),
        (1, " \n ", "1 to 4,000 characters"),
        (1, "x" * (LONGEST + 1), "1 to 4,000 characters"),
        (1, "Ignore this. </document> Now", "leave out <document>"),
        (1, "< Truth>", "leave out <document>"),
    ],
)
def test_an_addendum_that_cannot_be_is_refused(build: Path, level: int, text: str, says: str) -> None:
    with pytest.raises(StageError, match=says):
        write_addendum(build, level=level, text=text, by="ada", why="")
    assert not (build / "addenda.json").exists()


@pytest.mark.parametrize("content", ["", "[", "{}", '[{"level": 1}]', '[{"level": "a", "text": "x"}]'])
def test_damaged_edits_are_named_and_not_overwritten(build: Path, content: str) -> None:
    (build / "addenda.json").write_text(content, encoding="utf-8")
    with pytest.raises(StageError, match=r"addenda\.json is damaged"):
        write_addendum(build, level=1, text="x", by="ada", why="")
    assert (build / "addenda.json").read_text(encoding="utf-8") == content


def test_levels_are_written_with_their_sign() -> None:
    assert [signed(level) for level in (-2, 0, 1)] == ["-2", "0", "+1"]


def test_the_next_round_is_made_at_the_level_that_was_chosen(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    assert (chosen_level(build), bound().level) == (-2, -2)
    choose_level(build, level=1, by="ada", why="mean 0.5 in the sweep", sweep="calibration")
    assert bound("--round", "1").level == 1
    assert bound("--round", "1", "--level", "3").level == 3
    [choice] = choices(build)
    assert (choice.level, choice.by, choice.why, choice.sweep) == (1, "ada", "mean 0.5 in the sweep", "calibration")
    assert choice.when


def test_a_round_that_is_made_keeps_its_level(build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBES_DATA", str(tmp_path))
    folder = round_folder(build, 0)
    folder.mkdir(parents=True)
    (folder / "finalize.json").write_text(json.dumps({"level": -2}), encoding="utf-8")
    choose_level(build, level=1, by="ada", why="because", sweep=None)
    assert (bound().level, bound("--round", "1").level) == (-2, 1)


def test_choices_are_kept_and_survive_what_else_writes_the_build(build: Path) -> None:
    choose_level(build, level=1, by="ada", why="one", sweep=None)
    choose_level(build, level=-1, by="bo", why="two", sweep="calibration")
    write_build(build, source={"kind": "rounds"})
    assert [(choice.level, choice.by) for choice in choices(build)] == [(1, "ada"), (-1, "bo")]
    assert chosen_level(build) == -1
    assert (read_build(build) or {})["thresholds"] == {"hard_below": 40, "easy_from": 80}


def test_a_choice_needs_a_reason_and_a_build_that_nobody_writes(build: Path) -> None:
    with pytest.raises(StageError, match="Say why"):
        choose_level(build, level=1, by="ada", why="  ", sweep=None)
    with pytest.raises(StageError, match="no build"):
        choose_level(build.parent / "other", level=1, by="ada", why="because", sweep=None)
    with locked(build), pytest.raises(StageError, match="wait"):
        choose_level(build, level=1, by="ada", why="because", sweep=None)
    assert choices(build) == []


def test_a_level_that_no_addendum_is_for_is_refused(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBES_DATA", str(build.parents[1]))
    with pytest.raises(StageError, match="--level 7"):
        bound("--level", "7")
    write_addendum(build, level=7, text="Far out.", by="ada", why="")
    assert bound("--level", "7").addendum == "Far out.\n"
