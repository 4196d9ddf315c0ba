"""Adjudication: a decision over what annotators say of a probe, as an event of its own that leaves theirs alone."""

import uuid
from dataclasses import dataclass

from queries.labels import ADJUDICATED, Change, LabelLog, Op, Opinion, Outcome, Reversal, Verdict


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A decision that is offered on the screen: of which probe, over which revision, and the id of its event.

    The id is made when the offer is drawn, so that a double press, or one that is sent again, is one decision.
    """

    event_id: str
    build: str
    probe_id: str
    content_hash: str
    revision: int


def offered(log: LabelLog, *, build: str, probe_id: str, content_hash: str) -> Offer:
    """Return the offer to decide a probe as it is now. Raises LabelStoreError."""
    standing = [opinion for opinion in log.opinions(build, probe_id) if opinion.voice == ADJUDICATED]
    return Offer(
        event_id=str(uuid.uuid4()),
        build=build,
        probe_id=probe_id,
        content_hash=content_hash,
        revision=standing[0].revision if standing else 0,
    )


def decide(log: LabelLog, offer: Offer, verdict: Verdict, *, by: str, note: str = "") -> Outcome:
    """Store a decision; a Conflict where somebody else has decided since it was offered.

    It is on disk when this returns. Raises LabelError for a note that cannot be stored, LabelStoreError.
    """
    return log.append(
        Change(
            event_id=offer.event_id,
            build=offer.build,
            probe_id=offer.probe_id,
            content_hash=offer.content_hash,
            annotator=by,
            op=Op.ADJUDICATE,
            expected=offer.revision,
            verdict=verdict,
            note=note,
        )
    )


def take_back(log: LabelLog, decided: Opinion, *, event_id: str, by: str) -> Outcome:
    """Undo a decision of one's own; a Conflict where something else was judged or decided since."""
    about = decided.state.holds
    return log.append(Reversal(event_id=event_id, build=decided.build, annotator=by, about=about))
