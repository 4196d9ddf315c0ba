"""A list of probes of any length, walked by key: where a probe stands in it, its page, and its neighbors.

The list is never held: a place in it is a key (the sorted number, then document order) and the count of probes before
it. A page is read from the key outward, so that the last page of 590,741 probes costs what the first does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from queries.schema import Filter, Sort
from queries.store import Row

LAST = 2**31 - 1  # no place is greater
PAGE = 25  # rows that fit beside a document on a laptop's screen, scrolled once

Ask = Callable[..., list[Row]]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a probe stands in a list, `before` probes being ahead of it; `listed` is false for a probe outside it."""

    probe_id: str
    doc_key: str
    key: float
    place: int
    before: int
    listed: bool = True


@dataclass(frozen=True, kw_only=True)
class Page:
    """Rows that stand together on the screen, the first of them with `before` probes ahead of it in the list."""

    before: int
    rows: tuple[Row, ...]

    def step(self, start: Place, steps: int) -> Place | None:
        """Return the place `steps` from `start` where both stand on this page, else None."""
        there = start.before + steps - self.before
        return self.place(there) if start.listed and 0 <= there < len(self.rows) else None

    def place(self, number: int) -> Place:
        """Return where the row `number` of this page stands; -1 is the last."""
        return _place(self.rows[number], before=self.before + number % len(self.rows))


@dataclass(frozen=True, kw_only=True)
class Around:
    """What a reader sees of a list: where he stands, the page of that, and the numbers of queries/count.sql."""

    place: Place | None
    page: Page
    counts: Row


def _place(row: Row, *, before: int) -> Place:
    return Place(**{name: row[name] for name in ("probe_id", "doc_key", "key", "place")}, before=before)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The probes that `where` means, in order; `ask` answers questions about the build as Store.fetch does."""

    ask: Ask
    where: Filter
    sort: Sort
    descending: bool

    def find(self, probe_id: str) -> Place | None:
        """Return where `probe_id` stands, or would stand were it listed; None where the build has no such probe."""
        rows = self.ask("rank", self.where, sort=str(self.sort), descending=self.descending, probe_id=probe_id)
        return Place(**rows[0], probe_id=probe_id) if rows else None

    def first_page(self) -> Page:
        """Return the page with which the list begins; without rows where it is empty."""
        end = float("inf") if self.descending else float("-inf")
        start = Place(probe_id="", doc_key="", key=end, place=LAST if self.descending else 0, before=0)
        return Page(before=0, rows=tuple(self._read(start, count=PAGE, onward=True)))

    def first(self) -> Place | None:
        """Return the first probe; None where the list is empty."""
        page = self.first_page()
        return page.place(0) if page.rows else None

    def page(self, at: Place) -> Page:
        """Return the page on which `at` stands, of at most PAGE rows."""
        if at.before < PAGE and at.listed:
            return self.first_page()
        ahead = at.before % PAGE
        earlier = self._read(at, count=ahead + at.listed, onward=False)[::-1] if ahead else []
        rest = self._read(at, count=PAGE - ahead, onward=True)
        rows = [row for row in earlier if row["place"] != at.place] + rest
        return Page(before=at.before - ahead, rows=tuple(rows))

    def around(self, at: Place) -> Around:
        """Return where the probe of `at` stands with its page or, where it is not listed, the first and its page.

        `at` stood in a list of the same order over the same build. One question, in half the time of `find`, `page` and
        the count.
        """
        order: dict[str, Any] = {"sort": str(self.sort), "descending": self.descending}
        rows = self.ask("around", self.where, **order, key=at.key, place=at.place, count=PAGE)
        counts = {name: rows[0][name] for name in ("probes", "documents", "total")}
        near = {part: [row for row in rows if row["near"] == part] for part in ("back", "onward", "first")}
        if not rows[0]["listed"]:
            page = Page(before=0, rows=tuple(near["first"]))
            return Around(place=page.place(0) if page.rows else None, page=page, counts=counts)
        before = rows[0]["before"]
        ahead = before % PAGE
        shown = near["back"][len(near["back"]) - ahead :] + near["onward"][: PAGE - ahead]
        page = Page(before=before - ahead, rows=tuple(shown))
        return Around(place=page.place(ahead), page=page, counts=counts)

    def turn(self, page: Page, *, onward: bool) -> Page:
        """Return the page after `page`, or before it; without rows where the list ends."""
        if not page.rows:
            return page
        edge = page.place(-1 if onward else 0)
        rows = self._read(edge, count=PAGE + 1, onward=onward)[1:]
        before = page.before + (len(page.rows) if onward else -len(rows))
        return Page(before=before, rows=tuple(rows if onward else rows[::-1]))

    def move(self, start: Place, steps: int) -> Place:
        """Return the place `steps` further on (back where negative), or the end of the list that lies nearer."""
        onward, count = steps > 0, abs(steps)
        rows = self._read(start, count=count + 1, onward=onward)
        passed = rows[1:] if start.listed else rows[:count]
        if not passed:
            return start
        gone = len(passed) - (onward and not start.listed)
        return _place(passed[-1], before=start.before + (gone if onward else -gone))

    def _read(self, start: Place, *, count: int, onward: bool) -> list[Row]:
        name = "list_down" if onward == self.descending else "list_up"
        order: dict[str, Any] = {"sort": str(self.sort), "descending": self.descending}
        return self.ask(name, self.where, **order, key=start.key, place=start.place, count=count)
