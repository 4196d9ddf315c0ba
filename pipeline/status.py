"""Stage `status`: what a build holds, and where its card disagrees with itself or with the data."""

from contextlib import closing
from pathlib import Path

from queries.store import Store, read_index


def flag_counts(build: Path) -> dict[str, int]:
    """Return how many probes of a build carry each flag, in the validators' order; those not computed are absent."""
    with closing(Store(read_index(build))) as store:
        (counts,) = store.fetch("status_flags")
    return {flag: count for flag, count in counts.items() if count is not None}
