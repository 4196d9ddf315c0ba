"""The frame around every screen: the navigation, which build is open, and who is reading."""

from pathlib import Path

import streamlit as st

from pages.shared import data, label_data, links
from pages.shared.screens import SCREENS, screen

st.set_page_config(page_title="Probescope", layout="wide")
page = st.navigation([screen(name) for name in SCREENS], position="top")
st.html(f"<style>{Path(__file__).with_name('frame.css').read_text(encoding='utf-8')}</style>")
data.choose_build()
if page.url_path != "runs":  # which shows without a build, or with one that cannot be opened
    label_data.bring_labels()
st.session_state["arrived"] = st.session_state.get("screen") != page.url_path  # from another screen, or at first
st.session_state["screen"] = page.url_path
links.arrive()
page.run()
