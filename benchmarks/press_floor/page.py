"""The empty page for presses: a key changes a text in the browser and is echoed by a callback that stores nothing.

What it takes to paint and to echo is what the browser and Streamlit take by themselves. Run by benchmarks/presses.py.
"""

import streamlit as st

KEY = "press"
TEXTS = [f"Sheet {number}. " + "The pilots waited for the thaw, and nobody wrote down why. " * 100 for number in (1, 2)]
component = st.components.v2.component(
    KEY,
    html='<div class="review"><h3 class="question"></h3><div class="text"></div><output class="stored"></output></div>',
    css=".review { height: 600px; overflow: auto; white-space: pre-wrap }",
    js="""
    let pressed = 0
    export default function ({ data, parentElement, setStateValue }) {
      const part = (name) => parentElement.querySelector(name)
      const paint = () => {
        part(".review").dataset.probe = part(".question").textContent = `probe ${pressed}`
        part(".text").textContent = data.texts[pressed % 2]
      }
      part(".stored").textContent = `saved #${data.echo}`
      if (!part(".question").textContent) paint()
      window.onkeydown = () => { pressed += 1; paint(); setStateValue("pressed", pressed) }
    }
    """,
)


def store() -> None:
    """Store nothing."""


@st.fragment
def judge() -> None:
    """Draw the text and echo the last press."""
    held = st.session_state.get(KEY)
    echo = held.get("pressed", 0) if held else 0
    component(key=KEY, data={"texts": TEXTS, "echo": echo}, on_pressed_change=store)


st.set_page_config(page_title="Floor", layout="wide")
judge()
