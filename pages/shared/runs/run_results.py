"""What a run has made so far: the round's score histogram beside the build's, its newest probes and newest rejects."""

from collections import Counter
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from pages.shared import charts, data, picks
from pages.shared.calibrate.level_charts import signed
from pages.shared.data import OpenBuild
from pages.shared.escape import safe
from pipeline.errors import StageError
from pipeline.running.live import Account, Reject, SoFar
from pipeline.running.state import LIVING, Run
from pipeline.settings import build_folder
from pipeline.sweeping import sweeps
from pipeline.work import Work, of_round
from queries.listing import Listing
from queries.parts import Facet
from queries.schema import Filter, Label, Sort, Thresholds
from queries.statistics import CARD_BINS, Bar, Cell, bars
from queries.store import BuildError, Row

LISTED = 8  # newest probes, and newest rejects
SHOWN = 20_000  # characters of a raw reply; the longest that the generator may write has some 100,000
_STYLE = f"<style>{Path(__file__).with_name('run_results.css').read_text(encoding='utf-8')}</style>"


def work_of(run: Run) -> Work | None:
    """Return the round or the sweep that a run is at work on; None where it is at work on something else."""
    settings = run.settings
    try:
        if run.stage == "sweep" and "build" in settings:
            build = build_folder(str(settings["build"]))
            return Work(build=build, folder=sweeps.sweep_folder(build, str(settings.get("name", sweeps.NAME))))
        if not {"build", "round", "level"} <= settings.keys():
            return None
        build = build_folder(str(settings["build"]))
        level = settings["level"]
        return of_round(build, int(settings["round"]), level=None if level is None else int(level))
    except (StageError, ValueError):
        return None


def show(run: Run, work: Work, found: SoFar, account: Account | None) -> None:
    """Draw the results of a round, or where those of a sweep are; nothing before there are any."""
    rejects = (*found.newest, *(account.first if account else ()))[:LISTED]
    if work.is_sweep:
        _sweep(work, found, rejects)
        return
    build = _open(work)
    round_ = int(work.folder.name)
    if not (found.scores or rejects or (build and _probes(build, round_))):
        return
    chart_side, list_side = st.columns([3, 2], gap="medium")
    with chart_side:
        _histogram(run, found, build, round_)
    with list_side:
        choice = st.segmented_control(
            "Newest", ["Probes", "Rejects"], default="Probes", required=True, key=f"newest-{run.id}"
        )
        if choice == "Rejects":
            _rejects(work, rejects)
        else:
            _newest(build, round_)


def _sweep(work: Work, found: SoFar, rejects: tuple[Reject, ...]) -> None:
    """Draw the link to the screen that compares the levels of a sweep, and its newest rejects."""
    query = urlencode({"build": work.build.name, "sweep": work.folder.name})
    scored = f"{found.scores.total():,} probes have a score so far." if found.scores else "No probe has a score yet."
    told = f'<p>{scored} <a href="./calibrate?{safe(query)}">Compare the levels of this sweep in Calibrate</a></p>'
    st.html(f'{_STYLE}<div class="sweep">{told}</div>')
    if rejects:
        st.caption("Newest rejects")
        _rejects(work, rejects)


def _open(work: Work) -> OpenBuild | None:
    try:
        return data.open_build(work.build.name)
    except (BuildError, StageError, OSError):
        return None  # its first index is not written yet


def _histogram(run: Run, found: SoFar, build: OpenBuild | None, round_: int) -> None:
    thresholds = build.thresholds if build else Thresholds()
    own = _by_round(build).get(str(round_)) if build else None
    mine = own if own and run.state not in LIVING else found.scores
    if not mine:
        st.caption("No probe of this round has a score yet.")
        return
    others, told = _compared(run, build, round_)
    shown, ghost = _bars(mine, thresholds), _bars(others, thresholds)
    figure = charts.histogram(
        shown,
        starts=CARD_BINS,
        thresholds=thresholds,
        ghost=ghost,
        dragmode="pan",
        peak=charts.peak([shown, ghost]),
        height=260,
    )
    st.plotly_chart(figure, key=f"histogram-{run.id}", config={"displayModeBar": False}, alt=charts.words(shown))
    st.caption(f"Max score of {mine.total():,} probes of round {round_}. {told}")


def _compared(run: Run, build: OpenBuild | None, round_: int) -> tuple[Counter[int], str]:
    """Return the scores to compare a round with, and what they are: of the build's other rounds, else of the build
    that is chosen at the left."""
    indexed = _by_round(build) if build else {}
    others = sum((scores for part, scores in indexed.items() if part != str(round_)), Counter[int]())
    if others:
        return others, f"Grey, behind: {others.total():,} scored probes of the build's other rounds."
    chosen = st.session_state.get("build")
    if chosen and chosen != run.settings["build"]:
        other = sum(_by_round(data.current_build()).values(), Counter[int]())
        return other, f"Grey, behind: {other.total():,} scored probes of the build {chosen}, chosen at the left."
    return Counter(), "The build has no other round to compare with yet."


def _by_round(build: OpenBuild) -> dict[str, Counter[int]]:
    """Return the scored probes in the index by max score, for each round."""
    found: dict[str, Counter[int]] = {}
    for row in data.ask_of(build, "score_lattice", Filter(thresholds=build.thresholds), facet=str(Facet.ROUND)):
        if row["score"] is not None:
            found.setdefault(row["part"], Counter())[row["score"]] += row["probes"]
    return found


def _bars(scores: Counter[int], thresholds: Thresholds) -> list[Bar]:
    cells = [Cell(score, thresholds.label(score), probes) for score, probes in sorted(scores.items())]
    return bars(cells, starts=CARD_BINS, thresholds=thresholds)


def _probes(build: OpenBuild, round_: int) -> int:
    return int(data.ask_of(build, "count", _where(build, round_))[0]["probes"])


def _where(build: OpenBuild, round_: int) -> Filter:
    return Filter(rounds=(round_,), thresholds=build.thresholds)


def _newest(build: OpenBuild | None, round_: int) -> None:
    """Draw the probes last in the round, those with a score first where there are any; each opens in Browse."""
    probes = _probes(build, round_) if build else 0
    if not build or not probes:
        st.caption("No probe of this round is in the index yet.")
        return
    where = _where(build, round_)
    scored = Filter(rounds=(round_,), thresholds=build.thresholds, labels=(Label.HARD, Label.MIDDLE, Label.EASY))
    rows = _last(build, scored) or _last(build, where)
    lines = "".join(f"<li>{_link(picks.line(row), build, round_, probe=row['probe_id'])}</li>" for row in rows)
    every = _link(f"Open {probes:,} probes of round {round_} in Browse", build, round_)
    st.html(f'{picks.STYLE}{_STYLE}<section class="picked newest"><p><b>{every}</b></p><ol>{lines}</ol></section>')


def _last(build: OpenBuild, where: Filter) -> tuple[Row, ...]:
    listing = Listing(ask=partial(data.ask_of, build), where=where, sort=Sort.DOCUMENT, descending=True)
    return listing.first_page().rows[:LISTED]


def _link(shown: str, build: OpenBuild, round_: int, **more: str) -> str:
    query = urlencode({"build": build.name, "round": round_, "sort": str(Sort.DOCUMENT), "desc": "true", **more})
    return f'<a href="./?{safe(query)}">{shown}</a>'


def _rejects(work: Work, rejects: tuple[Reject, ...]) -> None:
    if not rejects:
        st.caption("Nothing was rejected so far.")
        return
    replies = data.raw_replies(work, rejects)
    blocks = "".join(_reject(each, reply, leveled=work.is_sweep) for each, reply in zip(rejects, replies, strict=True))
    st.html(f'{_STYLE}<section class="rejects">{blocks}</section>')


def _reject(reject: Reject, reply: str | None, *, leveled: bool) -> str:
    slot = "" if reject.slot is None else f", slot {reject.slot}"
    rollout = "" if reject.rollout is None else f", answer {reject.rollout + 1}"
    cut = "\n[…]" if reply and len(reply) > SHOWN else ""
    body = "<i>There is no reply.</i>" if reply is None else f"<pre>{safe(reply[:SHOWN] + cut)}</pre>"
    level = f"level {signed(reject.level)} · " if leveled else ""
    where = f"{reject.stage} · {level}{safe(reject.doc_id)}{slot}{rollout}"
    return (
        f"<details><summary><b>{safe(reject.reason)}</b> {where}</summary><p>{safe(reject.detail)}</p>{body}</details>"
    )
