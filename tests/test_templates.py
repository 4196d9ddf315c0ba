"""Word and lens probes: seeded, made alone or together alike, true to their questions, and like no sibling."""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StageError
from pipeline.probes import lens, slots, tokens, words
from pipeline.probes.bank import Bank
from pipeline.probes.ground import Ground, Templated
from pipeline.rejects import Reason, Rejected
from pipeline.seeds import log_uniform, pick, row_seed, shuffled, uniform
from queries.schema import SLOTS, Scope, Target
from queries.splits import complement, hidden
from tests.openings import SAMPLE, drawn, sample, templates

SCORED = range(10, 16)


def grounds() -> list[Ground]:
    """Return the sample's documents with their second sibling, cut after the last sentence before their middle."""
    made = []
    for each in sample():
        text = each.opening + each.rollouts[1]
        made.append(Ground(each, text, text.rindex(". ", 0, len(text) // 2 + 200) + 1))
    return made


def all_probes(ground: Ground) -> dict[int, Templated | Rejected]:
    bank, tokenizer = templates().bank, templates().tokenizer
    return {**words.word_probes(ground, bank), **lens.lens_probes(ground, bank, tokenizer)}


@pytest.fixture(scope="module")
def made() -> list[tuple[Ground, Templated]]:
    return [
        (ground, probe) for ground in grounds() for probe in all_probes(ground).values() if isinstance(probe, Templated)
    ]


def atom(ground: Ground, probe: Templated) -> str:
    return ground.text[probe.atom.start : probe.atom.end]


def test_every_slot_of_the_sample_gets_its_probe(made: list[tuple[Ground, Templated]]) -> None:
    assert Counter(probe.slot for _, probe in made) == dict.fromkeys(range(10), 40)
    assert all(probe.scope is SLOTS[probe.slot] for _, probe in made)


def test_atoms_lie_on_the_hidden_side_and_not_in_view(made: list[tuple[Ground, Templated]]) -> None:
    for ground, probe in made:
        text = atom(ground, probe)
        assert text in hidden(ground.text, split=ground.split, target=probe.target)
        assert text.casefold() not in complement(ground.text, split=ground.split, target=probe.target).casefold()


def test_the_question_for_a_word_counts_right(made: list[tuple[Ground, Templated]]) -> None:
    for ground, probe in made:
        if probe.scope is Scope.WORD:
            side = hidden(ground.text, split=ground.split, target=probe.target).split()
            near = side if probe.target is Target.SUFFIX else side[::-1]
            assert re.search(r"\W*" + re.escape(atom(ground, probe)) + r"\W*$", near[abs(probe.distance) - 1])
            assert f" {abs(probe.distance)} word" in probe.question


def test_words_carry_content(made: list[tuple[Ground, Templated]]) -> None:
    for ground, probe in made:
        if probe.scope is Scope.WORD:
            assert atom(ground, probe).isalpha()
            assert len(atom(ground, probe)) >= 4


def test_lens_atoms_touch_the_split_and_have_the_tokens_they_claim(made: list[tuple[Ground, Templated]]) -> None:
    for ground, probe in made:
        if probe.scope is Scope.LENS:
            assert ground.split == (probe.atom.start if probe.target is Target.SUFFIX else probe.atom.end)
            assert templates().tokenizer.count(atom(ground, probe)) == probe.n_tokens == abs(probe.distance)
            assert templates().tokenizer.count(probe.ipa) == probe.n_tokens


def test_incorrect_answers_have_the_shape_of_the_atom_and_stand_in_no_sibling(
    made: list[tuple[Ground, Templated]],
) -> None:
    for ground, probe in made:
        assert not any(probe.ipa.casefold() in text.casefold() for text in (ground.text, *ground.drawn.rollouts))
        assert probe.ipa.casefold() != atom(ground, probe).casefold()
        if probe.scope is Scope.WORD:
            assert probe.ipa.isalpha()
            assert probe.ipa[0].isupper() == atom(ground, probe)[0].isupper()
        else:
            assert probe.ipa[0].isspace() == atom(ground, probe)[0].isspace()


def test_draws_of_a_document_are_without_replacement(made: list[tuple[Ground, Templated]]) -> None:
    drawn_atoms = Counter((ground.drawn.doc_id, probe.scope, atom(ground, probe).casefold()) for ground, probe in made)
    assert set(drawn_atoms.values()) == {1}


def test_a_question_says_nothing_but_where(made: list[tuple[Ground, Templated]]) -> None:
    forms = {re.sub(r"\d+", "N", probe.question) for _, probe in made}
    assert forms <= {
        "Which content word stands about N word before this point?",
        "Which content word stands about N word after this point?",
        "Which content word stands about N words before this point?",
        "Which content word stands about N words after this point?",
        "What is the token immediately before this point?",
        "What is the token immediately after this point?",
        "What are the N tokens immediately before this point?",
        "What are the N tokens immediately after this point?",
    }


@pytest.mark.parametrize("slot", range(10))
def test_one_probe_is_made_alone_as_it_is_made_with_the_others(slot: int) -> None:
    bank, tokenizer = templates().bank, templates().tokenizer
    for ground in grounds()[:5]:
        alone = words.word_probe(ground, bank, slot) if slot < 5 else lens.lens_probe(ground, bank, tokenizer, slot)
        assert alone == all_probes(ground)[slot]


def test_another_row_seed_gives_other_probes() -> None:
    ground = grounds()[0]
    other = Ground(ground.drawn._replace(row_seed=ground.drawn.row_seed + 1), ground.text, ground.split)
    assert all_probes(ground) != all_probes(other)


def test_a_text_without_content_words_or_tokens_is_missed_with_reasons() -> None:
    each = drawn(opening="It was so.", rollouts=[" It was so. It was so."])
    outcomes = all_probes(Ground(each, each.opening + each.rollouts[0], len(each.opening)))
    assert {outcome.reason for outcome in outcomes.values() if isinstance(outcome, Rejected)} == {
        Reason.NO_WORD,
        Reason.NO_LENS_SPAN,
    }
    assert len(outcomes) == 10


def test_a_round_of_one_document_has_no_other_to_take_wrong_answers_from() -> None:
    each = sample()[0]
    text = each.opening + each.rollouts[0]
    bank = Bank([each], templates().tokenizer)
    outcomes = words.word_probes(Ground(each, text, text.index(". ") + 1), bank)
    assert {outcome.reason for outcome in outcomes.values() if isinstance(outcome, Rejected)} == {Reason.NO_IPA}


@given(st.integers(0, 2**48 - 1))
def test_slots_ask_for_both_sides_and_for_distances_in_range(seed: int) -> None:
    wishes = slots.wishes(seed)
    assert [(wish.slot, wish.scope) for wish in wishes] == list(enumerate(SLOTS))
    for scope in (Scope.WORD, Scope.LENS):
        sides = Counter(wish.target for wish in wishes if wish.scope is scope)
        assert sorted(sides.values()) == [2, 3]
    assert sorted(Counter(wishes[slot].target for slot in SCORED).values()) == [3, 3]
    assert all(1 <= wish.distance <= slots.FARTHEST[wish.scope] for wish in wishes)


def test_distances_are_log_uniform() -> None:
    distances = [log_uniform(63, row_seed(0, str(number)), "d") for number in range(6000)]
    shares = [sum(low <= each < 2 * low for each in distances) / 6000 for low in (1, 2, 4, 8, 16, 32)]
    assert all(abs(share - 1 / 6) < 0.02 for share in shares)
    assert (min(distances), max(distances)) == (1, 63)


@given(st.lists(st.integers(), min_size=1, max_size=20), st.text(), st.integers())
def test_draws_depend_on_their_key_alone(options: list[int], name: str, number: int) -> None:
    key = (name, number)
    assert pick(options, *key) == pick(options, *key) in options
    assert sorted(shuffled(options, *key)) == sorted(options)
    assert 0 <= uniform(*key) < 1


def test_keys_do_not_run_together() -> None:
    assert uniform("ab", "c") != uniform("a", "bc")
    assert uniform(1, 23) != uniform(12, 3)


@settings(deadline=None)
@given(st.data())
def test_tokens_near_a_split_are_those_of_the_whole_side(data: st.DataObject) -> None:
    tokenizer = templates().tokenizer
    text = sample()[0].opening + sample()[0].rollouts[0] * 3
    split = data.draw(st.sampled_from([match.end() for match in re.finditer(r"\S+", text)][5:-5]))
    target = data.draw(st.sampled_from(Target))
    side = hidden(text, split=split, target=target)
    shift = split if target is Target.SUFFIX else 0
    whole = [(start + shift, end + shift) for start, end in tokenizer.spans(side)]
    near = tokenizer.near(text, split=split, target=target, at_least=20)
    assert near == (whole if target is Target.SUFFIX else whole[::-1])[: len(near)]
    assert len(near) >= min(20, len(whole))


@pytest.mark.parametrize("text", ["\U0001f9ca\U0001f9ca漢字", "", "e\u0301a", "\x00 \ufeff"])
def test_odd_text_has_tokens_within_it(text: str) -> None:
    spans = templates().tokenizer.spans(text)
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert templates().tokenizer.count(text) == len(spans)


def test_a_tokenizer_that_is_not_there_is_named_in_one_sentence(tmp_path: Path) -> None:
    for name in (str(tmp_path / "none"), str(tmp_path)):
        with pytest.raises(StageError, match="tokenizer") as caught:
            tokens.load(name)
        assert "\n" not in str(caught.value)


def test_the_sample_ships_a_tokenizer() -> None:
    assert tokens.load(str(SAMPLE / "tokenizer")).count("hello world") > 0
