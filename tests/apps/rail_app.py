"""A rail of three probes that is taken away for a moment in every run, driven by tests/test_browse_browser.py."""

import time

import streamlit as st

from pages.shared import rail


def row(probe_id: str) -> dict[str, object]:
    return {"probe_id": probe_id, "score": 40, "label": "EASY", "scope": "word", "target": "suffix", "slot": 0}


def go(probe_id: str) -> None:
    st.session_state["open"] = st.query_params["probe"] = probe_id


def go_back(probe_id: str) -> None:
    st.session_state["open"] = probe_id or "first"


st.session_state.setdefault("open", "first")
st.text(f"open {st.session_state['open']}")
place = st.empty()
time.sleep(0.5)  # seconds in which the rail is not there
with place.container():
    probes = [row("first"), row("second"), row("third")]
    rail.rows("rail", probes, verdicts={}, current=st.session_state["open"], on_open=go, on_return=go_back)
