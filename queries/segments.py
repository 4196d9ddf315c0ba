"""Cut a document into the flat list of segments that a screen draws: the sides of the split, the atom, what was found.

Spans overlap (an atom holds a search hit, a hit crosses the split), so they are not nested: every edge of every span
is a cut point, and each segment between two cut points names all the parts it belongs to. The texts of the segments,
joined, are the document, character for character. Only segments leave Python: JavaScript counts UTF-16 units, so an
offset would mean another place there.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from queries.schema import SPLIT_GROUP, Scope, SplitGroup, Target
from queries.splits import Span, clamp, sides

SIGNS = 5000  # invisible characters that are drawn; Chromium needs 4 s for 150,000 NULs, each in a word of its own

_SIGN = re.compile(
    "(["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters except tab and line feed
    "\u2028\u2029"  # line and paragraph separator
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    "])\\1{0,99}"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
    "|(?<=[\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""What a reader cannot see although it is in the text: control characters, bidi controls, zero-width and filler
characters (Unicode's Default_Ignorable_Code_Point, and the interlinear marks). One character up to a hundred times is
one sign. Joiners between two non-ASCII characters and a first variation selector do their work in emoji and in Persian:
they stay as they are."""

# fmt: off
_NAMES = {
    0x00: "NUL", 0x07: "BEL", 0x08: "BS", 0x0B: "VT", 0x0C: "FF", 0x0D: "CR", 0x1B: "ESC", 0x7F: "DEL", 0x85: "NEL",
    0xAD: "SHY", 0x200B: "ZWSP", 0x200C: "ZWNJ", 0x200D: "ZWJ", 0x200E: "LRM", 0x200F: "RLM", 0x2028: "LSEP",
    0x2029: "PSEP", 0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO", 0x2060: "WJ",
    0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI", 0xFEFF: "BOM",
}
# fmt: on
"""The abbreviations in the Unicode code charts of the invisible characters that texts are found to hold."""


class Part(StrEnum):
    """What a segment belongs to.

    OUTSIDE is the part of the visible side that the blind reader did not see, SIGN an invisible character shown by its
    label, and UNDRAWN the rest of a text with more than `SIGNS` of them: it is in the page, but laid out nowhere.
    """

    VISIBLE = "visible"
    HIDDEN = "hidden"
    OUTSIDE = "outside"
    ATOM = "atom"
    HIT = "hit"
    SIGN = "sign"
    UNDRAWN = "undrawn"


class Mark(StrEnum):
    """What stands between two characters, in the order in which marks of one place are drawn."""

    OPENING_END = "opening_end"
    WINDOW_START = "window_start"
    SPLIT = "split"
    OTHER_SPLIT = "other_split"
    WINDOW_END = "window_end"
    DRAWN_END = "drawn_end"


class Segment(NamedTuple):
    """A piece of the document with the parts it belongs to, or, where `text` is empty, one mark between two pieces.

    `label` is what the screen writes beside a mark, or in place of an invisible character.
    """

    text: str
    classes: frozenset[Part | Mark]
    label: str = ""


class _Place(NamedTuple):
    at: int
    mark: Mark
    label: str


def segments(
    text: str,
    *,
    split: int | None,
    target: Target | None,
    scope: Scope | None,
    splits: Mapping[SplitGroup, int | None],
    atom: Span | None,
    window: Span | None,
    opening_end: int | None,
    hits: Sequence[Span] = (),
) -> list[Segment]:
    """Return `text` as segments, with the marks between them, in reading order.

    Offsets are characters and may lie anywhere: they are moved into the text, and an empty span marks nothing. Without
    a split or a target nothing is known to be hidden, so everything is VISIBLE.
    """
    length = len(text)
    spans = dict[Part, list[Span]]()
    spans[Part.VISIBLE], spans[Part.HIDDEN] = _sides(length, split=split, target=target)
    spans[Part.ATOM] = [atom] if atom else []
    spans[Part.HIT] = list(hits)
    spans[Part.SIGN], drawn_end = _signs(text)
    spans[Part.UNDRAWN] = [Span(drawn_end, length)]
    spans[Part.OUTSIDE] = _outside(spans[Part.VISIBLE], window)
    places = [
        *_split_places(length, split=split, scope=scope, splits=splits),
        *_window_places(spans[Part.VISIBLE], window),
    ]
    if opening_end is not None and 0 < opening_end < length:
        places.append(_Place(opening_end, Mark.OPENING_END, "end of the opening"))
    if drawn_end < length:
        places.append(_Place(drawn_end, Mark.DRAWN_END, f"{length - drawn_end:,} more characters: too many controls"))
    return list(_weave(text, spans=spans, places=places))


def _sides(length: int, *, split: int | None, target: Target | None) -> tuple[list[Span], list[Span]]:
    if split is None or target is None:
        return [Span(0, length)], []
    visible, hidden = sides(length=length, split=split, target=target)
    return [visible], [hidden]


def _outside(visible: list[Span], window: Span | None) -> list[Span]:
    if window is None:
        return []
    (start, end), (first, last) = visible[0], window
    return [Span(start, min(end, first)), Span(max(start, last), end)]


def _signs(text: str) -> tuple[list[Span], int]:
    """Return the runs of invisible characters up to `SIGNS` characters, and where the text drawn with them ends."""
    runs, room = list[Span](), SIGNS
    for match in _SIGN.finditer(text):
        if room <= 0:
            return runs, match.start()
        runs.append(Span(*match.span()))
        room -= match.end() - match.start()
    return runs, len(text)


def _split_places(
    length: int, *, split: int | None, scope: Scope | None, splits: Mapping[SplitGroup, int | None]
) -> Iterator[_Place]:
    if split is not None:
        yield _Place(clamp(split, length), Mark.SPLIT, "split")
    own = SPLIT_GROUP[scope] if scope else None
    others = defaultdict[int, list[str]](list)
    for group, at in splits.items():
        if at is not None and not (group is own and at == split):
            others[clamp(at, length)].append(group.replace("_", ", "))
    for at, names in others.items():
        yield _Place(at, Mark.OTHER_SPLIT, ", ".join(names))


def _window_places(visible: list[Span], window: Span | None) -> Iterator[_Place]:
    """Mark an edge of the reader window only inside the visible side: at its ends there is nothing left out."""
    if window is None:
        return
    start, end = visible[0]
    if start < window.start < end:
        yield _Place(window.start, Mark.WINDOW_START, "the blind reader saw from here")
    if start < window.end < end:
        yield _Place(window.end, Mark.WINDOW_END, "the blind reader saw up to here")


def _weave(text: str, *, spans: Mapping[Part, Iterable[Span]], places: Iterable[_Place]) -> Iterator[Segment]:
    """Yield the pieces between all cut points, each with its parts, and the marks where they stand."""
    changes = defaultdict[int, list[tuple[Part, int]]](list)
    for part, some in spans.items():
        for start, end in some:
            first, last = clamp(start, len(text)), clamp(end, len(text))
            if first < last:
                changes[first].append((part, 1))
                changes[last].append((part, -1))
    marks = defaultdict[int, list[_Place]](list)
    for place in places:
        marks[place.at].append(place)
    depth = dict.fromkeys(Part, 0)
    cuts = sorted({0, len(text), *changes, *marks})
    for at, following in pairwise([*cuts, len(text)]):
        for part, change in changes[at]:
            depth[part] += change
        for place in sorted(marks[at], key=lambda place: list(Mark).index(place.mark)):
            yield Segment("", frozenset([place.mark]), place.label)
        piece = text[at:following]
        if piece:
            parts = frozenset(part for part, open_spans in depth.items() if open_spans)
            yield Segment(piece, parts, _sign_label(piece) if Part.SIGN in parts else "")


def _sign_label(run: str) -> str:
    """Return what stands in place of a run of one invisible character: its abbreviation, else its code point."""
    name = _NAMES.get(ord(run[0]), f"U+{ord(run[0]):04X}")
    return name if len(run) == 1 else f"{name}×{len(run)}"


def spelled(text: str) -> str:
    """Return `text` with a name in brackets for every invisible character, for places that draw plain text."""
    return _SIGN.sub(lambda run: f"[{_sign_label(run[0])}]", text)


def named(text: str) -> Iterator[tuple[str, str]]:
    """Yield `text` as pairs of a piece without invisible characters and the name of the run of them that follows."""
    end = 0
    for run in _SIGN.finditer(text):
        yield text[end : run.start()], _sign_label(run[0])
        end = run.end()
    yield text[end:], ""
