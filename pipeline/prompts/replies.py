"""The one place that reads replies: which cannot be used at all, and what a generator's reply says.

A generator's reply is read strictly, then leniently (fences or prose around it, raw line breaks in strings), then with
its quotation marks mended, then by json-repair; the last two count as repaired. json-repair alone would cut a string at
a quotation mark before a comma and say nothing, so a string is first closed where the next known key begins, and in a
repaired reply a key that nobody asked for, the tail of such a cut, rejects its probe.
"""

import json
import re
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from json_repair import repair_json
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipeline.dataset.surrogates import mended
from pipeline.models.calls import Reply
from pipeline.rejects import Missed, Reason, Rejected, RejectError

LONGEST = 300_000  # characters; 28,000 output tokens are about 110,000
DEEPEST = 16  # brackets inside brackets; a reply as asked has 3
STARTS = 20  # places where an object may begin that are tried before the reply counts as broken
STOPS = {
    "refusal": Reason.REFUSAL,
    "max_tokens": Reason.TRUNCATED,
    "model_context_window_exceeded": Reason.TRUNCATED,
}


def unusable(reply: Reply) -> Rejected | None:
    """Return why a reply cannot be used whatever was asked: a refusal, a cut one, no text, or far too much of it."""
    if reply.stop_reason in STOPS:
        return Rejected(STOPS[reply.stop_reason], f"stop_reason {reply.stop_reason}")
    if not reply.text.strip():
        return Rejected(Reason.EMPTY, f"stop_reason {reply.stop_reason}")
    if len(reply.text) > LONGEST:
        return Rejected(Reason.TOO_LONG, f"{len(reply.text):,} characters")
    return None


def _folded(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value  # structured output does not promise the case


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,2}", value.strip()) else value


def _typicality(value: object) -> object:
    folded = _folded(value)
    return folded if folded in ("typical", "atypical") else None


def _filled(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("empty", "is empty")
    return value.strip()


def _all_required(schema: dict[str, Any]) -> None:
    """Leave in a JSON schema what it asks for, every key of it, and not what this module says to its readers."""
    schema["required"] = list(schema["properties"])
    for part in (schema, *schema["properties"].values()):
        for name in ("title", "description", "default"):
            part.pop(name, None)


Text = Annotated[str, AfterValidator(_filled)]
Rationale = Annotated[str | None, WithJsonSchema({"type": "string"})]  # asked for, and done without where it is missing
Object = TypeVar("Object", bound="Asked")
WHY = {"missing": Reason.FIELD_MISSING, "extra_forbidden": Reason.JUNK_KEY, "empty": Reason.FIELD_EMPTY}


class Asked(BaseModel):
    """A JSON object as the generator's prompt asks for it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", json_schema_extra=_all_required)


class Splits(Asked):
    """The labels of the four splits, one a scope group."""

    word_lens: str
    sentence: str
    paragraph: str
    whole: str


class WrittenProbe(Asked):
    """One probe in the generator's words: labels, not offsets. Checks may be missing; the rest may not."""

    slot: Annotated[int, BeforeValidator(_number)]
    target: Annotated[Literal["prefix", "suffix"], BeforeValidator(_folded)]
    atom: Text
    question: Text
    target_response: Text
    incorrect_plausible_answer: Text
    typicality: Annotated[Literal["typical", "atypical"] | None, BeforeValidator(_typicality)] = None
    synergy_check: Rationale = None
    distribution_check: Rationale = None
    difficulty_check: Rationale = None


class Written(Asked):
    """The generator's reply."""

    sibling: str
    sibling_rationale: Rationale = None
    splits: Splits
    split_rationale: Rationale = None
    probes: list[WrittenProbe]


KEYS = "|".join(sorted({*Written.model_fields, *Splits.model_fields, *WrittenProbe.model_fields}))
STRING = re.compile(
    rf'(?P<opening>"(?:{KEYS})"\s*:\s*")'  # a known key and the mark that opens its string
    rf'(?P<content>.*?)(?="\s*(?:,?\s*"(?:{KEYS})"\s*:|,?\s*\}}))',  # up to the next known key, or the object's end
    re.DOTALL,
)
ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|[\\"]')  # an escape, or a mark or backslash that lacks one


class Reading(StrEnum):
    """How a reply could be read."""

    STRICT = "strict"
    LENIENT = "lenient"
    REPAIRED = "repaired"


class Read(NamedTuple):
    """A generator's reply that could be read: its probes in order, and those of them that are not as asked."""

    written: Written
    missed: tuple[Missed, ...]
    reading: Reading


def read_generator(reply: Reply) -> Read | Rejected:
    """Return what the generator wrote, probe by probe, or why the whole reply cannot be used."""
    try:
        value, reading = _object(reply)
        return _checked(value, reading)
    except RejectError as error:
        return error.rejected


def generator_schema() -> dict[str, Any]:
    """Return the JSON schema of the generator's reply, for models that have structured output."""
    return Written.model_json_schema()


def _object(reply: Reply) -> tuple[dict[str, Any], Reading]:
    rejected = unusable(reply)
    if rejected:
        raise RejectError(*rejected)
    text = reply.text.strip()
    if _depth(text) > DEEPEST:
        raise RejectError(Reason.TOO_DEEP, f"more than {DEEPEST} brackets inside brackets")
    value = _strict(text)
    if value is not None:
        return value, Reading.STRICT
    value = _lenient(text)
    if value is not None:
        return value, Reading.LENIENT
    requoted = STRING.sub(_requoted, text)
    value = _lenient(requoted) or _repaired(requoted)
    if value is None:
        raise RejectError(Reason.NO_JSON, text)
    return value, Reading.REPAIRED


def _depth(text: str) -> int:
    depth = deepest = 0
    for mark in re.finditer(r"[\[\]{}]", text):
        depth = max(0, depth + (1 if mark[0] in "[{" else -1))
        deepest = max(deepest, depth)
    return deepest


def _strict(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text, object_pairs_hook=_without_repeats)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _lenient(text: str) -> dict[str, Any] | None:
    """Return the first object with probes in `text`, whatever stands around it, or None."""
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_without_repeats)
    for brace in islice(re.finditer(r"\{(?=\s*\")", text), STARTS):
        try:
            value, _ = decoder.raw_decode(text, brace.start())
        except ValueError:
            continue
        if isinstance(value, dict) and "probes" in value:
            return value
    return None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) < len(pairs):
        raise RejectError(Reason.JUNK_KEY, "a key stands twice in one object")
    return keys


def _requoted(string: re.Match[str]) -> str:
    def escaped(found: re.Match[str]) -> str:
        return found[0] if len(found[0]) > 1 else "\\" + found[0]

    return string["opening"] + ESCAPE.sub(escaped, string["content"])


def _repaired(text: str) -> dict[str, Any] | None:
    brace = text.find("{")
    value = repair_json(text[brace:], return_objects=True) if brace >= 0 else None
    return value if isinstance(value, dict) and "probes" in value else None


def _checked(value: dict[str, Any], reading: Reading) -> Read:
    value = mended(value)
    probes = value.get("probes")
    if not isinstance(probes, list):
        raise RejectError(Reason.NOT_AS_ASKED, "probes is no list")
    good, missed = [], []
    for probe in probes:
        try:
            good.append(_valid(WrittenProbe, probe, reading))
        except RejectError as error:
            missed.append(Missed(_slot(probe), error.rejected))
    return Read(_valid(Written, {**value, "probes": good}, reading), tuple(missed), reading)


def _valid(model: type[Object], value: Any, reading: Reading) -> Object:
    """Return `value` as a `model`.

    In a reply that was repaired every key has to be there and no other: else a string was cut. In any other one,
    rationales may be missing, and what nobody asked for is dropped.
    """
    if isinstance(value, dict) and reading is Reading.REPAIRED:
        absent = model.model_fields.keys() - value.keys()
        if absent:
            raise RejectError(Reason.FIELD_MISSING, ", ".join(sorted(absent)))
    elif isinstance(value, dict):
        value = {key: item for key, item in value.items() if key in model.model_fields}
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "reply"
        raise RejectError(WHY.get(first["type"], Reason.FIELD_TYPE), f"{where}: {first['msg']}") from None


def _slot(probe: Any) -> int | None:
    slot = _number(probe.get("slot")) if isinstance(probe, dict) else None
    return slot if isinstance(slot, int) else None
