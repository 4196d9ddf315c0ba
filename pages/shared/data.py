"""The one bridge between the screens and the data: which build is open, and `ask`.

The only module that uses Streamlit's caches. Caches are bounded, keyed by build and revision, and never see a frame:
Streamlit hashes large frames by a sample, so that two different ones can share a key.
"""

import getpass
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pipeline.labels import open_log
from pipeline.settings import build_folder, data_root
from queries.hits import hits as find_hits
from queries.labels import LabelLog, LabelStoreError
from queries.labels.overlay import overlay
from queries.schema import Filter, Thresholds
from queries.splits import Span
from queries.store import BuildError, Row, Search, Store, read_index

REST = 10  # seconds for which a label database that failed is not asked again, as each attempt may wait 5
ABOUT_LABELS = ("human_labels", "human_opinions")  # questions whose answers change with every label


@dataclass(frozen=True, kw_only=True)
class OpenBuild:
    """The build on screen, at one revision of its index."""

    name: str
    path: Path
    revision: str
    thresholds: Thresholds


def annotator() -> str:
    """Return who is reading: PROBES_ANNOTATOR, else the system user. Never asked for in a form."""
    return os.environ.get("PROBES_ANNOTATOR") or getpass.getuser()


def choose_build() -> None:
    """Draw the build selector and the reader's name; stop the screen where there is no build to open."""
    names = _build_names()
    if not names:
        st.title("No build yet")
        st.text("Import one, then reload this page:")
        st.code("python -m pipeline import sample/hub --build sample", language=None)
        st.stop()
    with st.sidebar:
        st.selectbox("Build", names, key="build", bind="query-params")
        st.text(f"Reading as {annotator()}")


def _build_names() -> list[str]:
    """Return the builds that can be opened, by name."""
    return sorted(path.parents[1].name for path in (data_root() / "builds").glob("*/index/index.json"))


def current_build() -> OpenBuild:
    """Return the build that the selector names; stop the screen with one sentence where it cannot be opened."""
    path = build_folder(str(st.session_state["build"])).resolve()
    try:
        revision = _index(path).revision
        settings = json.loads((path / "build.json").read_text(encoding="utf-8"))
    except (BuildError, OSError, ValueError) as error:
        st.title("This build cannot be opened")
        st.code(str(error), language=None, wrap_lines=True)
        st.stop()
    thresholds = Thresholds(**settings["thresholds"])
    return OpenBuild(name=path.name, path=path, revision=revision, thresholds=thresholds)


def _index(path: Path) -> Any:
    return _index_at(path, (path / "index" / "index.json").stat().st_mtime_ns) if path.exists() else read_index(path)


@st.cache_resource(max_entries=8, show_spinner=False)
def _index_at(path: Path, changed_ns: int) -> Any:
    return read_index(path)


@st.cache_resource(max_entries=2, show_spinner="Opening the build")
def _store(path: Path, revision: str) -> Store:
    return Store(read_index(path))


def label_log() -> LabelLog:
    """Return the label log of this data root. Raises LabelStoreError where it cannot be opened."""
    return _log(os.environ.get("PROBES_LABELS_URL"), data_root().resolve())


@st.cache_resource(max_entries=2, show_spinner=False)
def _log(url: str | None, root: Path) -> LabelLog:
    return open_log()


def bring_labels() -> None:
    """Let the open build know what has been labelled since; where the labels cannot be read, say so and go on without.

    To be called once a run, before any question is asked.
    """
    build, trouble = current_build(), _trouble()
    if time.monotonic() > trouble.get("until", 0):
        trouble.clear()
        try:
            overlay(_store(build.path, build.revision), label_log(), build=build.name)
        except LabelStoreError as error:
            trouble.update(until=time.monotonic() + REST, said=str(error))
    if trouble:
        with st.sidebar:
            st.warning("Human labels cannot be read now; they are shown as they were last read.")
            st.text(trouble["said"])


@st.cache_resource
def _trouble() -> dict[str, Any]:
    """Return what is remembered of a label database that failed: until when it is left alone, and what it said."""
    return {}


def open_store() -> Store:
    """Return the store of the open build, for what is no question: drawing a queue, bringing labels in."""
    build = current_build()
    return _store(build.path, build.revision)


def ask(name: str, where: Filter | None = None, **parameters: Any) -> list[Row]:
    """Return the rows that answer queries/<name>.sql on the open build.

    Labels are no part of a build's revision: answers that depend on them are kept under the newest label known.
    """
    build = current_build()
    labelled = name in ABOUT_LABELS or (where is not None and where.by_label)
    labels = _store(build.path, build.revision).labels_seq if labelled else 0
    return _answer(build.path, build.revision, labels, name, where, tuple(sorted(parameters.items())))


@st.cache_data(max_entries=512, show_spinner=False)
def _answer(
    path: Path, revision: str, labels: int, name: str, where: Filter | None, parameters: tuple[tuple[str, Any], ...]
) -> list[Row]:
    return _store(path, revision).fetch(name, where, **dict(parameters))


def hits(text: str, looked_for: Search) -> list[Span]:
    """Return where a search matches in one document of the open build."""
    build = current_build()
    return find_hits(_store(build.path, build.revision), text=text, search=looked_for)


def search(looked_for: Search) -> str:
    """Return the name of the row set of a search, for Filter.search. Raises SearchError for a wrong expression."""
    build = current_build()
    return _store(build.path, build.revision).search(looked_for)
