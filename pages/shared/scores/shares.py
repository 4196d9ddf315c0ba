"""The shares of HARD, MIDDLE, EASY and UNSCORED as tables whose every number is a link to the probes it counts.

Plain links in one st.html element: they work by keyboard and in a new tab, and cost the script 2 ms. Values from a
build (a scope that nobody foresaw) are escaped.
"""

from collections.abc import Sequence

import streamlit as st

from pages.shared import filters
from pages.shared.escape import safe
from pages.shared.palette import LABEL_COLORS
from pages.shared.picks import STYLE, link
from queries.parts import Facet, labelled, part, scored
from queries.schema import Filter, Label
from queries.statistics import FEW_DOCUMENTS, Interval, deviation, mean_interval, share_interval, sums_of
from queries.store import Row

_NONE = "–"
_DENOMINATORS = {label: "due" if label is Label.UNSCORED else "scored" for label in Label}


def legend(whole: Row, where: Filter) -> None:
    """Draw how many probes of `where` each label has: count, share and interval. `whole` is their row of sums."""
    lines = "".join(
        f"<tr><th>{_swatch(label)}</th><td>{_count(probes, labelled(where, label))}</td>"
        f"<td>{_share(_interval(whole, label), probes, labelled(where, label))}</td></tr>"
        for label in Label
        for probes in [whole[str(label).lower()]]
    )
    st.html(f'{STYLE}<div class="shares legend{" few" if _is_few(whole) else ""}"><table>{lines}</table></div>')


def table(rows: Sequence[Row], where: Filter, *, facet: Facet) -> None:
    """Draw one line a part of `facet` and one for all of `where`, from the rows of score_documents.sql."""
    head = "".join(f"<th>{name}</th>" for name in ("Probes", "Documents", "Scored", "Mean", "SD"))
    head += "".join(f"<th>{_swatch(label)}</th>" for label in Label)
    body = "".join(_line(row, where if row["whole"] else part(where, facet=facet, value=row["part"])) for row in rows)
    lines = f"<thead><tr><th>{facet.capitalize()}</th>{head}</tr></thead><tbody>{body}</tbody>"
    st.html(f'{STYLE}<div class="shares"><table>{lines}</table></div><p class="note">{_CAPTION}</p>')


_CAPTION = (
    "HARD, MIDDLE and EASY are shares of the scored probes; UNSCORED is a share of the sentence, paragraph and whole "
    "probes, which ought to have a score. Mean and SD are of the max score. Intervals are 95%, with documents as "
    "clusters: probes of one document are not independent (ratio estimator; Wilson's interval at the effective sample "
    f"size; Miller, arXiv 2411.00640). Grey lines rest on fewer than {FEW_DOCUMENTS} scored documents."
)


def _line(row: Row, where: Filter) -> str:
    name = "All" if row["whole"] else safe(row["part"]) or filters.NOTHING
    mean = mean_interval(sums_of(row, amount="total", size="scored"))
    spread = deviation(size=row["scored"], total=row["total"], squares=row["squares"])
    cells = [
        _count(row["probes"], where),
        f"{row['documents']:,}",
        _count(row["scored"], scored(where)),
        _NONE if mean is None else f"{mean.value:.3f}<small>{mean.low:.3f} to {mean.high:.3f}</small>",
        _NONE if spread is None else f"{spread:.3f}",
        *(_share(_interval(row, label), row[str(label).lower()], labelled(where, label)) for label in Label),
    ]
    kinds = " ".join([*(["whole"] if row["whole"] else []), *(["few"] if _is_few(row) else [])])
    return f'<tr class="{kinds}"><th>{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _interval(row: Row, label: Label) -> Interval | None:
    return share_interval(sums_of(row, amount=str(label).lower(), size=_DENOMINATORS[label]))


def _is_few(row: Row) -> bool:
    return 0 < row["scored_documents"] < FEW_DOCUMENTS


def _swatch(label: Label) -> str:
    kind = "swatch hollow" if label is Label.UNSCORED else "swatch"
    return f'<span class="{kind}" style="--label: {LABEL_COLORS[label]}"></span>{label}'


def _share(interval: Interval | None, probes: int, where: Filter) -> str:
    if interval is None:
        return _NONE
    ends = f"<small>{100 * interval.low:.1f} to {100 * interval.high:.1f}</small>"
    return _link(f"{interval.value:.1%}", probes, where) + ends


def _count(probes: int, where: Filter) -> str:
    return _link(f"{probes:,}", probes, where)


def _link(shown: str, probes: int, where: Filter) -> str:
    """Return `shown` as a link to the `probes` of `where`; without one where there are none."""
    return link(shown, where, title=f"{probes:,} probes") if probes else shown
