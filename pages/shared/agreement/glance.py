"""The three answers of Agreement, above everything else: is the automatic label right, do we agree, what is left."""

from collections.abc import Iterable

import streamlit as st

from pages.shared import data, label_data
from pages.shared.agreement import label_error
from pages.shared.escape import safe
from pages.shared.picks import STYLE
from pages.shared.spelling import counted
from queries.agreement import Statistic
from queries.estimate import Estimate, needed
from queries.evidence import Evidence
from queries.labels import LabelStoreError
from queries.raters import Given
from queries.schema import Filter

FIVE = 0.05  # the half-width, in shares, that "more labels" plans for


def show(where: Filter) -> None:
    """Draw the three answers for the probes of `where`, beside each other."""
    try:
        best = label_error.best(where)
    except LabelStoreError as problem:
        st.text(f"The labels cannot be reached: {problem}")
        return
    tiles = {
        "Is the automatic label right?": _right(best),
        "Do annotators agree?": _agree(where),
        "What is left to do?": "<br>".join(_left(where, best)),
    }
    told = "".join(f"<section><h3>{question}</h3><p>{answer}</p></section>" for question, answer in tiles.items())
    st.html(f'{STYLE}<div class="glance">{told}</div>')


def _right(best: Evidence | None) -> str:
    found = best.rates().error if best else None
    if best is None or found is None:
        return "Not known: no Estimate queue has labels on which both decide."
    more = needed(found, wanted=FIVE)
    plan = f"; {more:,} more would tell it to 5 points" if more else ""
    return (
        f"Wrong on {_share(found)} where it and persons both say HARD or EASY: {counted(found.labels, 'label')}{plan}. "
        f"Queue {safe(best.queue.name)}."
    )


def _agree(where: Filter) -> str:
    blind = label_data.board(where, Given.BLIND)
    board = blind if len(blind.annotators) > 1 else label_data.board(where, Given.FINAL)
    found = board.among()
    if len(board.annotators) < 2 or found.raw is None:
        return "Not known: no two annotators have decided the same probe."
    how = "before the reveal" if board.given is Given.BLIND else "in final verdicts, which the scores anchor"
    return (
        f"{len(board.annotators)} annotators on {_share(found.raw)} of {counted(found.probes, 'probe')} in "
        f"{counted(found.documents, 'document')}, {how}."
    )


def _share(found: Estimate | Statistic) -> str:
    return f"<b>{found.value:.0%}</b> ({100 * found.low:.0f} to {100 * found.high:.0f})"


def _left(where: Filter, best: Evidence | None) -> Iterable[str]:
    counts = data.ask("dispute_counts", where)[0]
    yield f"<b>{counts['disputed']:,}</b> disputed to decide, {counts['decided']:,} decided."
    if best:
        yield f"{best.labels:,} of {best.queue.size:,} labelled in the queue {safe(best.queue.name)}."
