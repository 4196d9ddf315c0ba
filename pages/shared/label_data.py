"""What screens know of human labels: the log, the open build's newest opinions, queues, and what they say together.

Caches are keyed by the newest label that the build's store knows, so that every label is on every screen at once.
"""

import os
import time
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared.data import OpenBuild, close_build, current_build, store_of
from pipeline.labels import open_log
from pipeline.settings import data_root
from queries.evidence import Evidence
from queries.evidence import evidence as evidence_of
from queries.labels import LabelLog, LabelStoreError
from queries.labels.overlay import overlay
from queries.queues import Item, Queue, Queues, Stratum
from queries.raters import Board, Given
from queries.raters import board as board_of
from queries.schema import Filter
from queries.store import Store

REST = 10  # seconds for which a label database that failed is not asked again, as each attempt may wait 5


def label_log() -> LabelLog:
    """Return the label log of this data root. Raises LabelStoreError where it cannot be opened."""
    return _log(os.environ.get("PROBES_LABELS_URL"), data_root().resolve())


@st.cache_resource(max_entries=2, show_spinner=False)
def _log(url: str | None, root: Path) -> LabelLog:
    return open_log()


def renewed_build() -> OpenBuild:
    """Return the open build as it is now, with its newest labels: for a fragment, which runs without the frame."""
    close_build()
    build = current_build()
    bring_labels_of(build)
    return build


def bring_labels() -> None:
    """Let the open build know what has been labelled since; where the labels cannot be read, say so and go on without.

    To be called once a run, before any question is asked.
    """
    bring_labels_of(current_build())
    trouble = _trouble()
    if trouble:
        with st.sidebar:
            st.warning("Human labels cannot be read now; they are shown as they were last read.")
            st.text(trouble["said"])


def bring_labels_of(build: OpenBuild) -> None:
    """Let `build`, which need not be the open one, know what has been labelled since, where that can be read."""
    trouble = _trouble()
    if time.monotonic() > trouble.get("until", 0):
        trouble.clear()
        try:
            overlay(store_of(build), label_log(), build=build.name)
        except LabelStoreError as error:
            trouble.update(until=time.monotonic() + REST, said=str(error))


@st.cache_resource
def _trouble() -> dict[str, Any]:
    """Return what is remembered of a label database that failed: until when it is left alone, and what it said."""
    return {}


def queues() -> list[Queue]:
    """Return the queues of the open build, newest first; none while the label database fails."""
    trouble = _trouble()
    if trouble:
        return []
    try:
        return Queues(label_log().database).of(current_build().name)
    except LabelStoreError as error:
        trouble.update(until=time.monotonic() + REST, said=str(error))
        return []


def evidence(where: Filter, queue: Queue) -> Evidence:
    """Return what the labels of a queue say of the probes of `where`. Raises LabelStoreError."""
    build, database = current_build(), (os.environ.get("PROBES_LABELS_URL"), data_root().resolve())
    store = store_of(build)
    return _evidence(database, str(build.path), build.revision, store.labels_seq, where, queue.queue_id, store, queue)


@st.cache_resource(max_entries=32, show_spinner=False)
def _evidence(
    database: tuple[str | None, Path],
    path: str,
    revision: str,
    labels: int,
    where: Filter,
    queue_id: str,
    _store: Store,
    _queue: Queue,
) -> Evidence:
    strata, items = _drawn(database, queue_id, _queue)
    rows = _store.fetch("queue_labels", where, queue=queue_id, probes=[item.probe_id for item in items])
    return evidence_of(_queue, strata=strata, items=items, labels=rows)


def gone(queue: Queue) -> frozenset[str]:
    """Return the probes of a queue that the open build no longer has: nobody can judge them. Raises LabelStoreError."""
    build = current_build()
    return _gone(str(build.path), build.revision, queue.queue_id, store_of(build), queue)


@st.cache_resource(max_entries=32, show_spinner=False)
def _gone(path: str, revision: str, queue_id: str, _store: Store, _queue: Queue) -> frozenset[str]:
    probes = [item.probe_id for item in drawn(_queue)[1]]
    return frozenset(probes) - {row["probe_id"] for row in _store.fetch("openings", probes=probes)}


def drawn(queue: Queue) -> tuple[list[Stratum], list[Item]]:
    """Return the strata and the probes of a queue. Raises LabelStoreError."""
    return _drawn((os.environ.get("PROBES_LABELS_URL"), data_root().resolve()), queue.queue_id, queue)


def board(where: Filter, given: Given) -> Board:
    """Return what raters say of the probes of `where` now."""
    build = current_build()
    store = store_of(build)
    return _board(str(build.path), build.revision, store.labels_seq, where, given, store)


@st.cache_resource(max_entries=8, show_spinner="Comparing labels")
def _board(path: str, revision: str, labels: int, where: Filter, given: Given, _store: Store) -> Board:
    return board_of(_store.fetch("human_opinions", where), _store.fetch("human_labels", where), given=given)


@st.cache_resource(max_entries=8, show_spinner=False)
def _drawn(database: tuple[str | None, Path], queue_id: str, _queue: Queue) -> tuple[list[Stratum], list[Item]]:
    """Return the strata and the probes of a queue, which never change."""
    found = Queues(label_log().database)
    return found.strata(_queue), found.items(_queue)
