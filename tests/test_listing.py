"""Walking a list by key: every order covers every probe once, from either end, by steps and by pages."""

import itertools
from dataclasses import replace

import pytest

from queries.listing import PAGE, Listing, Place
from queries.schema import Filter, Label, Sort
from queries.store import Store, read_index
from tests.builds import make_build
from tests.test_store import rows

ORDERS = [(sort, descending) for sort in Sort for descending in (False, True)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(read_index(make_build(rows(), tmp_path_factory.mktemp("listing"))))


def walk(listing: Listing) -> list[Place]:
    here = listing.first()
    assert here is not None
    places = [here]
    while (there := listing.move(here, 1)) != here:
        places.append(there)
        here = there
    return places


@pytest.mark.parametrize(("sort", "descending"), ORDERS)
def test_steps_pass_every_probe_once_and_count_them(store: Store, sort: Sort, descending: bool) -> None:
    places = walk(Listing(ask=store.fetch, where=Filter(), sort=sort, descending=descending))
    assert len({place.probe_id for place in places}) == 60
    assert [place.before for place in places] == list(range(60))


@pytest.mark.parametrize(("sort", "descending"), ORDERS)
def test_the_order_is_the_one_asked_for_with_nulls_last(store: Store, sort: Sort, descending: bool) -> None:
    listing = Listing(ask=store.fetch, where=Filter(), sort=sort, descending=descending)
    keys = [place.key for place in walk(listing)]
    assert keys == sorted(keys, reverse=descending)
    if sort is Sort.SCORE:
        assert abs(keys[-1]) == float("inf")


@pytest.mark.parametrize(("sort", "descending"), ORDERS)
def test_finding_a_probe_gives_the_place_that_walking_gives(store: Store, sort: Sort, descending: bool) -> None:
    listing = Listing(ask=store.fetch, where=Filter(scopes=("sentence", "word")), sort=sort, descending=descending)
    places = walk(listing)
    assert [listing.find(place.probe_id) for place in places] == places
    assert [listing.move(places[-1], -steps) for steps in range(len(places))] == places[::-1]


@pytest.mark.parametrize(("sort", "descending"), ORDERS)
def test_pages_tile_the_list(store: Store, sort: Sort, descending: bool) -> None:
    listing = Listing(ask=store.fetch, where=Filter(), sort=sort, descending=descending)
    places = walk(listing)
    for place in places:
        start = place.before // PAGE * PAGE
        expected = [other.probe_id for other in places[start : start + PAGE]]
        assert [row["probe_id"] for row in listing.page(place).rows] == expected


@pytest.mark.parametrize(("sort", "descending"), ORDERS)
def test_turning_pages_on_and_back_gives_the_pages_of_the_list(store: Store, sort: Sort, descending: bool) -> None:
    listing = Listing(ask=store.fetch, where=Filter(), sort=sort, descending=descending)
    pages = [listing.page(place) for place in walk(listing)[::PAGE]]
    for page, following in itertools.pairwise(pages):
        assert listing.turn(page, onward=True) == following
        assert listing.turn(following, onward=False) == page
    assert listing.turn(pages[0], onward=False).rows == ()
    assert listing.turn(pages[-1], onward=True).rows == ()


def test_a_probe_outside_the_filter_stands_between_its_neighbors(store: Store) -> None:
    everything = Listing(ask=store.fetch, where=Filter(scopes=("sentence", "whole")), sort=Sort.SCORE, descending=True)
    hard = replace(everything, where=replace(everything.where, labels=(Label.HARD,)))
    outsider = hard.find(next(place.probe_id for place in walk(everything) if place.key >= 80))
    assert outsider is not None
    assert not outsider.listed
    first = hard.first()
    assert first is not None
    assert hard.move(outsider, 1) == first
    assert hard.move(outsider, -1) == outsider
    assert hard.page(outsider).rows[0]["probe_id"] == first.probe_id


@pytest.mark.parametrize(("sort", "descending"), ORDERS)
@pytest.mark.parametrize("scopes", [(), ("sentence", "word"), ("whole",), ("nothing",)])
def test_around_a_probe_is_what_finding_it_and_its_page_give(
    store: Store, sort: Sort, descending: bool, scopes: tuple[str, ...]
) -> None:
    listing = Listing(ask=store.fetch, where=Filter(scopes=scopes), sort=sort, descending=descending)
    for at in walk(replace(listing, where=Filter())):
        around, found = listing.around(at), listing.find(at.probe_id)
        expected = found if found and found.listed else listing.first()
        assert around.place == expected
        assert around.counts == store.fetch("count", listing.where)[0]
        page = listing.page(expected) if expected else listing.first_page()
        assert around.page.before == page.before
        assert [row["probe_id"] for row in around.page.rows] == [row["probe_id"] for row in page.rows]
        assert [row["label"] for row in around.page.rows] == [row["label"] for row in page.rows]


def test_an_unknown_probe_and_an_empty_list_are_none(store: Store) -> None:
    listing = Listing(ask=store.fetch, where=Filter(host="nowhere"), sort=Sort.SCORE, descending=True)
    assert listing.first() is None
    assert listing.find("nosuchprobe0") is None


def test_a_page_knows_the_steps_that_stay_on_it(store: Store) -> None:
    listing = Listing(ask=store.fetch, where=Filter(), sort=Sort.SCORE, descending=True)
    places = walk(listing)
    page = listing.page(places[30])
    assert page.step(places[30], 10) == places[40]
    assert page.step(places[30], -5) == places[25]
    assert page.step(places[30], -6) is None
    assert page.step(places[30], 20) is None
