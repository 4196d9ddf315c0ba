"""The numbers that a dataset card states, and where they disagree with each other and with the data.

A card is prose with tables, written by hand or by a stage; what is not found in it is not compared.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from queries.schema import SCORED_SCOPES, SLOTS, Scope

NUMBER = r"([\d,]*\d)"
DECIMAL = r"(\d*\.?\d+)"


class Stated(NamedTuple):
    """A number as a card writes it: its value, and half a unit of its last digit."""

    value: float
    slack: float


class Difference(NamedTuple):
    """Two numbers that should be one. `amount` is `found` less `stated`."""

    subject: str
    stated: float
    found: float
    explanation: str

    @property
    def amount(self) -> float:
        """By how much the number found exceeds the stated one."""
        return self.found - self.stated

    def __str__(self) -> str:
        """The difference as one line."""
        return f"{self.subject}: {self.explanation} ({_signed(self.amount)})"


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a card states; None or empty where it does not. Shares are in percent, scores from 0 to 1."""

    total: int | None = None
    rows: int | None = None
    documents: int | None = None
    rounds: int | None = None
    scopes: dict[str, int] = field(default_factory=dict)
    scored: int | None = None
    histogram: tuple[int, ...] = ()
    shares: tuple[Stated, ...] = ()
    mean: Stated | None = None
    prose_mean: Stated | None = None
    sd: Stated | None = None
    hard: Stated | None = None
    easy: Stated | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The same numbers, counted in the data."""

    total: int
    documents: int
    rounds: int
    scopes: dict[str, int]
    scored: int
    histogram: tuple[int, ...]
    mean: float | None
    sd: float | None
    hard: float | None
    easy: float | None


def parse(text: str) -> Card:
    """Return the numbers that a card states, as the reference card and those made here write them."""
    bars = re.findall(rf"^\[[\d., ]+[)\]]\s+{NUMBER}\s+\(\s*{DECIMAL}%\)", text, re.MULTILINE)
    return Card(
        total=_count(rf"Total probes in this build:\s*\**\s*{NUMBER}", text),
        rows=_count(rf"num_examples:\s*{NUMBER}", text),
        documents=_count(rf"across\s+{NUMBER}\s+distinct", text),
        rounds=_count(rf"\(\s*{NUMBER}\s+round", text),
        scopes=_scopes(text),
        scored=_count(rf"probes scored:\s*\**\s*{NUMBER}", text),
        histogram=tuple(int(count.replace(",", "")) for count, _ in bars),
        shares=tuple(_stated(share) for _, share in bars),
        mean=_decimal(rf"\bmean\s*=\s*{DECIMAL}", text),
        prose_mean=_decimal(rf"\bmean\s+answerer-max\s+score\s+of\s+~?\s*{DECIMAL}", text),
        sd=_decimal(rf"\bstd\s*=\s*{DECIMAL}", text),
        hard=_decimal(rf"HARD\s*\(max\s*<\s*[\d.]+\)\s*{DECIMAL}%", text),
        easy=_decimal(rf"EASY\s*\(max\s*(?:≥|>=)\s*[\d.]+\)\s*{DECIMAL}%", text),
    )


def _scopes(text: str) -> dict[str, int]:
    counts = {str(scope): _count(rf"^\|\s*{scope}\s*\|\s*{NUMBER}\s*\|", text) for scope in Scope}
    return {scope: count for scope, count in counts.items() if count is not None}


def _count(pattern: str, text: str) -> int | None:
    found = re.search(pattern, text, re.MULTILINE)
    return int(found[1].replace(",", "")) if found else None


def _decimal(pattern: str, text: str) -> Stated | None:
    found = re.search(pattern, text)
    return _stated(found[1]) if found else None


def _stated(written: str) -> Stated:
    return Stated(float(written), 0.5 * 10.0 ** -len(written.partition(".")[2]))


def reconcile(text: str, facts: Facts | None = None) -> list[Difference]:
    """Return where a card disagrees with itself, then, given the facts, where the data disagree with it.

    Rounded numbers agree when they do so to the digits written.
    """
    card = parse(text)
    return [*_within(card), *(_with_data(card, facts) if facts else ())]


def _within(card: Card) -> list[Difference]:
    scopes, bins = sum(card.scopes.values()), sum(card.histogram)
    due = sum(count for scope, count in card.scopes.items() if scope in SCORED_SCOPES)
    slots = (card.documents or 0) * len(SLOTS)
    found = []
    if card.total is not None and card.rows is not None:
        found.append(_counts("rows", card.rows, card.total, "the header says {} rows, the text {} probes"))
    if card.total is not None and card.scopes:
        found.append(_counts("scopes", card.total, scopes, "the card says {} probes, its scopes add up to {}"))
    if card.total is not None and card.documents is not None:
        found.append(_counts("slots", slots, card.total, "sixteen slots a document make {}, the card has {} probes"))
    if card.scored is not None and card.histogram:
        found.append(_counts("histogram", card.scored, bins, "the card says {} scored, its histogram adds up to {}"))
    if card.scored is not None and due:
        words = f"{{}} probes are of a scored scope, {{}} are scored, {due - card.scored:,} unscored"
        found.append(_counts("unscored", due, card.scored, words))
    if card.mean and card.prose_mean:
        found.append(_decimals("mean", card.prose_mean, card.mean.value, "the text says {}, the histogram {}"))
    if bins:
        found += [
            _decimals(f"bin {number}", share, 100 * count / bins, "the histogram says {}%, its counts {}%")
            for number, (share, count) in enumerate(zip(card.shares, card.histogram, strict=True), start=1)
        ]
    return [difference for difference in found if difference]


def _with_data(card: Card, facts: Facts) -> list[Difference]:
    pairs: list[tuple[str, float | Stated | None, float | None]] = [
        ("probes", card.total, facts.total),
        ("documents", card.documents, facts.documents),
        ("rounds", card.rounds, facts.rounds),
        *((f"scope {scope}", count, facts.scopes.get(scope, 0)) for scope, count in card.scopes.items()),
        ("scored", card.scored, facts.scored),
        *(
            (f"histogram bin {number}", stated, counted)
            for number, (stated, counted) in enumerate(zip(card.histogram, facts.histogram, strict=False), start=1)
        ),
        ("mean", card.mean, facts.mean),
        ("mean in the text", card.prose_mean, facts.mean),
        ("sd", card.sd, facts.sd),
        ("HARD share", card.hard, facts.hard),
        ("EASY share", card.easy, facts.easy),
    ]
    found = []
    for subject, stated, counted in pairs:
        if isinstance(stated, Stated) and counted is not None:
            found.append(_decimals(subject, stated, counted, "the card says {}, the data {}"))
        elif isinstance(stated, int) and counted is not None:
            found.append(_counts(subject, stated, int(counted), "the card says {}, the data hold {}"))
    return [difference for difference in found if difference]


def _counts(subject: str, stated: int, found: int, words: str) -> Difference | None:
    if stated == found:
        return None
    return Difference(subject, stated, found, words.format(f"{stated:,}", f"{found:,}"))


def _decimals(subject: str, stated: Stated, found: float, words: str) -> Difference | None:
    if abs(stated.value - found) <= stated.slack + 1e-9:
        return None
    return Difference(subject, stated.value, found, words.format(f"{stated.value:g}", f"{found:.3g}"))


def _signed(amount: float) -> str:
    return f"{amount:+,.0f}" if amount == int(amount) else f"{amount:+.3g}"
