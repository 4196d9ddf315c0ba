"""The levels as a scale: dose-response, the level that reaches a target, neighbours, and the choice of a level."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from pages.shared import data
from pages.shared.calibrate import level_charts
from pages.shared.calibrate.bench import DUE, Bench
from pages.shared.calibrate.level_charts import signed
from pages.shared.calibrate.level_words import (
    APART,
    amount,
    chance,
    points,
    span,
    told_documents,
    told_neighbours,
    told_target,
    told_trend,
)
from pages.shared.calibrate.levels import SHEET, Rows, interval
from pages.shared.escape import safe
from pipeline.build import choices, choose_level, chosen_level
from pipeline.errors import StageError
from queries.calibration import Difference, Measure, Sweep, agreements, counts, neighbours
from queries.dose import isotonic, line, trend

TARGETS = {Measure.HARD: 40, Measure.EASY: 30, Measure.MEAN: 50}  # percent; the card's build: HARD 41.8%, mean 0.50


HEADS = (
    "Difference",
    "Documents",
    "",
    "Smallest that shows",
    "Documents for {apart}",
    "for this difference",
    "Same sibling",
    "splits",
    "targets",
)
_NOTE = (
    "Differences are paired: the same documents at both levels, with documents as clusters; p is adjusted for all "
    "pairs. The smallest difference that shows is one that these documents would show four times out of five; the "
    "documents for a difference are how many would. Sibling, splits and targets are the generator's choice at each "
    "level unless a sweep is frozen; the last columns count the documents where it chose alike. Where it did not, a "
    "difference is not of atoms and questions alone."
)


def show(bench: Bench, rows: Rows, measure: Measure) -> None:
    """Draw the dose-response of `measure` with its target, and say what the documents tell."""
    found = _counts(rows, measure)
    left, right = st.columns([3, 2], gap="medium")
    with right:
        target = _target(measure)
        straight, steps = line(found), isotonic(found, rises=measure.rises)
        words = [
            told_trend(trend(found), measure),
            told_target(target, measure=measure, line=straight, steps=steps, levels=list(found)),
        ]
        if bench.few:
            words.append(
                f"With {bench.sweep.documents} documents even the spread between documents is uncertain; below 30 take "
                "every interval here as a rough one."
                + ("" if measure is Measure.MEAN else " Those of single levels count all probes of a document as one.")
            )
        st.html(f'{SHEET}<div class="words">{"".join(f"<p>{safe(each)}</p>" for each in words)}</div>')
        _choose(bench)
    with left:
        points_at = {level: shown for level, each in rows.items() if (shown := interval(each, measure))}
        if not points_at:
            st.info("None of these probes has a score yet.")
            return
        figure = level_charts.dose(
            points_at,
            measure=measure,
            line=straight,
            steps=steps,
            target=target,
            reach=straight.reaching(target) if straight else None,
        )
        st.plotly_chart(figure, key="dose", config={"displayModeBar": False}, alt=_alt(found, measure))


def _target(measure: Measure) -> float:
    """Draw the target and return it, in 0-1."""
    label, form = ("Target, in hundredths", "%d") if measure is Measure.MEAN else ("Target", "%d%%")
    key = f"target-{measure}"
    return st.slider(label, 0, 100, TARGETS[measure], format=form, key=key, bind="query-params") / 100


def _counts(rows: Rows, measure: Measure) -> Sweep:
    return counts([row for each in rows.values() for row in each], measure)


def _alt(found: Sweep, measure: Measure) -> str:
    return f"Dose-response of {measure.name} over {len(found)} calibration levels; the table has the numbers"


def show_neighbours(bench: Bench, rows: Rows, measure: Measure) -> None:
    """Draw every level beside the next one: how they differ, how surely, and how many documents would tell."""
    pairs = neighbours(_counts(rows, measure))
    alike = agreements(bench.ask("sweep_choices", due_scopes=DUE))
    lines = "".join(_pair(pair, measure, alike.get((pair.start, pair.to), Counter())) for pair in pairs)
    apart = amount(APART, measure) if measure is Measure.MEAN else f"{100 * APART:.0f} points"
    head = "".join(f"<th>{name.format(apart=apart)}</th>" for name in HEADS)
    st.html(
        f'{SHEET}<div class="words"><p>{safe(told_neighbours(pairs))}</p></div>'
        f'<div class="shares levels"><table><thead><tr><th>Levels</th>{head}</tr></thead>{lines}</table></div>'
        f'<p class="note">{_NOTE}</p>'
    )


def _pair(pair: Difference, measure: Measure, agrees: Counter[str]) -> str:
    verdict = "told apart" if pair.told_apart else "not told apart"
    cells = [
        f"{points(pair.interval.value, measure)}<small>{span(pair.interval, measure)}</small>",
        f"{pair.documents:,}",
        f"{verdict}<small>{chance(pair.p)}</small>",
        points(pair.smallest, measure).lstrip("+"),
        told_documents(pair, APART),
        told_documents(pair, pair.interval.value),
        f"{agrees['sibling']} of {agrees['documents']}",
        str(agrees["splits"]),
        str(agrees["targets"]),
    ]
    body = "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<tr><th>{signed(pair.start)} to {signed(pair.to)}</th>{body}</tr>"


def _choose(bench: Bench) -> None:
    """Draw which level the next round is made at, who chose it and why, and the form that chooses another."""
    made = choices(bench.home)
    now = chosen_level(bench.home)
    told = "the published build's; none was chosen here"
    if made:
        told = f"chosen by {made[-1].by} on {made[-1].when[:10]}: {made[-1].why}"
    st.text(f"The next round of {bench.home.name} is made at level {signed(now)}, {told}.")
    with st.popover("Choose a level"), st.form("choose", border=False):
        level = st.selectbox(
            "Level", bench.levels, index=_index(bench.levels, now), format_func=signed, key="choose-level"
        )
        why = st.text_input("Why", placeholder="what in this sweep speaks for it", key="choose-why")
        if st.form_submit_button("Choose it", type="primary", key="choose-it"):
            _write(bench, level, why)
        for choice in reversed(made):
            st.text(f"{signed(choice.level)} · {choice.by} · {choice.when[:16].replace('T', ' ')} · {choice.why}")


def _index(levels: Sequence[int], level: int) -> int:
    return list(levels).index(level) if level in levels else 0


def _write(bench: Bench, level: int, why: str) -> None:
    try:
        choose_level(bench.home, level=level, by=data.annotator(), why=why, sweep=bench.sweep.name)
    except StageError as error:
        st.text(str(error))
    else:
        st.rerun()
