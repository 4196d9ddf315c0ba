"""One annotator at one queue: presses go into the log, and the probes that come next are laid out.

A desk remembers only what saves asking again; everything it knows is in the database, so a desk that is lost with its
server is replaced by a new one that goes on at the same probe.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from queries.labels import ADJUDICATED, Conflict, Event, LabelError, LabelLog, LabelStoreError, Opinion, Outcome
from queries.labels.opinion import Refusal, Reversal, State
from queries.labels.presses import event_of
from queries.queues import Item, Queue, Queues

AHEAD = 40  # probes laid out: at 80 ms a press they last 3.2 s, in which a killed server can be back
HELD = 10  # of them, kept from other annotators; fewer of a small queue, so that it can be read by several at once
BEHIND = 4  # probes kept behind, for going back at once
MOST = 2000  # opinions remembered

REFUSED = {
    Refusal.REVISION: "Not stored: you have changed this label in another window. The screen shows what holds now.",
    Refusal.SEEN: "Not stored as blind: the hidden side of this probe has been open. Press again to store it open.",
    Refusal.NOTHING_LEFT: "There is nothing to undo or redo.",
    Refusal.NOT_LAST: "Not undone: the label has been changed since.",
}


class Ack(NamedTuple):
    """What became of a press: the number it is stored under, or why it never will be."""

    seq: int | None
    refused: str = ""


class Back(NamedTuple):
    """The last undo or redo: its event, the probe it concerns, and whether it was an adjudicated decision."""

    event_id: str
    probe_id: str
    adjudicated: bool


class Desk:
    """The probes of one queue in front of one annotator, in one session."""

    def __init__(self, log: LabelLog, queue: Queue, *, annotator: str, gone: Collection[str] = ()) -> None:
        """Sit down at `queue`, of which the build no longer has the probes that are `gone`."""
        self.queue = queue
        self.annotator = annotator
        self.failure = ""  # why the last presses could not be stored yet
        self.back: Back | None = None
        self.line: list[Item] = []
        self._log = log
        self._queues = Queues(log.database)
        self._acks: dict[str, Ack] = {}
        self._opinions: dict[str, Opinion | None] = {}
        self._hold = min(HELD, max(queue.size // 4, 1))
        self._held = set[str]()
        self._gone = gone

    def store(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Store the presses of an outbox in their order; those that could not be stored now come again.

        Every press is on disk before this returns, or `failure` says why it is not.
        """
        entries = list(entries)
        events = []
        for entry in entries:
            if entry["event"] not in self._acks:
                try:
                    events.append(event_of(entry, build=self.queue.build, annotator=self.annotator))
                except LabelError as error:
                    self._acks[entry["event"]] = Ack(None, str(error))
        try:
            for event, outcome in self._append(events):
                self._note(event, outcome)
            self.failure = ""
        except LabelStoreError as error:
            self.failure = str(error)
        sent = {entry["event"] for entry in entries}
        self._acks = {event_id: ack for event_id, ack in self._acks.items() if event_id in sent}

    def _append(self, events: list[Event]) -> list[tuple[Event, Outcome]]:
        """Append all events in one transaction; where one of them is wrong in itself, each in its own."""
        try:
            return list(zip(events, self._log.append_all(events), strict=True))
        except LabelError:
            done = []
            for event in events:
                try:
                    done.append((event, self._log.append(event)))
                except LabelError as error:
                    self._acks[event.event_id] = Ack(None, str(error))
            return done

    def _note(self, event: Event, outcome: Outcome) -> None:
        opinion = outcome.opinion
        if isinstance(outcome, Conflict):
            self._acks[event.event_id] = Ack(None, REFUSED[outcome.refusal])
        else:
            self._acks[event.event_id] = Ack(outcome.seq)
        if opinion is None:
            return
        if isinstance(event, Reversal) and not isinstance(outcome, Conflict):
            self.back = Back(event.event_id, opinion.probe_id, opinion.voice == ADJUDICATED)
        newest = not isinstance(outcome, Conflict) and not outcome.repeated and opinion.voice == self.annotator
        self._opinions |= {opinion.probe_id: opinion} if newest else self._own([opinion.probe_id])

    def ack(self, event_id: str) -> Ack | None:
        """Return what became of a press of the last outbox; None where it is not stored yet."""
        return self._acks.get(event_id)

    def opinion(self, probe_id: str) -> Opinion | None:
        """Return what the annotator holds of a probe; None where nothing was ever said."""
        self.learn([probe_id])
        return self._opinions[probe_id]

    def learn(self, probe_ids: Iterable[str]) -> None:
        """Read the annotator's opinions of probes that are not known yet, all at once.

        Raises LabelStoreError where the database cannot be read.
        """
        unknown = [probe_id for probe_id in probe_ids if probe_id not in self._opinions]
        if not unknown:
            return
        if len(self._opinions) > MOST:
            self._opinions.clear()
        self._opinions |= self._own(unknown)

    def _own(self, probe_ids: Iterable[str]) -> dict[str, Opinion | None]:
        return self._log.held_by(self.annotator, self.queue.build, probe_ids)

    def state(self, probe_id: str, *, content_hash: str) -> State:
        """Return the annotator's opinion of a probe as it is now: an empty one where its content has changed."""
        opinion = self.opinion(probe_id)
        same = opinion is not None and opinion.state.content_hash == content_hash
        return opinion.state if opinion and same else State(content_hash=content_hash)

    def lay_out(self, at: int) -> None:
        """Bring up the probes that come next for a reader at position `at` (0: wherever the queue goes on).

        Raises LabelStoreError where the database cannot be read.
        """
        if at == 0 and not self.line:
            ahead = self._serve(0)
            self.line = [*self._judged_before(ahead[0].position if ahead else self.queue.size + 1), *ahead]
            return
        ahead = [item for item in self.line if item.position > at and not self.done(item.probe_id)]
        if len([item for item in ahead if item.probe_id in self._held]) > self._hold // 2:
            return
        ahead = self._serve(at) or self._serve(0)
        back = self.back.probe_id if self.back else ""
        behind = [item for item in self.line if item.position <= at]
        behind = [item for item in behind if item in behind[-BEHIND:] or item.probe_id == back]
        self.line = sorted({item.position: item for item in [*behind, *ahead]}.values())

    def _judged_before(self, position: int) -> list[Item]:
        """Return those of the few probes before a position that the annotator has judged or skipped."""
        after = max(position - 1 - BEHIND, 0)
        near = self._queues.items(self.queue, after=after, count=position - 1 - after) if position > 1 else []
        return [item for item in near if self.done(item.probe_id)]

    def _serve(self, after: int) -> list[Item]:
        served = self._queues.serve(
            self.queue, annotator=self.annotator, after=after, count=AHEAD, hold=self._hold, gone=self._gone
        )
        self._held = {item.probe_id for item in served[: self._hold]}
        self.learn(item.probe_id for item in served)
        return served

    def done(self, probe_id: str) -> bool:
        """Return whether the annotator has judged or skipped a probe."""
        opinion = self.opinion(probe_id)
        return opinion is not None and (opinion.state.verdict is not None or opinion.state.skipped)

    def bring(self, item: Item) -> None:
        """Put a probe into the line that is not on it, at its place in the queue where it has one."""
        everywhere = self._queues.items(self.queue)
        found = next((other for other in everywhere if other.probe_id == item.probe_id), item)
        self.line = sorted([found, *self.line])

    def drop(self, probe_id: str) -> None:
        """Take a probe out of the line that the build no longer has."""
        self.line = [item for item in self.line if item.probe_id != probe_id]
