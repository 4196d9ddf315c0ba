"""Labels of the open build as files: what `python -m pipeline labels export` and `import` do, as buttons."""

from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages.shared import data
from pipeline.errors import StageError
from pipeline.labelling.export import file_of, published_file_of
from pipeline.labelling.files import ENDINGS, rows_of
from pipeline.labelling.importing import import_rows
from pipeline.labels import FINALS
from queries.labels import LabelError, LabelLog, LabelStoreError, Verdict
from queries.schema import Filter

MOST_ROWS = 20_000  # published rows in one download: 200 MB with their documents
DONE = "labels-imported"  # what the last import said
NUMBER = "labels-imports"  # how many there were, so that each has an empty field of its own


def show(log: LabelLog, where: Filter) -> None:
    """Draw the buttons that take labels out, of the probes that `where` means, and the form that brings them in."""
    with st.expander("Labels as files", key="labels-as-files", width=640):
        _export(log, where)
        _export_published(where)
        _import(log)


def _export(log: LabelLog, where: Filter) -> None:
    build, store = data.current_build(), data.open_store()
    ending = st.segmented_control("Format", ENDINGS, default=ENDINGS[0], required=True, key="labels-format")
    named = st.toggle(
        "Names of annotators", key="labels-named", help="Else they are called A1, A2, ... in the order they began."
    )
    with st.container(horizontal=True):
        for words, each in (("one row a probe and annotator", "voice"), ("one row a probe", "probe")):
            st.download_button(
                f"Export {words}, {ending}",  # which tells whether the press will be about the format chosen
                data=partial(file_of, each, store, log, where, build=build.name, named=named, ending=str(ending)),
                file_name=f"{build.name.replace('/', '-')}-labels{'' if each == 'voice' else '.probes'}{ending}",
                key=f"export-{each}",
                on_click="ignore",
            )


def _export_published(where: Filter) -> None:
    """Draw the button that takes out the probes with a final label; many are for the command line, not for memory."""
    build, store = data.current_build(), data.open_store()
    final = st.multiselect(
        "Probes with the final label",
        FINALS,
        default=[str(Verdict.HARD)],
        help="Human over automatic. In the published form, as they were imported.",
    )
    rows = len(data.ask("final_rows", where, final=list(final))) if final else 0
    if rows > MOST_ROWS:
        words = " ".join(f"--final {name}" for name in final)
        st.text(
            f"{rows:,} probes are too many for a download of the browser. On the command line, for all of the build:"
        )
        st.code(f"python -m pipeline labels export --build {build.name} {words} probes.parquet", language=None)
        return
    st.download_button(
        f"Export {rows:,} probes",
        data=partial(published_file_of, store, where, final=tuple(final), build=build.path),
        file_name=f"{build.name.replace('/', '-')}-probes.parquet",
        key="export-final",
        on_click="ignore",
        disabled=not rows,
    )


def _import(log: LabelLog) -> None:
    number = st.session_state.get(NUMBER, 0)
    given = st.file_uploader(
        "Labels made elsewhere",
        type=[ending[1:] for ending in ENDINGS],
        key=f"labels-file-{number}",
        help="Needed: probe_id, annotator, and a verdict or text. All rows are stored, or none. For files of more than "
        "1 MB there is the command line: python -m pipeline labels import --build NAME FILE",
    )
    st.button("Import", on_click=_take, args=(log, given), disabled=given is None)
    if said := st.session_state.get(DONE):
        st.text(said)


def _take(log: LabelLog, given: UploadedFile) -> None:
    """Store the labels of an uploaded file, say what came of it, and offer the next upload."""
    build = data.current_build().name
    try:
        rows = rows_of(given.getvalue(), ending=Path(given.name).suffix.lower(), name=given.name)
        said = f"{build}: {import_rows(data.open_store(), log, rows, build=build, source=given.name)}"
    except (StageError, LabelError, LabelStoreError) as error:
        said = str(error)
    st.session_state[DONE] = said
    st.session_state[NUMBER] = st.session_state.get(NUMBER, 0) + 1
