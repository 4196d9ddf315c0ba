"""The dialog in which an annotator chooses keys of his own for the Relabel screen."""

import streamlit as st

from pages.shared import data
from pipeline.labelling.keys import ACTIONS, DEFAULTS, KeysError, parse, read_keys, write_keys

OPEN = "keys-open"  # kept for the session: a press that interrupts the run of the click must not close the dialog


def button() -> None:
    """Draw the button that opens the dialog, and the dialog while it is open."""
    st.button("Change keys", on_click=lambda: st.session_state.update({OPEN: True}))
    if st.session_state.get(OPEN):
        _dialog()


def _close() -> None:
    st.session_state[OPEN] = False


@st.dialog("Keys of the Relabel screen", width="large", on_dismiss=_close)
def _dialog() -> None:
    who = data.annotator()
    keys = read_keys(who)
    st.caption("Parted by spaces, as: u Ctrl+Z. Space, PageUp, PageDown and Escape stay as they are.")
    with st.form("keys", border=False):
        sides = st.columns(2)
        given = {
            action.name: sides[at * 2 // len(ACTIONS)].text_input(
                action.meaning, " ".join(keys[action.name]), key=f"key-{action.name}"
            )
            for at, action in enumerate(ACTIONS)
        }
        kept, back = st.columns(2)
        save = kept.form_submit_button("Keep these keys", type="primary")
        reset = back.form_submit_button("Back to the usual keys")
    if save or reset:
        try:
            write_keys(who, DEFAULTS if reset else {name: parse(text or "") for name, text in given.items()})
        except (KeysError, OSError) as error:
            st.error("The keys were not changed.")
            st.text(str(error))
            return
        _close()
        st.rerun()
