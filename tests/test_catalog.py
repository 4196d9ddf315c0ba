"""What models cost and take, and the bodies that follow."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StageError
from pipeline.models import catalog
from pipeline.models.calls import Usage

SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}
HAIKU = "claude-haiku-4-5-20251001"


def parameters(name: str, **wanted: Any) -> dict[str, Any]:
    call = catalog.call(name, prompt="f", **{"max_tokens": 28_000, **wanted})
    return dict(json.loads(call.parameters))


def test_an_alias_names_the_dated_model() -> None:
    assert catalog.model("claude-haiku-4-5") == catalog.model(HAIKU)
    assert catalog.call("claude-haiku-4-5", prompt="f", max_tokens=1) == catalog.call(HAIKU, prompt="f", max_tokens=1)


@pytest.mark.parametrize("name", ["", "gpt", "local", "local:", "claude-haiku-4-5:x"])
def test_an_unknown_model_is_refused_with_the_names_there_are(name: str) -> None:
    with pytest.raises(StageError, match="claude-haiku-5-5"):
        catalog.model(name)


@pytest.mark.parametrize(
    ("name", "thinking", "sent"),
    [
        (HAIKU, 8000, {"type": "enabled", "budget_tokens": 8000}),
        (HAIKU, 0, None),
        ("claude-haiku-5-5", 8000, {"type": "adaptive"}),
        ("claude-haiku-5-5", 0, {"type": "disabled"}),  # it thinks unless told not to
        ("local:qwen", 8000, None),
    ],
)
def test_each_model_is_told_to_think_in_its_own_way(name: str, thinking: int, sent: dict[str, Any] | None) -> None:
    assert parameters(name, thinking=thinking).get("thinking") == sent


@pytest.mark.parametrize("budget", [1, 1023, 28_000, 30_000])
def test_a_thinking_budget_the_api_would_refuse_is_refused_here(budget: int) -> None:
    with pytest.raises(StageError, match="thinking budget"):
        parameters(HAIKU, thinking=budget)


@pytest.mark.parametrize("name", [HAIKU, "claude-haiku-5-5"])
def test_no_sampling_parameter_is_sent_where_it_is_forbidden(name: str) -> None:
    assert not {"temperature", "top_p", "top_k"} & set(parameters(name))
    with pytest.raises(StageError, match="temperature"):
        parameters(name, temperature=0.0)


def test_a_server_of_ones_own_is_told_the_temperature_and_its_own_model_name() -> None:
    assert parameters("local:Qwen/Qwen3-8B", temperature=0.0) == {
        "model": "Qwen/Qwen3-8B",
        "max_tokens": 28_000,
        "temperature": 0.0,
    }


@pytest.mark.parametrize("longest", [0, -1, 64_001])
def test_a_reply_longer_than_the_model_writes_is_refused(longest: int) -> None:
    with pytest.raises(StageError, match="64000"):
        parameters(HAIKU, max_tokens=longest)


@settings(deadline=None)
@given(user=st.text(st.characters(exclude_categories=())), system=st.text(min_size=1))
def test_a_body_is_json_that_holds_the_texts_as_they_are(user: str, system: str) -> None:
    call = catalog.call(HAIKU, prompt="f", max_tokens=800, schema=SCHEMA)
    value = json.loads(catalog.body(call, user=user, system=system))
    assert value["messages"] == [{"role": "user", "content": whole(user)}]
    assert value["system"] == system
    assert value["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}}
    assert set(value) == {"model", "max_tokens", "output_config", "system", "messages"}


def whole(text: str) -> str:
    """Join surrogate pairs, replace lone ones."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_without_a_system_prompt_the_field_is_left_out() -> None:
    call = catalog.call(HAIKU, prompt="f", max_tokens=800)
    assert b'"system"' not in catalog.body(call, user="x")


@pytest.mark.parametrize(
    ("name", "batch", "usage", "usd"),
    [
        (HAIKU, False, Usage(input=1_000_000), "1"),
        (HAIKU, True, Usage(input=1_000_000), "0.5"),
        (HAIKU, True, Usage(output=1_000_000), "2.5"),
        (HAIKU, True, Usage(cache_write_5m=1_000_000), "0.625"),
        (HAIKU, True, Usage(cache_write_1h=1_000_000), "1"),
        (HAIKU, True, Usage(cache_read=1_000_000), "0.05"),
        ("claude-haiku-5-5", True, Usage(input=100_000, output=100_000), "0.03"),
        ("claude-haiku-5-5", True, Usage(input=100_001, output=100_000), "0.15000025"),
        ("claude-haiku-5-5", True, Usage(cache_read=1), "0.000000005"),
        ("local:x", False, Usage(input=10**9, output=10**9), "0"),
    ],
)
def test_prices_are_those_of_the_price_list(name: str, batch: bool, usage: Usage, usd: str) -> None:
    assert Decimal(catalog.model(name).cost(usage, batch=batch)) / catalog.USD == Decimal(usd)


@settings(deadline=None)
@given(size=st.integers(0, 300_000), tokens=st.integers(0, 28_000), given_=st.integers(0, 300_000))
def test_no_reply_costs_more_than_the_worst(size: int, tokens: int, given_: int) -> None:
    for name in (HAIKU, "claude-haiku-5-5"):
        row = catalog.model(name)
        worst = row.worst(body=size, max_tokens=28_000, batch=True)
        assert row.cost(Usage(input=min(given_, size), output=tokens), batch=True) <= worst


def test_a_model_past_its_promise_is_named_with_its_successor() -> None:
    haiku = catalog.model(HAIKU)
    assert haiku.retirement(date(2026, 10, 14)) is None
    assert "claude-haiku-5-5" in str(haiku.retirement(date(2026, 10, 15)))
    assert catalog.model("claude-haiku-5-5").retirement(date(2026, 10, 15)) is None
    assert catalog.model("local:x").retirement(date(2036, 1, 1)) is None


def test_only_a_server_of_ones_own_is_free() -> None:
    assert not catalog.model("local:x").paid
    assert catalog.model(HAIKU).paid
