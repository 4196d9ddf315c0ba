"""What the Relabel screen sends to the browser of one probe: a sealed card, or an open one.

A sealed card holds the question and the visible side; of the hidden side, the answers, the scores and the flags there
is nothing in it, not even the document's length. The browser gets an open card only when the log says that the
annotator has given a blind verdict or asked to see the hidden side, or when the queue is read open.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from pages.shared import data
from pages.shared.document import reading
from pages.shared.palette import LABEL_COLORS
from queries.desk import Desk
from queries.queues import Item
from queries.schema import FLAG_RULES, Filter, Flag, Label, Scope, Target
from queries.segments import Segment, visible_segments
from queries.splits import Span
from queries.store import Row

ROOM = 2_000_000  # characters of the probes ahead: forty ordinary documents are 400,000
BUDGET = 0.03  # seconds of a run for cards that nobody waits for yet; a press must not wait behind them
Card = dict[str, Any]


class Cards:
    """The cards of one session: which the browser has, and which it may get."""

    def __init__(self, desk: Desk, *, where: Filter) -> None:
        self.desk = desk
        self._where = where
        self._hashes: dict[str, str] = {}
        self._lengths: dict[str, int] = {}
        self._openings: dict[str, str] = {}

    def deal(self, *, here: str, at: int, have: frozenset[str], pressed: bool) -> tuple[list[Card], bool]:
        """Return the cards that the browser lacks, the one before the reader first, and whether more are to come.

        Where a key was `pressed`, which waits to hear that it is stored, only the one before the reader and that of an
        undo.
        """
        self._bring_back()
        cards, ends, room = list[Card](), time.monotonic() + (0 if pressed else BUDGET), ROOM
        urgent = {here, self.desk.back.probe_id if self.desk.back else here}
        for item in self._order(here):
            if self._held_back(item, at) or room < 0:
                continue
            if not self._stamp(item) or self._stamp(item) not in have:
                if item.probe_id not in urgent and (cards or pressed) and time.monotonic() > ends:
                    return cards, True
                cards += self._card(item)
            room -= self._lengths.get(item.probe_id, 0)
        return cards, False

    def _bring_back(self) -> None:
        """Put the probe of an undo into the line, wherever it was judged."""
        back = self.desk.back
        if back is None or any(item.probe_id == back.probe_id for item in self.desk.line):
            return
        found = data.ask("openings", probes=[back.probe_id])
        if found:
            self.desk.bring(Item(0, back.probe_id, found[0]["doc_key"], "", None))

    def _order(self, here: str) -> Iterable[Item]:
        """Return the items of the line: where an undo leads, where the reader is, those ahead, those behind."""
        line = self.desk.line
        place = next((item.position for item in line if item.probe_id == here), line[0].position if line else 0)
        back = self.desk.back.probe_id if self.desk.back else ""
        return sorted(line, key=lambda item: (item.probe_id != back, item.position < place, item.position))

    def _held_back(self, item: Item, at: int) -> bool:
        """Return whether a card would show what another, still sealed, hides: documents of one opening share text."""
        if not self.desk.queue.blind or item.position <= at:
            return False
        openings = self._known_openings()
        return any(
            openings.get(other.probe_id) == openings.get(item.probe_id) and not self._open(other)
            for other in self.desk.line
            if at <= other.position < item.position
        )

    def _known_openings(self) -> dict[str, str]:
        unknown = [item.probe_id for item in self.desk.line if item.probe_id not in self._openings]
        if unknown:
            self._openings |= {row["probe_id"]: row["doc_id"] for row in data.ask("openings", probes=unknown)}
        return self._openings

    def _open(self, item: Item) -> bool:
        known = self._hashes.get(item.probe_id)
        return not self.desk.queue.blind or (
            known is not None and self.desk.state(item.probe_id, content_hash=known).seen
        )

    def _stamp(self, item: Item) -> str:
        """Return the name of a card as the browser says which it has; "" where it was never made."""
        return f"{item.probe_id} {'open' if self._open(item) else 'sealed'}" if item.probe_id in self._hashes else ""

    def _card(self, item: Item) -> Iterator[Card]:
        found = data.ask("judged_probe", self._where, probe_id=item.probe_id, doc_key=item.doc_key)
        if not found:
            self.desk.drop(item.probe_id)
            return
        probe, doc = found[0], data.ask("document", doc_key=item.doc_key)[0]
        self._hashes[item.probe_id] = probe["content_hash"]
        self._lengths[item.probe_id] = len(doc["text"])
        card = opened(probe, doc) if self._open(item) else sealed(probe, doc)
        card["shown"] |= {"opening_seen": self._seen_elsewhere(item)}
        yield {**card, "stamp": self._stamp(item), "position": item.position}

    def _seen_elsewhere(self, item: Item) -> bool:
        """Return whether the annotator has had another probe of the same document open."""
        rows = data.ask("document_probes", self._where, doc_key=item.doc_key)
        others = [row["probe_id"] for row in rows if row["probe_id"] != item.probe_id]
        self.desk.learn(others)
        opinions = [self.desk.opinion(other) for other in others]
        return any(opinion is not None and opinion.state.seen for opinion in opinions)

    def opinions(self) -> dict[str, Card]:
        """Return what the annotator holds of every probe of the line, as the browser draws it."""
        return {item.probe_id: self._opinion(item.probe_id) for item in self.desk.line if item.probe_id in self._hashes}

    def _opinion(self, probe_id: str) -> Card:
        opinion = self.desk.opinion(probe_id)
        state = self.desk.state(probe_id, content_hash=self._hashes[probe_id])
        names = ("verdict", "blind_verdict", "answer", "reasons", "note", "flagged", "skipped", "seen")
        return {**{name: getattr(state, name) for name in names}, "revision": opinion.revision if opinion else 0}


def sealed(probe: Row, doc: Row) -> Card:
    """Return the card of a probe whose hidden side stays hidden."""
    target = Target(probe["target"])
    segments = visible_segments(
        doc["text"],
        split=probe["split"],
        target=target,
        scope=Scope(probe["scope"]) if probe["scope"] in set(Scope) else None,
        window=Span(probe["window_start"], probe["window_end"]),
        opening_end=doc["opening_end"],
    )
    return {**_face(probe, segments), "sealed": "after" if target is Target.SUFFIX else "before", "shown": {}}


def opened(probe: Row, doc: Row) -> Card:
    """Return the card of a probe with everything that is known of it."""
    evidence = dict(probe["evidence"] or {})
    return {
        **_face(probe, reading.segments(doc, probe, None)),
        "sealed": "",
        "hidden": {
            "atom": probe["atom"],
            "response": probe["target_response"] if probe["target_response"] != probe["atom"] else None,
            "ipa": probe["ipa"],
            "answers": probe["answers"] or [],
            "scores": probe["scores"] or [],
            "automatic": probe["automatic"],
            "color": LABEL_COLORS[Label(probe["automatic"])],
            "flags": [[str(flag), FLAG_RULES[flag].meaning] for flag in Flag if flag in evidence],
        },
        "shown": {"score": probe["score"], "automatic": probe["automatic"], "level": probe["level"]},
    }


def _face(probe: Row, segments: Iterable[Segment]) -> Card:
    """Return what both kinds of card have. Typicality and flags judge the atom, so they are no part of it."""
    return {
        "probe": probe["probe_id"],
        "content": probe["content_hash"],
        "question": probe["question"],
        "what": " · ".join(word for word in (probe["scope"] or "no scope", f"{probe['target']} target") if word),
        "segments": [[part.text, " ".join(sorted(part.classes)), part.label] for part in segments],
    }
