"""A probe as the validators see it: the published row, its document cut at its split, and where its atom stands."""

from typing import NamedTuple

from pipeline.cut import Cut
from pipeline.locate import Location
from pipeline.published import Published
from queries.schema import Scope


class Probe(NamedTuple):
    """One probe. `scope` is null where the published one is unknown."""

    row: Published
    scope: Scope | None
    cut: Cut
    location: Location
