"""How often the probes of a round are answered, and when a probe is stopped because its label is decided."""

import json
from pathlib import Path
from typing import NamedTuple

from pipeline.files import put_json
from queries.schema import ROLLOUTS

FIRST_WAVE = 2  # two waves cost twice the latency and save two thirds of what one answer at a time does


class Plan(NamedTuple):
    """`k` answers a probe; with `stop_at`, a probe is asked no further once an answer scored that or more."""

    k: int = ROLLOUTS
    stop_at: float | None = None

    def waves(self) -> tuple[range, ...]:
        """Return the rollouts that are asked for together: all at once, or two and then the others."""
        if self.stop_at is None or self.k <= FIRST_WAVE:
            return (range(self.k),)
        return range(FIRST_WAVE), range(FIRST_WAVE, self.k)

    def decided(self, scores: list[float | None]) -> bool:
        """Return whether these scores decide what `stop_at` asks, whatever later ones say."""
        return self.stop_at is not None and any(score is not None and score >= self.stop_at for score in scores)

    def censored(self, scores: list[float | None]) -> bool:
        """Return whether a probe with these scores was stopped: its max is a lower bound, as are count and mean."""
        return len(scores) < self.k and self.decided(scores)


def write_plan(folder: Path, plan: Plan) -> None:
    """Record how the probes in `folder` are scored."""
    if read_plan(folder) != plan:
        put_json(folder / "scoring.json", plan._asdict())


def read_plan(folder: Path) -> Plan | None:
    """Return how the probes in `folder` are scored; None where they were not asked about."""
    try:
        return Plan(**json.loads((folder / "scoring.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
