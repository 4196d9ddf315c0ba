"""What may enter the log: events that say something, names that can be printed, texts that every database can hold."""

import re
import unicodedata
import uuid
from dataclasses import replace

from queries.labels.opinion import Event, LabelError, Op, ReasonTag, Reversal

CHANGES = (Op.SET, Op.ADJUDICATE, Op.REVEAL, Op.IMPORT)
TEXT_LIMIT = 20_000  # characters of a note or an own answer: five reader windows
NAME_LIMIT = 200  # characters of a build, probe or annotator
NO_TEXT = re.compile("[\0\ud800-\udfff]")  # NUL cannot be stored in Postgres, a lone surrogate in no UTF-8


def checked(event: Event) -> Event:
    """Return `event` as it may be stored: texts without NUL and lone surrogates, reasons in the order of their keys.

    Raises LabelError for what no log can hold or no screen would send.
    """
    _check_names(event)
    if isinstance(event, Reversal):
        if event.op not in (Op.UNDO, Op.REDO):
            raise LabelError(f"A reversal is an undo or a redo, not {event.op}.")
        return event
    if event.op not in CHANGES:
        raise LabelError(f"A change of a probe cannot be {event.op}.")
    given = (event.verdict, event.blind_verdict, event.answer, event.reasons, event.note, event.flagged, event.skipped)
    if event.op is not Op.REVEAL and all(value is None for value in given):
        raise LabelError("The event changes nothing: it has no verdict, answer, reason, note, flag or skip.")
    if event.op is Op.REVEAL and any(value is not None for value in given):
        raise LabelError("Opening the hidden side changes no opinion; send the verdict as its own event.")
    if event.dwell_ms is not None and not 0 <= event.dwell_ms < 2**31:
        raise LabelError(f"A dwell of {event.dwell_ms} ms cannot be.")
    return replace(
        event,
        answer=None if event.answer is None else clean(event.answer),
        note=None if event.note is None else clean(event.note),
        reasons=None if event.reasons is None else tuple(tag for tag in ReasonTag if tag in event.reasons),
    )


def _check_names(event: Event) -> None:
    try:
        canonical = str(uuid.UUID(event.event_id)) == event.event_id
    except ValueError:
        canonical = False
    if not canonical:
        raise LabelError(f"{event.event_id!r} is no event id: use a UUID in its lower-case form.")
    names = {"build": event.build, "annotator": event.annotator}
    if not isinstance(event, Reversal):
        names |= {"probe": event.probe_id, "content hash": event.content_hash}
    for what, name in names.items():
        check_name(what, name)


def check_name(what: str, name: str) -> None:
    """Raise LabelError unless `name` is 1-200 printable characters with no space at either end."""
    unprintable = any(unicodedata.category(letter) in ("Cc", "Cs", "Cn", "Zl", "Zp") for letter in name)
    if not 0 < len(name) <= NAME_LIMIT or unprintable or name != name.strip():
        raise LabelError(f"{name!r} cannot name the {what}: use 1-{NAME_LIMIT} printable characters.")


def clean(text: str) -> str:
    """Return `text` as every database can hold it: NUL and lone surrogates as U+FFFD, surrogate pairs as one character.

    Raises LabelError for a text that is too long.
    """
    if len(text) > TEXT_LIMIT:
        raise LabelError(f"The text has {len(text):,} characters; at most {TEXT_LIMIT:,} are stored.")
    paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return NO_TEXT.sub("\ufffd", paired)
