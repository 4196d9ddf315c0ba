"""The screens by name, so that one can send the reader to another."""

from pathlib import Path

import streamlit as st

PAGES = Path(__file__).resolve().parents[1]
SCREENS = {
    "browse": "Browse",
    "scores": "Scores",
    "relabel": "Relabel",
    "agreement": "Agreement",
    "calibrate": "Calibrate",
    "runs": "Runs",
}


def screen(name: str) -> st.Page:
    """Return the screen `name` for st.navigation, st.page_link and st.switch_page; the first one stands at /.

    Without an icon: Streamlit makes a page's icon the favicon and fetches it from a font server.
    """
    return st.Page(PAGES / f"{name}.py", title=SCREENS[name], default=name == next(iter(SCREENS)))
