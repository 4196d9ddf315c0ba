"""The document view: one component that draws a document cut at its split and owns the keys of its screen.

A page calls `show` once a run. Keys that only concern the page (search field, link, list of keys, scrolling) stay in
the browser; every other key of the table is an action that comes back through `on_action`, in the order pressed and
each once, before the script of the page runs. The browser numbers its actions and keeps them until the server says
which number it has done, so presses that are faster than the server add up, and one that is lost on the way is sent
again (document_keys.js). A newer press can interrupt an action at any call of Streamlit in it; the action is then asked
for again, so its last such call must be the one that takes effect, or all of it may be done twice.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st
from streamlit.runtime.scriptrunner import RerunException, StopException

from queries.segments import Segment

HERE = Path(__file__).parent
NAME = "document"
RECEIVED = "document_received"


class Key(NamedTuple):
    """Keys that do one thing. `names` are `KeyboardEvent.key` values, letters in lower case; `meaning` is for the list.

    The actions search, copy_link, list_keys, leave and scroll are done by the component; any other reaches `on_action`.
    A key that `repeats` goes on while it is held, one action for each document drawn.
    """

    names: tuple[str, ...]
    action: str
    meaning: str
    repeats: bool = False


KEYS = (
    Key(("j", "ArrowRight"), "next", "Next probe", repeats=True),
    Key(("k", "ArrowLeft"), "previous", "Previous probe", repeats=True),
    Key((" ", "PageDown", "PageUp"), "scroll", "Scroll the document", repeats=True),
    Key(("/",), "search", "Go to the search field"),
    Key(("c",), "copy_link", "Copy the link to this probe"),
    Key(("Escape",), "leave", "Leave a field, close this list"),
    Key(("?",), "list_keys", "Show or hide this list"),
)


class Action(NamedTuple):
    """What a key asked for, and the probe that was on the screen when it was pressed."""

    name: str
    probe_id: str


class Received(NamedTuple):
    """The last action taken from one browser page, by its number there."""

    client: str = ""
    number: int = 0


@dataclass
class _Inbox:
    """What a session has received. Changed in place: each assignment to the session can be interrupted before it."""

    received: Received = field(default_factory=Received)


def show(
    *,
    probe_id: str,
    segments: Iterable[Segment],
    on_action: Callable[[Action], None],
    keys: Sequence[Key] = KEYS,
    height: int | None = None,
    build: str = "",
    search_field: str = "Search text",
) -> None:
    """Draw a document in a box of `height` CSS pixels, by default as high as its place, and take the screen's keys.

    The box scrolls so that the split stands a third from its top whenever `probe_id` changes, and only then.
    A copied link names `build`. `search_field` is the aria-label of the page's search input. To be called once a run,
    outside of any form.
    """
    parts = [[part.text, " ".join(sorted(part.classes)), part.label] for part in segments]
    _mount({"probe": probe_id, "segments": parts, "height": height, "build": build}, on_action, keys, search_field)


def keys_alone(
    *,
    on_action: Callable[[Action], None],
    keys: Sequence[Key] = KEYS,
    build: str = "",
    search_field: str = "Search text",
) -> None:
    """Take the screen's keys where there is no document to draw. To be called instead of `show`."""
    _mount({"probe": "", "segments": None, "height": None, "build": build}, on_action, keys, search_field)


def _mount(drawn: dict[str, Any], on_action: Callable[[Action], None], keys: Sequence[Key], search_field: str) -> None:
    received = _inbox().received._asdict()
    keyboard = {"keys": [key._asdict() for key in keys], "search_field": search_field, "received": received}
    _component(key=NAME, data=drawn | keyboard, on_outbox_change=partial(_receive, on_action))


def _inbox() -> _Inbox:
    inbox: _Inbox = st.session_state.setdefault(RECEIVED, _Inbox())
    return inbox


def _receive(on_action: Callable[[Action], None]) -> None:
    """Hand on what the outbox holds beyond what was received before.

    Noted one by one, so that an error repeats none; an interruption is no error, and its action stays in the outbox.
    """
    inbox = _inbox()
    for received, action in unread(st.session_state[NAME].outbox, inbox.received):
        before, inbox.received = inbox.received, received
        try:
            on_action(action)
        except (RerunException, StopException):
            inbox.received = before
            raise


def unread(outbox: object, received: Received) -> list[tuple[Received, Action]]:
    """Return the actions of an outbox that come after `received`, each with what is received once it is done.

    The outbox comes from a browser: what has another shape than document_keys.js gives it is no action. Another client
    (a reloaded page, a second server) counts from the start.
    """
    match outbox:
        case {"client": str(client), "actions": list(entries)}:
            done = received.number if client == received.client else 0
        case _:
            return []
    found: list[tuple[Received, Action]] = []
    for entry in entries:
        match entry:
            case {"number": int(number), "name": str(name), "probe": str(probe)} if number > done:
                found.append((Received(client, number), Action(name, probe)))
                done = number
    return found


def _read(*names: str) -> str:
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


_component = st.components.v2.component(
    NAME,
    html=_read("document.html"),
    css=_read("document.css"),
    js=_read("document_sheet.js", "key_guards.js", "document_keys.js", "document.js"),
)
