"""An ended batch becomes a raw file and a booking. All of it is reading, and may be repeated after a crash anywhere."""

from pipeline.crashpoint import crashpoint
from pipeline.models import catalog, raw, results
from pipeline.models.anthropic_api import Batch
from pipeline.models.arrival import resolve
from pipeline.models.backend import PausedError
from pipeline.models.calls import parse_custom_id
from pipeline.models.desk import Desk
from pipeline.money.submission import Fate, Settled, State, Submission, now

GONE = "the provider deleted the results, 29 days after the batch was made"


def collect(desk: Desk, submission: Submission, batch: Batch, *, attempts: int) -> bool:
    """Fetch and book the results of `batch`; return whether some of its requests are to be asked again.

    Raises PausedError where the results do not come whole, or say that no more should be asked.
    """
    desk.ledger.end(submission.number, ended_at=batch.ended_at or now())
    crashpoint("after_ended")
    if batch.archived_at:
        _give_up(desk, submission)
        return False
    try:
        verdict = _fetch(desk, submission, batch, attempts=attempts)
    except results.ForeignError:
        desk.ledger.disown(submission.number, batch=batch.id)
        return not resolve(desk, submission)
    crashpoint("after_download")
    _keep(desk, submission)
    crashpoint("after_rename")
    with desk.ledger.transaction():
        desk.tally.settle(submission.number, verdict.settled)
        desk.ledger.close(submission.number, State.CLOSED)
    crashpoint("after_booking")
    desk.draft(submission).unlink()
    desk.run.landed()
    _stop(verdict, batch)
    return any(one.fate is Fate.TODO for one in verdict.settled)


def _fetch(desk: Desk, submission: Submission, batch: Batch, *, attempts: int) -> results.Verdict:
    draft, items = desk.draft(submission), desk.ledger.items(submission.number)
    known = results.Known(submission.id, items, catalog.model(submission.call.model), attempts)
    for _ in range(desk.chunking.downloads):
        try:
            results.download(desk.api, batch, draft)
            return results.verify(draft, batch, known)
        except results.IncompleteError as error:
            reason = str(error)
        desk.wait(desk.chunking.poll, note=f"the results of {batch.id} are not whole: {reason} Asking again.")
    raise PausedError(
        f"The results of {batch.id} are not whole after {desk.chunking.downloads} downloads: {reason} They stay with "
        f"the provider until 29 days after {batch.created_at}; run the same command again."
    )


def _keep(desk: Desk, submission: Submission) -> None:
    items = desk.ledger.items(submission.number)
    lines = (
        (items[names[1]][0], result)
        for result in results.results(desk.draft(submission))
        if (names := parse_custom_id(result.custom_id))
    )
    raw.write(desk.run.file(submission), lines, call=submission.call, prices=submission.prices)


def _give_up(desk: Desk, submission: Submission) -> None:
    lost = [Settled(request, Fate.DEAD, reason=GONE) for request in desk.ledger.items(submission.number)]
    with desk.ledger.transaction():
        desk.tally.settle(submission.number, lost)
        desk.ledger.close(submission.number, State.CLOSED, reason=GONE, lost=True)


def _stop(verdict: results.Verdict, batch: Batch) -> None:
    if verdict.stop:
        raise PausedError(f"Requests of {batch.id} were not answered: {verdict.stop} Run the same command again.")
    if verdict.invalid * 2 > len(verdict.settled):
        first = next(one.reason for one in verdict.settled if one.fate is Fate.DEAD)
        raise PausedError(
            f"{verdict.invalid} of {len(verdict.settled)} requests of {batch.id} were refused as invalid, at no cost: "
            f"{first}"
        )
