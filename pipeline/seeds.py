"""All randomness of a build: numbers that depend on recorded keys alone, so that any one draw can be repeated alone.

Not `random`: its numbers depend on how many were drawn before, and its methods changed between Python versions.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

Drawn = TypeVar("Drawn")
Key = str | int
ROW_SEED_BITS = (
    48  # a row seed stays exact as a float64 (53 bits), which browsers and nullable pandas columns make of it
)


def bits(*key: Key) -> int:
    """Return the 64 bits that belong to `key`, from BLAKE2b."""
    digest = blake2b(digest_size=8)
    for part in key:
        content = str(part).encode("utf-8", "surrogatepass")
        digest.update(b"%d " % len(content))
        digest.update(content)
    return int.from_bytes(digest.digest(), "big")


def uniform(*key: Key) -> float:
    """Return the number in [0, 1) that belongs to `key`."""
    return (bits(*key) >> 11) / 2**53


def pick(options: Sequence[Drawn], *key: Key) -> Drawn:
    """Return the one of `options`, which must not be empty, that belongs to `key`."""
    return options[bits(*key) % len(options)]


def shuffled(options: Sequence[Drawn], *key: Key) -> list[Drawn]:
    """Return `options` in the order that belongs to `key`."""
    order = sorted(range(len(options)), key=lambda index: (bits(*key, index), index))
    return [options[index] for index in order]


def log_uniform(most: int, *key: Key) -> int:
    """Return the whole number in 1..most, its logarithm uniform, that belongs to `key`."""
    return min(most, int((most + 1) ** uniform(*key)))


def row_seed(seed: int, doc_id: str) -> int:
    """Return the seed of a drawn document: 48 bits of the build's seed and the document's id."""
    return bits("row", seed, doc_id) >> (64 - ROW_SEED_BITS)
