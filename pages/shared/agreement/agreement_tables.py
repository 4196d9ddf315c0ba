"""Agreement as tables: every pair of raters in one line, and one pair in full, each cell a link to its probes.

Plain links in st.html elements, as on Scores. Names of annotators are typed by people and go through `safe`.
"""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from pages.shared.escape import safe
from pages.shared.palette import VERDICT_COLORS
from pages.shared.picks import STYLE, link
from pages.shared.spelling import NOTHING, counted
from queries.agreement import Agreement, Statistic
from queries.raters import AUTOMATIC, HALF_WIDTH, Board, Given, Kind, Pair, Rater, cell
from queries.schema import Filter
from queries.segments import spelled
from queries.statistics import FEW_DOCUMENTS, Interval

MOST = 30  # pairs in the overview: more take seconds to compare and nobody reads them
HEADS = ("Probes", "Documents", "Raw agreement", "Cohen's kappa", "Gwet's AC1", "Krippendorff's alpha", "HARD")
_NONE = "–"


def without_labels(where: Filter) -> Filter:
    """Return the filter without its parts about human labels, and say that they are left out where there are any."""
    if where.by_label:
        st.text("Filters by human label are left out here: among probes chosen by a verdict, agreement says nothing.")
    return replace(where, verdicts=(), annotators=(), votes=())


def overview(board: Board, categories: Sequence[str]) -> None:
    """Draw one line a pair of raters, and one for all annotators together where there are three or more."""
    pairs = board.pairs()
    lines = [_line(_named(pair), board.between(pair, categories=categories)) for pair in pairs[:MOST]]
    if len(board.annotators) > 2:
        everyone = f"all {len(board.annotators)} annotators"
        lines.append(_line(everyone, board.among(categories=categories)))
    more = f"{len(pairs) - MOST:,} more pairs can be chosen below, one at a time." if len(pairs) > MOST else ""
    _draw("Between", lines, after=more)


def choose_pair(board: Board, pairs: Sequence[Pair]) -> Pair:
    """Draw the choice of a pair and return it."""
    chosen = st.selectbox(
        "In full",
        range(len(pairs)),
        format_func=lambda at: " and ".join(_called(rater) for rater in pairs[at]),
        key=f"pair-{board.given}",
        width=420,
    )
    return pairs[chosen]


def pair_table(board: Board, pair: Pair, where: Filter, categories: Sequence[str]) -> None:
    """Draw how often each category of the first rater meets each of the second, and what it comes to in words."""
    found = board.between(pair, categories=categories)
    if found.table is None:
        st.text("These two have not both said any of these categories of one probe.")
        return
    first, second = pair
    names = [[_category(rater, name) for name in categories] for rater in pair]
    head = "".join(f"<th>{_swatch(name, shown)}</th>" for name, shown in zip(categories, names[1], strict=True))
    lines = "".join(
        f"<tr><th>{_swatch(name, names[0][row])}</th>"
        + "".join(
            f"<td>{_cell(board, {first: name, second: other}, where, int(found.table[row, column]))}</td>"
            for column, other in enumerate(categories)
        )
        + f"<td>{int(found.table[row].sum()):,}</td></tr>"
        for row, name in enumerate(categories)
    )
    sums = "".join(f"<td>{int(found.table[:, column].sum()):,}</td>" for column in range(len(categories)))
    corner = f"{safe(_called(first))} ↓ · {safe(_called(second))} →"
    table = f"<thead><tr><th>{corner}</th>{head}<th>All</th></tr></thead><tbody>{lines}"
    table += f'<tr class="whole"><th>All</th>{sums}<td>{found.probes:,}</td></tr></tbody>'
    with st.container(horizontal=True, gap="large"):
        with st.container(width=460):
            st.html(f'{STYLE}<div class="shares"><table>{table}</table></div>')
        with st.container(width="stretch"):
            st.html(f'<div class="said">{"".join(f"<p>{line}</p>" for line in _words(found))}</div>')


def by_scope(board: Board, pair: Pair, where: Filter, categories: Sequence[str]) -> None:
    """Draw the pair's agreement in each scope."""
    found = {scope: board.between(pair, categories=categories, scope=scope) for scope in board.scopes}
    lines = [
        _line(link(shown, replace(where, scopes=(scope,)), title="All probes of this scope"), part)
        for scope, part in found.items()
        if part.probes
        for shown in [safe(scope) or NOTHING]
    ]
    if len(lines) > 1:
        _draw("Scope", lines)


def notes(board: Board) -> None:
    """Draw what the figures are and are not."""
    which = (
        "Verdicts of annotators are those given blind, before the hidden side, the answers and the scores were seen."
        if board.given is Given.BLIND
        else "Verdicts of annotators are those that count; one given or kept after the reveal leans to what it showed."
    )
    st.html(
        f'{STYLE}<p class="note">{which} The human label is the one that counts: adjudicated, else the majority. '
        "With the middle, MIDDLE of the automatic label and UNSURE of persons are one category; without it, such "
        "probes are left out. Intervals are 95%, by bootstrap of documents: probes of one are alike. "
        f"HARD is its share of all ratings: where it is rare or common, kappa falls and AC1 does not. “n more” is how "
        f"many more probes make an interval ± {HALF_WIDTH:g}. Grey lines rest on fewer than {FEW_DOCUMENTS} documents. "
        "Probes of hunts were chosen because they are odd: the agreement on them is not that of the build. "
        "The error of the automatic label has a screen of its own.</p>"
    )


def _draw(title: str, lines: Sequence[str], *, after: str = "") -> None:
    head = "".join(f"<th>{name}</th>" for name in HEADS)
    table = f"<thead><tr><th>{title}</th>{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
    st.html(f'{STYLE}<div class="shares"><table>{table}</table></div><p class="note">{after}</p>')


def _line(name: str, found: Agreement) -> str:
    """Return one line; `name` is HTML."""
    few = ' class="few"' if 0 < found.documents < FEW_DOCUMENTS else ""
    share, one = found.prevalence.get("HARD"), found.documents == 1
    cells = [
        f"{found.probes:,}",
        f"{found.documents:,}",
        _statistic(found.raw, share=True),
        *(_statistic(part, alone=one) for part in (found.kappa, found.ac1, found.alpha)),
        _NONE if share is None else _share(share, alone=one),
    ]
    return f"<tr{few}><th>{name}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _share(found: Interval, *, alone: bool) -> str:
    span = "one document" if alone else f"{100 * found.low:.0f} to {100 * found.high:.0f}"
    return f"{found.value:.0%}<small>{span}</small>"


def _statistic(found: Statistic | None, *, share: bool = False, alone: bool = False) -> str:
    if found is None:
        return _NONE
    value, low, high = (f"{part:.0%}" if share else f"{part:.2f}" for part in map(_rounded, found[:3]))
    span = "one document" if alone else "no spread seen" if found.low == found.high else f"{low} to {high}"
    more = f"<small>{found.needed:,} more</small>" if found.needed else ""
    return f"{value}<small>{span}</small>{more}".replace("-", "−")


def _rounded(part: float) -> float:
    return round(part, 2) or 0.0  # no minus before a nought


def _words(found: Agreement) -> list[str]:
    """Return what the figures of one pair come to, and why some are missing."""
    if found.raw is None:
        return ["They have judged no probe in common."]
    probes, documents = counted(found.probes, "probe"), counted(found.documents, "document")
    words = [f"They agree on {found.raw.value:.0%} of {probes} in {documents}."]
    if found.kappa is None:
        words.append("Kappa, AC1 and alpha are not defined, because both used one category only.")
    elif found.kappa.low <= 0:
        words.append("That is not told from chance: the interval of kappa reaches 0.")
    if found.documents == 1:
        words.append("All probes are of one document, so there is no interval.")
    elif found.documents < FEW_DOCUMENTS:
        words.append(f"Below {FEW_DOCUMENTS} documents take every interval as a rough one.")
    if found.raw.needed:
        words.append(f"About {found.raw.needed:,} more probes make the interval of the raw agreement ± 10 points.")
    return words


def _named(pair: Pair) -> str:
    return " · ".join(safe(_called(rater)) for rater in pair)


def _called(rater: Rater) -> str:
    return spelled(rater.name) if rater.kind is Kind.ANNOTATOR else str(rater.kind)


def _category(rater: Rater, name: str) -> str:
    return "MIDDLE" if rater == AUTOMATIC and name == "UNSURE" else name


def _swatch(name: str, shown: str) -> str:
    return f'<span class="swatch" style="--label: {VERDICT_COLORS[name]}"></span>{shown}'


def _cell(board: Board, said: dict[Rater, str], where: Filter, probes: int) -> str:
    if not probes:
        return "0"
    return link(f"{probes:,}", cell(where, said, given=board.given), title=f"{probes:,} probes")
