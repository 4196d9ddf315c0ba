"""Run stages: start one or a whole round, watch every run, stop it, resume it, and read what it makes meanwhile."""

import streamlit as st

from pages.shared.runs import run_card, run_form, run_rail

run_form.open_started()
shown = run_rail.shown()
rail_side, run_side = st.columns([1, 4], gap="medium")
with rail_side:
    run_rail.show(shown)
with run_side:
    if shown is None:
        run_form.show()
    else:
        run_card.show(shown)
