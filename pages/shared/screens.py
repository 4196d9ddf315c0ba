"""The screens by name, so that one can send the reader to another."""

from pathlib import Path

import streamlit as st

PAGES = Path(__file__).resolve().parents[1]
SCREENS = {
    "browse": ("Browse", ":material/menu_book:"),
    "scores": ("Scores", ":material/bar_chart:"),
}


def screen(name: str) -> st.Page:
    """Return the screen `name` for st.navigation, st.page_link and st.switch_page; the first one stands at /."""
    title, icon = SCREENS[name]
    return st.Page(PAGES / f"{name}.py", title=title, icon=icon, default=name == next(iter(SCREENS)))
