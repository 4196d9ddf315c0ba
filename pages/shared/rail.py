"""A rail of probes to choose from: the list beside the document, or the chips of a document's other probes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import streamlit as st

from pages.shared.palette import LABEL_COLORS, VERDICT_COLORS
from queries.schema import Label
from queries.segments import spelled
from queries.store import Row

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "probe_rail",
    html="<nav></nav>",
    css=(_HERE / "rail.css").read_text(encoding="utf-8"),
    js=(_HERE / "rail.js").read_text(encoding="utf-8"),
)


def rows(
    key: str,
    probes: Sequence[Row],
    *,
    verdicts: Mapping[str, str],
    current: str,
    on_open: Callable[[str], None],
    on_return: Callable[[str], None],
) -> None:
    """Draw one line a probe, score and question; a click calls `on_open` with its id before the next run.

    `verdicts` are the human labels of those that have one, by id.
    `on_return` is called with the probe in the address, "" for none, when the reader goes Back or Forward.
    """

    def returned() -> None:
        address = st.session_state[key].address
        on_return(address["probe"] if isinstance(address, dict) else "")

    items = [_item(probe) | _human(verdicts.get(probe["probe_id"])) for probe in probes]
    _draw(key, items, current=current, on_open=on_open, shape="rows", on_address_change=returned)


def chips(key: str, probes: Sequence[Row], *, current: str, on_open: Callable[[str], None]) -> None:
    """Draw one chip a probe, slot and scope; a click calls `on_open` with its id before the next run.

    The level is named only where the document was probed at several.
    """
    several = len({probe["level"] for probe in probes}) > 1
    items = [_item(probe) | {"level": str(probe["level"]) if several else ""} for probe in probes]
    _draw(key, items, current=current, on_open=on_open, shape="chips")


def _item(probe: Row) -> dict[str, str]:
    score = probe["score"]
    return {
        "id": probe["probe_id"],
        "score": "–" if score is None else f"{score / 100:.2f}",
        "color": LABEL_COLORS[Label(probe["label"])],
        "label": probe["label"],
        "scope": spelled(probe["scope"] or "no scope"),
        "target": spelled(probe["target"] or ""),
        "slot": "" if probe["slot"] is None else str(probe["slot"]),
        "level": "" if probe.get("level") is None else str(probe["level"]),
        "question": spelled(probe.get("question") or ""),
    }


def _human(verdict: str | None) -> dict[str, str]:
    return {"human": verdict or "", "humanColor": VERDICT_COLORS[verdict] if verdict else ""}


def _draw(
    key: str,
    items: list[dict[str, str]],
    *,
    current: str,
    on_open: Callable[[str], None],
    shape: str,
    **callbacks: Callable[[], None],
) -> None:
    def opened() -> None:
        chosen = st.session_state[key].open
        if chosen in {item["id"] for item in items}:
            on_open(chosen)

    _COMPONENT(key=key, data={"items": items, "current": current, "shape": shape}, on_open_change=opened, **callbacks)
