"""Drawn documents, replies and templates for the tests of the pipeline's content: the sample's, and small ones."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from pipeline.models import raw
from pipeline.models.calls import Call, Item, Reply, Stage, Usage
from pipeline.models.catalog import Prices
from pipeline.probes import tokens
from pipeline.probes.bank import Bank
from pipeline.probes.resolution import Templates
from pipeline.rounds import Drawn, raw_folder
from pipeline.seeds import row_seed

SAMPLE = Path(__file__).parents[1] / "sample"
MODEL = "claude (recorded sample)"

OPENING = (
    "The harbour froze early that winter. Boats stayed tied to the quay for weeks.\n\n"
    "Old Marten kept a ledger of the ice. He measured it every dawn with a brass rod. Nobody asked him why he bothered."
)
ROLLOUTS = [
    " His father had done the same.\n\nIn February the readings changed. The rod sank two fingers deeper each morning, "
    "although the air was colder than before. Marten wrote to the university.\n\nA reply came in April, when the water "
    "was open. The professor thanked him and enclosed a thermometer.",
    "\n\nThe children called him the ice clerk. They brought him hot soup and stole his chalk. One day the rod went "
    "missing.\n\nHe found it in the church, polished like silver.",
    " The habit was older than the harbour wall. His books filled a shelf in the net loft.",
]


def drawn(doc_id: str = "small", *, opening: str = OPENING, rollouts: list[str] | None = None) -> Drawn:
    """Return a small drawn document with three siblings."""
    return Drawn(doc_id, f"https://example.org/{doc_id}", opening, rollouts or list(ROLLOUTS), row_seed(0, doc_id))


def sample() -> list[Drawn]:
    """Return the sample's forty documents in the order of their file."""
    lines = (SAMPLE / "rollouts.jsonl").read_text(encoding="utf-8").splitlines()
    rows = map(json.loads, lines)
    return [
        Drawn(row["doc_id"], row["doc_source"], row["prefix"], row["rollouts"], row_seed(0, row["doc_id"]))
        for row in rows
    ]


@cache
def templates() -> Templates:
    """Return the sample's tokenizer with a bank of the sample's documents."""
    tokenizer = tokens.load(str(SAMPLE / "tokenizer"))
    return Templates(tokenizer, Bank(sample(), tokenizer))


def reply(text: str, *, stage: Stage = Stage.GENERATE, stop_reason: str = "end_turn", doc_id: str = "small") -> Reply:
    """Return a reply with this text."""
    item = Item(stage, doc_id, -2, None if stage is Stage.GENERATE else 10)
    return Reply(item, Call(MODEL, "fingerprint", "{}"), "custom", text, stop_reason, Usage())


def recorded(stage: Stage) -> Iterator[Reply]:
    """Yield the sample's recorded replies of a stage."""
    for line in (SAMPLE / "replies" / f"{stage}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        item = Item(stage, row["doc_id"], row["level"], row.get("slot"), row.get("rollout", 0))
        yield Reply(item, Call(MODEL, "fingerprint", "{}"), "custom", row["text"], "end_turn", Usage())


def written(**changes: Any) -> dict[str, Any]:
    """Return what a generator could write about `drawn()`, a probe a slot, with some keys changed."""
    return {
        "sibling": "A",
        "sibling_rationale": "It has three paragraphs.",
        "splits": dict.fromkeys(("word_lens", "sentence", "paragraph", "whole"), "A1"),
        "split_rationale": "Near the middle.",
        "probes": [
            probe(10, "suffix", "A3"),
            probe(11, "prefix", "P4"),
            probe(12, "suffix", "A4"),
            probe(13, "suffix", "A5"),
            probe(14, "prefix", "P1"),
            probe(15, "suffix", "suffix"),
        ],
    } | changes


def probe(slot: int, target: str, atom: str, **changes: Any) -> dict[str, Any]:
    """Return one probe as a generator could write it."""
    return {
        "slot": slot,
        "target": target,
        "atom": atom,
        "question": f"What is told in slot {slot}?",
        "target_response": f"The answer of {slot}.",
        "incorrect_plausible_answer": f"Another answer of {slot}.",
        "typicality": "typical" if target == "suffix" else None,
        "synergy_check": "Joins two parts.",
        "distribution_check": "The others differ.",
        "difficulty_check": "Nothing in view says so.",
    } | changes


def write_raw(folder: Path, replies: Iterable[Reply]) -> None:
    """Write replies as a back end leaves them: raw files in the stage folders of a round's folder."""
    for stage, some in groupby(replies, key=lambda each: each.item.stage):
        results = [(each.item, _result(number, each)) for number, each in enumerate(some)]
        free = Prices(0, 0, 0, 0, 0)
        raw.write(raw_folder(folder, stage) / f"0{raw.SUFFIX}", results, call=Call(MODEL, "print", "{}"), prices=free)


def _result(number: int, reply: Reply) -> raw.Result:
    content = [{"type": "thinking", "thinking": "..."}, {"type": "text", "text": reply.text}]
    message = {"content": content, "stop_reason": reply.stop_reason, "usage": {}}
    return raw.succeeded(f"{number:08x}-{number:016x}", json.dumps(message).encode())
