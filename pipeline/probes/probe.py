"""A probe as the validators see it: the published row, its document cut at its split, and where its atom stands."""

from typing import NamedTuple

from pipeline.dataset.published import Published
from pipeline.probes.cut import Cut
from pipeline.probes.locate import Location
from queries.schema import Scope


class Probe(NamedTuple):
    """One probe. `scope` is null where the published one is unknown."""

    row: Published
    scope: Scope | None
    cut: Cut
    location: Location
