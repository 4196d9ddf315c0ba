"""The desk of a queue on the screen: its progress on top, the review component below, run as one fragment."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared import data, label_data
from pages.shared.escape import safe
from pages.shared.relabel import key_settings, queue_list, review
from pages.shared.relabel.cards import Cards
from pipeline.labelling.keys import read_keys
from queries.desk import Desk
from queries.labels import LabelStoreError
from queries.queues import Progress, Queue, Queues
from queries.schema import Filter

CARDS = "cards"  # the session's desk and cards


def head(queue: Queue) -> None:
    """Draw what stands in the sidebar while a queue is read."""
    with st.sidebar:
        st.button("Leave the queue", on_click=queue_list.leave)
        key_settings.button()


@st.fragment
def judge(queue: Queue) -> None:
    """Draw the probe that comes next and take verdicts; a press runs this again, and nothing else of the page."""
    cards = _cards(queue)
    top = st.container(key="queue-progress")
    sent = review.outbox()
    try:
        cards.desk.lay_out(sent.at)
    except LabelStoreError as error:
        cards.desk.failure = str(error)
    review.show(cards, keys=read_keys(cards.desk.annotator), on_outbox=partial(_take, cards))
    _progress(queue, top)


def _take(cards: Cards) -> None:
    """Store what the browser sent. A newer press may interrupt reading it, and then brings all of it again."""
    cards.desk.store(review.outbox().entries)


def _cards(queue: Queue) -> Cards:
    kept = st.session_state.get(CARDS)
    if kept is None or kept.desk.queue.queue_id != queue.queue_id:
        desk = Desk(label_data.label_log(), queue, annotator=data.annotator(), gone=label_data.gone(queue))
        kept = Cards(desk, where=Filter(thresholds=data.current_build().thresholds))
        st.session_state[CARDS] = kept
    return kept


def _progress(queue: Queue, place: DeltaGenerator) -> None:
    try:
        queues = Queues(label_data.label_log().database)
        gone = label_data.gone(queue)
        progress = queues.progress(queue, annotator=data.annotator(), gone=gone)
    except LabelStoreError:
        return  # the component says that the database fails
    place.html(_bar(queue, progress, gone=len(gone)))


def _bar(queue: Queue, progress: Progress, *, gone: int) -> str:
    total = progress.judged + progress.skipped + progress.left
    share = 100 * (progress.judged + progress.skipped) / total if total else 100
    mode = "blind first" if queue.blind else "open"
    words = [
        f"<b>{safe(queue.name)}</b>",
        f"{queue.ordering}, {mode}",
        f"{progress.judged:,} judged" + (f", {progress.skipped:,} skipped" if progress.skipped else ""),
        f"{progress.left:,} left" + (f", {_time(progress.ms_left)}" if progress.ms_left else ""),
        f"all annotators: {progress.opinions:,} of {progress.wanted:,} verdicts",
        *([f"{gone:,} no longer in the build"] if gone else []),
    ]
    spans = "".join(f"<span>{word}</span>" for word in words)
    return (
        "<style>.queue{display:flex;flex-wrap:wrap;gap:2px 18px;font-size:13px;padding-bottom:6px}"
        ".queue-bar{height:3px;background:linear-gradient(to right,#3b7dd8 var(--done),"
        "color-mix(in srgb,currentColor 14%,transparent) 0);border-radius:2px}</style>"
        f'<div class="queue">{spans}</div><div class="queue-bar" style="--done:{share:.1f}%" role="progressbar" '
        f'aria-valuenow="{share:.0f}" aria-label="Queue"></div>'
    )


def _time(milliseconds: float) -> str:
    minutes = milliseconds / 60_000
    if minutes < 1:
        return "less than a minute"
    return f"about {minutes:.0f} min" if minutes < 90 else f"about {minutes / 60:.1f} h"
