"""Names that stay: the key of a document, the id of a probe, and the hash of what a probe asks.

A name is the first 60 bits of a BLAKE2b hash, written as twelve lower-case base32 letters: short enough for a link, and
among a million probes two collide with a probability of 4e-7 (n^2 / 2^61).
"""

from base64 import b32encode
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple


class ProbeKey(NamedTuple):
    """What tells a probe from all others of its build; published data leaves any of them null or repeats them."""

    source_model: str | None
    doc_id: str | None
    doc_idx: int | None
    row_seed: int | None
    level: int | None
    slot: int | None


def doc_key(*, source_model: str | None, doc_id: str | None, doc_idx: int | None, text: str) -> str:
    """Return the twelve letters that name a document: an opening with one sibling continuation."""
    return _letters(source_model, doc_id, doc_idx, text)


def probe_id(key: ProbeKey) -> str:
    """Return the twelve letters that name the first of the probes with this key; `repeats` names the others."""
    return _letters(*key)


def repeats(first: str) -> Iterator[str]:
    """Yield the ids of the probes that share one key: `first`, then those of its repeats by ordinal.

    The caller brings the probes into the order of their content hashes, which does not depend on the order of files.
    """
    yield first
    ordinal = 1
    while True:
        yield _letters(first, ordinal)
        ordinal += 1


def content_hash(*, question: str | None, atom: str | None, split: int, complement: str) -> str:
    """Return the twelve letters that change whenever what a person judged has changed."""
    return _letters(question, atom, split, _digest(complement))


@lru_cache(maxsize=64)
def _digest(text: str) -> str:
    # The sixteen probes of a document share a few long complements.
    return _letters(text)


def _letters(*parts: str | int | None) -> str:
    # Kind and length before each part, so that null, 0 and "" differ and no two lists run together.
    told = "".join(f"{type(part).__name__} {len(str(part))} {part} " for part in parts)
    digest = blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return b32encode(digest)[:12].decode("ascii").lower()
