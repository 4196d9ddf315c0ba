"""What stands folded below the score distribution: how HARD depends on the number of answers, and what the card says.

Both are asked only when opened: the first reads the answers' scores (0.2 s on a build of the card's size), the second
counts the whole build (1-2 s, then kept for the session).
"""

import streamlit as st

from pages.shared import charts, data
from pages.shared.escape import safe
from pipeline import status
from pipeline.build import CARD_FILE
from queries.schema import ROLLOUTS, SCORED_SCOPES, Filter
from queries.statistics import Interval, share_interval, sums_of, ways_to_draw, ways_to_miss

SCOPES = tuple(str(scope) for scope in SCORED_SCOPES)
DRAWS, MISSES = ways_to_draw(ROLLOUTS), ways_to_miss(ROLLOUTS)


def fewer_answers(where: Filter) -> None:
    """Draw, when opened, how the share of HARD falls with the number of answers that the maximum is taken over."""
    opened = st.expander("HARD share with fewer answers", key="fewer-answers", on_change="rerun")
    if not opened.open:
        return
    rows = data.ask("score_answers", where, scopes=SCOPES, answers=ROLLOUTS, draws=DRAWS, misses=MISSES)
    lines: dict[str, list[Interval]] = {}
    for row in sorted(rows, key=lambda row: (SCOPES.index(row["scope"]), row["k"])):
        found = share_interval(sums_of(row, amount="hard", size="ways"), probes=row["probes"])
        if found:
            lines.setdefault(row["scope"], []).append(found)
    with opened:
        if not lines:
            st.caption(f"None of these probes has all {ROLLOUTS} scores.")
            return
        counts = "; ".join(f"{row['probes']:,} {row['scope']} probes" for row in rows if row["k"] == ROLLOUTS)
        st.caption(
            "The more answers, the higher their maximum, and the fewer probes stay HARD. Unbiased, from all ways to "
            f"draw some of {ROLLOUTS} answers: {counts}. Intervals are 95%, clustered by document."
        )
        alt = "Share of HARD by number of answers, one line a scope"
        st.plotly_chart(charts.erosion(lines), key="erosion", config={"displayModeBar": False}, alt=alt)


def card(build: data.OpenBuild) -> None:
    """Draw, when opened, where the card of the build disagrees with itself or with the data; nothing without a card."""
    if not (build.path / CARD_FILE).is_file():
        return
    opened = st.expander("What the card says", key="card", on_change="rerun")
    if not opened.open:
        return
    kept = st.session_state.setdefault("card-differences", {})
    with opened:
        if (build.name, build.revision) not in kept:
            with st.spinner("Counting the build"):
                kept[build.name, build.revision] = status.differences(build.path)
        found = kept[build.name, build.revision]
        if not found:
            st.caption("Every number on the card agrees with the others and with the data.")
            return
        st.caption("Numbers on the card that disagree with others on it, or with the data:")
        st.html("<ul>" + "".join(f"<li>{safe(str(difference))}</li>" for difference in found) + "</ul>")
