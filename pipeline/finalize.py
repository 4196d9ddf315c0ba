"""Stage `finalize`: make the generator's replies into probes. Free, repeatable, and without a model.

It reads the documents and raw replies of a round and writes `probes.parquet`, `rejects.jsonl` (each slot without a
probe, and why) and `finalize.json` (counts, for the data set's card).
"""

import json
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from pipeline import work
from pipeline.errors import StageError
from pipeline.files import put, put_json
from pipeline.models import raw
from pipeline.models.calls import Call, Item, Reply, Stage, Usage
from pipeline.probes import tokens
from pipeline.probes.bank import Bank
from pipeline.probes.made import Made, write_made
from pipeline.probes.resolution import Templates, resolve
from pipeline.rejects import Missed
from pipeline.rounds import Drawn, raw_folder, read_documents, read_round
from pipeline.spool import Spool, spool


@dataclass(frozen=True, kw_only=True)
class Finalize:
    """What to finalize: the replies of one level in the folder of a round, or of a sweep over its documents."""

    folder: Path
    level: int
    tokenizer: str = tokens.DEFAULT


@dataclass(kw_only=True)
class Summary:
    """What finalizing a round made; it is also what `finalize.json` holds."""

    level: int
    tokenizer: str
    documents: int = 0
    finalized: int = 0
    probes: int = 0
    readings: Counter[str] = field(default_factory=Counter)
    rejects: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """What a person reads at the end of the stage."""
        read = ", ".join(f"{count:,} {how}" for how, count in self.readings.most_common())
        lines = [
            f"Level {self.level:+d}: {self.probes:,} probes over {self.finalized:,} of {self.documents:,} documents.",
            f"Replies read: {read or 'none'}.",
        ]
        lines += [f"{count:>11,}  rejected: {reason}" for reason, count in self.rejects.most_common()]
        lines += [f"{count:>11,}  flagged: {flag}" for flag, count in self.flags.most_common()]
        return "\n".join(lines)

    def count(self, made: Made | None, missed: tuple[Missed, ...]) -> None:
        """Add what became of one document."""
        self.documents += 1
        self.rejects.update(str(each.rejected.reason) for each in missed)
        if made:
            self.finalized += 1
            self.probes += len(made.probes)
            self.readings[made.reading] += 1
            self.flags.update(flag for probe in made.probes for flag in probe.evidence)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `finalize` takes."""
    work.add_arguments(parser)
    parser.add_argument(
        "--tokenizer", default=tokens.DEFAULT, metavar="NAME", help=f"Hub id or folder (default: {tokens.DEFAULT})"
    )


def settings(arguments: Namespace) -> Finalize:
    """Return the settings that the command line names; raises StageError for a round that is made at another level."""
    place = work.work(arguments)
    place.check()
    return Finalize(folder=place.folder, level=place.level, tokenizer=arguments.tokenizer)


def run(settings: Finalize) -> Summary:
    """Make the probes of a round and say what became of its documents; the same replies give the same files."""
    drawn = read_round(settings.folder)
    if drawn is None:
        raise StageError(f"Round {settings.folder.name} was never drawn; run the stage sample first.")
    tokenizer = tokens.load(settings.tokenizer)
    templates = Templates(tokenizer, Bank(read_documents(settings.folder), tokenizer))
    summary = Summary(level=settings.level, tokenizer=tokenizer.name)

    def finalized(replies: Spool, rejects: IO[str]) -> Iterator[Made]:
        for each in read_documents(settings.folder):
            reply = _reply(replies.get(each.doc_id))
            made, missed = resolve(each, reply, templates=templates, source_model=drawn.source_model)
            summary.count(made, missed)
            rejects.writelines(_reject_line(each, miss, level=settings.level) for miss in missed)
            if made:
                yield made

    def write(draft: Path) -> None:
        with spool() as replies, draft.open("w", encoding="utf-8") as rejects:
            replies.put(_latest(settings))
            write_made(settings.folder / "probes.parquet", finalized(replies, rejects))

    put(settings.folder / "rejects.jsonl", write)
    put_json(settings.folder / "finalize.json", vars(summary))
    return summary


def _latest(settings: Finalize) -> Iterator[tuple[str, Any]]:
    """Yield the replies of the level by document, of several attempts at one the last."""
    attempts: dict[str, int] = {}
    for reply in raw.replies(raw_folder(settings.folder, Stage.GENERATE)):
        item = reply.item
        if item.level == settings.level and item.attempt >= attempts.get(item.doc_id, 0):
            attempts[item.doc_id] = item.attempt
            yield item.doc_id, reply


def _reply(stored: Any) -> Reply | None:
    if stored is None:
        return None
    item, call, custom_id, text, stop_reason, usage = stored
    return Reply(Item(*item), Call(*call), custom_id, text, stop_reason, Usage(*usage))


def _reject_line(drawn: Drawn, missed: Missed, *, level: int) -> str:
    told = {"doc_id": drawn.doc_id, "level": level, "slot": missed.slot, **missed.rejected._asdict()}
    return json.dumps(told, ensure_ascii=False) + "\n"
