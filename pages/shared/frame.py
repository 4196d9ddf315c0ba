"""The frame around every screen: the navigation, which build is open, and who is reading."""

import streamlit as st

from pages.shared import data
from pages.shared.screens import SCREENS, screen

st.set_page_config(page_title="Probescope", layout="wide")
page = st.navigation([screen(name) for name in SCREENS], position="top")
data.choose_build()
page.run()
