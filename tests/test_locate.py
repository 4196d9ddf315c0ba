"""Where an atom stands: verbatim, with other whitespace, nearly, or not at all."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.probes.cut import Cut, cut
from pipeline.probes.locate import Location, locate
from queries.schema import Located, Scope, Target
from queries.splits import Span
from tests.builds import CONTINUATION, DOCUMENT, OPENING

SPLIT = len(OPENING)
SENTENCE = "Climatologists from Uppsala asked to copy it, and she agreed on one condition."


def found(atom: str | None, text: str, *, split: int, target: Target, scope: Scope | None = None) -> Location:
    return locate(atom, cut(text, split=split, target=target), scope=scope)


@pytest.mark.parametrize(
    ("text", "split", "target", "scope", "atom", "span", "occurrences"),
    [
        pytest.param("a cat. A cat, a dog", 6, "suffix", "word", "cat", (9, 12), 1, id="only the hidden side counts"),
        pytest.param("cat cat | cat cat", 8, "suffix", "word", "cat", (10, 13), 2, id="suffix: the first"),
        pytest.param("cat cat | cat cat", 8, "prefix", "word", "cat", (4, 7), 2, id="prefix: the last"),
        pytest.param("| concatenate cat", 0, "suffix", "word", "cat", (14, 17), 1, id="a whole word before a part"),
        pytest.param("| concatenate", 0, "suffix", "word", "cat", (5, 8), 1, id="a part where there is no word"),
        pytest.param("ab\n\n\n\ncd", 2, "suffix", "lens", "\n\n", (2, 4), 2, id="white space alone"),
        pytest.param("ab\n\ncd", 4, "prefix", "lens", "\n\n", (2, 4), 1, id="white space touching the split"),
        pytest.param("aaaa", 0, "suffix", "lens", "aa", (0, 2), 2, id="places do not overlap"),
        pytest.param("aaa|", 3, "prefix", "lens", "aa", (1, 3), 1, id="prefix: the nearest of overlapping places"),
        pytest.param("日本語の文です", 3, "suffix", "sentence", "の文", (3, 5), 1, id="characters, not bytes"),
        pytest.param("x👩‍🔬y", 1, "suffix", "lens", "👩‍🔬", (1, 4), 1, id="beyond the basic plane"),
    ],
)
def test_verbatim_atoms_are_found_nearest_the_split(
    text: str, split: int, target: str, scope: str, atom: str, span: tuple[int, int], occurrences: int
) -> None:
    place = found(atom, text, split=split, target=Target(target), scope=Scope(scope))
    assert place == Location(Located.EXACT, Span(*span), occurrences)


@pytest.mark.parametrize("atom", [None, "", "zzz", "Varnholm freezes", "\t\t"])
def test_what_does_not_stand_on_the_hidden_side_is_missing(atom: str | None) -> None:
    assert found(atom, DOCUMENT, split=SPLIT, target=Target.SUFFIX) == Location(Located.MISSING, None, 0)


@pytest.mark.parametrize(
    "atom",
    [
        SENTENCE.replace(" ", "  "),
        SENTENCE.replace(" ", "\n"),
        f"\n {SENTENCE}\u00a0",
        "forty-one winters without a gap. Climatologists from Uppsala",  # a blank line became a space
    ],
)
def test_white_space_may_differ(atom: str) -> None:
    place = found(atom, DOCUMENT, split=SPLIT, target=Target.SUFFIX, scope=Scope.SENTENCE)
    assert (place.how, place.occurrences) == (Located.WHITESPACE, 1)
    assert place.span is not None
    assert DOCUMENT[place.span.start : place.span.end].split() == atom.split()


@pytest.mark.parametrize(
    ("atom", "stands_as"),
    [
        pytest.param(SENTENCE.replace("agreed", "consented"), SENTENCE, id="a word replaced"),
        pytest.param(SENTENCE.replace("Climatologists", "Scientists"), SENTENCE, id="the first word replaced"),
        pytest.param(SENTENCE.replace("condition", "proviso"), SENTENCE, id="the last word replaced"),
        pytest.param(SENTENCE.upper(), SENTENCE, id="case"),
        pytest.param(
            "to within a hand’s breadth for every year", "to within a hand's breadth for every year", id="quotes"
        ),
        pytest.param(
            CONTINUATION.replace("kitchen", "larder"), CONTINUATION, id="half a document with a word replaced"
        ),
    ],
)
def test_reworded_atoms_are_found_as_they_stand(atom: str, stands_as: str) -> None:
    place = found(atom, DOCUMENT, split=SPLIT, target=Target.SUFFIX, scope=Scope.SENTENCE)
    assert place.how is Located.FUZZY
    assert place.span is not None
    assert DOCUMENT[place.span.start : place.span.end] == stands_as


@pytest.mark.parametrize(
    "atom", ["grandmother", "His grandson sold", "The committee met in Oslo to set the price of herring."]
)
def test_other_words_are_not_taken_for_the_atom(atom: str) -> None:
    assert found(atom, DOCUMENT, split=SPLIT, target=Target.SUFFIX).how is Located.MISSING


@pytest.mark.parametrize(("atom_length", "text_length"), [(1_000_000, 12_000), (15_000, 1_000_000), (60, 1_000_000)])
def test_megabytes_of_noise_are_searched_without_falling_over(atom_length: int, text_length: int) -> None:
    noise = random.Random(1)
    atom, text = ("".join(noise.choices("abcdefgh ", k=length)) for length in (atom_length, text_length))
    assert found(atom, text, split=1, target=Target.SUFFIX).how in (Located.MISSING, Located.FUZZY)


@st.composite
def documents(draw: st.DrawFn) -> tuple[Cut, str]:
    """A document cut anywhere, and an atom that stands on its hidden side."""
    text = draw(st.text(min_size=1, max_size=200))
    here = cut(text, split=draw(st.integers(-5, len(text) + 5)), target=draw(st.sampled_from(Target)))
    start = draw(st.integers(0, len(here.hidden)))
    return here, here.hidden[start : draw(st.integers(start, len(here.hidden)))]


@given(documents(), st.none() | st.sampled_from(Scope))
def test_any_slice_of_the_hidden_side_is_found_there(document: tuple[Cut, str], scope: Scope | None) -> None:
    here, atom = document
    place = locate(atom, here, scope=scope)
    if not atom:
        assert place.how is Located.MISSING
        return
    assert place.how is Located.EXACT
    assert place.span is not None
    assert here.text[place.span.start : place.span.end] == atom
    assert here.sides.hidden.start <= place.span.start <= place.span.end <= here.sides.hidden.end


@given(st.text(max_size=300), st.text(max_size=200), st.integers(0, 300), st.sampled_from(Target))
def test_whatever_is_found_lies_on_the_hidden_side(text: str, atom: str, split: int, target: Target) -> None:
    here = cut(text, split=split, target=target)
    place = locate(atom, here, scope=None)
    if place.span is None:
        assert (place.how, place.occurrences) == (Located.MISSING, 0)
    else:
        assert here.sides.hidden.start <= place.span.start < place.span.end <= here.sides.hidden.end
        assert place.occurrences > 0


@given(st.text(max_size=300), st.integers(-10, 310), st.sampled_from(Target))
def test_the_two_sides_of_a_cut_are_the_document(text: str, split: int, target: Target) -> None:
    here = cut(text, split=split, target=target)
    sides = (here.visible, here.hidden) if target is Target.SUFFIX else (here.hidden, here.visible)
    assert "".join(sides) == text
    assert text[here.window.start : here.window.end] in here.visible
