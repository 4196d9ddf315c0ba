"""Stage `run`: all stages of a round, one after the other, each going on where it stopped."""

import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipeline import answer, asking, finalize, generate, index, judge, marks, sample, siblings, work
from pipeline.asking import RECORDED_MODEL, SAMPLE, Answered, Asking
from pipeline.errors import StageError
from pipeline.indexing.refresh import Refresh, shown_anyhow
from pipeline.models.calls import Stage
from pipeline.money.forecast import Forecast, forecast
from pipeline.probes import tokens
from pipeline.rounds import read_round
from pipeline.scoring import Plan
from pipeline.work import Work, read_level

SAMPLE_SOURCE = SAMPLE / "rollouts.jsonl"
SAMPLE_TOKENIZER = SAMPLE / "tokenizer"
DOCUMENTS = 40  # the sample's


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a round is made of, by whom, and how it is scored."""

    sample: sample.Sample
    work: Work
    by: Asking
    tokenizer: str
    plan: Plan = field(default_factory=Plan)
    targets: bool = False
    only_estimate: bool = False


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What each stage did."""

    build: str
    stages: tuple[object, ...]
    new: bool

    def __str__(self) -> str:
        """What a person reads at the end of a run."""
        if not self.new:
            return f"{self.stages[-1]}\n{self.build}: complete, nothing to do."
        return "\n".join(map(str, self.stages))


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `run` takes."""
    work.add_arguments(parser)
    asking.add_arguments(parser)
    answer.add_k(parser)
    judge.add_targets(parser)
    parser.add_argument("--docs", type=int, metavar="N", help=f"how many documents (default: {DOCUMENTS})")
    parser.add_argument("--stop-at", type=float, choices=(0.8, 0.4), help="ask no further once an answer scores this")
    parser.add_argument("--source", help="rollouts: Parquet, JSONL or a Hub data set (default: the sample's)")
    parser.add_argument("--split", default="train", help="split of a Hugging Face data set (default: train)")
    parser.add_argument("--source-model", metavar="NAME", help="the model that wrote the rollouts")
    parser.add_argument("--tokenizer", metavar="NAME", help=f"Hub id or folder, for lens (default: {tokens.DEFAULT})")
    parser.add_argument("--seed", type=int, help="seed of the draw (default: 0)")


def settings(arguments: Namespace) -> Run:
    """Return the settings that the command line names; raises StageError for what cannot be.

    What is left out of a draw is as it was where the round was drawn before.
    """
    place, by = work.work(arguments), asking.asking(arguments)
    asking.refuse_edited(by, place.build, [place.level])
    draw = _draw(arguments, place)
    ours = _is_the_samples(draw.source)
    return Run(
        sample=draw,
        work=place,
        by=by,
        tokenizer=arguments.tokenizer or (str(SAMPLE_TOKENIZER) if ours else tokens.DEFAULT),
        plan=Plan(answer.k(arguments), arguments.stop_at),
        targets=arguments.targets,
        only_estimate=arguments.estimate,
    )


def _draw(arguments: Namespace, place: Work) -> sample.Sample:
    before = read_round(place.folder)
    source = arguments.source or (before.source["name"] if before else str(SAMPLE_SOURCE))
    model = arguments.source_model or (before.source_model if before else None)
    if model is None and _is_the_samples(source):
        model = RECORDED_MODEL
    if model is None:
        raise StageError(f"Say --source-model NAME: {source} does not tell which model wrote its rollouts.")
    return sample.Sample(
        source=source,
        build=place.build,
        round=arguments.round,
        documents=_given(arguments.docs, before.asked if before else DOCUMENTS),
        source_model=model,
        seed=_given(arguments.seed, before.seed if before else 0),
        split=arguments.split,
    )


def _given(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _is_the_samples(source: str) -> bool:
    return Path(source).expanduser().resolve() == SAMPLE_SOURCE


def run(settings: Run) -> Summary | Forecast:
    """Run what is left of the round and say what was done; raises StageError where it cannot go on."""
    if settings.only_estimate or not settings.by.free:
        ahead = forecast(settings.sample, settings.work, settings.by, plan=settings.plan, targets=settings.targets)
        if settings.only_estimate:
            return ahead
        sys.stderr.write(f"{ahead}\n")
        if read_level(settings.work.folder) is None:
            tokens.load(settings.tokenizer)  # one that is not there is better known before anything is paid
    drawn = sample.run(settings.sample)
    probes = partial(_show_probes, settings.work, tokenizer=settings.tokenizer)
    with shown_anyhow(probes):
        generated = generate.run(generate.Generate(work=settings.work, by=settings.by, landed=Refresh(probes)))
    made = probes()
    scored = _scored(settings)
    indexed = index.run(index.Index(work=settings.work))
    asked = [each for each in (generated, *scored) if isinstance(each, (Answered, judge.Summary))]
    new = not drawn.unchanged or bool(made) or any(each.new for each in asked) or bool(indexed.new)
    return Summary(build=settings.work.account, stages=(drawn, generated, *made, *scored, indexed), new=new)


def _show_probes(work: Work, *, tokenizer: str) -> tuple[object, ...]:
    made = make_probes(work, tokenizer=tokenizer)
    index.run(index.Index(work=work))
    return made


def make_probes(work: Work, *, tokenizer: str) -> tuple[object, ...]:
    """Finalize and compare with the siblings, unless that was done with exactly these replies."""
    made_of = marks.fingerprint(work.folder, Stage.GENERATE, level=work.level, tokenizer=tokenizer)
    if marks.is_made(work.folder, "probes", made_of):
        return ()
    finalized = finalize.run(finalize.Finalize(folder=work.folder, level=work.level, tokenizer=tokenizer))
    compared = siblings.run(siblings.Siblings(folder=work.folder))
    marks.mark(work.folder, "probes", made_of)
    return finalized, compared


def _scored(settings: Run) -> list[object]:
    done: list[object] = []
    place, by, show = settings.work, settings.by, partial(_show_scores, settings.work)
    landed = Refresh(show)
    with shown_anyhow(show):
        for wave in range(len(settings.plan.waves())):
            asked = answer.Answer(work=place, by=by, plan=settings.plan, wave=wave, landed=landed)
            judged = judge.Judge(work=place, by=by, targets=settings.targets, landed=landed)
            done += [answer.run(asked), judge.run(judged)]
    return done


def _show_scores(work: Work) -> None:
    judge.collect(work)
    index.run(index.Index(work=work))
