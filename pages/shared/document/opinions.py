"""What persons say of one probe, as escaped HTML: the human label beside the automatic one, and every voice behind it.

Names, notes and answers are typed by people and imported from files, so all of them go through `safe`.
"""

import json
from collections.abc import Iterable, Sequence

from pages.shared.escape import safe
from pages.shared.palette import VERDICT_COLORS
from queries.labels import ADJUDICATED
from queries.store import Row

SOURCES = {
    "adjudicated": "adjudicated",
    "human": "by majority",
    "disputed": "disputed, as many HARD as EASY",
    "stale": "all that was said concerns older content",
}


def badge(opinions: Sequence[Row]) -> str:
    """Return the human label of a probe as a badge; "" where nobody gave a verdict. `opinions`: probe_opinions.sql."""
    verdict = opinions[0]["human"] if opinions else None
    return (
        f'<b class="label human" style="--label:{VERDICT_COLORS[verdict]}"><small>human</small> {verdict}</b>'
        if verdict
        else ""
    )


def voices(opinions: Sequence[Row], *, opened: bool = False) -> str:
    """Return how the human label of a probe came about, and below, folded or `opened`, what each voice said; or ""."""
    if not opinions:
        return ""
    said = "".join(f"<li>{''.join(_voice(row))}</li>" for row in opinions)
    state = " open" if opened else ""
    return f'<details class="opinions"{state}><summary>{_sum(opinions[0])}</summary><ul>{said}</ul></details>'


def _sum(row: Row) -> str:
    if row["human"] is None:
        return "No human label; what persons left here"
    one = row["hard"] + row["easy"] + row["unsure"] == 1
    source = "by one person" if row["source"] == "human" and one else SOURCES[row["source"]]
    counts = f"{row['hard']} HARD, {row['easy']} EASY, {row['unsure']} UNSURE"
    older = f", {row['older']} of older content" if row["older"] else ""
    return f"Human label {row['human']}: {source} · {counts}{older}"


def _voice(row: Row) -> Iterable[str]:
    """Yield what one voice said, as HTML."""
    who = f"adjudicated by {row['annotator']}" if row["voice"] == ADJUDICATED else row["voice"]
    marks = [name for name in ("flagged", "skipped") if row[name]]
    marks += ["stale: the probe has changed since"] if row["stale"] else []
    words = [_verdict(row), *marks, f"{row['made_at'][:16].replace('T', ' ')} UTC"]
    yield f"<b>{safe(who)}</b> {safe(' · '.join(word for word in words if word))}"
    reasons = ", ".join(str(tag).replace("_", " ") for tag in json.loads(row["reasons"]))
    for title, text in (("Reasons", reasons), ("Own answer", row["answer"]), ("Note", row["note"])):
        yield f"<p><i>{title}</i> {safe(text)}</p>" if text else ""


def _verdict(row: Row) -> str:
    """Return a verdict with how it was given: blind, blind and then final, or with the hidden side in view."""
    blind, final = row["blind_verdict"], row["final_verdict"]
    if blind and final:
        return f"blind {blind} → final {final}"
    return f"blind {blind}" if blind else f"{final}, hidden side in view" if final else ""
