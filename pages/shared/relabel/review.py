"""The review component: one probe at a time in its document, a rail to decide in, and keys that never wait.

The browser paints the next probe by itself from the cards it was dealt, and keeps every press in its local storage
until the server says under which number it is stored (review_outbox.js). Here presses are stored first, in the callback
and before anything else of Streamlit is touched that could interrupt it, and only then acknowledged.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared.palette import LABEL_COLORS
from pages.shared.relabel.cards import Card, Cards
from pipeline.labelling.keys import ACTIONS, REASONS, Keys
from queries.labels import LabelStoreError
from queries.labels.presses import Outbox, read_outbox
from queries.schema import Label

HERE = Path(__file__).parents[1]
NAME = "review"
VERDICT_COLORS = {"HARD": LABEL_COLORS[Label.HARD], "EASY": LABEL_COLORS[Label.EASY], "UNSURE": "#8a8f98"}


def outbox() -> Outbox:
    """Return what the browser last sent."""
    state = st.session_state.get(NAME)
    return read_outbox(state.get("outbox")) if state else Outbox()


def show(cards: Cards, *, keys: Keys, on_outbox: Callable[[], None]) -> None:
    """Draw the reader's probe and everything to judge it with; `on_outbox` is called when presses have come."""
    desk, sent = cards.desk, outbox()
    dealt, more, opinions = _dealt(cards, sent)
    _component(
        key=NAME,
        data={
            "queue": {"id": desk.queue.queue_id, "blind": desk.queue.blind, "space": _space(cards)},
            "line": [[item.probe_id, item.position, desk.done(item.probe_id)] for item in desk.line],
            "cards": dealt,
            "more": more,
            "opinions": opinions,
            "acks": [_ack(cards, entry["event"]) for entry in sent.entries if desk.ack(entry["event"])],
            "failure": desk.failure,
            "back": desk.back._asdict() if desk.back else None,
            "keys": keys,
            "meanings": {action.name: action.meaning for action in ACTIONS},
            "reasons": {str(tag): words for tag, words in REASONS.items()},
            "colors": VERDICT_COLORS,
        },
        on_outbox_change=on_outbox,
    )


def _dealt(cards: Cards, sent: Outbox) -> tuple[list[Card], bool, dict[str, Card]]:
    """Return the cards that the browser lacks, whether more are to come, and what the annotator holds of all.

    Where the database fails the browser keeps what it has, and asks again: its keys must go on.
    """
    try:
        dealt, more = cards.deal(here=sent.here, at=sent.at, have=sent.have, pressed=bool(sent.entries))
        return dealt, more, cards.opinions()
    except LabelStoreError as error:
        cards.desk.failure = str(error)
        return [], True, {}


def _space(cards: Cards) -> str:
    """Return the name under which a browser keeps presses apart: those of one annotator on one build."""
    return f"{cards.desk.annotator} {cards.desk.queue.build}"


def _ack(cards: Cards, event_id: str) -> dict[str, Any]:
    ack = cards.desk.ack(event_id)
    return {"event": event_id, **(ack._asdict() if ack else {})}


def _read(*names: str) -> str:
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


_component = st.components.v2.component(
    NAME,
    html=f'<div class="room"><div class="review">{_read("document/document.html", "relabel/review.html")}</div></div>',
    css=_read("document/document.css", "relabel/review.css"),
    js=_read(
        "document/document_sheet.js",
        "document/key_guards.js",
        "relabel/review_outbox.js",
        "relabel/review_hidden.js",
        "relabel/review.js",
    ),
)
