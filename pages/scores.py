"""Explore the distribution of the max score: its shape, the two thresholds, and the probes behind every bar."""

from collections.abc import Mapping

import streamlit as st

from pages.shared import charts, data, filters, links, picks
from pages.shared.scores import human_points, human_scores, score_panels, shares
from queries.estimate import Estimate
from queries.parts import Facet, between, part
from queries.schema import SCORED_SCOPES, Filter, Label, Scope, Target, Typicality
from queries.statistics import CARD_BINS, LATTICE, Bar, Cell, bars

BINS = {"five bins": CARD_BINS, "every 0.01": LATTICE}
PICKS = {"one bar": "pan", "a range": "select"}  # what a drag does on the chart: plotly picks by click or by box
CHARTS = 8  # parts drawn at most; the table has them all
ORDER = [*Scope, *Target, *Typicality]
DUE = tuple(str(scope) for scope in SCORED_SCOPES)


def distribution(where: Filter, facet: Facet, starts: tuple[int, ...]) -> dict[str, list[Bar]]:
    """Return the bars of the scored probes of `where` by part of `facet`, in the order of the vocabulary."""
    found: dict[str, list[Cell]] = {}
    for row in data.ask("score_lattice", where, facet=str(facet)):
        if row["score"] is not None:
            found.setdefault(row["part"], []).append(Cell(row["score"], Label(row["label"]), row["probes"]))
    return {name: bars(found[name], starts=starts, thresholds=where.thresholds) for name in sorted(found, key=rank)}


def sizes(where: Filter, facet: Facet) -> tuple[int, int]:
    """Return how many probes `where` means, and how many of them have a score, from what the bars are drawn of."""
    rows = data.ask("score_lattice", where, facet=str(facet))
    return sum(row["probes"] for row in rows), sum(row["probes"] for row in rows if row["score"] is not None)


def rank(name: str) -> tuple[bool, int, int, str]:
    """Return the sort key of a part: words of the vocabulary, then others by number or name, null last."""
    return (not name, ORDER.index(name) if name in ORDER else len(ORDER), int(name) if name.isdecimal() else 0, name)


def histograms(
    parts: dict[str, list[Bar]],
    where: Filter,
    facet: Facet,
    *,
    starts: tuple[int, ...],
    pick: str,
    human: Mapping[int, Estimate],
) -> None:
    """Draw one chart a part of `facet`; a pick draws anew what is beside them, and not the charts."""
    drawn = dict(list(parts.items())[:CHARTS])
    unfiltered = Filter(thresholds=where.thresholds)
    compared = len(parts) > 1 or where != unfiltered
    ghost = distribution(unfiltered, Facet.NOTHING, starts)[""] if compared else []
    peak = charts.peak([*drawn.values(), ghost])
    for name, shown in drawn.items():
        if facet is not Facet.NOTHING:
            st.text(f"{facet}: {name or filters.NOTHING} · {sum(bar.probes for bar in shown):,} scored probes")
        figure = charts.histogram(
            shown,
            starts=starts,
            thresholds=where.thresholds,
            ghost=ghost,
            dragmode=PICKS[pick],
            peak=peak,
            height=charts.height(len(drawn)),
        )
        alt = charts.words(shown)
        if human:
            figure, alt = human_points.over(figure, human), f"{alt}. {human_points.words(human)}"
        st.plotly_chart(
            figure,
            key=chart(facet, name),
            on_select=show_picked,
            selection_mode=("points", "box"),
            config={"displayModeBar": False},
            alt=alt,
        )
    if len(parts) > len(drawn):
        st.caption(f"{len(drawn)} of {len(parts)} parts are drawn; the table has all of them.")
    if ghost:
        st.caption("Grey, behind: all scored probes of the build. Heights are shares, so that shapes can be compared.")


def chart(facet: Facet, name: str) -> str:
    """Return the key of the chart of one part."""
    return f"histogram-{facet}-{name}"


def show_picked() -> None:
    """Draw what was picked, and nothing else."""
    st.rerun("picked")


@st.fragment(key="picked")
def picked(parts: dict[str, list[Bar]], where: Filter, facet: Facet, *, pick: str) -> None:
    """Draw the probes behind the bars that are picked in the charts."""
    spans = {
        name: charts.picked(st.session_state[chart(facet, name)].selection.points) for name in list(parts)[:CHARTS]
    }
    if not any(spans.values()):
        st.caption("Click a bar to see its probes." if pick == "one bar" else "Drag across bars to see their probes.")
    for name, span in spans.items():
        if span:
            low, high = span
            picks.show(
                name if facet is not Facet.NOTHING else "",
                between(part(where, facet=facet, value=name), low=low, high=high),
                probes=sum(bar.probes for bar in parts[name] if low <= bar.low and bar.high <= high),
            )


head, choices = st.container(), st.container(horizontal=True, gap="medium")
with st.container(horizontal=True, gap="medium"):
    chart_side, pick_side = st.container(key="charts"), st.container(width=330)
with chart_side:
    chart_place = st.container()
    _, cuts, _ = st.columns(charts.COLUMNS, gap=None)  # so that the handles stand under the cuts of the chart
    human_place = st.container()
with pick_side:
    legend_place, picked_place = st.container(), st.container()
for key, words in {"bins": BINS, "pick": PICKS, "by": Facet}.items():
    links.expect(key, words)
where = filters.sidebar(cuts)

with choices:
    starts = BINS[filters.choose("Bars", "bins", BINS)]
    pick = filters.choose("Pick", "pick", PICKS)
    facet = Facet(filters.choose("Split by", "by", Facet))
by = Facet.SCOPE if facet is Facet.NOTHING else facet
probes, scored = sizes(where, facet)
if not probes:
    total = data.ask("count", where)[0]["total"]
    head.subheader("No probe matches these filters" if total else "This build holds no probes")
    if total:
        head.button("Clear all filters", on_click=filters.clear)
    else:
        head.code("python -m pipeline import SOURCE --build NAME", language=None)
    st.stop()
head.subheader(f"{scored:,} of {probes:,} probes have a score")
parts = distribution(where, facet, starts)
if parts:
    told = human_scores.read(where, facet)
    with chart_place:
        histograms(parts, where, facet, starts=starts, pick=pick, human=told.bins)
    with human_place:
        human_scores.show(told, where)
    with picked_place:
        picked(parts, where, facet, pick=pick)
else:
    chart_place.info(
        "None of these probes has a score. Word and lens probes get none; the others get theirs when they are scored."
    )

rows = data.ask("score_documents", where, facet=str(by), due_scopes=DUE)
whole = next(row for row in rows if row["whole"])
with legend_place:
    shares.legend(whole, where)
    if where.labels or where.score_from is not None or where.score_to is not None:
        st.caption("A label or score filter is on: shares are of what it leaves.")
shares.table(sorted(rows, key=lambda row: (not row["whole"], rank(row["part"]))), where, facet=by)
score_panels.fewer_answers(where)
score_panels.card(data.current_build())
