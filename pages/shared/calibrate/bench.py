"""What every part of Calibrate works on: one sweep of a build, the probes of it that are meant, and their counts."""

from dataclasses import dataclass, replace
from pathlib import Path

from pages.shared import data
from pages.shared.data import OpenBuild
from pages.shared.picks import link
from pipeline.sweeping.sweeps import Result, Sweep
from queries.calibration import FAULTS, LEAKS
from queries.schema import SCORED_SCOPES, Filter, flag_bits
from queries.statistics import FEW_DOCUMENTS
from queries.store import Row

DUE = tuple(str(scope) for scope in SCORED_SCOPES)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One sweep on screen. `home` is the folder of its build; `where` the probes that are meant, of scored scopes."""

    home: Path
    opened: OpenBuild
    sweep: Sweep
    results: dict[int, Result]
    where: Filter

    @property
    def levels(self) -> list[int]:
        """The levels that have been made into probes, lowest first."""
        return sorted(self.results)

    @property
    def free(self) -> bool:
        """Whether no reply of the sweep cost anything."""
        return not any(sum(result.spent.values()) for result in self.results.values())

    @property
    def few(self) -> bool:
        """Whether the sweep has so few documents that the spread between them is itself uncertain."""
        return self.sweep.documents < FEW_DOCUMENTS

    def ask(self, name: str, where: Filter | None = None, **parameters: object) -> list[Row]:
        """Return the rows that answer queries/<name>.sql on the sweep."""
        return data.ask_of(self.opened, name, where, **parameters)

    def documents(self, where: Filter) -> list[Row]:
        """Return the counts of `where` by level and document."""
        return self.ask("sweep_documents", where, due_scopes=DUE, faults=flag_bits(FAULTS), leaks=flag_bits(LEAKS))

    def at(self, level: int, where: Filter | None = None) -> Filter:
        """Return the probes that are meant, or those of `where`, at one level."""
        return replace(where or self.where, levels=(level,))

    def link(self, shown: str, probes: int, where: Filter) -> str:
        """Return `shown`, which is HTML, as a link to the `probes` of `where` in Browse; plain where there are none."""
        if not probes:
            return shown
        noun = "probe" if probes == 1 else "probes"
        return link(shown, where, title=f"{probes:,} {noun}", build=self.opened.name)
