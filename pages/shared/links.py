"""What a link asks for that this build or this version does not have: said in one sentence, where Streamlit drops it.

A bound widget takes from the address the options it has and forgets the rest without a word, so a reader would take the
probes of a wider filter for those that the link meant.
"""

from collections.abc import Hashable, Iterable, Iterator

import streamlit as st

from queries.segments import spelled

_LEFT_OUT, _SAID_OF = "left_out", "left_out_of"
_LONGEST = 40  # characters shown of a value: enough to know it by, and no link can fill the screen


def arrive() -> None:
    """Forget what was said of another screen's link; to be called once a run of the frame, before the screen's own."""
    if st.session_state.get("arrived", True):
        st.session_state.pop(_LEFT_OUT, None)
        st.session_state.pop(_SAID_OF, None)


def expect(key: str, words: Iterable[str]) -> None:
    """Note the values of the parameter `key` that are none of `words`; to be called before its widget is drawn."""
    known = {str(word) for word in words}
    _note(key, (value for value in st.query_params.get_all(key) if value not in known))


def expect_range(key: str) -> None:
    """Note the values of the parameter `key` where they are no two numbers from 0 to 1."""
    values = st.query_params.get_all(key)
    if values and not (len(values) == 2 and all(map(_is_share, values))):
        _note(key, values)


def tell(where: Hashable) -> None:
    """Say what was left out of the link that meant `where`, until the reader means something else.

    Noted rather than looked up: a bound widget takes what it does not know out of the address at once.
    """
    if st.session_state.setdefault(_SAID_OF, where) != where:
        st.session_state.pop(_LEFT_OUT, None)
        st.session_state[_SAID_OF] = where
    noted = st.session_state.get(_LEFT_OUT, ())
    if noted:
        st.text(f"Left out of the link, as no option matches: {', '.join(noted)}.")


def _note(key: str, values: Iterable[str]) -> None:
    noted = st.session_state.get(_LEFT_OUT, ())
    st.session_state[_LEFT_OUT] = tuple(dict.fromkeys((*noted, *_named(key, values))))


def _named(key: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        shortened = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
        yield f"{key} {spelled(shortened)}"


def _is_share(value: str) -> bool:
    try:
        return 0 <= float(value) <= 1
    except ValueError:
        return False
