"""The levels of a sweep as tables whose numbers are links to the probes they count, and as small histograms."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from pages.shared import charts
from pages.shared.calibrate.bench import DUE, Bench
from pages.shared.calibrate.level_charts import signed
from pages.shared.escape import safe
from pages.shared.palette import LABEL_COLORS, level_color
from pages.shared.picks import STYLE
from pipeline.build import chosen_level
from queries.calibration import FAULTS, LEAKS, Measure, clustered
from queries.parts import between, labelled, scored
from queries.schema import Filter, Label, Scope
from queries.statistics import CARD_BINS, FEW_DOCUMENTS, Bar, Interval, mean_interval, share_interval
from queries.store import Row

SHEET = f"{STYLE}<style>{Path(__file__).with_name('calibrate.css').read_text(encoding='utf-8')}</style>"
HEADS = ("Scored", "Mean", "HARD", "EASY", "Sound", "Leaks", "Rejected", "Kept")
COSTS = ("Cost", "A kept probe")  # of a sweep that cost anything
SUMMED = ("probes", "scored", "hard", "easy", "valid", "leaked", "kept")
NONE = "–"
NANO = 1_000_000_000
Rows = Mapping[int, Sequence[Row]]


def by_level(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """Return the rows of sweep_documents.sql by level, lowest first."""
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["level"]].append(row)
    return dict(sorted(found.items()))


def interval(rows: Sequence[Row], measure: Measure) -> Interval | None:
    """Return the measure over the documents of one level with its clustered 95% interval; None without a score."""
    sums = clustered(rows, amount=str(measure), size="scored")
    return mean_interval(sums) if measure is Measure.MEAN else share_interval(sums)


def table(bench: Bench, rows: Rows) -> None:
    """Draw one line a level: what its probes score, whether they are sound, what was lost and what it cost."""
    head = "".join(f"<th>{name}</th>" for name in (HEADS if bench.free else HEADS + COSTS))
    chosen = chosen_level(bench.home)
    everything = by_level(bench.documents(Filter(thresholds=bench.where.thresholds)))
    lines = "".join(
        _line(bench, level, rows.get(level, []), everything.get(level, []), chosen=level == chosen)
        for level in bench.levels
    )
    st.html(
        f'{SHEET}<div class="shares levels"><table><thead><tr><th>Level</th>{head}</tr></thead>'
        f'<tbody>{lines}</tbody></table></div><p class="note">{safe(_caption(bench))}</p>'
    )


def _caption(bench: Bench) -> str:
    cost = (
        "Recorded replies cost nothing, so no cost is shown."
        if bench.free
        else "Cost is of all calls of the level; a kept probe costs that divided by the kept probes of all scopes."
    )
    return (
        "Scored are probes, in how many of the documents. HARD and EASY are shares of the scored probes. Sound probes "
        "carry no flag of a validator, apart from the reader's window and near-duplicate documents; leaks are flags of "
        "the atom, the question or its scaffold; kept probes are HARD and sound. Rejected are slots, or whole replies, "
        "without a probe. Intervals are 95%, with documents as clusters (Miller, arXiv 2411.00640). "
        f"{cost}"
    )


def _line(bench: Bench, level: int, rows: Sequence[Row], everything: Sequence[Row], *, chosen: bool) -> str:
    here = bench.at(level)
    total = {name: sum(row[name] for row in rows) for name in SUMMED}
    mean = interval(rows, Measure.MEAN)
    result = bench.results[level]
    cells = [
        bench.link(f"{total['scored']:,}", total["scored"], scored(here))
        + _documents(sum(row["scored"] > 0 for row in rows), result.documents),
        NONE if mean is None else f"{mean.value:.3f}<small>{mean.low:.3f} to {mean.high:.3f}</small>",
        _share(bench, interval(rows, Measure.HARD), total["hard"], labelled(here, Label.HARD)),
        _share(bench, interval(rows, Measure.EASY), total["easy"], labelled(here, Label.EASY)),
        _sound(bench, rows, total["probes"] - total["valid"], here),
        bench.link(f"{total['leaked']:,}", total["leaked"], replace(_due(here), flags=tuple(map(str, LEAKS)))),
        _rejects(result.rejects),
        f"{total['kept']:,}{_kept(share_interval(clustered(rows, amount='kept', size='scored')))}",
        *([] if bench.free else _cost(sum(result.spent.values()), sum(row["kept"] for row in everything))),
    ]
    few = ' class="few"' if len(rows) < FEW_DOCUMENTS <= bench.sweep.documents else ""
    return f"<tr{few}><th>{_name(bench, level, chosen=chosen)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _name(bench: Bench, level: int, *, chosen: bool) -> str:
    about = bench.sweep.levels[level]
    told = [
        "next round" if chosen else "",
        f"text of {about.by}" if about.by else "",
        "made separately" if about.note else "",
    ]
    mark = f'<span class="swatch" style="--label: {level_color(level)}"></span>'
    small = "".join(f"<small>{safe(word)}</small>" for word in told if word)
    return f"{mark}{signed(level)}{small}"


def _share(bench: Bench, found: Interval | None, probes: int, where: Filter) -> str:
    if found is None:
        return NONE
    return bench.link(f"{found.value:.1%}", probes, where) + f"<small>{_ends(found)}</small>"


def _ends(found: Interval) -> str:
    return f"{100 * found.low:.1f} to {100 * found.high:.1f}"


def _kept(found: Interval | None) -> str:
    return "" if found is None else f"<small>{found.value:.1%}</small><small>{_ends(found)}</small>"


def _documents(scored: int, all_: int) -> str:
    return f"<small>in {scored:,} of {all_:,}</small>"


def _sound(bench: Bench, rows: Sequence[Row], faulty: int, here: Filter) -> str:
    found = share_interval(clustered(rows, amount="valid", size="probes"))
    if found is None:
        return NONE
    failing = replace(_due(here), flags=tuple(map(str, FAULTS)))
    more = bench.link(f"{faulty:,} not", faulty, failing)
    return f"{found.value:.1%}<small>{_ends(found)}</small>" + (f"<small>{more}</small>" if faulty else "")


def _due(where: Filter) -> Filter:
    """Return the probes of `where` that the counts are of: without a chosen scope, those of all scored scopes."""
    return where if where.scopes else replace(where, scopes=DUE)


def _rejects(rejects: Mapping[str, int]) -> str:
    told = "; ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in rejects.items())
    return f"{sum(rejects.values()):,}" + (f"<small>{safe(told)}</small>" if told else "")


def _cost(spent: int, kept: int) -> tuple[str, str]:
    return f"${spent / NANO:,.2f}", f"${spent / NANO / kept:,.3f}" if kept else "none kept"


def scopes(bench: Bench, measure: Measure) -> None:
    """Draw the measure by level and scope, with intervals."""
    found = {scope: by_level(bench.documents(replace(bench.where, scopes=(str(scope),)))) for scope in DUE}
    head = "".join(f"<th>{scope}</th>" for scope in found)
    lines = ""
    for level in bench.levels:
        cells = "".join(
            f"<td>{_scope(bench, level, scope, found[scope].get(level, []), measure)}</td>" for scope in found
        )
        lines += f"<tr><th>{signed(level)}</th>{cells}</tr>"
    st.html(f'{SHEET}<div class="shares"><table><thead><tr><th>Level</th>{head}</tr></thead>{lines}</table></div>')


def _scope(bench: Bench, level: int, scope: str, rows: Sequence[Row], measure: Measure) -> str:
    shown = interval(rows, measure)
    if shown is None:
        return NONE
    where = replace(bench.at(level), scopes=(str(Scope(scope)),))
    if measure is Measure.MEAN:
        probes = sum(row["scored"] for row in rows)
        ends = f"<small>{shown.low:.3f} to {shown.high:.3f}</small>"
        return bench.link(f"{shown.value:.3f}", probes, scored(where)) + ends
    label = Label.HARD if measure is Measure.HARD else Label.EASY
    return _share(bench, shown, sum(row[measure] for row in rows), labelled(where, label))


def multiples(bench: Bench, distributions: Mapping[int, list[Bar]]) -> None:
    """Draw one small histogram a level, side by side on one scale; every bar is a link to its probes."""
    peak = charts.peak(distributions.values()) or 1
    drawn = "".join(_multiple(bench, level, found, peak) for level, found in distributions.items())
    axis = "".join(f"<span>{start / 100:.1f}</span>" for start in (*CARD_BINS, 100))
    st.html(
        f'{SHEET}<div class="multiples">{drawn}</div><p class="note">Bins from {axis} of the max score; '
        f"heights are shares of the level's scored probes.</p>"
    )


def _multiple(bench: Bench, level: int, found: list[Bar], peak: float) -> str:
    total = sum(bar.probes for bar in found)
    columns = "".join(
        f"<div>{''.join(_bar(bench, level, bar, total, peak) for bar in found if bar.bin == place)}</div>"
        for place in range(len(CARD_BINS))
    )
    return (
        f'<figure><div class="plot">{columns}</div><figcaption><b>{signed(level)}</b> n {total:,}</figcaption></figure>'
    )


def _bar(bench: Bench, level: int, bar: Bar, total: int, peak: float) -> str:
    share = bar.probes / total
    told = f"{charts.scores(bar.low, bar.high)} · {bar.label} · {bar.probes:,} probes · {share:.1%}"
    style = f"height: {100 * share / peak:.1f}%; background: {LABEL_COLORS[bar.label]}"
    where = between(bench.at(level), low=bar.low, high=bar.high)
    return bench.link(f'<i style="{style}" title="{safe(told)}"></i>', bar.probes, where)
