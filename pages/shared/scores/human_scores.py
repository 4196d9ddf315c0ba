"""Human P(HARD) over the score distribution: what is drawn, what it rests on, and the labelled probes behind it.

Only labels of an estimate queue that was drawn from all that is on screen are drawn (queries/evidence.py), weighted by
the chance of each draw. Of several such queues the one with most labels on screen speaks.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

import streamlit as st

from pages.shared import charts, data, filters, label_data
from pages.shared.escape import safe
from pages.shared.palette import HUMAN_COLOR, VERDICT_COLORS
from pages.shared.picks import STYLE, link
from pages.shared.scores.human_points import STARTS, span
from queries.estimate import Estimate
from queries.evidence import Evidence, contains
from queries.labels import LabelStoreError, Verdict
from queries.parts import Facet, between
from queries.schema import Filter


@dataclass(frozen=True, kw_only=True)
class Told:
    """Human P(HARD) by bin, the queue that it rests on, and the sentence for the screen, which is HTML."""

    words: str
    evidence: Evidence | None = None
    bins: dict[int, Estimate] = field(default_factory=dict)


def read(where: Filter, facet: Facet) -> Told:
    """Return what persons say of the probes of `where`, or why nothing can be drawn."""
    if facet is not Facet.NOTHING:
        return Told(words="Human P(HARD) is drawn over the undivided distribution: choose Split by nothing.")
    if where.by_label:
        return Told(words="A filter by human label is on, so human P(HARD) would only repeat it and is not drawn.")
    estimating = [queue for queue in label_data.queues() if queue.estimates]
    covering = [queue for queue in estimating if contains(queue.where, scored(where))]
    if not covering:
        why = "no Estimate queue was drawn from all of these probes" if estimating else "there is no Estimate queue"
        return Told(words=f"Human P(HARD) is not drawn: {why}. {_make(where)} and label it.")
    try:
        found = [label_data.evidence(where, queue) for queue in covering]
    except LabelStoreError:
        return Told(words="Human P(HARD) is not drawn: the label database cannot be read now.")
    best = max(found, key=lambda one: one.labels)
    bins = best.hard_by_score(STARTS)
    if not bins:
        name = safe(best.queue.name)
        return Told(words=f"Human P(HARD) is not drawn: the queue {name} has no labels of these probes. Label some.")
    return Told(words=_words(best, covering=len(covering)), evidence=best, bins=bins)


def scored(where: Filter) -> Filter:
    """Return `where` with the scopes named that have scores in this build: others have no part in what scores tell."""
    if where.scopes:
        return where
    rows = data.ask("score_lattice", where, facet=str(Facet.SCOPE))
    scopes = {row["part"] for row in rows if row["score"] is not None}
    return replace(where, scopes=tuple(sorted(scopes)))


def _make(where: Filter) -> str:
    query = safe(urlencode(filters.browse_query(where), doseq=True))
    return f'<a href="./relabel?{query}">Make an Estimate queue in Relabel with these filters</a>'


def _words(found: Evidence, *, covering: int) -> str:
    queue = found.queue
    now = data.ask("count", queue.where)[0]["probes"]
    changed = f" The build has changed since: the same filter now means {now:,}." if now != found.population else ""
    several = f" Of {covering} queues drawn from all of these probes it has the most labels." if covering > 1 else ""
    return (
        f'<b style="color: {HUMAN_COLOR}">◆</b> Human P(HARD), right axis: the share of probes that persons call HARD '
        f"(UNSURE is not HARD), with 95% intervals. It rests on {found.labels:,} labels of scored probes in "
        f"{found.documents:,} documents from the Estimate queue <b>{safe(queue.name)}</b> ({queue.ordering}, drawn on "
        f"{queue.made_at[:10]} from {found.population:,} probes), each weighted by the chance of its draw."
        f"{several}{changed}"
    )


def show(told: Told, where: Filter) -> None:
    """Draw the sentence, and below it a line a bin, each with links to its labelled probes."""
    st.html(f'{STYLE}<p class="rests">{told.words}</p>')
    if not told.bins:
        return
    counts = Counter[tuple[int, str]]()
    for row in data.ask("human_scores", where):
        counts[min(row["score"] // 20, len(STARTS) - 1), row["verdict"]] += row["probes"]
    names = "".join(f"<th>{_swatch(verdict)}</th>" for verdict in Verdict)
    head = f"<thead><tr><th>Max score</th><th>Labels</th><th>Human P(HARD)</th>{names}</tr></thead>"
    lines = "".join(_line(number, told.bins.get(number), counts, where) for number in range(len(STARTS)))
    with st.expander("Human P(HARD) by max score", key="human-scores"):
        st.html(
            f'<div class="shares human"><table>{head}<tbody>{lines}</tbody></table></div><p class="rests">Labels are '
            "of probes that the queue drew; the last three columns count and open all labelled probes, hunts too.</p>"
        )


def _line(number: int, found: Estimate | None, counts: Counter[tuple[int, str]], where: Filter) -> str:
    low, high = span(number)
    share = f"{found.value:.1%}<small>{100 * found.low:.1f} to {100 * found.high:.1f}</small>" if found else "–"
    cells = [f"{found.labels:,}" if found else "0", share, *_links(number, counts, where)]
    return f"<tr><th>{charts.scores(low, high)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _links(number: int, counts: Counter[tuple[int, str]], where: Filter) -> Iterable[str]:
    low, high = span(number)
    for verdict in Verdict:
        probes = counts[number, verdict]
        opened = replace(between(where, low=low, high=high), verdicts=(str(verdict),))
        yield link(f"{probes:,}", opened, title=f"{probes:,} probes") if probes else "0"


def _swatch(verdict: Verdict) -> str:
    return f'<span class="swatch" style="--label: {VERDICT_COLORS[verdict]}"></span>{verdict}'
