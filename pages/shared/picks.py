"""The probes behind the bars that were picked: a short list of links, and one link to all of them.

Links load Browse afresh (1-2 s): Streamlit 1.67 drops the query of its own page links where the screens bind widgets of
the same name, and these also work by keyboard and in a new tab.
"""

from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from pages.shared import data, filters
from pages.shared.charts import scores
from pages.shared.escape import safe
from pages.shared.palette import LABEL_COLORS
from queries.schema import Filter, Label, Sort
from queries.store import Row

STYLE = f"<style>{(Path(__file__).parent / 'shares.css').read_text(encoding='utf-8')}</style>"
LISTED = 20  # enough to judge a bar by; Browse has the rest
_START = {"key": -1.0, "place": 0, "count": LISTED}  # before the lowest score


def link(shown: str, where: Filter, *, title: str = "", probe_id: str | None = None) -> str:
    """Return `shown`, which is HTML, as a link to Browse on the probes of `where`, open at `probe_id`."""
    query = {**filters.browse_query(where), **({"sort": str(Sort.SCORE), "probe": probe_id} if probe_id else {})}
    return f'<a href="./?{safe(urlencode(query, doseq=True))}" title="{safe(title)}">{shown}</a>'


def show(name: str, where: Filter, *, probes: int) -> None:
    """Draw the picked `probes` of the part `name`: the link to all of them, and the first of them by score."""
    first = data.ask("list_up", where, sort=str(Sort.SCORE), descending=False, **_START)
    span = scores(where.score_from or 0, where.score_to if where.score_to is not None else 100)
    head = " · ".join(safe(word) for word in (name, span) if word)
    lines = "".join(f"<li>{link(_line(probe), where, probe_id=probe['probe_id'])}</li>" for probe in first)
    st.html(
        f'{STYLE}<section class="picked"><p>{head}<br><b>{link(f"Open {probes:,} probes in Browse", where)}</b></p>'
        f"<ol>{lines}</ol></section>"
    )


def _line(probe: Row) -> str:
    color = LABEL_COLORS[Label(probe["label"])]
    kind = " · ".join(safe(probe[name]) for name in ("scope", "target") if probe[name])
    return (
        f'<span class="mark" style="--label: {color}"></span><b>{probe["score"] / 100:.2f}</b> {kind}'
        f"<span>{safe(probe['question']) or 'no question'}</span>"
    )
