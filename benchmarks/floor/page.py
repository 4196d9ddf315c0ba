"""The empty page: as many widgets of each kind as Browse and Scores have, over constant data, asking nothing.

What it takes from a key to the next document is what Streamlit, the browser and the components take by themselves; the
rest of what a screen takes is ours. Run by benchmarks/interactions.py; `?screen=scores` draws the other one.
"""

import streamlit as st

from benchmarks import constants
from pages.shared import rail
from pages.shared.document import document
from queries.schema import Label, Scope, SearchField, Sort, Target, Typicality

HEIGHT = 640
STYLE = "<style>.probe { margin: 0 }</style>"


def turn(*_: object) -> None:
    """Show the other form of everything from the next run on."""
    st.session_state["turn"] = st.session_state.get("turn", 0) + 1


def stay(_: str) -> None:
    """Do nothing when the reader goes back: the empty page has no history."""


def flip() -> None:
    """Show the other page, from its first row on."""
    st.session_state["page"] = st.session_state.get("page", 0) + 1
    turn()


def pills(label: str, key: str, options: list[str]) -> None:
    """Draw one facet of the filter."""
    st.pills(label, options, selection_mode="multi", key=key, bind="query-params", on_change=turn)


def sidebar() -> None:
    """Draw the widgets of the frame and of the filter."""
    st.selectbox("Build", ["card"], key="build", bind="query-params")
    st.text("Reading as nobody")
    st.text_input("Search text", key="q", bind="query-params", type="search", placeholder="any case")
    st.pills("Search in", list(SearchField), selection_mode="multi", key="in", bind="query-params")
    st.toggle("Regular expression", key="regex", bind="query-params")
    pills("Scope", "scope", [*Scope, "none"])
    pills("Target", "target", [*Target])
    pills("Typicality", "typicality", [*Typicality, "none"])
    pills("Automatic label", "label", [*Label])
    st.slider("Max score", 0.0, 1.0, (0.0, 1.0), 0.01, key="score", bind="query-params")
    st.multiselect("Flags", ["none"], key="flag", bind="query-params", placeholder="any", help="none")
    with st.expander("Round, level, document", key="more"):
        st.multiselect("Round", [0], key="round", bind="query-params", placeholder="any")
        st.multiselect("Level", [0], key="level", bind="query-params", placeholder="any")
        st.text_input("Document id", key="doc", bind="query-params")
        st.text_input("Source host", key="host", bind="query-params", placeholder="example.org")


def browse(number: int) -> None:
    """Draw Browse: the list, the chips, the document, the card."""
    with st.sidebar:
        cuts()
        st.text_input("Open probe id", key="probe_id")
    page = constants.ROWS[st.session_state.get("page", 0) % constants.SIDES]
    current = page[number % len(page)]["probe_id"]
    with st.container(key="heading", horizontal=True), st.container(horizontal=True):
        st.text(f"{number + 1:,} of 590,741 probes in 36,997 documents")
        st.text("Sort by")
        st.selectbox("Sort by", list(Sort), key="sort", bind="query-params", label_visibility="collapsed", width=150)
        st.toggle("Descending", key="desc", bind="query-params")
    rail_side, text_side, card_side = st.columns([5, 12, 8], gap="medium")
    with rail_side:
        back, middle, on = st.columns([1, 2, 1])
        back.button("Back", key="page-back", help="Page before")
        middle.text("Page 1 of 23,630")
        on.button("Next", key="page-next", help="Page after", on_click=flip)
        with st.container(height=HEIGHT, border=False):
            rail.rows("rail", page, verdicts={}, current=current, on_open=turn, on_return=stay)
    with text_side:
        st.text("one document, sibling 0")
        rail.chips("chips", constants.CHIPS, current=constants.CHIPS[0]["probe_id"], on_open=turn)
        form = constants.DOCUMENTS[number % constants.SIDES]
        document.show(probe_id=current, segments=form, on_action=turn, height=HEIGHT)
    with card_side, st.container(height=HEIGHT, border=False):
        st.html(constants.CARDS[number % constants.SIDES])
        st.expander("The row as stored", key="stored", on_change="rerun")
        st.html(STYLE)


def cuts() -> None:
    """Draw the two thresholds."""
    st.slider("HARD below, EASY from", 0.0, 1.0, (0.4, 0.8), 0.01, key="cut", bind="query-params", help="none")


def scores(number: int) -> None:
    """Draw Scores: the choices, the histogram, what was picked in it, the table."""
    st.subheader(f"{number:,} scored of 590,741 probes in 36,997 documents")
    with st.container(horizontal=True):
        for key, options in {
            "bins": ["five bins", "every 0.01"],
            "pick": ["one bar", "a range"],
            "by": [*Scope],
        }.items():
            st.segmented_control(key, options, default=options[0], required=True, key=key, bind="query-params")
    with st.container(horizontal=True):
        chart_side, pick_side = st.container(), st.container(width=330)
    with chart_side:
        chart_place = st.container()
        cuts()
    with pick_side:
        st.html(f"<table>{constants.TABLE}</table>")
        picked_place = st.container()
    with chart_place:
        histogram(number, picked_place)
        st.caption("none")
    st.html(STYLE)
    st.html(f"<table>{constants.TABLE}</table>")


@st.fragment
def histogram(number: int, picked_place: st.delta_generator.DeltaGenerator) -> None:
    """Draw the histogram and the list beside it; a pick runs this function again."""
    event = st.plotly_chart(
        constants.FIGURES[number % constants.SIDES],
        key="histogram-nothing-",
        on_select="rerun",
        selection_mode=("points", "box"),
        config={"displayModeBar": False},
    )
    with picked_place:
        if not event.selection.points:
            st.caption("none")
        for point in event.selection.points[:1]:
            st.html(constants.PICKED[point["point_index"]])


st.set_page_config(page_title="Floor", layout="wide")
with st.sidebar:
    sidebar()
shown = st.session_state.get("turn", 0)
if st.query_params.get("screen") == "scores":
    scores(shown)
else:
    browse(shown)
