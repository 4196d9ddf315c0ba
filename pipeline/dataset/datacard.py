"""The card of a published build. Every number in it is counted in the data, the ledger, or the records of stages."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.dataset.config import Config
from pipeline.status import Status, status
from queries.schema import FLAG_RULES, READER_WINDOW, SCORED_SCOPES, Flag, Label, Scope
from queries.store import Row, Store, read_index

BINS = ("[0.0, 0.2)", "[0.2, 0.4)", "[0.4, 0.6)", "[0.6, 0.8)", "[0.8, 1.0]")
LABELS = (Label.HARD, "", "", "", Label.EASY)
LONGEST = 20  # hashes of the longest bar
COST = """| stage | model | back end | requests | USD per million tokens in / out | billed, USD |
|---|---|---|---:|---:|---:|"""
LICENSES = {
    "odc-by": "Open Data Commons Attribution (ODC-By 1.0), as upstream FineWeb.",
    None: "Not stated. Ask who published this data set, or publish it with --license.",
}


class Facts(NamedTuple):
    """What a card is written from; `about` is the manifest."""

    about: dict[str, Any]
    status: Status
    probes: Row
    reasons: list[Row]
    default: Config
    extra: Config
    license: str | None

    @property
    def rounds(self) -> list[dict[str, Any]]:
        """The rounds as the manifest has them."""
        rounds: list[dict[str, Any]] = self.about["rounds"]
        return rounds

    @property
    def made(self) -> list[dict[str, Any]]:
        """The rounds that were made here, not imported."""
        return [each for each in self.rounds if "finalize" in each]


def card(build: Path, about: dict[str, Any], *, default: Config, extra: Config, license: str | None) -> str:
    """Return the text of the data set's README.md; `about` is its manifest."""
    with closing(Store(read_index(build))) as store:
        (probes,), reasons = store.fetch("card_facts"), store.fetch("unscored_reasons")
    facts = Facts(about, status(build), probes, reasons, default, extra, license)
    text = Template(Path(__file__).with_name("dataset_card.md").read_text(encoding="utf-8"))
    parts = (_counts, _scores, _finalize, _tables, _money, _provenance)
    return text.substitute(
        header=_header(facts), **{name: value for part in parts for name, value in part(facts).items()}
    )


def _header(facts: Facts) -> str:
    lines = [f"license: {facts.license}"] if facts.license else []
    lines += ["configs:"]
    for name, folder in (("default", "data"), ("extra", "extra")):
        lines += [f"- config_name: {name}", "  data_files:", "  - split: train", f"    path: {folder}/train-*"]
    lines += ["dataset_info:"]
    for name, config in (("default", facts.default), ("extra", facts.extra)):
        lines += [f"- config_name: {name}", "  features:"]
        lines += [f"  {line}" for field in config.schema for line in _feature(field)]
        lines += [
            "  splits:",
            "  - name: train",
            f"    num_bytes: {config.in_memory}",
            f"    num_examples: {config.rows}",
        ]
        lines += [f"  download_size: {config.on_disk}", f"  dataset_size: {config.in_memory}"]
    return "\n".join(lines)


def _feature(field: pa.Field) -> Iterator[str]:
    """Yield the lines of a column's type, in the form that `datasets` writes."""
    yield f"- name: {field.name}"
    if pa.types.is_struct(field.type):
        yield "  struct:"
        for inner in field.type:
            yield from (f"  {line}" for line in _feature(inner))
    elif pa.types.is_list(field.type):
        yield f"  list: {_dtype(field.type.value_type)}"
    else:
        yield f"  dtype: {_dtype(field.type)}"


def _dtype(kind: pa.DataType) -> str:
    return {pa.float32(): "float32", pa.float64(): "float64"}.get(kind, str(kind))


def _counts(facts: Facts) -> dict[str, str]:
    found = facts.status
    return {
        "title": found.build,
        "window": f"{READER_WINDOW:,}",
        "source_models": _listed(facts.probes["source_models"]) or "an unnamed model",
        "documents": f"{found.documents:,}",
        "probes": f"{found.probes:,}",
        "rounds": f"{len(facts.rounds):,}",
        "targets": _listed(f"{count:,} {target or 'null'}" for target, count in found.by_target.items()),
        **{str(scope): f"{found.by_scope.get(scope, 0):,}" for scope in Scope},
        "round_rows": _table(_round(each) for each in facts.rounds),
    }


def _round(about: dict[str, Any]) -> tuple[Any, ...]:
    made = "finalize" in about
    return (
        about["round_idx"],
        f"{about['finalize']['level']:+d}" if made else "",
        f"{len(about['doc_ids']):,}",
        f"{about['asked']:,}" if made else "",
        about["seeds"].get("draw", ""),
        about["drawn_at"] if made else "imported",
        about["source"]["name"] if made else about["imported_from"]["name"],
    )


def _scores(facts: Facts) -> dict[str, str]:
    found, probes = facts.status, facts.probes
    due = sum(found.by_scope.get(scope, 0) for scope in SCORED_SCOPES)
    counts = probes["answers"] or []
    stopped = (
        f"{probes['censored']:,} probes were asked no further once an answer reached the score in `extra.stop_at`: "
        "their count, mean and min are of fewer answers and their max is a lower bound (`extra.censored`)."
    )
    return {
        "scored": f"{found.scored:,}",
        "due": f"{due:,}",
        "unscored": f"{due - found.scored:,}",
        "answers_a_probe": " or ".join(map(str, counts)) if counts else "none yet",
        "histogram": "\n".join(_bars(found)),
        "moments": _moments(found),
        "censoring": stopped if probes["censored"] else "No probe was stopped before all its answers were in.",
        "reasons": _listed(f"{row['answers']:,} {row['reason']}" for row in facts.reasons) or "none",
    }


def _bars(found: Status) -> Iterator[str]:
    most = max(found.histogram) or 1
    for interval, count, label in zip(BINS, found.histogram, LABELS, strict=True):
        share = 100 * count / found.scored if found.scored else 0
        yield f"{interval} {count:,} ({share:5.1f}%) {'#' * round(LONGEST * count / most)} {label}".rstrip()


def _moments(found: Status) -> str:
    if found.mean is None:
        return "No probe is scored yet."
    hard, easy = (100 * found.labels[label] / found.scored for label in (Label.HARD, Label.EASY))
    return f"mean={found.mean:.3f} std={found.sd or 0:.3f} · HARD (max<0.4) {hard:.1f}% · EASY (max≥0.8) {easy:.1f}%"


def _finalize(facts: Facts) -> dict[str, str]:
    done = [each["finalize"] for each in facts.made]
    readings: Counter[str] = Counter()
    rejects: Counter[str] = Counter()
    for each in done:
        readings.update(each["readings"])
        rejects.update(each["rejects"])
    documents, finalized = (sum(each[name] for each in done) for name in ("documents", "finalized"))
    rows = (
        (
            about["round_idx"],
            f"{about['finalize']['documents']:,}",
            *(f"{about['finalize']['readings'].get(how, 0):,}" for how in ("strict", "lenient", "repaired")),
            *(f"{about['finalize'][name]:,}" for name in ("finalized", "probes")),
            f"{sum(about['finalize']['rejects'].values()):,}",
        )
        for about in facts.made
    )
    return {
        "finalize_rows": _table(rows),
        "strict_rate": _percent(readings["strict"], documents),
        "finalize_rate": _percent(finalized, documents),
        "rejects": _listed(f"{count:,} {reason}" for reason, count in rejects.most_common()) or "none",
    }


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f}" if total else "0.0"


def _tables(facts: Facts) -> dict[str, str]:
    found, nulls, rows = facts.status, facts.default.nulls, facts.default.rows
    flags = ((flag, f"{found.flags[flag]:,}", FLAG_RULES[flag].meaning) for flag in Flag if found.flags.get(flag))
    missing = ((f"`{name}`", f"{nulls[name]:,}", f"{_percent(nulls[name], rows)}%") for name in nulls if nulls[name])
    return {"flag_rows": _table(flags), "missing_rows": _table(missing)}


def _money(facts: Facts) -> dict[str, str]:
    calls = [call for each in facts.made for call in each["calls"]]
    rows = (
        (
            call["stage"],
            call["model"],
            call["backend"],
            f"{call['requests']:,}",
            f"{call['prices']['input']:g} / {call['prices']['output']:g}",
            f"{call['billed']:.4f}",
        )
        for call in calls
    )
    presumed = sum(call["presumed"] for call in calls)
    lost = f" At most {presumed:.4f} USD more may have been billed for calls whose reply was lost." if presumed else ""
    total = sum(call["billed"] for call in calls)
    if not calls:
        return {"cost": "Nothing was asked here: these rounds were imported."}
    return {"cost": f"{COST}\n{_table(rows)}\n\nFrom the usage that came with each reply: **{total:.4f} USD**.{lost}"}


def _provenance(facts: Facts) -> dict[str, str]:
    prompts = sorted({(call["stage"], call["prompt"]) for each in facts.made for call in each["calls"]})
    lines = [
        f"- generator: {_listed(facts.probes['generator_models']) or 'unknown'}",
        f"- source model: {_listed(facts.probes['source_models']) or 'unknown'}",
        f"- tokenizer of the lens probes: {_listed(facts.probes['tokenizers']) or 'unknown'}",
        *(f"- prompt of the stage {stage}: sha256 `{prompt}`" for stage, prompt in prompts),
        f"- code: `{facts.about['code_version']}`",
    ]
    return {"provenance": "\n".join(lines), "license": LICENSES.get(facts.license, f"`{facts.license}`.")}


def _table(rows: Iterable[tuple[Any, ...]]) -> str:
    return "\n".join(f"| {' | '.join(_cell(value) for value in row)} |" for row in rows)


def _cell(value: Any) -> str:
    """Return a value as it may stand in a table: names of sources and models come from outside."""
    return " ".join(str(value).replace("|", "\\|").split())


def _listed(values: Iterable[str] | None) -> str:
    return ", ".join(_cell(value) for value in values or ())
