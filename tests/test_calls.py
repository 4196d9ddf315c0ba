"""Names of requests: what makes two the same, and the custom id there and back."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.calls import Call, Item, Request, Stage, custom_id, parse_custom_id

CALL = Call("m", "p", "{}")
ITEM = Item(Stage.JUDGE, "doc-1", -2, 13, 4)
hexes = st.text("0123456789abcdef", min_size=8, max_size=8)
items = st.builds(
    Item,
    stage=st.sampled_from(Stage),
    doc_id=st.text(),
    level=st.integers(-3, 3),
    slot=st.none() | st.integers(0, 15),
    rollout=st.integers(0, 9),
    attempt=st.integers(0, 3),
)


@settings(deadline=None)
@given(submission=hexes, item=items, body=st.binary())
def test_a_custom_id_comes_back_as_it_went_and_suits_the_api(submission: str, item: Item, body: bytes) -> None:
    request = Request(item, CALL, body)
    name = custom_id(submission, request.id)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name)
    assert parse_custom_id(name) == (submission, request.id)


@pytest.mark.parametrize("name", ["", "0", "01234567-0123456789abcde", "01234567-0123456789ABCDEF", "task-17", "\n"])
def test_somebody_elses_custom_id_is_recognised(name: str) -> None:
    assert parse_custom_id(name) is None
    assert parse_custom_id(f"01234567-0123456789abcdef{name}") is None or not name


@settings(deadline=None)
@given(one=items, other=items)
def test_requests_share_a_name_only_when_item_and_body_are_the_same(one: Item, other: Item) -> None:
    same = Request(one, CALL, b"{}").id == Request(other, CALL, b"{}").id
    assert same == (one == other)


def test_another_body_makes_another_request() -> None:
    assert Request(ITEM, CALL, b"{}").id != Request(ITEM, CALL, b"{ }").id


@settings(deadline=None)
@given(item=items)
def test_an_item_comes_back_from_its_fields(item: Item) -> None:
    assert Item.of(item._asdict()) == item
