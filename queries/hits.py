"""Where a search matches inside one document, for the screen to mark."""

import re

import duckdb

from queries.schema import Search
from queries.splits import Span
from queries.store import Store

HITS = 1000  # marked in one document: more than anyone walks through, few enough to draw at once
PRIVATE_PLANE = range(0xF0000, 0xFFFFE)  # 65,534 code points that Unicode never assigns


def hits(store: Store, *, text: str, search: Search) -> list[Span]:
    """Return the first `HITS` matches of `search` in `text`, none of them empty.

    Case never matters and a dot matches a line feed, as in `Store.search`. An expression is run by the same engine
    (RE2 inside DuckDB, linear in the text), so it can neither hang nor mean something else here; one that is not
    valid matches nothing.
    """
    if not search.text:
        return []
    found = _by_expression(store, text, search.text) if search.regex else _by_words(text, search.text)
    return found[:HITS]


def _by_words(text: str, words: str) -> list[Span]:
    return [Span(*match.span()) for match in re.finditer(re.escape(words), text, re.IGNORECASE)]


def _by_expression(store: Store, text: str, expression: str) -> list[Span]:
    """Return the matches, read off a copy of the text in which a character that it lacks stands round each of them."""
    edge = next(chr(code) for code in PRIVATE_PLANE if chr(code) not in text)
    try:
        marked: str = store.fetch("matches", text=text, regex=expression, edge=edge)[0]["marked"]
    except duckdb.InvalidInputException:
        return []
    found, at = list[Span](), 0
    for number, piece in enumerate(marked.split(edge)):
        if number % 2 and piece:
            found.append(Span(at, at + len(piece)))
        at += len(piece)
    return found
