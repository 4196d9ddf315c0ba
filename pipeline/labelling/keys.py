"""The keys of the Relabel screen: what can be done by key, on which keys, and each annotator's own choice of them.

A key is written as the browser names it, with what is held before it: `1`, `u`, `Ctrl+z`, `Shift+1`, `Enter`. Digits
are those of the row above the letters or of the number pad, whatever the language of the keyboard makes of them.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from pipeline.files import put_json
from pipeline.settings import data_root
from queries.labels import ReasonTag

Keys = dict[str, tuple[str, ...]]


class KeyAction(NamedTuple):
    """Something that can be done by key: its name, its default keys, and what it does in words."""

    name: str
    keys: tuple[str, ...]
    meaning: str


REASONS = {
    ReasonTag.TRULY_LATENT: "truly latent",
    ReasonTag.WINDOW_TRUNCATED: "window truncated",
    ReasonTag.VAGUE_QUESTION: "vague question",
    ReasonTag.ATOM_TOO_LONG: "atom too long to judge",
    ReasonTag.DEGENERATE_COMPLEMENT: "degenerate complement",
    ReasonTag.MID_WORD_SPLIT: "mid-word split",
    ReasonTag.HUMAN_TEXT: "human text",
    ReasonTag.JUDGE_ERROR: "judge error",
    ReasonTag.ATOM_NOT_IN_DOCUMENT: "atom not in document",
}
RULES = {
    ReasonTag.TRULY_LATENT: "well asked, and nothing in the visible side leads to it",
    ReasonTag.WINDOW_TRUNCATED: "the visible side answers it outside of what the blind reader saw",
    ReasonTag.VAGUE_QUESTION: "several different answers would fit",
    ReasonTag.ATOM_TOO_LONG: "it says too much at once to be right or wrong",
    ReasonTag.DEGENERATE_COMPLEMENT: "the visible side is empty, very short or no text",
    ReasonTag.MID_WORD_SPLIT: "the split cuts a word",
    ReasonTag.HUMAN_TEXT: "the atom is of the opening, which no model wrote",
    ReasonTag.JUDGE_ERROR: "the scores do not fit the answers",
    ReasonTag.ATOM_NOT_IN_DOCUMENT: "the hidden side does not hold it",
}
ACTIONS = (
    KeyAction("HARD", ("1",), "HARD: the visible side does not answer the question"),
    KeyAction("EASY", ("2",), "EASY: the visible side answers it"),
    KeyAction("UNSURE", ("3",), "UNSURE: you cannot tell"),
    KeyAction("confirm", ("Enter",), "Keep the blind verdict and go on"),
    KeyAction("reveal", ("r",), "Reveal the hidden side (before a verdict: the label is no longer blind)"),
    KeyAction("skip", ("s",), "Skip"),
    KeyAction("flag", ("f",), "Flag"),
    KeyAction("note", ("n",), "Write a note"),
    KeyAction("answer", ("a",), "Write your own answer"),
    KeyAction("undo", ("u", "Ctrl+z"), "Undo"),
    KeyAction("redo", ("Ctrl+Shift+z",), "Redo"),
    KeyAction("next", ("j", "ArrowRight"), "Next probe, without a verdict"),
    KeyAction("previous", ("k", "ArrowLeft"), "Previous probe"),
    *(
        KeyAction(tag, (f"Shift+{at}",), f"{REASONS[tag].capitalize()}: {RULES[tag]}")
        for at, tag in enumerate(ReasonTag, 1)
    ),
    KeyAction("list_keys", ("?",), "Show or hide the guide and this list"),
)
DEFAULTS: Keys = {action.name: action.keys for action in ACTIONS}
NAMED = ("Enter", "Backspace", "Delete", "Insert", "Home", "End", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")
KEY = re.compile(r"(Ctrl\+)?(Shift\+)?(\S|F[1-9]|F1[0-2]|" + "|".join(NAMED) + ")", re.IGNORECASE)
BROWSERS_OWN = "those with Ctrl belong to the browser, but for Ctrl+Z and Ctrl+Y"


class KeysError(ValueError):
    """Keys that cannot be; the message is one sentence for the person who chose them."""


def parse(text: str) -> tuple[str, ...]:
    """Return the keys that `text` lists, parted by spaces. Raises KeysError for what is no key."""
    return tuple(dict.fromkeys(_key(word) for word in text.split()))


def _key(word: str) -> str:
    found = KEY.fullmatch(word)
    if not found:
        raise KeysError(f"{word!r} is no key: write for example 1, u, Ctrl+Z, Shift+1, Enter or ArrowRight.")
    ctrl, shift, name = found.groups()
    named = {key.lower(): key for key in NAMED}
    name = named.get(name.lower(), name.lower() if len(name) == 1 else name.upper())
    if ctrl and name not in ("z", "y"):
        raise KeysError(f"{word} cannot be used: keys {BROWSERS_OWN}.")
    if shift and not (name.isalnum() or name in NAMED):
        raise KeysError(f"{word} cannot be used: write the sign that Shift makes, without Shift.")
    return f"{'Ctrl+' if ctrl else ''}{'Shift+' if shift else ''}{name}"


def check(keys: Mapping[str, tuple[str, ...]]) -> None:
    """Raise KeysError where one key is to do two things, or a verdict has no key."""
    users = defaultdict[str, list[str]](list)
    for name, chosen in keys.items():
        for key in chosen:
            users[key].append(name)
    for key, names in users.items():
        if len(names) > 1:
            raise KeysError(f"{key} cannot do two things: {' and '.join(names)}.")
    for name in ("HARD", "EASY", "UNSURE", "undo"):
        if not keys.get(name):
            raise KeysError(f"{name} needs a key.")


def read_keys(annotator: str) -> Keys:
    """Return the annotator's keys: the defaults where none were chosen, or where what is stored cannot be used."""
    try:
        stored = json.loads(_file(annotator).read_text(encoding="utf-8"))
        chosen = {name: parse(" ".join(stored.get(name, keys))) for name, keys in DEFAULTS.items()}
        check(chosen)
    except (OSError, ValueError, TypeError, AttributeError):
        return dict(DEFAULTS)
    return chosen


def write_keys(annotator: str, keys: Mapping[str, tuple[str, ...]]) -> None:
    """Keep the annotator's keys. Raises KeysError where they cannot be."""
    check(keys)
    put_json(_file(annotator), keys)


def _file(annotator: str) -> Path:
    """Return where an annotator's keys are; a name is foreign text, so it is never part of a path."""
    name = blake2b(annotator.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return data_root() / "keys" / f"{name}.json"
