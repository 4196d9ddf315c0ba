"""One run as it stands now: how far, how fast, at what cost, what went wrong and what to do; stop and resume."""

from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from pages.shared import data
from pages.shared.escape import safe
from pages.shared.palette import STATE_COLORS
from pages.shared.runs import run_results
from pages.shared.runs.run_rail import NEW, open_run
from pages.shared.runs.run_words import advice, costs, manner, money, origin, pace, steps, subject
from pipeline.errors import StageError
from pipeline.running import live, runs
from pipeline.running.live import Account, SoFar
from pipeline.running.state import LIVING, Run, RunState
from pipeline.work import Work

_STYLE = f"<style>{Path(__file__).with_name('run_card.css').read_text(encoding='utf-8')}</style>"
LINES = 20  # of the log
TOLD = 6  # reasons of rejects that are spelled out


@st.fragment(run_every="1s")
def show(id: str) -> None:
    """Draw the run called `id`, again every second."""
    try:
        run = runs.read(id)
    except StageError as error:
        st.subheader("There is no such run")
        st.text(str(error))
        return
    work = run_results.work_of(run)
    found = live.so_far(work) if work else None
    account = _account(id, work) if work else None
    st.html(_STYLE + "".join(_blocks(run, found, account)))
    _actions(run)
    if work and found:
        run_results.show(run, work, found, account)
    _log(run)


def _account(id: str, work: Work) -> Account | None:
    """Return how the money of a run stands, or where its ledger is busy, how it stood when it was last read."""
    key = f"account-{id}"
    st.session_state[key] = account = live.account(work) or st.session_state.get(key)
    return account


def _blocks(run: Run, found: SoFar | None, account: Account | None) -> Iterable[str]:
    yield f'<article class="run" style="--state: {STATE_COLORS[run.state]}">'
    yield (
        f'<header><b class="state">{run.state}</b><h3>{safe(subject(run))}</h3>'
        f"<span>{safe(' · '.join(part for part in (manner(run), origin(run)) if part))}</span></header>"
    )
    yield _steps(run)
    yield _progress(run)
    yield _next(run)
    yield _numbers(run, found, account)
    yield "</article>"


def _steps(run: Run) -> str:
    items = "".join(
        f'<li class="{place}"{" aria-current=step" * (place == "now")}>{step}</li>' for step, place in steps(run)
    )
    return f"<ol>{items}</ol>" if items else ""


def _progress(run: Run) -> str:
    status = run.status
    if status is None or (steps(run) and run.state is RunState.FINISHED):  # of a whole round, it is about the last step
        return ""
    share = status.done / status.total if status.total else 0.0
    width = f"{100 * min(share, 1):.1f}"
    note = f"<p>{safe(status.note)}</p>" if status.note and run.state in LIVING else ""
    return (
        f'<div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{width}"'
        f' aria-label="{safe(status.stage)}"><i style="width: {width}%"></i></div>'
        f'<p class="pace">{safe(pace(status, living=run.state in LIVING))}</p>{note}'
    )


def _next(run: Run) -> str:
    """What went wrong, and what to do."""
    said = run.end.said if run.end and run.end.code and run.state is not RunState.STOPPED else ""
    next_ = advice(run)
    lines = [
        f'<p class="said">{safe(said)}</p>' if said else "",
        "<p>It is stopping: replies that are under way are paid for and waited for.</p>" if run.stopping else "",
        f"<p>{next_}</p>" if next_ else "",
        f"<p>It was resumed as {safe(run.resumed_as)}.</p>" if run.resumed_as else "",
        f"<p>It resumes {safe(run.order.resumes)}.</p>" if run.order and run.order.resumes else "",
        *(f"<p>{safe(name)} of this run is damaged and is left out here.</p>" for name in run.damaged),
    ]
    return "".join(lines)


def _numbers(run: Run, found: SoFar | None, account: Account | None) -> str:
    rows = [*_money(run, account), *_rejects(found, account)]
    body = "".join(f"<div><dt>{title}</dt><dd>{safe(value)}</dd></div>" for title, value in rows)
    return f"<dl>{body}</dl>" if rows else ""


def _money(run: Run, account: Account | None) -> Iterable[tuple[str, str]]:
    if account is None or not costs(run):
        return
    purse = account.purse
    yield "Spent", money(purse.spent)
    yield "Reserved", money(purse.reserved)
    if purse.presumed:
        yield "Perhaps billed", money(purse.presumed)
    yield "Cap", money(purse.cap)
    if account.batches:
        yield "Batches", ", ".join(f"{count:,} {state}" for state, count in sorted(account.batches.items()))


def _rejects(found: SoFar | None, account: Account | None) -> Iterable[tuple[str, str]]:
    if found and found.rejects:
        told = found.rejects.most_common(TOLD)
        rest = found.rejects.total() - sum(count for _, count in told)
        words = [f"{reason} {count:,} ({stage})" for (stage, reason), count in told]
        yield "Rejects", ", ".join([*words, *([f"others {rest:,}"] if rest else [])])
    if account and account.given_up:
        words = [
            f"{'at least ' if count == live.COUNTED else ''}{count:,} ({stage})"
            for stage, count in account.given_up.items()
        ]
        yield "Given up", ", ".join(words)


def _actions(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if run.state in LIVING:
            st.button("Stop", key=f"stop-{run.id}", on_click=runs.stop, args=(run.id,), disabled=run.stopping)
        elif run.resumable:
            _resume(run)
        if run.settings and st.button("Another like this", key=f"like-{run.id}"):
            st.query_params["like"] = run.id
            open_run(NEW)


def _resume(run: Run) -> None:
    """Draw what resumes a run: a button, or where it costs money, the build's name to type before it."""
    if costs(run):
        build = str(run.settings.get("build", ""))
        with st.popover("Resume", key=f"resume-{run.id}"):
            st.text(f"It goes on spending up to {run.settings.get('cap', 0)} USD.")
            typed = st.text_input("Type the name of the build to go on", key=f"confirm-{run.id}", live=True)
            pressed = st.button("Resume", key=f"go-{run.id}", type="primary", disabled=typed != build)
    else:
        pressed = st.button("Resume", key=f"go-{run.id}", type="primary")
    if not pressed:
        return
    try:
        new = runs.resume(run.id, by=data.annotator())
    except StageError as error:
        st.text(str(error))
        return
    open_run(new)


def _log(run: Run) -> None:
    if not (run.folder / "log.txt").exists():
        st.caption("It printed to the terminal that it was started in; the last thing it said:")
        st.code(run.end.said if run.end else "", language=None, wrap_lines=True)
        return
    lines = runs.log_tail(run).splitlines()
    st.caption(f"The log, last {LINES} lines" if len(lines) > LINES else "The log" if lines else "The log is empty.")
    if lines:
        st.code("\n".join(lines[-LINES:]), language=None, wrap_lines=True)
