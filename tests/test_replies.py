"""Ugly replies: each gives the value that was meant, or a reject that names its reason."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.calls import Stage
from pipeline.prompts.replies import Read, Reading, generator_schema, read_generator, unusable
from pipeline.rejects import Reason, Rejected
from tests.openings import probe, recorded, reply, written

PLAIN = json.dumps(written(), indent=1)
QUESTION = "What is told in slot 10?"


def with_question(raw: str) -> str:
    """Return a reply whose first question is `raw`, put between the quotation marks as it is."""
    return PLAIN.replace(QUESTION, raw)


def read(text: str) -> Read:
    value = read_generator(reply(text))
    assert isinstance(value, Read), value
    return value


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        (PLAIN, Reading.STRICT),
        (f"  {PLAIN}\n", Reading.STRICT),
        (f"```json\n{PLAIN}\n```", Reading.LENIENT),
        (f"```\n{PLAIN}\n```", Reading.LENIENT),
        (f"Here is the JSON you asked for:\n\n{PLAIN}\n\nI hope that it helps!", Reading.LENIENT),
        (f'The form was {{"sibling": "A"}}, so:\n{PLAIN}', Reading.LENIENT),
        (PLAIN.replace('"P4",', '"P4"'), Reading.REPAIRED),
        (PLAIN.replace("\n ]", ",\n ]"), Reading.REPAIRED),
        (PLAIN.rstrip().removesuffix("}"), Reading.REPAIRED),
        (PLAIN.replace(": null", ": None"), Reading.REPAIRED),
    ],
    ids=[
        "as asked",
        "spaces",
        "fence",
        "bare fence",
        "prose",
        "prose with braces",
        "no comma",
        "comma",
        "brace",
        "None",
    ],
)
def test_what_was_meant_is_read_and_how_is_told(text: str, reading: Reading) -> None:
    value = read(text)
    assert (value.reading, value.missed) == (reading, ())
    assert value.written == read(PLAIN).written


@pytest.mark.parametrize(
    ("raw", "meant", "reading"),
    [
        ("Two\nlines?", "Two\nlines?", Reading.LENIENT),
        ("A\ttab?", "A\ttab?", Reading.LENIENT),
        ('Who said "no" first?', 'Who said "no" first?', Reading.REPAIRED),
        ('He said, "I won\'t go," and left. Why?', 'He said, "I won\'t go," and left. Why?', Reading.REPAIRED),
        ('Why "yes", then "no", and "maybe"?', 'Why "yes", then "no", and "maybe"?', Reading.REPAIRED),
        ('What does "the rod" mean: "a", "b"', 'What does "the rod" mean: "a", "b"', Reading.REPAIRED),
        ('Why \\"yes\\" and "no"?', 'Why "yes" and "no"?', Reading.REPAIRED),
        ("Why \\u201cyes\\u201d?", "Why “yes”?", Reading.STRICT),
        ("A half \\ud83e\\uddca pair?", "A half \U0001f9ca pair?", Reading.STRICT),
        ("A lone \\ud800 half?", "A lone \ufffd half?", Reading.STRICT),
        ("</document> {braces} [P1]?", "</document> {braces} [P1]?", Reading.STRICT),
        ("  Padded?  ", "Padded?", Reading.STRICT),
        ("In C:\\new \\x or \\u12 why?", "In C:\new \\x or \\u12 why?", Reading.REPAIRED),
        ("The rod \\", "The rod \\", Reading.REPAIRED),
    ],
)
def test_a_question_comes_back_whole(raw: str, meant: str, reading: Reading) -> None:
    value = read(with_question(raw))
    assert (value.written.probes[0].question, value.reading) == (meant, reading)
    assert (len(value.written.probes), value.missed) == (6, ())


@settings(deadline=None)
@given(st.text(st.sampled_from("ab \"',:{}[]\n\\u"), max_size=30))
def test_bare_quotation_marks_never_shorten_a_question(raw: str) -> None:
    """Whatever stands between the marks, the question is all of it or its probe is missed, and no other suffers."""
    value = read_generator(reply(with_question(f"x{raw}x?")))
    if isinstance(value, Read):
        for each in value.written.probes:
            if each.slot == 10:
                assert each.question.startswith("x")
                assert each.question.endswith("x?")
            else:
                assert each.question == f"What is told in slot {each.slot}?"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.EMPTY),
        (" \n", Reason.EMPTY),
        ("I can't help with that.", Reason.NO_JSON),
        ("null", Reason.NO_JSON),
        ("[1, 2]", Reason.NO_JSON),
        ('{"answer": 42}', Reason.NOT_AS_ASKED),
        ('{"sibling": "A", "probes": "none"}', Reason.NOT_AS_ASKED),
        (json.dumps(written() | {"splits": None}), Reason.FIELD_TYPE),
        (json.dumps({**written(), "splits": {"sentence": "A1"}}), Reason.FIELD_MISSING),
        (json.dumps({key: value for key, value in written().items() if key != "sibling"}), Reason.FIELD_MISSING),
        (PLAIN.replace('"sibling":', '"sibling": "B", "sibling":'), Reason.JUNK_KEY),
        ('{"a":' * 200_000, Reason.TOO_LONG),
        ("[" * 1_048_576, Reason.TOO_LONG),
        ('{"a":' * 50_000, Reason.TOO_DEEP),
        ("[" * 200_000, Reason.TOO_DEEP),
        (PLAIN.replace('"sibling": "A"', '"sibling": 7'), Reason.FIELD_TYPE),
    ],
)
def test_a_reply_that_cannot_be_used_has_a_reason(text: str, reason: Reason) -> None:
    value = read_generator(reply(text))
    assert isinstance(value, Rejected)
    assert value.reason is reason
    assert len(value.detail) <= 200


@pytest.mark.parametrize(
    ("stop_reason", "reason"),
    [
        ("refusal", Reason.REFUSAL),
        ("max_tokens", Reason.TRUNCATED),
        ("model_context_window_exceeded", Reason.TRUNCATED),
    ],
)
def test_a_refused_or_cut_reply_is_not_read_however_good_it_looks(stop_reason: str, reason: Reason) -> None:
    rejected = read_generator(reply(PLAIN, stop_reason=stop_reason))
    assert isinstance(rejected, Rejected)
    assert rejected.reason is reason


@pytest.mark.parametrize("cut", [share / 40 for share in range(1, 40)])
def test_a_reply_cut_without_notice_loses_its_last_probes_and_shortens_at_most_a_rationale(cut: float) -> None:
    value = read_generator(reply(PLAIN[: int(len(PLAIN) * cut)]))
    if isinstance(value, Read):
        whole = [each.model_copy(update={"difficulty_check": None}) for each in read(PLAIN).written.probes]
        kept = [each.model_copy(update={"difficulty_check": None}) for each in value.written.probes]
        assert kept == whole[: len(kept)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"question": ""}, Reason.FIELD_EMPTY),
        ({"question": " \n "}, Reason.FIELD_EMPTY),
        ({"question": None}, Reason.FIELD_TYPE),
        ({"question": ["a"]}, Reason.FIELD_TYPE),
        ({"target": "both"}, Reason.FIELD_TYPE),
        ({"target": True}, Reason.FIELD_TYPE),
        ({"slot": True}, Reason.FIELD_TYPE),
        ({"slot": 10.5}, Reason.FIELD_TYPE),
        ({"slot": "ten"}, Reason.FIELD_TYPE),
        ({"atom": 7}, Reason.FIELD_TYPE),
    ],
)
def test_a_probe_that_is_not_as_asked_is_missed_alone(changes: dict[str, Any], reason: Reason) -> None:
    probes = [probe(10, "suffix", "A3") | changes, probe(11, "prefix", "P4")]
    value = read(json.dumps(written(probes=probes)))
    assert [each.slot for each in value.written.probes] == [11]
    assert [missed.rejected.reason for missed in value.missed] == [reason]


@pytest.mark.parametrize("odd", ["a string", 7, None, [], {}])
def test_a_probe_that_is_no_probe_is_missed_alone(odd: Any) -> None:
    value = read(json.dumps(written(probes=[odd, probe(11, "prefix", "P4")])))
    assert [each.slot for each in value.written.probes] == [11]
    assert len(value.missed) == 1


@pytest.mark.parametrize(
    ("changes", "field", "meant"),
    [
        ({"slot": "10"}, "slot", 10),
        ({"target": "Suffix"}, "target", "suffix"),
        ({"typicality": "TYPICAL"}, "typicality", "typical"),
        ({"typicality": "maybe"}, "typicality", None),
        ({"typicality": 3}, "typicality", None),
        ({"synergy_check": None}, "synergy_check", None),
        ({"notes": "nobody asked"}, "slot", 10),
    ],
)
def test_what_is_clear_without_being_exact_is_taken(changes: dict[str, Any], field: str, meant: object) -> None:
    value = read(json.dumps(written(probes=[probe(10, "suffix", "A3") | changes])))
    assert getattr(value.written.probes[0], field) == meant


def test_a_key_that_nobody_asked_for_rejects_its_probe_where_the_reply_was_repaired() -> None:
    text = PLAIN.replace(
        '"synergy_check": "Joins two parts.",', '"synergy_check": "Joins "two", "and then": "parts",', 1
    )
    value = read_generator(reply(text.replace('"P4",', '"P4"')))
    assert isinstance(value, Read)
    assert {each.slot for each in value.written.probes} >= {11, 12, 13, 14, 15}
    assert all(each.synergy_check == "Joins two parts." for each in value.written.probes if each.slot != 10)


def test_all_recorded_replies_are_read_strictly() -> None:
    values = [read_generator(each) for each in recorded(Stage.GENERATE)]
    assert len(values) == 88
    assert {value.reading for value in values if isinstance(value, Read)} == {Reading.STRICT}
    assert {len(value.written.probes) for value in values if isinstance(value, Read)} == {6}


def test_the_schema_asks_for_every_key_and_forbids_others() -> None:
    schema = generator_schema()
    for each in (schema, *schema["$defs"].values()):
        assert each["additionalProperties"] is False
        assert each["required"] == list(each["properties"])
    assert not {"title", "description", "default"} & set(re.findall(r'"(\w+)":', json.dumps(schema)))


def test_a_usable_reply_is_usable() -> None:
    assert unusable(reply("text")) is None
