"""Stage `labels`: take human labels out of the label database and bring them in.

labels export --build NAME FILE                one row a probe and annotator, and beside it FILE.probes one a probe
labels export --build NAME --final HARD FILE   the probes whose final label it is, in the published form
labels import --build NAME FILE                labels made elsewhere
labels backup FILE                             the whole log, event by event
labels restore FILE                            the events of a backup that this log lacks
"""

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.build import read_build
from pipeline.errors import StageError
from pipeline.files import put
from pipeline.labelling.export import label_rows, probe_rows, write_published
from pipeline.labelling.files import ENDINGS, LABELS, PROBE_LABELS, check_ending, read_rows, write_rows
from pipeline.labelling.importing import import_rows
from pipeline.settings import build_folder, data_root
from queries.labels import DamageError, LabelError, LabelLog, LabelStoreError, Verdict, open_database
from queries.labels.overlay import overlay
from queries.schema import Filter, Label, Thresholds
from queries.store import Store, read_index

ACTIONS = ("export", "import", "backup", "restore")
FINALS = (*(str(verdict) for verdict in Verdict), str(Label.MIDDLE), str(Label.UNSCORED))


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What to do with which file; `named` keeps the annotators' names, `final` asks for published rows instead."""

    action: str
    file: Path
    build: Path | None
    named: bool = False
    final: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """What was done, in one sentence a line."""

    text: str

    def __str__(self) -> str:
        """What a person reads at the end."""
        return self.text


def open_log() -> LabelLog:
    """Return the label log of this data root: Postgres where PROBES_LABELS_URL names one, else `labels.db`.

    Raises LabelStoreError where it cannot be opened.
    """
    return LabelLog(open_database(url=os.environ.get("PROBES_LABELS_URL"), path=data_root() / "labels.db"))


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `labels` takes."""
    parser.add_argument("action", choices=ACTIONS, help="export or import labels; back up or restore the whole log")
    parser.add_argument("file", type=Path, metavar="FILE", help="ends in .jsonl, .parquet or .csv; a backup in .jsonl")
    parser.add_argument("--build", metavar="NAME", help="the build that is labelled (export, import)")
    parser.add_argument("--named", action="store_true", help="export annotators' names instead of A1, A2, ...")
    parser.add_argument(
        "--final", action="append", choices=FINALS, metavar="LABEL", default=[],
        help="export the probes with this final label, human over automatic, in the published form; repeatable",
    )  # fmt: skip


def settings(arguments: Namespace) -> Labels:
    """Return the settings that the command line names."""
    about_build = arguments.action in ("export", "import")
    if about_build != bool(arguments.build):
        raise StageError(f"labels {arguments.action} {'needs' if about_build else 'takes no'} --build.")
    if arguments.action != "export" and (arguments.final or arguments.named):
        raise StageError(f"labels {arguments.action} takes neither --final nor --named.")
    endings = (".parquet",) if arguments.final else ENDINGS if about_build else (".jsonl",)
    check_ending(arguments.file, endings=endings)
    return Labels(
        action=arguments.action,
        file=arguments.file,
        build=build_folder(arguments.build) if arguments.build else None,
        named=arguments.named,
        final=tuple(dict.fromkeys(arguments.final)),
    )


def run(settings: Labels) -> Summary:
    """Do what was asked, and say what came of it."""
    try:
        with opened() as log:
            if settings.build is None:
                return _backup(log, settings.file) if settings.action == "backup" else _restore(log, settings.file)
            store = Store(read_index(settings.build))
            try:
                overlay(store, log, build=settings.build.name)
                return _exchange(store, log, settings, build=settings.build)
            finally:
                store.close()
    except (LabelStoreError, LabelError, DamageError) as error:
        raise StageError(str(error)) from error


@contextmanager
def opened() -> Iterator[LabelLog]:
    """Open the label log for as long as the context lasts."""
    log = open_log()
    try:
        yield log
    finally:
        log.database.close()


def _exchange(store: Store, log: LabelLog, settings: Labels, *, build: Path) -> Summary:
    """Export or import labels of one build."""
    if settings.action == "import":
        done = import_rows(store, log, read_rows(settings.file), build=build.name, source=settings.file.name)
        return Summary(f"{build.name}: {done}")
    where = Filter(thresholds=Thresholds(**(read_build(build) or {"thresholds": {}})["thresholds"]))
    if settings.final:
        rows = write_published(store, where, final=settings.final, build=build, file=settings.file)
        return Summary(f"{build.name}: {rows:,} rows with the final label {' or '.join(settings.final)}.")
    labels = label_rows(store, log, where, build=build.name, named=settings.named)
    probes = probe_rows(store, where, build=build.name)
    beside = settings.file.with_suffix(f".probes{settings.file.suffix}")
    write_rows(settings.file, labels, LABELS)
    write_rows(beside, probes, PROBE_LABELS)
    return Summary(f"{build.name}: {len(labels):,} labels in {settings.file}, {len(probes):,} probes in {beside}.")


def _backup(log: LabelLog, file: Path) -> Summary:
    """Write every event of the log, and its hash, one a line."""
    head = log.verify()

    def write(draft: Path) -> None:
        with draft.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in log.events() if row["seq"] <= head.seq)

    put(file, write)
    return Summary(f"{head.seq:,} events in {file}; the log's head is {head.sha256[:16] or 'empty'}.")


def _restore(log: LabelLog, file: Path) -> Summary:
    """Add the events of a backup that the log lacks."""
    rows: Iterator[dict[str, Any]] = (row for _, row in read_rows(file))
    try:
        added = log.restore(rows)
    except KeyError as error:
        raise StageError(
            f"{file.name} is no backup of a label log: an event has no {error}; nothing was added."
        ) from None
    return Summary(f"{added:,} events restored from {file}.")
