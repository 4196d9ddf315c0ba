"""Whether a batch whose answer was lost has arrived: the one question that stands between a crash and paying twice."""

from datetime import datetime, timedelta
from itertools import takewhile

from pipeline.models import results
from pipeline.models.anthropic_api import Batch
from pipeline.models.desk import Desk
from pipeline.money.submission import State, Submission


def resolve(desk: Desk, submission: Submission) -> bool:
    """Find out whether a submission whose answer was lost runs; bind it if so, else void it. Return which.

    A batch has no name. Candidates are those made since the intent with as many requests and bound to nothing else;
    one that has ended tells by its custom ids, a single running one is taken for ours until it has. Two listings,
    `cool_off` apart, must find none before the submission counts as never arrived.
    """
    missed = False
    while True:
        found = desk.read(lambda: _candidates(desk, submission))
        if any(_adopt(desk, submission, batch) for batch in found if batch.ended):
            return True
        running = [batch for batch in found if not batch.ended]
        if len(running) == 1:
            desk.bind(submission, running[0])
            return True
        if running:
            note = (
                f"{len(running)} batches of {submission.requests} requests may be ours; waiting until they have ended"
            )
            desk.wait(desk.chunking.poll, note=note)
        elif missed:
            desk.ledger.close(submission.number, State.VOID, reason="it never arrived")
            return False
        else:
            missed = True
            desk.wait(desk.chunking.cool_off, note="a batch is in doubt; looking twice before anything is sent again")


def _candidates(desk: Desk, submission: Submission) -> list[Batch]:
    since = datetime.fromisoformat(submission.intent_at) - timedelta(seconds=desk.chunking.skew)
    known = desk.ledger.bound()
    young = takewhile(lambda batch: datetime.fromisoformat(batch.created_at) >= since, desk.api.batches())
    return [batch for batch in young if batch.requests == submission.requests and batch.id not in known]


def _adopt(desk: Desk, submission: Submission, batch: Batch) -> bool:
    """Bind an ended batch where its results are ours, else remember that they are not; return which."""
    draft = desk.draft(submission)
    if not batch.archived_at:
        desk.read(lambda: results.download(desk.api, batch, draft))
        if results.first_submission(draft) == submission.id:
            desk.bind(submission, batch)
            return True
    desk.ledger.disown(submission.number, batch=batch.id)
    return False
