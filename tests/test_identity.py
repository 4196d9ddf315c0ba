"""Keys, ids and hashes: stable, apart from each other, and told by every part."""

import re
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.identity import ProbeKey, content_hash, doc_key, probe_id, repeats

KEY = ProbeKey("recorded", "doc-0001", 1, 7, -2, 10)
ANY_TEXT = st.none() | st.text(st.characters(exclude_categories=()))  # surrogates too
ANY_KEY = st.builds(
    ProbeKey,
    ANY_TEXT,
    ANY_TEXT,
    *(st.none() | st.integers(-(2**63), 2**63) for _ in ("doc_idx", "seed", "level", "slot")),
)


def test_ids_are_those_that_links_and_labels_already_hold() -> None:
    # Human labels and shared links name probes by these letters for ever: a change here orphans them.
    assert probe_id(KEY) == "fkavkyn3wpfj"
    assert doc_key(source_model="recorded", doc_id="doc-0001", doc_idx=1, text="Text.") == "73a3kdwyn6iy"
    assert content_hash(question="Who?", atom="Ketil.", split=12, complement="Old ") == "yxa3wvmy5k7j"


@given(ANY_KEY)
def test_an_id_is_twelve_lower_case_letters(key: ProbeKey) -> None:
    assert re.fullmatch(r"[a-z2-7]{12}", probe_id(key))


@given(ANY_KEY, ANY_KEY)
def test_different_keys_have_different_ids(one: ProbeKey, other: ProbeKey) -> None:
    assert (probe_id(one) == probe_id(other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (KEY._replace(doc_id=None), KEY._replace(doc_id="")),
        (KEY._replace(doc_id="None"), KEY._replace(doc_id=None)),
        (KEY._replace(slot=None), KEY._replace(slot=0)),
        (KEY._replace(level=1, slot=12), KEY._replace(level=11, slot=2)),
        (KEY._replace(source_model="a", doc_id="bc"), KEY._replace(source_model="ab", doc_id="c")),
        (KEY._replace(source_model="a 1 b", doc_id="c"), KEY._replace(source_model="a", doc_id="1 b c")),
    ],
)
def test_neighbouring_parts_do_not_run_together(one: ProbeKey, other: ProbeKey) -> None:
    assert probe_id(one) != probe_id(other)


def test_repeats_of_a_key_begin_with_its_own_id_and_never_meet() -> None:
    first = probe_id(KEY)
    ids = list(islice(repeats(first), 1000))
    assert ids[0] == first
    assert len(set(ids)) == 1000


@pytest.mark.parametrize("changed", [{"question": "Why?"}, {"atom": None}, {"split": 13}, {"complement": "Old"}])
def test_a_content_hash_tells_every_part_that_a_person_judged(changed: dict[str, object]) -> None:
    parts = {"question": "Who?", "atom": "Ketil.", "split": 12, "complement": "Old "}
    assert content_hash(**parts) != content_hash(**parts | changed)
