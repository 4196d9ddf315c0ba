"""Labels on their way in: rows made elsewhere, checked all together before the first is stored."""

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pipeline.errors import StageError
from pipeline.labelling.files import Row
from queries.labels import Change, Conflict, LabelError, LabelLog, Op, ReasonTag, Verdict
from queries.labels.boundary import checked
from queries.store import Store

NAMED = 10  # rows with errors that one message names
NAMESPACE = uuid.UUID("9d0c52f4-6a0e-4f0e-8a53-5d5b1c6d7a11")  # of event ids: equal rows are one event, ever
OPS = {"opinion": Op.IMPORT, "adjudication": Op.ADJUDICATE}
TEXTS = ("probe_id", "annotator", "kind", "content_hash", "verdict", "blind_verdict", "answer", "note", "made_at")
FLAGS = ("flagged", "skipped")


class Imported(NamedTuple):
    """How many labels were stored, were there already, were left alone beside another opinion, and are stale."""

    stored: int
    known: int
    left: int
    stale: int

    def __str__(self) -> str:
        """What a person reads."""
        return (
            f"{self.stored:,} labels imported, {self.known:,} were there already, {self.left:,} left alone because the "
            f"annotator has another opinion of the probe; {self.stale:,} concern content that has changed (stale)."
        )


def import_rows(store: Store, log: LabelLog, rows: Iterable[tuple[int, Row]], *, build: str, source: str) -> Imported:
    """Store the labels in numbered `rows` (the columns of LABELS; needed: probe_id, annotator and a verdict or text).

    All or nothing: raises StageError, naming the first wrong rows, before anything is stored. A row that was imported
    before is known, as is one of the log itself under whatever name, so that a pseudonymised export that comes back
    makes no second annotator; where the annotator has an opinion of the probe by now, that one stands.
    """
    numbered = list(rows)
    named = {row["probe_id"] for _, row in numbered if isinstance(row.get("probe_id"), str)}
    probes = sorted(probe for probe in named if probe.isascii())  # as all ids are; half a character no query can carry
    hashes = {row["probe_id"]: row["content_hash"] for row in store.fetch("probe_hashes", probes=probes)}
    changes, problems = dict[tuple[str, str], tuple[int, Change]](), list[str]()
    held, returned = _held(log, build), set[int]()
    for number, row in numbered:
        try:
            change = _change(row, hashes, build=build, source=source)
            key = change.probe_id, change.voice
            if key in changes:
                raise LabelError(f"{change.annotator} labels the probe {change.probe_id} in row {changes[key][0]} too.")
            changes[key] = number, change
            if _label(row) in held:
                returned.add(number)
        except LabelError as error:
            problems.append(f"row {number}: {error}")
    if problems:
        more = f" (and {len(problems) - NAMED:,} more)" if len(problems) > NAMED else ""
        raise StageError(f"{source} was not imported. " + " ".join(problems[:NAMED]) + more)
    outcomes = log.append_all(change for number, change in changes.values() if number not in returned)
    kinds = Counter(
        "left" if isinstance(each, Conflict) else "known" if each.repeated else "stored" for each in outcomes
    )
    stale = sum(change.content_hash != hashes[change.probe_id] for _, change in changes.values())
    return Imported(kinds["stored"], kinds["known"] + len(returned), kinds["left"], stale)


def _held(log: LabelLog, build: str) -> set[tuple[object, ...]]:
    """Return the labels that the log holds now by what no two of different people share: probe, moment, verdicts."""
    names = ("probe_id", "made_at", "final_verdict", "blind_verdict")
    return {tuple(row[name] for name in names) for row in log.current(build).select(names).to_pylist()}


def _label(row: Row) -> tuple[object, ...]:
    texts = (row.get(name) for name in ("probe_id", "made_at", "verdict", "blind_verdict"))
    return tuple(text if isinstance(text, str) else None for text in texts)


def _change(row: Row, hashes: Mapping[str, str], *, build: str, source: str) -> Change:
    """Return the event that a row is; raises LabelError where it is none."""
    texts = {name: _text(row, name) for name in TEXTS}
    flags = {name: _flag(row, name) for name in FLAGS}
    probe_id, annotator = texts["probe_id"], texts["annotator"]
    if not probe_id or not annotator:
        raise LabelError("it needs a probe_id and an annotator.")
    if probe_id not in hashes:
        raise LabelError(f"the build {build} has no probe {probe_id!r}.")
    kind = texts["kind"] or "opinion"
    if kind not in OPS:
        raise LabelError(f"{kind!r} is no kind of label: use {' or '.join(OPS)}.")
    reasons = _reasons(row.get("reasons"))
    said = [build, kind, *texts.values(), *flags.values(), reasons]
    change = Change(
        event_id=str(uuid.uuid5(NAMESPACE, json.dumps(said))),
        build=build,
        probe_id=probe_id,
        content_hash=texts["content_hash"] or hashes[probe_id],
        annotator=annotator,
        op=OPS[kind],
        expected=0,
        verdict=_verdict(texts["verdict"]),
        blind_verdict=_verdict(texts["blind_verdict"]),
        answer=texts["answer"],
        reasons=reasons,
        note=texts["note"],
        flagged=flags["flagged"],
        skipped=flags["skipped"],
        shown={"imported_from": source, "made_at": texts["made_at"]},
    )
    ready = checked(change)
    assert isinstance(ready, Change)
    return ready


def _text(row: Row, name: str) -> str | None:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise LabelError(f"{name} is {value!r}, not a text.")
    return value or None


def _flag(row: Row, name: str) -> bool | None:
    value = row.get(name)
    if value is not None and not isinstance(value, bool):
        raise LabelError(f"{name} is {value!r}, not true or false.")
    return value


def _verdict(text: str | None) -> Verdict | None:
    if text is not None and text not in list(Verdict):
        raise LabelError(f"{text!r} is no verdict: use {', '.join(Verdict)}.")
    return Verdict(text) if text else None


def _reasons(value: Any) -> tuple[ReasonTag, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or any(tag not in list(ReasonTag) for tag in value):
        raise LabelError(f"{value!r} are no reasons: use {', '.join(ReasonTag)}.")
    return tuple(ReasonTag(tag) for tag in value)
