"""A screen with the document view and some fields, driven by tests/test_document_browser.py."""

import time

import streamlit as st

from pages.shared.document import document
from queries.schema import Scope, SplitGroup, Target
from queries.segments import segments
from queries.splits import Span, reader_window
from tests.hostile import HOSTILE

PARAGRAPH = (
    "The harbour freezes every second winter, and nobody who lives there has ever called it a nuisance. Ships wait "
    "outside the mole, sometimes for nine days, while the pilots play cards in the customs house.\n\n"
)


def on_action(action: document.Action) -> None:
    """Take a step; with `interrupt` in the address only at the second try, as if a newer key had come in between."""
    st.session_state["tries"] += 1
    if "interrupt" in st.query_params and st.session_state["tries"] % 2:
        st.rerun()
    st.session_state["done"].append(f"{action.name}@{action.probe_id}")


def cut(at: int) -> tuple[str, int, Target]:
    if at == 0:
        return HOSTILE, HOSTILE.index("HALFWAY"), Target.SUFFIX
    text = f"Document {at}. " + PARAGRAPH * 60
    return text, len(text) // 2 + at, Target.SUFFIX if at % 2 else Target.PREFIX


st.set_page_config(layout="wide")
st.session_state.setdefault("tries", 0)
st.session_state.setdefault("done", [])
st.session_state.setdefault("clicks", 0)
st.session_state["runs"] = st.session_state.get("runs", 0) + 1
at = sum({"next": 1, "previous": -1}[done.split("@")[0]] for done in st.session_state["done"])
text, split, target = cut(at)
atom = Span(split + 40, split + 66) if target is Target.SUFFIX else Span(split - 90, split - 64)
window = reader_window(length=len(text), split=split, target=target)
found = text.find("pilots", split)

left, right = st.columns([3, 1])
if away := float(st.query_params.get("away", 0)):
    left = left.empty()
    time.sleep(away)  # seconds in which the component is not there
with left.container():
    document.show(
        probe_id=f"probe-{at}",
        segments=segments(
            text,
            split=split,
            target=target,
            scope=Scope.SENTENCE,
            splits={
                SplitGroup.WORD_LENS: split - 400,
                SplitGroup.SENTENCE: split,
                SplitGroup.PARAGRAPH: split,
                SplitGroup.WHOLE: split + 130,
            },
            atom=atom,
            window=window,
            opening_end=split - 300,
            hits=[Span(found, found + 6)] if found >= 0 else [],
        ),
        on_action=on_action,
        height=560,
    )
with right:
    st.text_input("Search text")
    st.text_area("Note")
    st.radio("Sort", ["score", "mean", "spread"])
    st.selectbox("Scope", ["word", "lens", "sentence"])
    st.slider("Score", 0, 100)
    if st.button("A button"):
        st.session_state["clicks"] += 1
    if st.button("Dialog"):
        st.dialog("A dialog")(lambda: st.write("Some text"))()
    st.text(f"runs {st.session_state['runs']}")
    st.text(f"clicks {st.session_state['clicks']}")
    st.text(f"at {at}")
    st.text("done " + " ".join(st.session_state["done"]))
