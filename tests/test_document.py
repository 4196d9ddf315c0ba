"""The Python side of the document view: what goes to the browser, and what comes back from it."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.document.document import KEYS, Action, Received, unread
from tests.hostile import HOSTILE

APP = Path(__file__).parent / "apps" / "document_app.py"


def payload(app: AppTest) -> dict[str, Any]:
    (component,) = app.get("bidi_component")
    sent: dict[str, Any] = json.loads(component.proto.json)
    return sent


def entry(number: int) -> dict[str, object]:
    return {"number": number, "name": "next", "probe": "p"}


def outbox(client: object, *entries: object) -> dict[str, object]:
    return {"client": client, "send": 1, "actions": list(entries)}


def test_a_document_reaches_the_browser_character_for_character() -> None:
    sent = payload(AppTest.from_file(str(APP)).run())
    assert "".join(text for text, _, _ in sent["segments"]) == HOSTILE
    assert sent["probe"] == "probe-0"


def test_the_component_is_the_same_from_run_to_run() -> None:
    """A component whose identity changed would be mounted anew: scroll position and outbox would be lost."""
    app = AppTest.from_file(str(APP)).run()
    (first,) = app.get("bidi_component")
    app.session_state["done"] = ["next@probe-0"] * 5
    app.run()
    (second,) = app.get("bidi_component")
    assert first.proto.id == second.proto.id
    assert payload(app)["probe"] == "probe-5"


def test_no_key_has_two_meanings() -> None:
    names = [name for key in KEYS for name in key.names]
    assert len(names) == len(set(names))


NEXT = Action("next", "p")


@pytest.mark.parametrize(
    ("outbox", "received", "expected"),
    [
        pytest.param(outbox("a", entry(1), entry(2)), Received(), [1, 2], id="in the order pressed"),
        pytest.param(outbox("a", entry(1), entry(2)), Received("a", 1), [2], id="each once"),
        pytest.param(outbox("a", entry(1)), Received("a", 1), [], id="sent again"),
        pytest.param(outbox("b", entry(1)), Received("a", 7), [1], id="a reloaded page"),
        pytest.param(outbox("a", entry(8)), Received(), [8], id="a restarted server"),
        pytest.param(outbox("a", entry(2), entry(2), entry(1)), Received(), [2], id="repeated and reordered"),
        pytest.param(outbox("a"), Received("a", 3), [], id="empty"),
        pytest.param(None, Received(), [], id="nothing was ever pressed"),
        pytest.param("next", Received(), [], id="of another shape"),
        pytest.param(outbox(1, entry(1)), Received(), [], id="of no client"),
        pytest.param(
            outbox("a", {}, None, "x", {**entry(1), "number": "1"}, entry(4)), Received(), [4], id="odd entries"
        ),
    ],
)
def test_an_outbox_is_read_once_and_in_order(outbox: object, received: Received, expected: list[int]) -> None:
    assert [(done.number, action) for done, action in unread(outbox, received)] == [(n, NEXT) for n in expected]
