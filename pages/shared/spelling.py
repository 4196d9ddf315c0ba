"""How foreign values are called in widgets, and so in links: a bound widget reads and writes what it shows.

Streamlit reads labels as Markdown and a link by its labels, so what is no word of ours is percent-encoded behind an
equals sign: nothing in it is markup, no two are alike, and none can be taken for a null or for a word of ours.
"""

import re
from urllib.parse import quote, unquote

from queries.labels import ADJUDICATED, Verdict
from queries.schema import Flag, Label, Scope, Target, Typicality

NOTHING = "none"  # how a null value is called on screen
STALE = "STALE"  # the human label of a probe of which all that was said concerns older content
DECISION = "adjudicated"  # how the voice of the adjudicated decision is called
_WORDS = (*Scope, *Target, *Typicality, *Label, *Flag, *Verdict, STALE)
_VOCABULARY = {*map(str, _WORDS), *map(str, range(-99, 1000))}
_PLAIN = re.compile(r"[A-Za-z0-9]+( [A-Za-z0-9]+)*")  # nothing that Markdown knows is made of these alone


def counted(count: int, noun: str) -> str:
    """Return "1 probe", "1,234 probes"."""
    return f"{count:,} {noun}" + ("s" if count != 1 else "")


def shown(value: str) -> str:
    """Return how a value is called in a widget: itself, or for a foreign one a spelling of it."""
    if value in _VOCABULARY:
        return value
    return "=" + quote(value, safe="").replace("_", "%5F").replace("~", "%7E") if value else NOTHING


def voice(name: str) -> str:
    """Return how an annotator is called: as he calls himself where that is letters, digits and single spaces."""
    if name == ADJUDICATED:
        return DECISION
    return name if _PLAIN.fullmatch(name) and name not in (DECISION, NOTHING) else shown(name)


def voice_of(spelled: str) -> str:
    """Return the annotator that `voice` calls so; for what it never says, a name that nobody has or that is meant."""
    if spelled == DECISION:
        return ADJUDICATED
    return unquote(spelled[1:]) if spelled.startswith("=") else spelled


def vote(opinion: str) -> str:
    """Return how a vote of a Filter ("annotator:HARD", "annotator:blind HARD") is called."""
    name, _, verdict = opinion.rpartition(":")
    return f"{voice(name)}:{verdict}"


def vote_of(spelled: str) -> str | None:
    """Return the vote that `vote` calls so; None where that is no vote."""
    name, colon, verdict = spelled.rpartition(":")
    if not colon or verdict.removeprefix("blind ") not in list(Verdict):
        return None
    return f"{voice_of(name)}:{verdict}"
