"""Labels and spans: numbering loses no text, and a label means one place or is a reject with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.prompts.numbering import Numbered, number
from pipeline.rejects import Reason, RejectError
from tests.openings import OPENING, ROLLOUTS

PROSE = st.text(st.sampled_from("ab. !?\n\t\r\u2028\u00a0é漢\U0001f9ca"), max_size=60) | st.text(max_size=60)


def small() -> Numbered:
    return Numbered.of(OPENING, ROLLOUTS[0], letter="A")


def text_of(numbered: Numbered, span: tuple[int, int]) -> str:
    return numbered.text[span[0] : span[1]]


@given(PROSE, PROSE)
def test_sentences_hold_every_letter_once_in_order_and_begin_and_end_with_one(opening: str, continuation: str) -> None:
    numbered = Numbered.of(opening, continuation, letter="A")
    end = 0
    for sentence in numbered.sentences:
        start = sentence.span.start
        assert not numbered.text[end:start].strip()
        assert text_of(numbered, sentence.span) == text_of(numbered, sentence.span).strip() != ""
        end = sentence.span.end
    assert not numbered.text[end:].strip()


@given(PROSE, PROSE)
def test_a_label_leads_back_to_its_sentence_and_paragraphs_hold_all_sentences(opening: str, continuation: str) -> None:
    numbered = Numbered.of(opening, continuation, letter="A")
    assert [numbered.sentence(each.label) for each in numbered.sentences] == [each.span for each in numbered.sentences]
    held = [
        each.span
        for start, end in numbered.paragraphs
        for each in numbered.sentences
        if start <= each.span.start and each.span.end <= end
    ]
    assert held == [each.span for each in numbered.sentences]


@given(PROSE, PROSE, st.data())
def test_a_split_leaves_text_on_both_sides_or_is_rejected(opening: str, continuation: str, data: st.DataObject) -> None:
    numbered = Numbered.of(opening, continuation, letter="A")
    label = data.draw(st.sampled_from([each.label for each in numbered.sentences] or ["P1"]))
    words = data.draw(st.sampled_from(["", "+1", "+2", "+40"]))
    try:
        split = numbered.split(label + words)
    except RejectError:
        return
    assert numbered.text[:split].strip()
    assert numbered.text[split:].strip()


@pytest.mark.parametrize(
    ("text", "letter", "starts"),
    [
        ("One. Two.\n\nThree.", "P", [True, False, True]),
        ("One. Two.\n\nThree.", "A", [False, False, True]),
        ("\n\nOne. Two.", "A", [True, False]),
        ("\nOne.\nTwo.", "A", [False, False]),
        ("One.\n \t\nTwo.", "P", [True, True]),
        ("One.\r\n\r\nTwo.", "P", [True, True]),
        (" \n\n ", "P", []),
    ],
)
def test_a_paragraph_starts_after_a_blank_line(text: str, letter: str, starts: list[bool]) -> None:
    assert [sentence.starts_paragraph for sentence in number(text, letter)] == starts


def test_a_continuation_without_a_blank_line_goes_on_in_the_last_paragraph_of_the_opening() -> None:
    numbered = small()
    assert [text_of(numbered, span)[:9] for span in numbered.paragraphs] == [
        "The harbo",
        "Old Marte",
        "In Februa",
        "A reply c",
    ]
    assert text_of(numbered, numbered.paragraph("P3")).endswith("His father had done the same.")


@pytest.mark.parametrize(
    ("label", "before"),
    [
        ("P2", "for weeks."),
        ("[p2]", "for weeks."),
        (" A1 ", "done the same."),
        ("A1+2", "In February"),
        ("P5+3", "His father had"),
        ("P5+0", "why he bothered."),
    ],
)
def test_a_split_label_is_an_offset(label: str, before: str) -> None:
    numbered = small()
    assert numbered.text[: numbered.split(label)].endswith(before)


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("A99", Reason.LABEL_UNKNOWN),
        ("A0", Reason.LABEL_UNKNOWN),
        ("B1", Reason.LABEL_OTHER_SIBLING),
        ("sentence 4", Reason.LABEL_UNKNOWN),
        ("A1-A3", Reason.LABEL_UNKNOWN),
        ("", Reason.LABEL_UNKNOWN),
        ("A" * 5000, Reason.LABEL_UNKNOWN),
        ("A1+99", Reason.SPLIT_INVALID),
        ("A6", Reason.SPLIT_INVALID),
        ("A6+1", Reason.SPLIT_INVALID),
    ],
)
def test_a_wrong_split_label_is_a_reject_with_a_reason(label: str, reason: Reason) -> None:
    with pytest.raises(RejectError) as caught:
        small().split(label)
    assert caught.value.rejected.reason is reason


@pytest.mark.parametrize("label", ["A3", "P2"])
def test_a_sentence_inside_a_paragraph_does_not_name_it(label: str) -> None:
    with pytest.raises(RejectError) as caught:
        small().paragraph(label)
    assert caught.value.rejected.reason is Reason.NOT_A_PARAGRAPH


def test_an_atom_label_names_no_place_inside_a_sentence() -> None:
    with pytest.raises(RejectError):
        small().sentence("A2+3")
