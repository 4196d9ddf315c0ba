"""Queues to read: those there are, with how far they are, and the form that makes one from the filter."""

import secrets
from dataclasses import replace
from urllib.parse import urlencode

import streamlit as st

from pages.shared import data, label_data
from pages.shared.escape import safe
from queries.labels import LabelError, LabelStoreError
from queries.queues import Ordering, Queue, QueueError, Queues, Wish
from queries.schema import Filter, Label

SIZES = 100  # what the form offers first: an hour or two of reading
ORDERS = {
    Ordering.RANDOM: "Estimate: random",
    Ordering.STRATIFIED: "Estimate: stratified by score and scope",
    Ordering.BOUNDARY: "Hunt: scores nearest to a threshold first",
    Ordering.SPREAD: "Hunt: largest spread of scores first",
    Ordering.FLAGS: "Hunt: most flags first",
    Ordering.DISAGREEMENT: "Hunt: persons contradict the automatic label",
}


def chosen(queues: Queues) -> Queue | None:
    """Return the queue that the address or the reader's choice names; None where none is chosen."""
    queue_id = st.session_state.get("queue", st.query_params.get("queue", ""))
    if not queue_id:
        return None
    build = data.current_build().name
    try:
        queue = queues.find(queue_id)
    except QueueError:
        queue = None
    if queue is None or queue.build != build:
        st.session_state["queue"] = ""
        st.query_params.pop("queue", None)
        _elsewhere(queue_id, queue)
        return None
    st.session_state["queue"] = queue_id
    st.query_params["queue"] = queue_id
    return queue


def _elsewhere(queue_id: str, queue: Queue | None) -> None:
    """Say that the open build has no such queue, and lead to the one that has: a link names no build that was first."""
    st.text(f"There is no queue {queue_id} of the build {data.current_build().name}.")
    if queue and queue.build in data.build_names():
        address = urlencode({"build": queue.build, "queue": queue.queue_id})
        st.html(f'<a href="?{safe(address)}">Open {safe(queue.name)} of the build {safe(queue.build)}</a>')


def choose(queue_id: str) -> None:
    """Open a queue from the next run on."""
    st.session_state["queue"] = queue_id


def leave() -> None:
    """Go back to the list of queues."""
    st.session_state["queue"] = ""
    st.query_params.pop("queue", None)


def show(queues: Queues, where: Filter) -> None:
    """Draw the build's queues, newest first."""
    found = queues.of(data.current_build().name)
    st.subheader("Queues" if found else "No queue yet: make one below")
    for queue in found:
        with st.container(horizontal=True, vertical_alignment="center", key=f"queue-{queue.queue_id}"):
            progress = queues.progress(queue, annotator=data.annotator(), gone=label_data.gone(queue))
            st.button(
                "Read" if progress.left else "Look",
                key=f"read-{queue.queue_id}",
                on_click=choose,
                args=(queue.queue_id,),
                type="primary" if progress.left else "secondary",
            )
            kind = "estimate" if queue.estimates else "hunt"
            mode = "blind first" if queue.blind else "open"
            st.html(
                f"<b>{safe(queue.name)}</b><br><small>{kind}, {queue.ordering} · {mode}"
                f" · {progress.judged:,} judged by you, {progress.left:,} left · {progress.opinions:,} of "
                f"{progress.wanted:,} verdicts of all · made by {safe(queue.made_by)}, {queue.made_at[:10]}</small>"
            )


def make(queues: Queues, where: Filter) -> None:
    """Draw the form that draws a queue from the probes of the filter."""
    counts = data.ask("count", where)[0]
    with st.form("new-queue", width=640):
        st.text(f"A new queue from {counts['probes']:,} probes in {counts['documents']:,} documents (filters: left)")
        unscored = data.ask("count", replace(where, labels=(Label.UNSCORED,)))[0]["probes"]
        if unscored and not where.labels:
            st.text(
                f"{unscored:,} of them have no score, as word and lens never have: filter by scope to leave them out."
            )
        name = st.text_input("Name", placeholder="what it is for", max_chars=100)
        ordering = st.selectbox(
            "Order",
            list(ORDERS),
            format_func=ORDERS.__getitem__,
            help="Labels of an estimate queue feed statistics, each with the chance by which its probe was drawn; "
            "those of a hunt queue never do.",
        )
        left, right = st.columns(2)
        size = left.number_input("Probes", 1, max(counts["probes"], 1), min(SIZES, max(counts["probes"], 1)))
        per_probe = right.number_input("Annotators for each probe", 1, 20, 1)
        blind = st.toggle(
            "Blind first",
            value=True,
            help="Question and visible side alone until the first verdict; the hidden side, answers and scores after.",
        )
        if st.form_submit_button("Make the queue", type="primary", disabled=not counts["probes"]):
            _draw(
                queues,
                Wish(
                    name=name.strip() or f"{ordering} {size:,}",
                    made_by=data.annotator(),
                    where=where,
                    ordering=Ordering(ordering),
                    size=int(size),
                    per_probe=int(per_probe),
                    blind=blind,
                    seed=secrets.randbelow(2**31),
                ),
            )


def _draw(queues: Queues, wish: Wish) -> None:
    try:
        queue = queues.make(data.open_store(), wish, build=data.current_build().name)
    except (QueueError, LabelError, LabelStoreError) as error:
        st.error("No queue was made.")
        st.text(str(error))
        return
    choose(queue.queue_id)
    st.rerun()
