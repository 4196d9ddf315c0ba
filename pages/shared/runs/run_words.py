"""How runs are told in words: what they are about, how long, how much, and what to do next."""

from datetime import UTC, datetime, timedelta

from pipeline.money.submission import dollars
from pipeline.running.state import RECORDED, Run, RunState, Status, pays

TITLES = {"run": "whole round"}
STEPS = ("sample", "generate", "finalize", "answer", "judge", "index")  # of a whole round (pipeline/run.py)
NEXT = {
    RunState.QUEUED: "Its process has started and begins when no other run that pays is under way.",
    RunState.DIED: (
        "The process ended without a last word: it was killed, or the machine went down. What it had paid for is kept; "
        "resume, and it goes on from there."
    ),
    RunState.FAILED: "Mend what it says, then resume: what is done is kept.",
    RunState.STOPPED: "It was stopped; what is done is kept. Resume, and it goes on from there.",
    RunState.PAUSED: (
        "It stopped asking by itself; what is done is kept. Resume it, or start another like this with a higher cap."
    ),
}


NEVER_BEGAN = "The process ended before it began: the log tells why, or it was killed. Nothing was asked."


def advice(run: Run) -> str:
    """Return what to do about a run that does not go on by itself; "" where there is nothing to do."""
    if run.resumed_as:
        return ""
    return NEVER_BEGAN if run.state is RunState.DIED and run.begun is None else NEXT.get(run.state, "")


def subject(run: Run) -> str:
    """Return what a run is about: "whole round · demo · round 0", "sweep · demo · calibration"."""
    settings = run.settings
    round_ = settings.get("round")
    words = [
        TITLES.get(run.stage, run.stage),
        settings.get("build"),
        round_ is not None and f"round {round_}",
        run.stage == "sweep" and settings.get("name"),
    ]
    return " · ".join(str(word) for word in words if word)


def manner(run: Run) -> str:
    """Return how a run was asked to do it: level, back end and model."""
    settings = run.settings
    level, backend = settings.get("level"), settings.get("backend")
    words = [
        level is not None and f"level {level}",
        settings.get("levels") and f"levels {settings['levels']}",
        settings.get("docs") and f"{settings['docs']} documents",
        "recorded replies, which cost nothing" if backend == RECORDED else backend,
        backend not in (None, RECORDED) and settings.get("model"),
    ]
    return " · ".join(str(word) for word in words if word)


def origin(run: Run) -> str:
    """Return who started a run, when, and how long it took or has been going on."""
    if run.order is None:
        return ""
    until = (
        run.end.ended if run.end else datetime.now(UTC) if run.state in (RunState.QUEUED, RunState.RUNNING) else None
    )
    words = [
        f"by {run.order.by}",
        f"{run.order.given.astimezone():%Y-%m-%d %H:%M}",
        until and f"for {span((until - run.order.given).total_seconds())}",
    ]
    return " · ".join(word for word in words if word)


def steps(run: Run) -> list[tuple[str, str]]:
    """Return the stages of a whole round with where each is: "done", "now" or "due"; nothing for a single stage."""
    if run.stage != "run":
        return []
    if run.state is RunState.FINISHED:
        return [(step, "done") for step in STEPS]
    if run.begun is None:
        return [(step, "due") for step in STEPS]
    status = run.status
    at = STEPS.index(status.stage) + (status.state == "done") if status and status.stage in STEPS else 0
    return [(step, "done" if place < at else "now" if place == at else "due") for place, step in enumerate(STEPS)]


def moment(when: datetime) -> str:
    """Return a time of day, with the day where it is not today."""
    local, today = when.astimezone(), datetime.now().astimezone().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%b %d %H:%M}"


def span(seconds: float) -> str:
    """Return a span of time as a person says it: "45 s", "12 min", "3 h 05 min"."""
    whole = timedelta(seconds=max(0, round(seconds)))
    hours, rest = divmod(int(whole.total_seconds()), 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min" if minutes >= 10 else f"{minutes} min {left:02} s" if minutes else f"{left} s"


def pace(status: Status, *, living: bool) -> str:
    """Return how far a stage is: "judge · 480 of 1,200 · 210 a minute · about 3 min left"."""
    total = "" if status.total is None else f" of {status.total:,}"
    words = [
        status.stage,
        f"{status.done:,}{total}",
        rate(status.rate),
        living and status.seconds_left and f"about {span(status.seconds_left)} left",
    ]
    return " · ".join(word for word in words if word)


def rate(per_second: float | None) -> str:
    """Return how much is done in a second, or in a minute where that is little; "" where it is not known."""
    if per_second is None:
        return ""
    return f"{per_second:,.0f} a second" if per_second >= 5 else f"{per_second * 60:,.0f} a minute"


def money(amount: int) -> str:
    """Return nanodollars as a person reads them."""
    return dollars(amount) if amount else "$0"


def costs(run: Run) -> bool:
    """Return whether a run asks a model that costs money."""
    return pays(run.settings)
