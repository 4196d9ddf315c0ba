"""The runs to choose from, the newest first, as they stand now; the address says which one is shown."""

from pathlib import Path

import streamlit as st

from pages.shared.palette import STATE_COLORS
from pages.shared.runs.run_words import moment, subject
from pipeline.running import runs
from pipeline.running.state import LIVING, Run

NEW = "new"  # what the address says where the form is shown
LISTED = 20
_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "run_rail",
    html="<nav></nav>",
    css=(_HERE.parent / "rail.css").read_text(encoding="utf-8"),
    js=(_HERE / "run_rail.js").read_text(encoding="utf-8"),
)


def shown() -> str | None:
    """Return the run that the address names, else the newest living one, else the newest; None for the form."""
    named = st.query_params.get("run", "")
    if named == NEW:
        return None
    newest = runs.newest(LISTED)
    living = [run.id for run in newest if run.state in LIVING]
    return named or next(iter([*living, *(run.id for run in newest)]), None)


def open_run(id: str) -> None:
    """Show the run called `id`, or the form; the script begins anew."""
    st.query_params["run"] = id
    st.rerun()


@st.fragment(run_every="1s")
def show(shown: str | None) -> None:
    """Draw the runs; a click opens one."""
    if st.button("New run", key="new-run", width="stretch", disabled=shown is None):
        open_run(NEW)
    items = [_item(run) for run in runs.newest(LISTED)]
    clicked = _COMPONENT(
        key="run-rail", data={"items": items, "current": shown or ""}, on_open_change=lambda: None
    ).open
    if clicked in {item["id"] for item in items}:
        open_run(clicked)


def _item(run: Run) -> dict[str, str]:
    status = run.status
    share = f" {status.stage} {status.done / status.total:.0%}" if status and status.total else ""
    return {
        "id": run.id,
        "color": STATE_COLORS[run.state],
        "state": f"{run.state}{share}" if run.state in LIVING else str(run.state),
        "what": subject(run),
        "when": moment(run.order.given) if run.order else "",
    }
