"""Tune the calibration level: what each does to the same documents, read in pairs, and which to make rounds at."""

import streamlit as st

from pages.shared import data, filters, links
from pages.shared.calibrate import addenda_panel, dose_panel, levels, pairs
from pages.shared.calibrate.bench import DUE, Bench
from pages.shared.calibrate.level_charts import ladders, signed
from pages.shared.runs import run_form
from pages.shared.screens import screen
from pipeline.addenda import addenda
from pipeline.errors import StageError
from pipeline.running.state import RECORDED
from pipeline.stages import STAGES
from pipeline.sweeping import sweeps
from queries.calibration import Measure, ladder
from queries.schema import Filter, Label, Target, Typicality
from queries.statistics import CARD_BINS, Bar, Cell, bars
from queries.store import BuildError

VIEWS = ("Levels", "Pairs", "Addenda", "New sweep")
MEASURES = {"HARD share": Measure.HARD, "EASY share": Measure.EASY, "mean score": Measure.MEAN}
ALL = "all"
CHOICES = {
    "of": (ALL, *DUE),
    "side": (ALL, *Target),
    "kind": (ALL, *Typicality),
    "view": VIEWS,
    "measure": MEASURES,
}


def new_sweep(build: str, **like: object) -> None:
    """Draw the form that starts a sweep; the run that it started is shown on its own screen."""
    started = st.session_state.pop("started", None)
    if started:
        st.switch_page(screen("runs"), query_params={"run": started})
    stage = next(stage for stage in STAGES if stage.name == "sweep")
    run_form.fill(stage, {"build": build, "id": f"calibrate-{build}-{like.get('name', '')}", **like})


def more_of(name: str) -> None:
    """Draw the form, filled in to go on with the sweep `name`, or to begin another where addenda were edited since."""
    st.caption("Levels added to a sweep that exists go through the documents that it has; another name takes others.")
    try:
        sweep, known = sweeps.read_sweep(sweeps.sweep_folder(home, name)), addenda(home)
    except StageError as error:
        st.text(str(error))
        new_sweep(home.name, name=sweeps.free_name(home, name))
        return
    edited = [signed(level) for level, one in sweep.levels.items() if known[level].text != one.text]
    if edited:
        st.caption(
            f"The addendum of {', '.join(edited)} was edited since {name} was made: a sweep of it is another one."
        )
        name = sweeps.free_name(home, name)
    like: dict[str, object] = {"docs": sweep.asked, "seed": sweep.seed, "k": sweep.rollouts, "freeze": sweep.frozen}
    if sweep.backend != RECORDED:
        like["model"] = sweep.model
    new_sweep(home.name, name=name, backend=sweep.backend, **like)


def meant() -> Filter:
    """Draw the choice of probes and return it."""
    with st.sidebar:
        scope = filters.choose("Scope", "of", CHOICES["of"])
        target = filters.choose("Target", "side", CHOICES["side"])
        typicality = filters.choose("Typicality", "kind", CHOICES["kind"])
    return Filter(
        scopes=() if scope == ALL else (scope,),
        targets=() if target == ALL else (target,),
        typicalities=() if typicality == ALL else (typicality,),
        thresholds=data.current_build().thresholds,
    )


def distributions(bench: Bench) -> tuple[dict[int, list[Bar]], dict[int, list[tuple[int, float]]]]:
    """Return by level the bars of the scored probes that are meant, and their cumulative distribution."""
    cells: dict[int, list[Cell]] = {}
    for row in bench.ask("score_lattice", bench.where, facet="level"):
        if row["score"] is not None:
            cells.setdefault(int(row["part"]), []).append(Cell(row["score"], Label(row["label"]), row["probes"]))
    cells = dict(sorted(cells.items()))
    drawn = {level: bars(found, starts=CARD_BINS, thresholds=bench.where.thresholds) for level, found in cells.items()}
    steps = {level: ladder({cell.score: cell.probes for cell in found}) for level, found in cells.items()}
    return drawn, steps


def show_levels(bench: Bench) -> None:
    """Draw the levels as a scale, as a table and as distributions."""
    rows = levels.by_level(bench.documents(bench.where))
    measure = MEASURES[filters.choose("Measure", "measure", MEASURES)]
    dose_panel.show(bench, rows, measure)
    st.subheader("Level by level")
    levels.table(bench, rows)
    drawn, steps = distributions(bench)
    if drawn:
        left, right = st.columns([3, 2], gap="large")
        with left:
            st.subheader("Distribution of the max score")
            levels.multiples(bench, drawn)
        with right:
            st.subheader("Share with at most this score")
            figure = ladders(steps, thresholds=bench.where.thresholds, height=240)
            alt = "Cumulative distribution of the max score by level"
            st.plotly_chart(figure, key="ladders", config={"displayModeBar": False}, alt=alt)
    st.subheader("Neighbouring levels")
    dose_panel.show_neighbours(bench, rows, measure)
    st.subheader("By scope")
    levels.scopes(bench, measure)


current = data.current_build()
home, at = data.home(current.name), data.sweep_of(current.name)
names = sweeps.names(home)
if not names:
    st.subheader(f"No sweep of {home.name} yet")
    st.text(
        "A sweep takes the same documents through several calibration levels, so that they can be compared in pairs."
    )
    new_sweep(home.name)
    st.stop()
left_out = st.container()
for key, words in CHOICES.items():
    links.expect(key, words)
links.expect("sweep", names)
with st.sidebar:
    name = st.selectbox("Sweep", names, index=names.index(at) if at in names else 0, key="sweep", bind="query-params")
where = meant()
view = filters.choose("Show", "view", VIEWS)
if view == "New sweep":
    more_of(name)
    st.stop()
folder = sweeps.sweep_folder(home, name)
results = sweeps.read_results(folder)
if not results:
    st.subheader(f"The sweep {name} has no probes yet")
    st.text("The screen Runs shows how far it is; the same command goes on with it.")
    st.stop()
try:
    sweep, opened = sweeps.read_sweep(folder), data.open_build(f"{home.name}/{data.SWEEPS}/{name}")
except (BuildError, StageError, OSError, ValueError) as error:
    st.subheader(f"The sweep {name} cannot be opened")
    st.code(str(error), language=None, wrap_lines=True)
    st.stop()
bench = Bench(home=home, opened=opened, sweep=sweep, results=results, where=where)

frozen = "" if sweep.frozen is None else f" Sibling, splits and targets are those of level {signed(sweep.frozen)}."
st.subheader(f"{sweep.documents:,} documents at {len(bench.levels)} calibration levels")
st.text(f"Documents: {sweep.chosen}. Replies: {sweep.backend}, {sweep.model}, {sweep.made_at[:10]}.{frozen}")
for level, about in sweep.levels.items():
    if about.note:
        st.text(f"Level {signed(level)}: {about.note}")
match view:
    case "Pairs":
        pairs.show(bench)
    case "Addenda":
        with st.container(horizontal=True):
            start, to = pairs.two_levels(bench)
        addenda_panel.show(bench, start=start, to=to)
    case _:
        show_levels(bench)
with left_out:
    links.tell((name, where, view))
