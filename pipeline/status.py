"""Stage `status`: what a build holds, how far its rounds are and what they cost, and where its card disagrees."""

import json
from argparse import ArgumentParser, Namespace
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.build import thresholds
from pipeline.dataset.card import Difference, Facts, reconcile
from pipeline.indexing.writer import Manifest, read_manifest
from pipeline.running.course import Course, course
from pipeline.settings import build_folder
from queries.schema import SCORED_SCOPES, Filter, Label
from queries.store import Index, Row, Store, read_index


@dataclass(frozen=True, kw_only=True)
class Show:
    """Which build (its folder) to report on, and how."""

    build: Path
    as_json: bool = False


@dataclass(frozen=True, kw_only=True)
class Status:
    """What a build holds. Counts by value name null ''; UNSCORED counts the probes of scored scopes without a score.

    `sd` is the population's standard deviation of the max scores. The card does not say which its 0.296 is; at its
    number of probes both are.
    """

    build: str
    documents: int
    probes: int
    rejects: int
    by_scope: dict[str, int]
    by_target: dict[str, int]
    scored: int
    labels: dict[str, int]
    histogram: list[int]
    mean: float | None
    sd: float | None
    flags: dict[str, int]
    rounds: dict[str, int]
    levels: dict[str, int]
    differences: list[Difference]
    course: Course

    def __str__(self) -> str:
        """The build as a person reads it in a terminal."""
        lines = [f"{self.build}: {self.probes:,} probes over {self.documents:,} documents, {self.rejects:,} rejects"]
        for name in ("by_scope", "by_target", "rounds", "levels", "labels"):
            counts: dict[str, int] = getattr(self, name)
            lines.append(
                f"{name.replace('_', ' '):<10}" + ", ".join(f"{key or 'null'} {n:,}" for key, n in counts.items())
            )
        if self.mean is not None:
            bins = " ".join(f"{count:,}" for count in self.histogram)
            lines.append(f"max score of {self.scored:,}: mean {self.mean:.3f}, sd {self.sd or 0:.3f}, fifths {bins}")
        lines += [f"{count:>11,}  {flag}" for flag, count in self.flags.items() if count]
        lines += [f"the card: {difference}" for difference in self.differences]
        lines += [told] if (told := str(self.course)) else []
        return "\n".join(lines)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `status` takes."""
    parser.add_argument("--build", required=True, metavar="NAME", help="the build to report on")
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")


def settings(arguments: Namespace) -> Show:
    """Return the settings that the command line names."""
    return Show(build=build_folder(arguments.build), as_json=arguments.json)


def run(settings: Show) -> Status | str:
    """Return what the build holds, as JSON text where that was asked for. Raises BuildError where it has no index."""
    found = status(settings.build)
    if not settings.as_json:
        return found
    differences = [difference._asdict() | {"amount": difference.amount} for difference in found.differences]
    return json.dumps(asdict(found) | {"differences": differences}, indent=2)


def status(build: Path) -> Status:
    """Return what a build holds. Raises BuildError where it has no index and no round."""
    done = course(build)
    with closing(Store(_index(build, done))) as store:
        (totals,) = store.fetch("status_totals")
        groups = store.fetch("status_groups", Filter(thresholds=thresholds(build)))
        card_groups = store.fetch("status_groups")  # a card speaks of the card's thresholds
        flags = _flags(store)
    manifest = read_manifest(build)
    return Status(
        build=build.name,
        **totals,
        rejects=sum(part.get("rejects", {"rows": 0})["rows"] for part in manifest.parts) if manifest else 0,
        by_scope=_by(groups, "scope"),
        by_target=_by(groups, "target"),
        labels=_labels(groups),
        flags=flags,
        rounds=_by(groups, "round"),
        levels=_by(groups, "level"),
        differences=_differences(_card(build, manifest), totals, card_groups),
        course=done,
    )


def _index(build: Path, done: Course) -> Index:
    """Return the index of a build, an empty one where a round was drawn and nothing is indexed yet."""
    if done.drawn and read_manifest(build) is None:
        return Index(build=build, revision="")
    return read_index(build)


def flag_counts(build: Path) -> dict[str, int]:
    """Return how many probes of a build carry each flag, in the validators' order; those not computed are absent."""
    with closing(Store(read_index(build))) as store:
        return _flags(store)


def _flags(store: Store) -> dict[str, int]:
    (counts,) = store.fetch("status_flags")
    return {flag: count for flag, count in counts.items() if count is not None}


def _by(groups: list[Row], column: str) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for group in groups:
        counts["" if group[column] is None else str(group[column])] += group["probes"]
    return dict(sorted(counts.items()))


def _labels(groups: list[Row]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for group in groups:
        if group["label"] != Label.UNSCORED or group["scope"] in SCORED_SCOPES:
            counts[group["label"]] += group["probes"]
    return {str(label): counts[label] for label in Label}


def differences(build: Path) -> list[Difference]:
    """Return where the card of a build disagrees with itself and with the data; none where there is no card."""
    return status(build).differences


def _card(build: Path, manifest: Manifest | None) -> Path | None:
    """Return the card that came with the rows that the index lists; None where they came without one."""
    listed = [part["card"] for part in manifest.parts if part.get("card")] if manifest else []
    return build / listed[0]["file"] if listed else None


def _differences(card: Path | None, totals: Row, groups: list[Row]) -> list[Difference]:
    if card is None:
        return []
    labels, scored = _labels(groups), totals["scored"]
    facts = Facts(
        total=totals["probes"],
        documents=totals["documents"],
        rounds=len(_by(groups, "round")),
        scopes=_by(groups, "scope"),
        scored=scored,
        histogram=tuple(totals["histogram"]),
        mean=totals["mean"],
        sd=totals["sd"],
        hard=100 * labels[Label.HARD] / scored if scored else None,
        easy=100 * labels[Label.EASY] / scored if scored else None,
    )
    return reconcile(card.read_text(encoding="utf-8", errors="replace"), facts)
