"""Stage `sweep`: take the same documents through several calibration levels, for tuning the level.

A sweep is no round: its documents may be in one and are kept out of none, and nothing of it is published. All levels
are asked together, so that a sweep takes as long as one round. Run again with more levels, it asks for those alone.
"""

import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pipeline import answer, asking, rollouts, sample
from pipeline.addenda import addenda, parse_levels, signed
from pipeline.asking import RECORDED_MODEL, Asking
from pipeline.build import read_build, write_build
from pipeline.dataset import sources
from pipeline.errors import StageError
from pipeline.files import locked
from pipeline.indexing.refresh import Refresh, shown_anyhow
from pipeline.models.calls import Stage
from pipeline.models.recorded import Recorded, read_recordings
from pipeline.money.forecast import Forecast
from pipeline.probes import tokens
from pipeline.rounds import Drawn, Round, read_documents, read_round, write_round
from pipeline.run import SAMPLE_SOURCE, SAMPLE_TOKENIZER, make_probes
from pipeline.seeds import row_seed
from pipeline.settings import build_folder
from pipeline.sweeping.asking import at_level, collect, forecast, generate, score
from pipeline.sweeping.index import grow
from pipeline.sweeping.sweeps import (
    NAME,
    Level,
    Result,
    Sweep,
    find_sweep,
    read_notes,
    read_results,
    sweep_folder,
    write_sweep,
)
from pipeline.work import Work

LEVELS = "-3..3"
DOCUMENTS = 100  # dataset card, "Calibration"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a sweep is to be: its levels, documents and who is asked."""

    build: Path
    name: str
    levels: tuple[int, ...]
    documents: int
    source: str
    source_model: str
    by: Asking
    tokenizer: str
    split: str = "train"
    seed: int = 0
    frozen: int | None = None
    rollouts: int = 5
    only_estimate: bool = False

    @property
    def work(self) -> Work:
        """The sweep as something that stages work on."""
        return Work(build=self.build, folder=sweep_folder(self.build, self.name))


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What each stage did."""

    sweep: Sweep
    results: dict[int, Result]
    asked: tuple[object, ...]
    new: bool

    def __str__(self) -> str:
        """What a person reads at the end of a sweep."""
        levels = ", ".join(map(signed, sorted(self.sweep.levels)))
        head = (
            f"Sweep {self.sweep.name}: {self.sweep.documents:,} documents at the levels {levels}; {self.sweep.chosen}."
        )
        notes = [f"Level {signed(level)}: {one.note}" for level, one in self.sweep.levels.items() if one.note]
        made = [f"Level {signed(level)}: {result}" for level, result in self.results.items()]
        done = map(str, self.asked) if self.new else ("Complete, nothing to do.",)
        return "\n".join([head, *notes, *made, *done])


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `sweep` takes."""
    parser.add_argument("--build", required=True, metavar="NAME", help="the build")
    parser.add_argument("--name", default=NAME, help=f"of the sweep (default: {NAME})")
    parser.add_argument(
        "--levels",
        default=LEVELS,
        metavar="L..L",
        help=f"such as --levels=-3..3 or --levels=-2,0,1 (default: {LEVELS})",
    )
    parser.add_argument("--docs", type=int, default=DOCUMENTS, metavar="N", help=f"documents (default: {DOCUMENTS})")
    parser.add_argument(
        "--freeze",
        type=int,
        metavar="L",
        help="hold sibling, splits and targets as the replies at this level chose them",
    )
    asking.add_arguments(parser)
    answer.add_k(parser)
    parser.add_argument("--source", help="rollouts (default: those of the build's first round, else the sample's)")
    parser.add_argument("--split", default="train", help="split of a Hugging Face data set (default: train)")
    parser.add_argument("--source-model", metavar="NAME", help="the model that wrote the rollouts")
    parser.add_argument("--tokenizer", metavar="NAME", help=f"Hub id or folder, for lens (default: {tokens.DEFAULT})")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default: 0)")


def settings(arguments: Namespace) -> Order:
    """Return what the command line asks for; raises StageError for what cannot be."""
    build, by = build_folder(arguments.build), asking.asking(arguments)
    levels = parse_levels(arguments.levels)
    unknown = [level for level in levels if level not in addenda(build)]
    if unknown:
        raise StageError(f"--levels: {arguments.build} has no addendum for {', '.join(map(signed, unknown))}.")
    if arguments.docs < 1:
        raise StageError(f"--docs {arguments.docs}: at least 1 document.")
    if arguments.freeze is not None and arguments.freeze not in levels:
        raise StageError(f"--freeze {arguments.freeze}: name one of the --levels.")
    if arguments.freeze is not None and by.of_the_sample:
        raise StageError("--freeze: the sample's replies were recorded without it.")
    asking.refuse_edited(by, build, levels)
    first = read_round(sweep_folder(build, arguments.name)) or read_round(build / "rounds" / "0")
    source = arguments.source or (first.source["name"] if first else str(SAMPLE_SOURCE))
    ours = Path(source).expanduser().resolve() == SAMPLE_SOURCE
    source_model = arguments.source_model or (RECORDED_MODEL if ours else first.source_model if first else None)
    if source_model is None:
        raise StageError(f"Say --source-model NAME: {source} does not tell which model wrote its rollouts.")
    return Order(
        build=build,
        name=arguments.name,
        levels=levels,
        documents=arguments.docs,
        source=source,
        source_model=source_model,
        by=by,
        tokenizer=arguments.tokenizer or (str(SAMPLE_TOKENIZER) if ours else tokens.DEFAULT),
        split=arguments.split,
        seed=arguments.seed,
        frozen=arguments.freeze,
        rollouts=answer.k(arguments),
        only_estimate=arguments.estimate,
    )


def run(order: Order) -> Summary | Forecast:
    """Do what is left of the sweep and say what was done; raises StageError where it cannot go on."""
    if order.only_estimate:
        return _forecast(order)
    if not order.by.free:
        sys.stderr.write(f"{_forecast(order)}\n")
    sweep, whole = _draw(order), order.work
    probes = partial(_show_probes, whole, sweep, tokenizer=order.tokenizer)
    with shown_anyhow(probes):
        asked = generate(whole, sweep, by=order.by, landed=Refresh(probes))
    made = probes()
    scores = partial(_show_scores, whole, sweep)
    with shown_anyhow(scores):
        asked += score(whole, sweep, by=order.by, landed=Refresh(scores))
    indexed = grow(whole, sweep)
    new = made or indexed or any(each.new for each in asked)
    return Summary(sweep=sweep, results=read_results(whole.folder), asked=tuple(asked), new=new)


def _show_probes(whole: Work, sweep: Sweep, *, tokenizer: str) -> bool:
    """Make the replies so far into probes and bring them into the index; return whether any level changed."""
    made = [make_probes(at_level(whole, level), tokenizer=tokenizer) for level in sorted(sweep.levels)]
    grow(whole, sweep)
    return any(made)


def _show_scores(whole: Work, sweep: Sweep) -> None:
    collect(whole, sweep)
    grow(whole, sweep)


def _draw(order: Order) -> Sweep:
    """Set the sweep up, or more of its levels, and return it; what it is made of never changes."""
    folder = order.work.folder
    with locked(folder):
        before = find_sweep(folder)
        sweep = _extended(before, order) if before else _begun(order)
        if sweep != before:
            write_sweep(folder, sweep)
    if read_build(order.build) is None:
        with locked(order.build):
            write_build(order.build, source=None)
    return sweep


def _levels(order: Order) -> dict[int, Level]:
    known, notes = addenda(order.build), {}
    if order.by.backend == Recorded.name:
        notes = read_notes(order.by.recordings)
    return {
        level: Level(
            text=known[level].text, fingerprint=known[level].fingerprint, by=known[level].by, note=notes.get(level)
        )
        for level in order.levels
    }


def _extended(before: Sweep, order: Order) -> Sweep:
    asked = (order.documents, order.seed, order.by.model, order.rollouts, order.frozen)
    made = (before.asked, before.seed, before.model, before.rollouts, before.frozen)
    names = ("--docs", "--seed", "--model", "--k", "--freeze")
    differs = [f"{name} {old}" for name, old, new in zip(names, made, asked, strict=True) if old != new]
    if differs:
        raise StageError(f"The sweep {before.name} was made with {', '.join(differs)}; choose another --name.")
    levels = _levels(order)
    edited = [
        level for level, one in levels.items() if level in before.levels and before.levels[level].text != one.text
    ]
    if edited:
        raise StageError(
            f"The sweep {before.name} has level {signed(edited[0])} with the addendum before it was edited; choose "
            "another --name, or give the edited text another level."
        )
    return replace(before, levels=dict(sorted({**levels, **before.levels}.items())))


def _begun(order: Order) -> Sweep:
    folder, source = order.work.folder, sources.find(order.source, split=order.split)
    fingerprint = sources.fingerprint(source)
    chosen, unusable, words = _choose(order, source, fingerprint)
    sample.write_drawn(folder, source, fingerprint, chosen, seed=order.seed)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_round(
        folder,
        Round(
            round=None,
            seed=order.seed,
            asked=order.documents,
            documents=len(chosen),
            source={"kind": source.kind, "name": source.name, "fingerprint": fingerprint},
            source_model=order.source_model,
            drawn_at=now,
            unusable=unusable,
        ),
    )
    return _sweep(order, documents=len(chosen), chosen=words, made_at=now)


def _sweep(order: Order, *, documents: int, chosen: str, made_at: str) -> Sweep:
    return Sweep(
        name=order.name,
        made_at=made_at,
        documents=documents,
        asked=order.documents,
        chosen=chosen,
        seed=order.seed,
        frozen=order.frozen,
        backend=order.by.backend,
        model=order.by.model,
        rollouts=order.rollouts,
        levels=_levels(order),
    )


def _choose(order: Order, source: sources.Source, fingerprint: dict[str, str]) -> tuple[list[str], dict[str, int], str]:
    """Return the documents of the sweep, how many openings no document can be made of, and how they were chosen."""
    usable, unusable = sample.draw(source, fingerprint, "sweep", order.seed)
    if order.by.backend == Recorded.name:
        recordings = read_recordings(order.by.recordings, Stage.GENERATE)
        known = [{key.doc_id for key in recordings if key.level == level} for level in order.levels]
        chosen = [doc_id for doc_id in usable if all(doc_id in ids for ids in known)]
        words = f"of {len(usable):,} documents {len(chosen):,} have recorded replies at every level"
    else:
        chosen, words = usable, f"drawn with seed {order.seed} from {len(usable):,} documents"
    if not chosen:
        raise StageError(f"{source.name} has no document for a sweep: {words}.")
    return chosen[: order.documents], dict(unusable), words


def _forecast(order: Order) -> Forecast:
    """Return what is left to pay for the sweep, set up or not; sets nothing up."""
    before = find_sweep(order.work.folder)
    if before:
        return forecast(read_documents(order.work.folder), order.work, _extended(before, order), by=order.by)
    source = sources.find(order.source, split=order.split)
    fingerprint = sources.fingerprint(source)
    chosen, _, words = _choose(order, source, fingerprint)
    ids = set(chosen)
    documents = (
        Drawn(**each._asdict(), row_seed=row_seed(order.seed, each.doc_id))
        for each in rollouts.read(source, fingerprint)
        if each.doc_id in ids
    )
    return forecast(documents, order.work, _sweep(order, documents=len(ids), chosen=words, made_at=""), by=order.by)
