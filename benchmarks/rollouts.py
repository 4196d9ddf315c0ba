"""A rollouts source of any size for the pipeline: the sample's openings, each with continuations put together anew.

Document n begins as document n modulo 40 of the sample, opening and siblings, so the generator's recorded reply to that
one has labels that stand in it. What follows comes from other documents, up to the card's mean length.
"""

import json
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).parents[1] / "sample"
SIBLINGS = 3


def sample() -> list[dict[str, Any]]:
    """Return the sample's documents in the order of their file."""
    return [json.loads(line) for line in (SAMPLE / "rollouts.jsonl").read_text(encoding="utf-8").splitlines()]


def doc_id(number: int) -> str:
    """Return the id of document `number`."""
    return f"doc-{number:06d}"


def base(name: str) -> int:
    """Return the number of the sample's document that the document called `name` begins as."""
    return int(name.removeprefix("doc-")) % 40


def write(path: Path, *, documents: int) -> None:
    """Write the source as JSONL, replacing what is there."""
    whole = sample()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for number in range(documents):
            file.write(json.dumps(_document(whole, number), ensure_ascii=False) + "\n")


def _document(whole: list[dict[str, Any]], number: int) -> dict[str, Any]:
    one, other, third = (
        whole[(number * factor + number // 40 + shift) % 40] for factor, shift in ((1, 0), (7, 1), (3, 5))
    )
    one = whole[number % 40]
    rollouts = [
        "\n\n".join((one["rollouts"][k], other["rollouts"][(k + 1) % 3].strip(), third["rollouts"][k].strip()))
        for k in range(SIBLINGS)
    ]
    return {
        "doc_id": doc_id(number),
        "doc_source": one["doc_source"],
        "prefix": one["prefix"],
        "rollouts": rollouts,
    }
