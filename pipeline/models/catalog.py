"""What each model costs and allows (models.toml), and the request bodies that follow from it.

Money is counted in whole nanodollars, 1 USD = 1,000,000,000: every price of models.toml is a whole number of them per
token, so sums are exact.
"""

import json
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import StageError
from pipeline.models.calls import Call, Usage

USD = 1_000_000_000  # nanodollars
LOCAL = "local"
LEAST_THINKING = 1024  # tokens; the API refuses a smaller budget (extended-thinking page)
HIDDEN_TOKENS = 600  # what a request may be billed beyond its own bytes: the system prompt of structured output
LINES = (",", ":")  # compact JSON, the form the SDK itself sends


class Thinking(StrEnum):
    """How a model is told to think before it answers."""

    BUDGET = "budget"
    ADAPTIVE = "adaptive"
    NONE = "none"


class Prices(NamedTuple):
    """Nanodollars per token."""

    input: int
    output: int
    cache_write_5m: int
    cache_write_1h: int
    cache_read: int

    def cost(self, usage: Usage) -> int:
        """Return what `usage` costs, in nanodollars."""
        return sum(price * getattr(usage, kind) for kind, price in self._asdict().items())


class Tier(NamedTuple):
    """Prices for prompts of at most `up_to` tokens."""

    up_to: int
    prices: Prices


@dataclass(frozen=True, kw_only=True)
class Model:
    """One row of models.toml. `name` is what the server is told."""

    name: str
    context: int
    max_output: int
    thinking: Thinking
    sampling: bool
    structured_output: bool
    bytes_per_token: float
    batch: Decimal
    tiers: tuple[Tier, ...]
    retires: date | None = None
    successor: str | None = None

    @property
    def paid(self) -> bool:
        """Whether a token of this model costs anything."""
        return any(any(tier.prices) for tier in self.tiers)

    def prices(self, *, prompt: int, batch: bool) -> Prices:
        """Return the prices of a prompt of `prompt` tokens, in nanodollars per token."""
        prices = next(tier.prices for tier in self.tiers if prompt <= tier.up_to)
        return Prices(*(int(price * self.batch) for price in prices)) if batch else prices

    def cost(self, usage: Usage, *, batch: bool) -> int:
        """Return what a reply with this `usage` is billed, in nanodollars."""
        prompt = usage.input + usage.cache_write_5m + usage.cache_write_1h + usage.cache_read
        return self.prices(prompt=prompt, batch=batch).cost(usage)

    def worst(self, *, body: int, max_tokens: int, batch: bool) -> int:
        """Return the most that a request of `body` bytes can cost, in nanodollars.

        No byte-level tokenizer makes more tokens than bytes, no prompt that is answered is longer than the context, and
        no reply longer than `max_tokens`.
        """
        return self.cost(Usage(input=min(body + HIDDEN_TOKENS, self.context), output=max_tokens), batch=batch)

    def retirement(self, today: date) -> str | None:
        """Return what to know before paying for much, where the model may be retired at any time; else None."""
        if self.retires is None or today < self.retires:
            return None
        return (
            f"{self.name} may be retired with 60 days' notice: the provider promised it until {self.retires}. "
            f"{f'Its successor is {self.successor}.' if self.successor else ''}"
        ).strip()


@cache
def names() -> tuple[str, ...]:
    """Return the models that have a price, in the order of models.toml."""
    return tuple(name for name in _rows() if name != LOCAL)


@cache
def _rows() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("models.toml").read_text(encoding="utf-8"), parse_float=Decimal)


@cache
def model(name: str) -> Model:
    """Return the model called `name`: a row, an alias of one, or `local:<name on the server>`.

    Raises StageError for any other name.
    """
    rows = _rows()
    known = {alias: key for key, row in rows.items() for alias in (key, *row["aliases"])}
    family, _, rest = name.partition(":")
    if family not in known or (family == LOCAL) != bool(rest):
        names = ", ".join(sorted(set(known) - {LOCAL}))
        raise StageError(f"There is no model {name!r} in pipeline/models/models.toml; use {names} or local:NAME.")
    return _model(rest or known[family], rows[known[family]])


def _model(name: str, row: Mapping[str, Any]) -> Model:
    tiers = tuple(
        Tier(tier.get("up_to", sys.maxsize), Prices(*(int(tier[kind] * 1000) for kind in Prices._fields)))
        for tier in row["prices"]
    )
    fields = {key: row[key] for key in ("context", "max_output", "sampling", "structured_output")}
    return Model(
        name=name,
        thinking=Thinking(row["thinking"]),
        bytes_per_token=float(row["bytes_per_token"]),
        batch=Decimal(row["batch"]),
        tiers=tiers,
        retires=row.get("retires"),
        successor=row.get("successor"),
        **fields,
    )


def call(
    name: str,
    *,
    prompt: str,
    max_tokens: int,
    thinking: int = 0,
    schema: Mapping[str, Any] | None = None,
    temperature: float = 1.0,
) -> Call:
    """Return what all requests of a stage share, with only those parameters that the model `name` takes.

    `prompt` is the fingerprint of the prompt; `thinking` a budget in tokens, 0 for none; `schema` a JSON schema of the
    reply, left out where the model has no structured output. Raises StageError for what the model cannot do.
    """
    row = model(name)
    if not 0 < max_tokens <= row.max_output:
        raise StageError(f"{row.name} writes at most {row.max_output} tokens; {max_tokens} were asked for.")
    if not row.sampling and temperature != 1.0:
        raise StageError(f"{row.name} takes no temperature other than its default, 1.0.")
    parameters: dict[str, Any] = {"model": row.name, "max_tokens": max_tokens}
    if row.sampling:
        parameters["temperature"] = temperature
    parameters |= _thinking(row, budget=thinking, max_tokens=max_tokens)
    if schema is not None and row.structured_output:
        parameters["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    known_as = name if name.startswith(f"{LOCAL}:") else row.name
    return Call(known_as, prompt, json.dumps(parameters, ensure_ascii=False, separators=LINES))


def _thinking(row: Model, *, budget: int, max_tokens: int) -> dict[str, Any]:
    match row.thinking:
        case Thinking.BUDGET if budget:
            if not LEAST_THINKING <= budget < max_tokens:
                raise StageError(f"A thinking budget is from {LEAST_THINKING} to below max_tokens; {budget} is not.")
            return {"thinking": {"type": "enabled", "budget_tokens": budget}}
        case Thinking.ADAPTIVE:
            return {"thinking": {"type": "adaptive" if budget else "disabled"}}
        case _:
            return {}


def body(call: Call, *, user: str, system: str | None = None) -> bytes:
    """Return the body of one /v1/messages request, compact UTF-8 JSON.

    A lone surrogate, which no UTF-8 can hold, becomes U+FFFD.
    """
    content: dict[str, Any] = {"system": system} if system else {}
    content["messages"] = [{"role": "user", "content": user}]
    text = json.dumps(content, ensure_ascii=False, separators=LINES)
    joined = f"{call.parameters[:-1]},{text[1:]}"
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


@cache
def max_tokens(call: Call) -> int:
    """Return the longest reply that the requests of `call` allow, in tokens."""
    return int(json.loads(call.parameters)["max_tokens"])
