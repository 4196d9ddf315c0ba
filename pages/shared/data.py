"""The one bridge between the screens and the data: which build is open, and `ask`.

The only module that uses Streamlit's caches. Caches are bounded, keyed by build and revision, and never see a frame:
Streamlit hashes large frames by a sample, so that two different ones can share a key.
"""

import contextlib
import getpass
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pipeline.build import thresholds
from pipeline.errors import StageError
from pipeline.models.calls import Stage
from pipeline.rounds import raw_folder
from pipeline.running import live
from pipeline.running.live import Reject
from pipeline.settings import build_folder, data_root
from pipeline.sweeping.sweeps import sweep_folder
from pipeline.work import Work
from queries.hits import hits as find_hits
from queries.schema import Filter, Search, Thresholds
from queries.splits import Span
from queries.store import BuildError, Index, Row, Store, read_index

_OPENED = "opened"

SWEEPS = "sweeps"  # a sweep is opened as <build>/sweeps/<name>, like a build

ABOUT_LABELS = (  # questions whose answers change with every label
    "dispute_counts",
    "disputed",
    "final_rows",
    "human_labels",
    "human_opinions",
    "human_scores",
    "label_voices",
    "probe_opinions",
    "verdicts",
)


@dataclass(frozen=True, kw_only=True)
class OpenBuild:
    """The build or sweep on screen, at one revision of its index."""

    name: str
    path: Path
    index: Index
    thresholds: Thresholds

    @property
    def revision(self) -> str:
        """The name of this state of the index, for the keys of caches."""
        return self.index.revision


def annotator() -> str:
    """Return who is reading: PROBES_ANNOTATOR, else the system user. Never asked for in a form."""
    return os.environ.get("PROBES_ANNOTATOR") or getpass.getuser()


def choose_build() -> None:
    """Draw the build selector, where there is a build to open, and the reader's name.

    A run of the app sees one revision of the build: what was opened before is let go of here, and again at the next.
    """
    close_build()
    names = build_names()
    wanted = st.query_params.get("build")
    with st.container(key="reader"):
        st.text(f"Reading as {annotator()}")
    if names:
        st.sidebar.selectbox("Build", names, key="build", bind="query-params", on_change=_take_thresholds)
        if wanted is not None and wanted not in names:
            st.text(f"There is no build called {wanted}; {st.session_state['build']} is open.")


def close_build() -> None:
    """Let go of the open build, so that it is opened anew, as it is then."""
    st.session_state.pop(_OPENED, None)


def _take_thresholds() -> None:
    """Show another build under its own thresholds, not under those of the one before."""
    cuts = thresholds(home(st.session_state["build"]))
    st.session_state["cut"] = (cuts.hard_below / 100, cuts.easy_from / 100)


def build_names() -> list[str]:
    """Return the builds that can be opened, by name, each before its sweeps."""
    builds = data_root() / "builds"
    found = (*builds.glob("*/index/index.json"), *builds.glob(f"*/{SWEEPS}/*/index/index.json"))
    return sorted(path.parents[1].relative_to(builds).as_posix() for path in found)


def builds() -> list[str]:
    """Return the builds that can be opened, by name, without their sweeps."""
    return [name for name in build_names() if sweep_of(name) is None]


def home(name: str) -> Path:
    """Return the folder of the build called `name`, or of the build whose sweep that is."""
    return build_folder(name.partition("/")[0]).resolve()


def sweep_of(name: str) -> str | None:
    """Return the name of the sweep that `name` opens; None where it opens a build."""
    _, sweeps, sweep = name.partition(f"/{SWEEPS}/")
    return sweep if sweeps else None


def current_build() -> OpenBuild:
    """Return the build that the selector names; stop the screen where there is none, or it cannot be opened."""
    name = st.session_state.get("build")
    if name is None:
        st.title("No build yet")
        st.text("Make one on the screen Runs, or import one, then reload this page:")
        st.code("python -m pipeline import sample/hub --build sample", language=None)
        st.stop()
    opened: OpenBuild | None = st.session_state.get(_OPENED)
    if opened and opened.name == name:
        return opened
    try:
        st.session_state[_OPENED] = opened = open_build(str(name))
        return opened
    except (BuildError, StageError, OSError) as error:
        st.title("This build cannot be opened")
        st.code(str(error), language=None, wrap_lines=True)
        st.stop()


def open_build(name: str) -> OpenBuild:
    """Return the build called `name` as it is now. Raises BuildError, StageError or OSError where it cannot be read."""
    build, sweep = home(name), sweep_of(name)
    path = sweep_folder(build, sweep) if sweep else build
    return OpenBuild(name=name, path=path, index=_index(path), thresholds=thresholds(build))


def _index(path: Path) -> Any:
    changed_ns = (path / "index" / "index.json").stat().st_mtime_ns if path.exists() else 0
    return _index_at(str(path), changed_ns) if changed_ns else read_index(path)


@st.cache_resource(max_entries=8, show_spinner=False)
def _index_at(path: str, changed_ns: int) -> Any:
    return read_index(Path(path))


def store_of(build: OpenBuild) -> Store:
    """Return the store of a build at its revision, opened once."""
    return _store_at(str(build.path), build.revision, build.index)


def warm() -> None:
    """Open the build that a link without one opens, so that its first reader need not wait for it.

    For a thread of the server at its start; a build that cannot be opened is told of to whoever asks for it.
    """
    names = build_names()
    if names:
        with contextlib.suppress(BuildError, StageError, OSError):
            store_of(open_build(names[0])).fetch("options")


@st.cache_resource(max_entries=2, show_spinner=False)
def _store_at(path: str, revision: str, _index: Index) -> Store:
    return Store(_index)


def open_store() -> Store:
    """Return the store of the open build, for what is no question: drawing a queue, bringing labels in."""
    build = current_build()
    return store_of(build)


def ask(name: str, where: Filter | None = None, **parameters: Any) -> list[Row]:
    """Return the rows that answer queries/<name>.sql on the open build."""
    return ask_of(current_build(), name, where, **parameters)


def ask_of(build: OpenBuild, name: str, where: Filter | None = None, **parameters: Any) -> list[Row]:
    """Return the rows that answer queries/<name>.sql on `build`.

    Labels are no part of a build's revision: answers that depend on them are kept under the newest label known.
    """
    store = store_of(build)
    labelled = name in ABOUT_LABELS or (where is not None and where.by_label)
    asked = repr((store.labels_seq if labelled else 0, name, where, sorted(parameters.items())))
    return _answer(str(build.path), build.revision, asked, store, name, where, parameters)


# Keyed by one string: Streamlit takes 0.5 ms to walk through a Filter, and a screen asks a dozen times a run.
@st.cache_data(max_entries=512, show_spinner=False)
def _answer(
    path: str,
    revision: str,
    asked: str,
    _store: Store,
    _name: str,
    _where: Filter | None,
    _parameters: dict[str, Any],
) -> list[Row]:
    return _store.fetch(_name, _where, **_parameters)


def raw_replies(work: Work, rejects: tuple[Reject, ...]) -> list[str | None]:
    """Return the reply that each of `rejects` is about; None where there is none."""
    return _raw_replies(work, rejects, raw_folder(work.folder, Stage.GENERATE).stat().st_mtime_ns)


@st.cache_data(max_entries=8, show_spinner=False)
def _raw_replies(_work: Work, rejects: tuple[Reject, ...], changed_ns: int) -> list[str | None]:
    return live.raw_replies(_work, rejects)


def hits(text: str, looked_for: Search) -> list[Span]:
    """Return where a search matches in one document of the open build."""
    build = current_build()
    return find_hits(store_of(build), text=text, search=looked_for)


def search(looked_for: Search) -> None:
    """Make the row set of a search, so that a wrong expression is told before any question: raises SearchError."""
    build = current_build()
    store_of(build).search(looked_for)
