"""Asking models for a sweep: each stage asks for all levels together, so that a batch waits once, not once a level."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from pipeline import answer, asking, judge
from pipeline.asking import Answered, Asking
from pipeline.generate import MAX_TOKENS, THINKING
from pipeline.models import catalog
from pipeline.models.calls import Call, Item, Request, Stage
from pipeline.money.forecast import SCORED, Forecast, priced, warning
from pipeline.money.ledger import ledger_at
from pipeline.money.submission import Fate
from pipeline.probes import freezing
from pipeline.prompts import fingerprint
from pipeline.prompts.generator import PROMPTS, prompt
from pipeline.prompts.replies import generator_schema
from pipeline.rounds import Drawn, level_folder, read_documents
from pipeline.scoring import Plan, write_plan
from pipeline.sweeping.sweeps import Sweep
from pipeline.work import Work, read_level


def at_level(whole: Work, level: int) -> Work:
    """Return one level of the sweep `whole`."""
    return Work(build=whole.build, folder=level_folder(whole.folder, level), level=level)


def finalized(whole: Work, sweep: Sweep) -> Iterator[Work]:
    """Yield the levels of a sweep that have been made into probes, lowest first."""
    for level in sorted(sweep.levels):
        work = at_level(whole, level)
        if read_level(work.folder) is not None:
            yield work


def generate(whole: Work, sweep: Sweep, *, by: Asking, landed: Callable[[], None]) -> list[Answered]:
    """Ask the generator about every document at every level; where choices are frozen, at that level first."""
    done = []
    for levels in _waves(sweep):
        frozen = {} if sweep.frozen in (None, *levels) else freezing.choices(whole.folder, level=sweep.frozen or 0)
        make = partial(generator_requests, whole, sweep, levels, frozen, by)
        done.append(_ask(make, whole, Stage.GENERATE, call=_call(sweep, by), by=by, landed=landed))
    return done


def _ask(
    make: Callable[[], Iterator[Request]],
    whole: Work,
    stage: Stage,
    *,
    call: Call,
    by: Asking,
    landed: Callable[[], None],
) -> Answered:
    total = sum(1 for _ in make())
    return asking.ask(make, work=whole, stage=stage, call=call, total=total, by=by, landed=landed)


def _waves(sweep: Sweep) -> list[list[int]]:
    levels = sorted(sweep.levels)
    if sweep.frozen is None:
        return [levels]
    return [[sweep.frozen], [level for level in levels if level != sweep.frozen]]


def _call(sweep: Sweep, by: Asking) -> Call:
    """Return what all generator requests of a sweep share: the prompt's files, without what each level adds."""
    names = PROMPTS if sweep.frozen is None else (*PROMPTS, freezing.PROMPT)
    return by.call(prompt=fingerprint(*names), max_tokens=MAX_TOKENS, thinking=THINKING, schema=generator_schema())


def generator_requests(
    whole: Work, sweep: Sweep, levels: list[int], frozen: dict[str, str], by: Asking
) -> Iterator[Request]:
    """Yield one request a level of each document; with frozen choices, only of documents that have them."""
    chosen_before = sweep.frozen is not None and sweep.frozen not in levels
    for drawn in read_documents(whole.folder):
        if not chosen_before or drawn.doc_id in frozen:
            yield from _of_document(drawn, sweep, levels, told=frozen.get(drawn.doc_id, ""), by=by)


def _of_document(drawn: Drawn, sweep: Sweep, levels: Iterable[int], *, told: str, by: Asking) -> Iterator[Request]:
    shared = _call(sweep, by)
    for level in levels:
        asked = prompt(drawn, addendum=told + sweep.levels[level].text)
        body = catalog.body(shared, system=asked.system, user=asked.user)
        yield Request(Item(Stage.GENERATE, drawn.doc_id, level), shared, body)


def score(whole: Work, sweep: Sweep, *, by: Asking, landed: Callable[[], None]) -> list[Answered]:
    """Ask for every blind answer and every score of all levels, collect them, and return how each stage was left."""
    plan, works = Plan(k=sweep.rollouts), list(finalized(whole, sweep))
    for work in works:
        write_plan(work.folder, plan)
    asked = _ask(partial(_answers, works, plan, by), whole, Stage.ANSWER, call=answer.call(by), by=by, landed=landed)
    collect(whole, sweep)
    judged = _ask(partial(_judgements, works, by), whole, Stage.JUDGE, call=judge.call(by), by=by, landed=landed)
    collect(whole, sweep)
    return [asked, judged]


def collect(whole: Work, sweep: Sweep) -> None:
    """Collect answers and scores of every level from the raw replies, where these are new."""
    for work in finalized(whole, sweep):
        judge.collect(work)


def _answers(works: Iterable[Work], plan: Plan, by: Asking) -> Iterator[Request]:
    for work in works:
        yield from answer.requests(answer.Answer(work=work, by=by, plan=plan))


def _judgements(works: Iterable[Work], by: Asking) -> Iterator[Request]:
    for work in works:
        yield from judge.requests(judge.Judge(work=work, by=by), Stage.JUDGE)


def forecast(documents: Iterable[Drawn], whole: Work, sweep: Sweep, *, by: Asking) -> Forecast:
    """Return what is left to pay for a sweep over `documents`, set up or not; asks nothing.

    What freezing adds to a prompt, some 100 tokens, is left out: it depends on replies that are not there yet.
    """
    levels = sorted(sweep.levels)
    requests = (one for each in documents for one in _of_document(each, sweep, levels, told="", by=by))
    stages = {Stage.GENERATE: asking.cost(requests, stage=Stage.GENERATE, call=_call(sweep, by), work=whole, by=by)}
    due = sweep.documents * len(levels) * SCORED * sweep.rollouts
    with ledger_at(whole.root / "ledger.db") as ledger:
        for stage, call in ((Stage.ANSWER, answer.call(by)), (Stage.JUDGE, judge.call(by))):
            counts = ledger.counts(whole.account, stage, call)
            left = max(0, due - counts.get(Fate.DONE, 0) - counts.get(Fate.DEAD, 0))
            stages[stage] = priced(call, stage, requests=left, by=by)
        return Forecast(whole.account, stages, ledger.purse(whole.account), warning(by))
