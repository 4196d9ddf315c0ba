"""The siblings of a document aligned at the split: what the source model wrote there in its other rollouts."""

from pathlib import Path

import streamlit as st

from pages.shared import data
from pages.shared.escape import safe
from queries.splits import around
from queries.store import Row

STYLE = f"<style>{(Path(__file__).parent / 'siblings.css').read_text(encoding='utf-8')}</style>"
BEFORE, AFTER = 240, 700  # characters beside the split: two lines of lead-in, and a paragraph of what follows


def show(build: data.OpenBuild, doc: Row, probe: Row) -> None:
    """Draw the siblings where the round kept its rollouts, read only when the reader opens the panel."""
    rollouts = build.path / "rounds" / str(doc["round"]) / "documents.parquet"
    if not rollouts.is_file():
        return
    panel = st.expander("Siblings at the split", key="siblings", on_change="rerun")
    if not panel.open:
        return
    found = data.ask("siblings", file=str(rollouts), doc_id=doc["doc_id"])
    if not found:
        panel.text("The round kept no rollouts of this document.")
        return
    texts = [found[0]["opening"] + rollout for rollout in found[0]["rollouts"]]
    panel.html(STYLE + _measure(probe) + "".join(_sibling(n, text, doc, probe) for n, text in enumerate(texts)))


def _measure(probe: Row) -> str:
    if probe["siblings"] is None:
        return ""
    judged = safe(probe["typicality"] or "nothing")
    return (
        f"<p>The atom recurs in {probe['recurs_in']} of {probe['siblings']} other siblings by its words "
        f"(mean overlap {probe['recurrence']:.2f}); the generator called it {judged}.</p>"
    )


def _sibling(number: int, text: str, doc: Row, probe: Row) -> str:
    before, after = around(text, split=probe["split"], before=BEFORE, after=AFTER)
    chosen = number == doc["doc_idx"]
    name = f"{number} · this document" if chosen else str(number)
    return (
        f'<section class="sibling{" chosen" if chosen else ""}"><h4>Sibling {name} · {len(text):,} characters</h4>'
        f"<p>{safe(before)}<b></b>{safe(after) or '<i>it ends before the split</i>'}</p></section>"
    )
