"""The form that starts a stage or a whole round: what it would cost first, then the button.

What costs money is started by a button that exists only beside the estimate of exactly that command, and only works
once the build's name was typed; a rerun or a refresh finds neither.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared import data
from pages.shared.runs.run_rail import open_run
from pages.shared.runs.run_words import TITLES
from pipeline.addenda import addenda, signed
from pipeline.build import choices, chosen_level
from pipeline.errors import StageError
from pipeline.models import catalog
from pipeline.models.anthropic_api import KEYS, has_key
from pipeline.prompts import addenda as shipped
from pipeline.rounds import round_folder, round_numbers
from pipeline.running import runs
from pipeline.running.fields import ESTIMATE, Field, Kind, fields, lacking, words
from pipeline.running.state import LOOKING, RECORDED, pays
from pipeline.settings import build_folder
from pipeline.stages import STAGES, Stage
from pipeline.work import read_level

FIRST = (
    "source",
    "build",
    "name",
    "round",
    "docs",
    "level",
    "levels",
    "backend",
    "model",
    "cap",
)  # the others are folded away
PAYING = ("model", "cap", "base_url", "retry_dead", "retry_unusable")  # say nothing where replies are recorded
LABELS = {
    "docs": "Documents",
    "backend": "Back end",
    "cap": "Cap, USD",
    "k": "Answers a probe",
    "stop_at": "Stop at a score of",
    "targets": "Score the target responses too",
    "base_url": "Server",
}


def open_started() -> None:
    """Show the run that the form has just started; to be called before anything else decides what is shown."""
    started = st.session_state.pop("started", None)
    if started:
        st.query_params.pop("like", None)
        open_run(started)


def show() -> None:
    """Draw the form."""
    like = _like()
    st.subheader("New run")
    fill(_stage(like), like)


def fill(stage: Stage, like: Mapping[str, Any]) -> None:
    """Draw the fields of `stage`, filled in as in `like`, whose `id` tells these fields from others, and its start.

    The id of the run that is started is put into the session as `started`.
    """
    st.caption(stage.does)
    values = _values(stage, like)
    refused = st.session_state.pop("refused", None)
    if refused:
        st.text(refused)
    missing = lacking(stage, values)
    if missing:
        st.caption(f"Still to be said: {', '.join(_label(name) for name in missing)}.")
        return
    try:
        build = build_folder(str(values["build"]))
    except StageError as error:
        st.text(str(error))
        return
    if "round" in values:
        st.text(_rounds(build, values["round"]))
    if values.get("level", 0) is None:
        st.text(_level(build, values["round"]))
    command = words(stage, values)
    _launch(command, values)


def _launch(command: list[str], values: Mapping[str, Any]) -> None:
    st.code(f"python -m pipeline {shlex.join(command)}", language=None, wrap_lines=True)
    if pays(values):
        _paid(command, values)
    else:
        _free(command, values)


def _rounds(build: Path, round_: int) -> str:
    """Return which rounds a build has, in words: the number of a known one goes on with it."""
    known = round_numbers(build)
    if not known:
        return f"The build {build.name} has no round yet."
    goes_on = "this goes on with it" if round_ in known else "this one is new"
    return f"{build.name} has round {', '.join(map(str, known))}; {goes_on}. Round {known[-1] + 1} is free."


def _level(build: Path, round_: int) -> str:
    """Return the level that counts where none is said: that of the round, else the one chosen for the build."""
    made = read_level(round_folder(build, round_))
    if made is not None:
        return f"Round {round_} is made at level {signed(made)}."
    how = "which was chosen on Calibrate" if choices(build) else "as the published build"
    return f"It is made at level {signed(chosen_level(build))}, {how}."


def _like() -> Mapping[str, Any]:
    """Return the settings of the run that the address says this one is to be like, and its id."""
    try:
        run = runs.read(st.query_params.get("like", ""))
    except StageError:
        return {}
    return {**run.settings, "id": run.id, "stage": run.stage}


def _stage(like: Mapping[str, Any]) -> Stage:
    stages = [stage for stage in STAGES if stage.name not in LOOKING]
    names = [stage.name for stage in stages]
    chosen = st.selectbox(
        "Stage",
        names,
        index=names.index(like["stage"]) if like.get("stage") in names else 0,
        format_func=lambda name: TITLES.get(name, name),
        key=f"stage-{like.get('id', '')}",
        width=330,
    )
    return stages[names.index(chosen)]


def _values(stage: Stage, like: Mapping[str, Any]) -> dict[str, Any]:
    """Draw the fields of a stage and return what they hold."""
    declared = {field.name: field for field in fields(stage) if field.name != ESTIMATE}
    first = [declared[name] for name in FIRST if name in declared]
    rest = [field for name, field in declared.items() if name not in FIRST]
    values = _row(first, 4, stage, like, {})
    if rest:
        with st.expander("More", key=f"more-{stage.name}"):
            values = _row(rest, 3, stage, like, values)
    return values


def _row(
    chosen: Sequence[Field], width: int, stage: Stage, like: Mapping[str, Any], values: dict[str, Any]
) -> dict[str, Any]:
    """Draw fields beside each other and return what they hold together with `values`."""
    places = iter(place for _ in chosen[::width] for place in st.columns(width))
    for field in chosen:
        if field.name in PAYING and values.get("backend", RECORDED) == RECORDED:
            continue
        with next(places):
            before = like.get(field.name, field.default)
            key = f"{stage.name}-{field.name}-{like.get('id', '')}"
            known = _levels(values.get("build")) if field.name == "level" else []
            values[field.name] = _draw(field, before, key=key, levels=known)
    return values


def _levels(build: str | None) -> list[int]:
    """Return the levels that a build has an addendum for, its own ones too; the shipped ones where it has no name."""
    try:
        return sorted(addenda(build_folder(build)) if build else shipped())
    except StageError:
        return sorted(shipped())  # the name or the edits cannot be read, which the start of a run says


def _draw(field: Field, before: Any, *, key: str, levels: Sequence[int]) -> Any:
    label = _label(field.name)
    match field:
        case Field(name="build"):
            return _choice(label, data.builds(), before, key=key, placeholder="a new or known name")
        case Field(name="model"):
            return _choice(label, catalog.names(), before or catalog.names()[0], key=key, placeholder="local:NAME")
        case Field(name="level"):
            at = levels.index(int(before)) if before is not None and int(before) in levels else None
            return st.selectbox(
                label, levels, index=at, key=key, format_func=signed, placeholder="the build's", help=field.help
            )
        case Field(kind=Kind.SWITCH):
            return st.checkbox(label, bool(before), key=key, help=field.help)
        case Field(kind=Kind.NUMBER):
            return st.number_input(
                label,
                value=None if before is None else int(before),
                step=1,
                key=key,
                help=field.help,
                placeholder=_otherwise(field),
            )
        case Field(kind=Kind.CHOICE):
            known = [str(option) for option in field.choices]
            at = known.index(str(before)) if str(before) in known else None
            return st.selectbox(label, known, index=at, key=key, help=field.help, placeholder="never")
        case _:
            return st.text_input(
                label, str(before or ""), key=key, help=field.help, placeholder=_otherwise(field)
            ).strip()


def _otherwise(field: Field) -> str | None:
    """Return what counts where a field is left empty, as its help tells it."""
    told = re.search(r"default: ([^)]+)", field.help)
    return told[1] if told else None


def _choice(label: str, known: Sequence[str], before: Any, *, key: str, placeholder: str) -> str | None:
    """Draw a choice among known names that takes a new one too."""
    typed = st.session_state.get(key)
    names = list(dict.fromkeys([*known, *(str(name) for name in (before, typed) if name)]))
    at = names.index(str(before)) if before else None
    return st.selectbox(label, names, index=at, key=key, accept_new_options=True, placeholder=placeholder)


def _label(name: str) -> str:
    return LABELS.get(name, name.replace("_", " ").capitalize())


def _free(command: list[str], values: Mapping[str, Any]) -> None:
    replays = values.get("backend") == RECORDED
    st.text("It replays recorded replies and costs nothing." if replays else "It costs nothing.")
    st.button("Start", key="start", type="primary", on_click=_start, args=(command,))


def _paid(command: list[str], values: Mapping[str, Any]) -> None:
    estimated, cost = st.session_state.get("estimated", ([], ""))
    told = catalog.model(str(values["model"])).retirement(datetime.now(UTC).date())
    if told and (estimated != command or told not in cost):
        st.text(told)
    if not values.get("base_url") and not has_key():
        st.text(f"The app was started without {KEYS[0]}: a run would stop where it asks. The estimate needs no key.")
    if st.button("Estimate the cost", key="estimate"):
        _estimate(command)
        estimated, cost = st.session_state.get("estimated", ([], ""))
    if estimated != command:
        st.caption("The button to start it comes with the estimate.")
        return
    st.code(cost, language=None, wrap_lines=True)
    if not Decimal(values["cap"]):
        st.text("With a cap of 0 USD nothing would be asked; set the cap, then estimate again.")
        return
    st.text(f"It may spend up to {values['cap']} USD in all on this round, and stops asking there.")
    build = str(values["build"])
    typed = st.text_input("Type the name of the build to start it", key="confirm", live=True, width=330)
    confirmed = typed == build
    st.button("Start", key="start", type="primary", disabled=not confirmed, on_click=_start_paid, args=(command, build))


def _estimate(command: list[str]) -> None:
    try:
        with st.spinner("Estimating; no model is asked"):
            st.session_state["estimated"] = (command, runs.estimate(command))
    except StageError as error:
        st.session_state.pop("estimated", None)
        st.text(str(error))


def _start_paid(command: list[str], build: str) -> None:
    """Start what costs money, once an estimate: a click that comes twice, or late, finds none."""
    estimated, _ = st.session_state.pop("estimated", ([], ""))
    typed, st.session_state["confirm"] = st.session_state["confirm"], ""
    if estimated == command and typed == build:
        _start(command)


def _start(command: list[str]) -> None:
    try:
        st.session_state["started"] = runs.start(command, by=data.annotator())
    except StageError as error:
        st.session_state["refused"] = str(error)
