"""The questions behind Scores on a real build: parts add up, and every number opens exactly the probes it counts."""

from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.parts import Facet, between, labelled, part, scored
from queries.schema import ROLLOUTS, SCORED_SCOPES, Filter, Label, Scope, Target, Thresholds, Typicality
from queries.statistics import (
    CARD_BINS,
    LATTICE,
    Cell,
    bars,
    deviation,
    mean_interval,
    share_interval,
    sums_of,
    ways_to_draw,
    ways_to_miss,
)
from queries.store import Row, Store, read_index
from tests.builds import make_build, published_row

DUE = tuple(str(scope) for scope in SCORED_SCOPES)
EDGES = (0.0, 0.19, 0.2, 0.39, 0.4, 0.59, 0.6, 0.79, 0.8, 1.0)


def rows() -> list[Row]:
    """Five documents of unequal size, scores on every edge of a bin, some unscored, some of no known scope."""
    made = []
    for number, (scope, target) in product(range(5), product([*Scope, None, "clause"], Target)):
        if number == 4 and scope != Scope.WHOLE:
            continue
        score = EDGES[(number * 7 + len(made)) % len(EDGES)]
        has_score = (scope in DUE and len(made) % 5) or scope == "clause"
        made.append(
            published_row(
                doc_id=f"doc-{number}",
                row_seed=number,
                scope=scope,
                target=target,
                typicality=None if target == Target.PREFIX else ("typical", "atypical")[number % 2],
                bb_answer_rollout_scores=[0.0, score, 0.0, 0.0, 0.0] if has_score else None,
            )
        )
    return made


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(read_index(make_build(rows(), tmp_path_factory.mktemp("scores"))))


def probes(store: Store, where: Filter) -> int:
    return int(store.fetch("count", where)[0]["probes"])


def lattice(store: Store, where: Filter, facet: Facet) -> list[Row]:
    return store.fetch("score_lattice", where, facet=str(facet))


def documents(store: Store, where: Filter, facet: Facet) -> list[Row]:
    return store.fetch("score_documents", where, facet=str(facet), due_scopes=DUE)


FILTERS = st.builds(
    Filter,
    scopes=st.lists(st.sampled_from([*map(str, Scope), "", "clause"]), max_size=3).map(tuple),
    targets=st.lists(st.sampled_from([*map(str, Target)]), max_size=1).map(tuple),
    typicalities=st.lists(st.sampled_from([*map(str, Typicality), ""]), max_size=2).map(tuple),
    labels=st.lists(st.sampled_from([*Label]), max_size=2, unique=True).map(tuple),
    score_from=st.none() | st.integers(0, 100),
    score_to=st.none() | st.integers(0, 100),
    thresholds=st.tuples(st.integers(0, 100), st.integers(0, 100)).map(sorted).map(lambda cuts: Thresholds(*cuts)),
)


@given(where=FILTERS, facet=st.sampled_from(Facet), starts=st.sampled_from([CARD_BINS, LATTICE]))
@settings(max_examples=25, deadline=None)
def test_the_parts_of_any_filter_add_up_and_every_bar_opens_its_probes(
    store: Store, where: Filter, facet: Facet, starts: tuple[int, ...]
) -> None:
    found = lattice(store, where, facet)
    assert sum(row["probes"] for row in found) == probes(store, where)
    for name in {row["part"] for row in found}:
        mine = part(where, facet=facet, value=name)
        cells = [Cell(row["score"], Label(row["label"]), row["probes"]) for row in found if row["part"] == name]
        shown = bars([cell for cell in cells if cell.score is not None], starts=starts, thresholds=where.thresholds)
        assert sum(cell.probes for cell in cells) == probes(store, mine)
        for bar in shown:
            assert probes(store, between(mine, low=bar.low, high=bar.high)) == bar.probes
            assert probes(store, labelled(between(mine, low=bar.low, high=bar.high), bar.label)) == bar.probes
        if shown:
            span = between(mine, low=0, high=100)
            assert probes(store, span) == probes(store, scored(mine)) == sum(bar.probes for bar in shown)


@given(where=FILTERS, facet=st.sampled_from([*Facet][1:]))
@settings(max_examples=25, deadline=None)
def test_every_number_of_the_table_opens_its_probes(store: Store, where: Filter, facet: Facet) -> None:
    found = documents(store, where, facet)
    for row in found:
        mine = where if row["whole"] else part(where, facet=facet, value=row["part"])
        assert probes(store, mine) == row["probes"]
        assert store.fetch("count", mine)[0]["documents"] == row["documents"]
        for label in Label:
            count = row[str(label).lower()]
            if count:
                assert probes(store, labelled(mine, label)) == count
        if row["scored"]:
            assert probes(store, scored(mine)) == row["scored"]
        assert row["hard"] + row["middle"] + row["easy"] == row["scored"]
        assert row["scored"] + row["unscored"] == row["due"]
    whole = [row for row in found if row["whole"]]
    assert len(whole) == (1 if probes(store, where) else 0)
    for name in ("probes", "scored", "due", "hard", "middle", "easy", "unscored", "total", "squares"):
        assert sum(row[name] for row in found if not row["whole"]) == sum(row[name] for row in whole)


def test_the_sums_over_documents_are_those_of_the_rows(store: Store) -> None:
    """The same sums from the published rows, in plain Python."""
    (whole,) = documents(store, Filter(), Facet.NOTHING)[-1:]
    sizes: Counter[str] = Counter()
    hard: Counter[str] = Counter()
    scores = []
    for row in rows():
        score = row["bb_answer_score_max"]
        if score is not None:
            scores.append(round(score * 100))
            sizes[row["doc_id"]] += 1
            hard[row["doc_id"]] += score < 0.4
    assert whole["scored_documents"] == len(sizes) == 5
    assert whole["scored"] == sizes.total()
    assert whole["scored_squared"] == sum(n * n for n in sizes.values())
    assert whole["hard_squared"] == sum(n * n for n in hard.values())
    assert whole["hard_cross"] == sum(hard[doc] * sizes[doc] for doc in sizes)
    assert (whole["total"], whole["squares"]) == (sum(scores), sum(score * score for score in scores))
    shown = share_interval(sums_of(whole, amount="hard", size="scored"))
    mean = mean_interval(sums_of(whole, amount="total", size="scored"))
    assert shown is not None
    assert mean is not None
    assert shown.value == hard.total() / sizes.total()
    assert mean.value == pytest.approx(sum(scores) / len(scores) / 100)
    assert deviation(size=whole["scored"], total=whole["total"], squares=whole["squares"]) == pytest.approx(
        (sum((score / 100 - mean.value) ** 2 for score in scores) / len(scores)) ** 0.5
    )


def test_only_scopes_that_get_scores_can_lack_one(store: Store) -> None:
    by_scope = {row["part"]: row for row in documents(store, Filter(), Facet.SCOPE) if not row["whole"]}
    assert by_scope["word"]["due"] == by_scope["lens"]["due"] == by_scope[""]["due"] == 0
    assert by_scope["sentence"]["unscored"] > 0
    # a scope that nobody knows was scored all the same: it counts where its score is, and is never missed
    assert by_scope["clause"]["due"] == by_scope["clause"]["scored"] == by_scope["clause"]["probes"]


def test_scores_on_the_edges_fall_into_the_bins_of_the_card(store: Store) -> None:
    cells = [
        Cell(row["score"], Label(row["label"]), row["probes"])
        for row in lattice(store, Filter(), Facet.NOTHING)
        if row["score"] is not None
    ]
    wanted = Counter(
        min(round(row["bb_answer_score_max"] * 100) // 20, 4)
        for row in rows()
        if row["bb_answer_score_max"] is not None
    )
    assert {cell.score for cell in cells} == {round(edge * 100) for edge in EDGES}
    found: Counter[int] = Counter()
    for bar in bars(cells, starts=CARD_BINS, thresholds=Thresholds()):
        found[bar.bin] += bar.probes
    assert found == wanted


@pytest.mark.parametrize("hard_below", [0, 20, 45, 100])
def test_with_all_answers_the_share_of_hard_is_that_of_the_labels(store: Store, hard_below: int) -> None:
    where = Filter(thresholds=Thresholds(hard_below, 100))
    labels = {row["part"]: row for row in documents(store, where, Facet.SCOPE) if not row["whole"]}
    for row in answers(store, where):
        assert row["probes"] == labels[row["scope"]]["scored"]
        if row["k"] == ROLLOUTS:
            assert (row["hard"], row["ways"]) == (labels[row["scope"]]["hard"], labels[row["scope"]]["scored"])


def answers(store: Store, where: Filter) -> list[Row]:
    draws, misses = ways_to_draw(ROLLOUTS), ways_to_miss(ROLLOUTS)
    return store.fetch("score_answers", where, scopes=DUE, answers=ROLLOUTS, draws=draws, misses=misses)


def test_fewer_answers_by_hand(store: Store) -> None:
    # every probe has four answers that score 0 and one that scores its maximum; HARD needs all drawn to stay below 0.4
    scored_rows = [row for row in rows() if row["scope"] == Scope.SENTENCE and row["bb_answer_score_max"] is not None]
    missing = sum(row["bb_answer_score_max"] < 0.4 for row in scored_rows)
    found = {row["k"]: row for row in answers(store, Filter()) if row["scope"] == Scope.SENTENCE}
    for k in range(1, 6):
        # the one answer that reaches is among k of five with chance k / 5
        share = (missing + (len(scored_rows) - missing) * (5 - k) / 5) / len(scored_rows)
        assert found[k]["hard"] / found[k]["ways"] == pytest.approx(share)


def test_an_empty_build_has_no_parts(tmp_path: Path) -> None:
    store = Store(read_index(make_build([], tmp_path)))
    for facet in Facet:
        assert lattice(store, Filter(), facet) == []
        assert documents(store, Filter(), facet) == []


@pytest.mark.parametrize(
    ("facet", "value", "chosen"),
    [
        (Facet.SCOPE, "whole", {"scopes": ("whole",)}),
        (Facet.TARGET, "suffix", {"targets": ("suffix",)}),
        (Facet.TYPICALITY, "", {"typicalities": ("",)}),
        (Facet.ROUND, "2", {"rounds": (2,)}),
        (Facet.NOTHING, "", {}),
    ],
)
def test_a_part_is_the_filter_with_one_value(facet: Facet, value: str, chosen: dict[str, tuple[str, ...]]) -> None:
    where = Filter(labels=(Label.HARD,), scopes=("sentence", "whole"))
    assert part(where, facet=facet, value=value) == replace(where, **chosen)
