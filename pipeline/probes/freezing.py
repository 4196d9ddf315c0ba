"""Holding sibling, splits and targets fixed in a sweep: the other levels are told the choices of one level's replies.

Left to itself the generator chooses anew at every level, which is part of what a level does; frozen, the levels differ
in their atoms and questions alone.
"""

from pathlib import Path

from pipeline.models import raw
from pipeline.models.calls import Reply, Stage
from pipeline.prompts import render
from pipeline.prompts.generator import shown
from pipeline.prompts.numbering import parse_label
from pipeline.prompts.replies import Splits, read_generator
from pipeline.rejects import Rejected, RejectError
from pipeline.rounds import Drawn, raw_folder, read_documents

PROMPT = "generator_freeze"


def choices(sweep: Path, *, level: int) -> dict[str, str]:
    """Return, by document, the words that tell the generator the choices made at `level`; none for unusable replies."""
    drawn = {each.doc_id: each for each in read_documents(sweep)}
    found = {}
    for reply in raw.replies(raw_folder(sweep, Stage.GENERATE)):
        if reply.item.level == level and reply.item.doc_id in drawn:
            told = told_of(drawn[reply.item.doc_id], reply)
            if told:
                found[reply.item.doc_id] = told
    return found


def told_of(drawn: Drawn, reply: Reply) -> str | None:
    """Return the words that tell the choices of `reply`, or None where it cannot be used.

    They are put together from labels that were taken apart: no text of a reply gets into a prompt.
    """
    read = read_generator(reply)
    if isinstance(read, Rejected):
        return None
    letter = read.written.sibling.strip().upper().removeprefix("SIBLING").strip()
    if letter not in shown(drawn):
        return None
    try:
        splits = {name: _label(getattr(read.written.splits, name)) for name in Splits.model_fields}
    except RejectError:
        return None
    targets = {probe.slot: probe.target for probe in read.written.probes}
    told = ", ".join(f"slot {slot:d} {target}" for slot, target in sorted(targets.items()))
    return render(PROMPT, sibling=letter, targets=told, **splits) + "\n"


def _label(written: str) -> str:
    label = parse_label(written)
    return f"{label.letter}{label.number}" + ("" if label.words is None else f"+{label.words}")
