"""The questions that the screens ask of a build, timed alone, each beside the same one asked of the published files.

A question is asked once for each of two dozen filters, probes or words, none twice, after a first of its kind that is
not counted. The same SQL on the published files stands in benchmarks/published.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import duckdb

from benchmarks.prose import COMMON, Prose
from benchmarks.synthetic import SEED, Published
from benchmarks.table import Figure
from queries.listing import PAGE, Listing, Place
from queries.parts import Facet
from queries.schema import SCORED_SCOPES, Filter, Scope, Search, SearchField, Sort, Target, Typicality
from queries.store import Index, Store

TIMES = 24
OPENINGS = 5
SQL = Path(__file__).parent / "published"
SEARCHES = {SearchField.QUESTION: 250, SearchField.DOCUMENT: 1000, SearchField.ATOM: None, SearchField.ANSWERS: None}
SCORES = ((None, None), (None, 39), (40, 79), (80, None))  # any, HARD, MIDDLE, EASY, in hundredths


class Asked(NamedTuple):
    """One question in both forms, ready to be asked; they take an argument each and return the rows."""

    name: str
    target: float | None  # milliseconds
    here: Callable[[Any], object]
    there: Callable[[Any], object] | None
    arguments: Sequence[Any]


def figures(index: Index, published: Published) -> Iterator[Figure]:
    """Yield the timings of every question in milliseconds."""
    yield Figure(name="open the build", values=tuple(_timed(_opened, [index] * (OPENINGS + 1))))
    store = Store(index)
    files = duckdb.connect()
    files.read_parquet([str(shard) for shard in published.shards]).create_view("published")
    for asked in _questions(store, files):
        values = tuple(_timed(asked.here, asked.arguments))
        beside = tuple(_timed(asked.there, asked.arguments)) if asked.there else ()
        yield Figure(name=asked.name, values=values, beside=beside, target=asked.target)
    files.close()
    store.close()


def _opened(index: Index) -> None:
    Store(index).close()


def _timed(ask: Callable[[Any], object], arguments: Iterable[Any]) -> Iterator[float]:
    """Yield how long each call took in milliseconds, but for the first."""
    for number, argument in enumerate(arguments):
        started = time.perf_counter()
        ask(argument)
        if number:
            yield (time.perf_counter() - started) * 1000


def filters() -> list[Filter]:
    """Return one filter more than is counted, from wide to narrow and of every kind that the published files know."""
    scopes = ((), (Scope.SENTENCE,), (Scope.PARAGRAPH, Scope.WHOLE))
    sides = (((), ()), ((Target.PREFIX,), ()), ((Target.SUFFIX,), (Typicality.ATYPICAL,)))
    chosen = [
        Filter(scopes=scope, targets=target, typicalities=typicality, score_from=low, score_to=high)
        for scope, (target, typicality), (low, high) in product(scopes, sides, SCORES)
    ]
    Random(SEED).shuffle(chosen)
    return chosen[: TIMES + 1]


def _questions(store: Store, files: duckdb.DuckDBPyConnection) -> Iterator[Asked]:
    def ask(name: str, **more: Any) -> Callable[[Filter], object]:
        return lambda where: store.fetch(name, where, **more)

    def of_files(name: str) -> Callable[[Filter], object]:
        return lambda where: _published(files, name, **_as_published(where))

    wide = filters()
    yield Asked("count under a filter", 20, ask("count"), of_files("count"), wide)
    yield Asked("histogram under a filter", 20, ask("score_lattice", facet=Facet.NOTHING), of_files("histogram"), wide)
    yield Asked("histogram by scope", 20, ask("score_lattice", facet=Facet.SCOPE), None, wide)
    intervals = ask("score_documents", facet=Facet.SCOPE, due_scopes=SCORED_SCOPES)
    yield Asked("shares by scope with their intervals", None, intervals, None, wide)
    places = _places(store, wide)
    yield Asked("first page of a list", 40, _first_page, partial(_published_first_page, files), places)
    yield Asked("any page of a list", 40, _any_page, partial(_published_any_page, files), places)
    yield Asked("next probe of a list", 40, lambda at: at[0].move(at[1], 1), None, places)
    yield Asked("place of a linked probe in a list", None, lambda at: at[0].find(at[1].probe_id), None, places)
    doc_ids = {
        at.probe_id: store.fetch("probe", probe_id=at.probe_id, doc_key=at.doc_key, place=at.place)[0]
        for _, at in places
    }
    yield Asked(
        "a probe with its document and its siblings",
        30,
        lambda at: _opened_probe(store, at[1]),
        lambda at: _published(files, "probe", doc_id=doc_ids[at[1].probe_id]["doc_id"]),
        places,
    )
    for field, target in SEARCHES.items():
        written = (SQL / f"search_{field}.sql").exists()
        yield Asked(
            f"substring search in {field.removesuffix('s')}s",
            target,
            partial(_searched, store, field),
            partial(_searched_files, files, field) if written else None,
            words(),
        )


def _searched(store: Store, field: SearchField, text: str) -> None:
    store.search(Search(text=text, fields=(field,)))


def _searched_files(files: duckdb.DuckDBPyConnection, field: SearchField, text: str) -> object:
    return _published(files, f"search_{field}", text=text)


def words() -> list[str]:
    """Return words to search for, half of them names that stand in one document, half of them frequent."""
    names = Prose(SEED).names
    frequent = [word for word in COMMON.split() if len(word) > 3]
    return [frequent[turn] if turn % 2 else names[turn * 4] for turn in range(TIMES + 1)]


def _places(store: Store, wide: Sequence[Filter]) -> list[tuple[Listing, Place]]:
    """Return a place in the list of each filter, anywhere between its ends."""
    dice = Random(SEED)
    found = []
    for where in wide:
        listing = Listing(ask=store.fetch, where=where, sort=Sort.SCORE, descending=False)
        first = listing.first()
        if first is not None:
            probes = store.fetch("count", where)[0]["probes"]
            found.append((listing, listing.move(first, dice.randrange(1, max(probes, 2)))))
    return found


def _first_page(at: tuple[Listing, Place]) -> object:
    return at[0].first_page()


def _any_page(at: tuple[Listing, Place]) -> object:
    return at[0].page(at[1])


def _published_first_page(files: duckdb.DuckDBPyConnection, at: tuple[Listing, Place]) -> object:
    return _published_page(files, at[0].where, before=0)


def _published_any_page(files: duckdb.DuckDBPyConnection, at: tuple[Listing, Place]) -> object:
    return _published_page(files, at[0].where, before=at[1].before // PAGE * PAGE)


def _published_page(files: duckdb.DuckDBPyConnection, where: Filter, *, before: int) -> object:
    return _published(files, "page", **_as_published(where), before=before, count=PAGE)


def _opened_probe(store: Store, at: Place) -> object:
    return (
        store.fetch("probe", probe_id=at.probe_id, doc_key=at.doc_key, place=at.place),
        store.fetch("document", doc_key=at.doc_key),
        store.fetch("document_probes", doc_key=at.doc_key),
    )


def _as_published(where: Filter) -> dict[str, Any]:
    return {
        "scopes": [str(scope) for scope in where.scopes],
        "targets": [str(target) for target in where.targets],
        "typicalities": [str(typicality) for typicality in where.typicalities],
        "score_from": where.score_from,
        "score_to": where.score_to,
    }


def _published(files: duckdb.DuckDBPyConnection, name: str, **parameters: Any) -> object:
    return files.execute((SQL / f"{name}.sql").read_text(encoding="utf-8"), parameters).fetchall()
