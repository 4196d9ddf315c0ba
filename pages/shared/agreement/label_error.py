"""How wrong the automatic label is, estimated from the labels of a probability sample.

Only estimate queues speak, and only those drawn from all the probes on screen (queries/evidence.py says why). What is
shown is design-based: each labelled probe stands for as many as the chance of its draw says.
"""

from collections.abc import Iterable
from dataclasses import replace

import streamlit as st

from pages.shared import label_data
from pages.shared.escape import safe
from pages.shared.picks import STYLE, link
from pages.shared.scores import human_scores
from pages.shared.spelling import NOTHING, counted
from queries.estimate import Estimate, assisted_hard, human_hard
from queries.evidence import Evidence, Rates, contains
from queries.labels import LabelStoreError, Verdict
from queries.queues import Queue
from queries.schema import Filter, Label
from queries.segments import spelled

KINDS: dict[str, tuple[Label | None, Verdict] | None] = {  # what a rate counts: its probes by automatic and human label
    "Error, where both decide": None,
    "Of automatic HARD: EASY": (Label.HARD, Verdict.EASY),
    "Of automatic EASY: HARD": (Label.EASY, Verdict.HARD),
    "Human HARD": (None, Verdict.HARD),
}
ENOUGH = 30  # labels of one kind, below which a rate is greyed: its interval spans a third of the scale
_NONE = "–"


def show(where: Filter) -> None:
    """Draw the error of the automatic label on the probes of `where`, or what is missing to estimate it."""
    queues = label_data.queues()
    estimating = [queue for queue in queues if queue.estimates]
    if not estimating:
        st.subheader("No Estimate queue yet")
        st.text(
            "Make one in Relabel. Only a sample drawn by chance can say how often the automatic label is wrong: hunts "
            "look for errors, and so find too many."
        )
        _unused(queues)
        return
    try:
        found = _evidence(estimating, where)
    except LabelStoreError as problem:
        st.subheader("The labels cannot be reached")
        st.code(str(problem), language=None, wrap_lines=True)
        return
    ranked = sorted(estimating, key=lambda queue: -found[queue.queue_id].labels)
    queue = st.selectbox("Estimate queue", ranked, format_func=lambda queue: _called(queue, found), width=420)
    evidence = found[queue.queue_id]
    if evidence.sample is None or not evidence.labels:
        st.subheader("This queue has no labels of these probes yet")
        st.text("Read it in Relabel; each label makes the intervals here narrower.")
        return
    st.subheader(_headline(evidence))
    if evidence.labels < ENOUGH:
        st.text(f"From {counted(evidence.labels, 'label')}: below {ENOUGH} take every figure here as a guess.")
    meant = _meant(queue, where)
    if meant == queue.where != where:
        st.text("Of the probes that the queue was drawn from, which are not all that the filters mean.")
    _rates(evidence, meant)
    _assisted(evidence)
    _strata(evidence)
    _unused(queues)


def best(where: Filter) -> Evidence | None:
    """Return what the Estimate queue with most labels says, None where there is no queue. Raises LabelStoreError."""
    found = _evidence([queue for queue in label_data.queues() if queue.estimates], where)
    return max(found.values(), key=lambda evidence: evidence.labels, default=None)


def _evidence(queues: Iterable[Queue], where: Filter) -> dict[str, Evidence]:
    return {queue.queue_id: label_data.evidence(_meant(queue, where), queue) for queue in queues}


def _meant(queue: Queue, where: Filter) -> Filter:
    """Return which probes a queue can speak of: those of `where` where it was drawn from all of them, else its own."""
    return where if contains(queue.where, human_scores.scored(where)) else queue.where


def _called(queue: Queue, found: dict[str, Evidence]) -> str:
    return f"{spelled(queue.name)} · {queue.ordering}, {found[queue.queue_id].labels:,} labels"


def _headline(found: Evidence) -> str:
    wrong = found.rates().error
    if wrong is None:
        return "No probe yet on which both the automatic label and persons say HARD or EASY"
    return f"The automatic label is wrong on {wrong.value:.0%} ({wrong.low:.0%} to {wrong.high:.0%}) where both decide"


def _rates(found: Evidence, where: Filter) -> None:
    """Draw the rates of all the probes, and of each scope."""
    lines = [_line("All", found.rates(), where)]
    if len(found.scopes) > 1:
        lines += [
            _line(scope or NOTHING, found.rates(scope=scope), replace(where, scopes=(scope,))) for scope in found.scopes
        ]
    head = "".join(f"<th>{name}</th>" for name in ("Scope", "Labels", *KINDS))
    st.html(
        f'{STYLE}<div class="shares"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
        f'<p class="note">{_basis(found)} A rate opens all labelled probes of its kind, those of hunts too. Grey lines '
        f"rest on fewer than {ENOUGH} labels. UNSURE counts as not HARD in the last column and is left out of the "
        "others, as is MIDDLE.</p>"
    )


def _line(name: str, rates: Rates, where: Filter) -> str:
    parts = zip(KINDS.values(), (rates.error, rates.false_hard, rates.false_easy, rates.hard), strict=True)
    cells = "".join(f"<td>{_rate(found, where, kind)}</td>" for kind, found in parts)
    few = ' class="few"' if rates.labels < ENOUGH else ""
    return f"<tr{few}><th>{safe(name)}</th><td>{rates.labels:,}</td>{cells}</tr>"


def _rate(found: Estimate | None, where: Filter, kind: tuple[Label | None, Verdict] | None) -> str:
    if found is None:
        return _NONE
    shown = f"{found.value:.1%}"
    if kind and found.value:
        label, verdict = kind
        opened = replace(where, verdicts=(str(verdict),), labels=(label,) if label else where.labels)
        shown = link(shown, opened, title=f"Probes that persons call {verdict}, automatic {label or 'label any'}")
    span = f"<small>{100 * found.low:.1f} to {100 * found.high:.1f}</small>"
    return f"{shown}{span}<small>{counted(found.labels, 'label')}</small>"


def _basis(found: Evidence) -> str:
    queue = found.queue
    return (
        f"From {counted(found.labels, 'label')} of scored probes in {counted(found.documents, 'document')}. The queue "
        f"<b>{safe(queue.name)}</b> was drawn by chance ({queue.ordering}) from {found.population:,} probes on "
        f"{queue.made_at[:10]}, so each label stands for as many probes as the chance of its draw says "
        "(Horvitz-Thompson ratio, stratified variance; Wilson's interval at the effective size). Probes that were "
        "drawn and have no label yet are taken to be missing at random."
    )


def _assisted(found: Evidence) -> None:
    """Draw what persons call HARD of all that the queue was drawn from, sharpened by the automatic scores."""
    if found.sample is None:
        return
    plain, sharp = human_hard(found.sample), assisted_hard(found.sample)
    if plain is None:
        return
    worth = (
        f"The scores are worth {sharp.gain:.1f} times as many labels."
        if sharp.gain > 1.05
        else "The scores add nothing here: they do not tell what persons say."
    )
    st.html(
        f'<p class="rests">Of all {found.population:,} probes that the queue was drawn from, persons would call '
        f"<b>{sharp.value:.1%}</b> HARD ({100 * sharp.low:.1f} to {100 * sharp.high:.1f}), with the automatic scores "
        f"of all of them as help (PPI++, Angelopoulos, Duchi and Zrnic, arXiv 2311.01453, by stratum); by labels alone "
        f"{plain.value:.1%} ({100 * plain.low:.1f} to {100 * plain.high:.1f}). {worth}</p>"
    )


def _strata(found: Evidence) -> None:
    """Draw, folded, how many probes of each stratum are drawn and labelled."""
    strata, items = label_data.drawn(found.queue)
    labelled = found.sample.probe_id.tolist() if found.sample else []
    by_stratum = {item.probe_id: item.stratum for item in items}
    counts = {part.stratum: 0 for part in strata}
    for probe in labelled:
        counts[by_stratum[probe]] += 1
    lines = "".join(
        f"<tr><th>{safe(part.stratum) or 'all'}</th><td>{part.probes:,}</td><td>{part.drawn:,}</td>"
        f"<td>{counts[part.stratum]:,}</td></tr>"
        for part in strata
    )
    head = "<thead><tr><th>Stratum</th><th>Probes</th><th>Drawn</th><th>Labelled</th></tr></thead>"
    with st.expander("Strata of the queue", key="strata"):
        st.html(f'{STYLE}<div class="shares"><table>{head}<tbody>{lines}</tbody></table></div>')


def _unused(queues: Iterable[Queue]) -> None:
    hunts = [queue for queue in queues if not queue.estimates]
    if hunts:
        names = ", ".join(f"<b>{safe(queue.name)}</b> ({queue.ordering})" for queue in hunts[:10])
        st.html(
            f'<p class="note">Not used: labels of hunts, whose probes were chosen because something is odd about them: '
            f"{names}{' and more' if len(hunts) > 10 else ''}.</p>"
        )
