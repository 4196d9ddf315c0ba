"""A document cut into segments: nothing lost, every character in exactly the parts it belongs to."""

import sys
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.hits import HITS, hits
from queries.schema import Scope, Search, SplitGroup, Target
from queries.segments import SIGNS, Mark, Part, Segment, named, segments, spelled
from queries.splits import Span, reader_window
from queries.store import Index, Store
from tests.hostile import HOSTILE

ODD = "ab \n\t\0\r\x1b\x7f\x85\u2028\u200b\u200d\u202e\u2069\ufeff\u0301é漢😀👨𝔘אם\U000e0041\ufe0f"
texts = st.one_of(st.text(), st.text(alphabet=ODD, max_size=60))
offsets = st.integers(-5, 70)
spans = st.builds(Span, offsets, offsets)


def cut(text: str, **given_by_test: Any) -> list[Segment]:
    plain: dict[str, Any] = {
        "split": None,
        "target": None,
        "scope": None,
        "splits": {},
        "atom": None,
        "window": None,
        "opening_end": None,
    }
    return segments(text, **{**plain, **given_by_test})


def parts_by_character(pieces: list[Segment]) -> list[frozenset[Part | Mark]]:
    return [piece.classes for piece in pieces for _ in piece.text]


def marks(pieces: list[Segment]) -> list[tuple[int, str, str]]:
    ends = list(accumulate(len(piece.text) for piece in pieces))
    return [
        (end, str(kind), piece.label)
        for end, piece in zip(ends, pieces, strict=True)
        if not piece.text
        for kind in piece.classes
    ]


anything = st.fixed_dictionaries(
    {
        "split": st.none() | offsets,
        "target": st.none() | st.sampled_from(Target),
        "scope": st.none() | st.sampled_from(Scope),
        "splits": st.dictionaries(st.sampled_from(SplitGroup), st.none() | offsets),
        "atom": st.none() | spans,
        "window": st.none() | spans,
        "opening_end": st.none() | offsets,
        "hits": st.lists(spans, max_size=5),
    }
)


@given(text=texts, about=anything)
def test_segments_joined_are_the_document(text: str, about: Mapping[str, Any]) -> None:
    pieces = cut(text, **about)
    assert "".join(piece.text for piece in pieces) == text
    assert all(len(piece.classes) == 1 and piece.classes <= set(Mark) for piece in pieces if not piece.text)


@given(text=texts, about=anything)
def test_every_character_has_exactly_the_parts_it_lies_in(text: str, about: Mapping[str, Any]) -> None:
    split, target, window = about["split"], about["target"], about["window"]

    def expected(at: int) -> set[Part]:
        on_hidden_side = split is not None and target is not None and (at >= split) == (target is Target.SUFFIX)
        side = Part.HIDDEN if on_hidden_side else Part.VISIBLE
        outside = side is Part.VISIBLE and window is not None and not window.start <= at < window.end
        atom = about["atom"] is not None and about["atom"].start <= at < about["atom"].end
        hit = any(span.start <= at < span.end for span in about["hits"])
        return (
            {side}
            | ({Part.OUTSIDE} if outside else set())
            | ({Part.ATOM} if atom else set())
            | ({Part.HIT} if hit else set())
        )

    drawn = [parts - {Part.SIGN} for parts in parts_by_character(cut(text, **about))]
    assert drawn == [expected(at) for at in range(len(text))]


@given(text=texts, about=anything)
def test_a_sign_is_a_run_of_one_character_with_a_label(text: str, about: Mapping[str, Any]) -> None:
    for piece in cut(text, **about):
        if piece.text:
            assert (Part.SIGN in piece.classes) == bool(piece.label)
        if Part.SIGN in piece.classes:
            assert len(set(piece.text)) == 1


@given(text=texts, split=offsets, target=st.sampled_from(Target))
def test_the_split_stands_between_the_sides(text: str, split: int, target: Target) -> None:
    pieces = cut(text, split=split, target=target)
    at = next(number for number, piece in enumerate(pieces) if Mark.SPLIT in piece.classes)
    before, after = (Part.VISIBLE, Part.HIDDEN) if target is Target.SUFFIX else (Part.HIDDEN, Part.VISIBLE)
    assert all(before in piece.classes for piece in pieces[:at] if piece.text)
    assert all(after in piece.classes for piece in pieces[at:] if piece.text)


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        pytest.param(
            {
                "scope": Scope.SENTENCE,
                "splits": {SplitGroup.SENTENCE: 3, SplitGroup.PARAGRAPH: 3, SplitGroup.WORD_LENS: 8},
            },
            [(3, "split", "split"), (3, "other_split", "paragraph"), (8, "other_split", "word, lens")],
            id="the own split is named once, others beside it",
        ),
        pytest.param(
            {"scope": Scope.WHOLE, "splits": {SplitGroup.WHOLE: 5}},
            [(3, "split", "split"), (5, "other_split", "whole")],
            id="a split that is not its scope group's shows that group's",
        ),
        pytest.param(
            {"splits": {SplitGroup.SENTENCE: 6, SplitGroup.WHOLE: 6, SplitGroup.PARAGRAPH: None}},
            [(3, "split", "split"), (6, "other_split", "sentence, whole")],
            id="splits of one place share a mark",
        ),
        pytest.param(
            {"window": Span(1, 3)},
            [(1, "window_start", "the blind reader saw from here"), (3, "split", "split")],
            id="a window that begins inside the visible side",
        ),
        pytest.param({"window": Span(0, 3)}, [(3, "split", "split")], id="a window that is the visible side"),
        pytest.param(
            {"target": Target.PREFIX, "window": Span(3, 7)},
            [(3, "split", "split"), (7, "window_end", "the blind reader saw up to here")],
            id="a prefix target's window ends",
        ),
        pytest.param(
            {"opening_end": 4},
            [(3, "split", "split"), (4, "opening_end", "end of the opening")],
            id="the opening's end",
        ),
        pytest.param({"opening_end": 0}, [(3, "split", "split")], id="no opening"),
        pytest.param({"split": 99}, [(10, "split", "split")], id="a split behind the text stands at its end"),
        pytest.param({"split": None}, [], id="no split"),
    ],
)
def test_marks_stand_where_they_belong(about: dict[str, Any], expected: list[tuple[int, str, str]]) -> None:
    plain = {"split": 3, "target": Target.SUFFIX}
    assert marks(cut("0123456789", **{**plain, **about})) == expected


def test_a_reader_window_is_marked_4000_characters_from_the_split() -> None:
    window = reader_window(length=9000, split=5000, target=Target.SUFFIX)
    pieces = cut("x" * 9000, split=5000, target=Target.SUFFIX, window=window)
    assert [(at, kind) for at, kind, _ in marks(pieces)] == [(1000, "window_start"), (5000, "split")]


def test_everything_unicode_calls_invisible_is_shown() -> None:
    """Format characters with a glyph of their own (Arabic number signs, hieroglyph joiners) need no sign."""
    with_glyph = {0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
    with_glyph |= set(range(0x13430, 0x13440))
    unseen = [
        code
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in {"Cc", "Cf", "Zl", "Zp"}
        and chr(code) not in "\t\n"
        and code not in with_glyph
        and Part.SIGN not in cut(chr(code))[0].classes
    ]
    assert unseen == []


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("a\0b", ["NUL"]),
        ("a\r\nb", ["CR"]),
        ("\0\0\0\x1b", ["NUL×3", "ESC"]),
        ("\u202efdp\u202c", ["RLO", "PDF"]),
        ("so\u00adft \u200b\ufeff", ["SHY", "ZWSP", "BOM"]),
        ("\U000e0068\U000e0069", ["U+E0068", "U+E0069"]),
        ("👨\u200d👩\u200d👧", []),
        ("می\u200cخواهم", []),
        ("joi\u200dner", ["ZWJ"]),
        ("❤\ufe0f", []),
        ("❤\ufe0f\ufe01", ["U+FE01"]),
        ("tab\tand\nline", []),
    ],
)
def test_invisible_characters_are_named_and_working_ones_left_alone(text: str, labels: list[str]) -> None:
    assert [piece.label for piece in cut(text) if piece.label] == labels


def test_a_text_of_control_characters_is_drawn_only_so_far_and_says_so() -> None:
    text = "a\0" * (3 * SIGNS)
    pieces = cut(text, split=4 * SIGNS, target=Target.SUFFIX)
    assert "".join(piece.text for piece in pieces) == text
    assert sum(Part.SIGN in piece.classes for piece in pieces) == SIGNS
    undrawn = sum(len(piece.text) for piece in pieces if Part.UNDRAWN in piece.classes)
    assert f"{undrawn:,} more characters" in next(label for _, kind, label in marks(pieces) if kind == Mark.DRAWN_END)
    assert len(pieces) < 3 * SIGNS


def test_the_hostile_document_survives_the_cut() -> None:
    pieces = cut(HOSTILE, split=700, target=Target.PREFIX, hits=[Span(10, 900)], atom=Span(5, 2000))
    assert "".join(piece.text for piece in pieces) == HOSTILE


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    empty = Store(Index(build=tmp_path_factory.mktemp("build"), revision="empty"))
    yield empty
    empty.close()


@pytest.mark.parametrize(
    ("text", "typed", "regex", "found"),
    [
        ("Ice, ice and ICE", "ice", False, ["Ice", "ice", "ICE"]),
        ("a.b axb", "a.b", False, ["a.b"]),
        ("a.b axb", "a.b", True, ["a.b", "axb"]),
        ("a\nb", "a.b", True, ["a\nb"]),
        ("concatenate cat", r"\bcat\b", True, ["cat"]),
        ("aaa", "x*", True, []),
        ("bxxb", "x*", True, ["xx"]),
        ("anything", "", True, []),
        ("anything", "(", True, []),
        ("anything", "(?<=a)n", True, []),
        ("ab" * 5000, "(a+)+$", True, []),
        ("nul\0here", "\0", False, ["\0"]),
        ("nul\0here", r"l\x00h", True, ["l\0h"]),
        ("\U000f0000 private", "p\\w+", True, ["private"]),
        ("ÉTÉ été", "été", True, ["ÉTÉ", "été"]),
        ("😀 the 😀 end", "the|end", True, ["the", "end"]),
    ],
)
def test_hits_are_the_matches_of_what_was_typed(
    store: Store, text: str, typed: str, regex: bool, found: list[str]
) -> None:
    spans = hits(store, text=text, search=Search(text=typed, regex=regex))
    assert [text[span.start : span.end] for span in spans] == found


def test_hits_stop_at_their_limit(store: Store) -> None:
    for regex in (False, True):
        assert len(hits(store, text="a" * (HITS + 5), search=Search(text="a", regex=regex))) == HITS


@given(st.text())
def test_named_pieces_and_names_leave_nothing_out(text: str) -> None:
    shown = "".join(piece for piece, _ in named(text))
    assert shown == "".join(piece.text for piece in cut(text) if Part.SIGN not in piece.classes)
    assert spelled(text).count("[") >= sum(bool(name) for _, name in named(text))
