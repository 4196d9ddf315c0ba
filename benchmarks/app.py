"""Measure the app on a build of the card's size: import, memory, index, every question, every interaction."""

import os
import platform
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks import growth, interactions, questions
from benchmarks.plan import CARD_DOCUMENTS
from benchmarks.process import Cost, watch
from benchmarks.synthetic import Published, home, make
from benchmarks.table import Figure, lines
from queries.store import read_index

IMPORT_SECONDS, IMPORT_GB, INDEX_SHARE = 90, 2, 0.6  # limits, for two cores
GB = 1e9


class Imported(NamedTuple):
    """A build made by importing the published files, and what that took."""

    folder: Path
    cost: Cost


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `app` takes."""
    parser.add_argument(
        "--documents", type=int, default=CARD_DOCUMENTS, metavar="N", help="of the build (default: the card's 36,997)"
    )


def run(arguments: Namespace) -> None:
    """Print every table, each as soon as it is measured. Nothing is asserted; a figure over its limit says so."""
    for line in _report(arguments.documents):
        print(line, flush=True)


def _report(documents: int) -> Iterator[str]:
    yield from machine()
    published = make(home().absolute() / f"card-{documents}", documents=documents)
    yield f"Published: {documents:,} documents, {published.size / GB:.2f} GB in {len(published.shards)} files."
    build = _imported(published)
    yield from lines("Import", _import_figures(build, published), unit="as named")
    yield from lines(
        "Questions alone, beside the same asked of the published files",
        questions.figures(read_index(build.folder), published),
        unit="ms",
        beside="files",
    )
    yield from lines("One new document", growth.figures(build.folder, published), unit="ms")
    data = build.folder.parents[1]
    with interactions.chromium() as browser:
        cold = interactions.first_screens(browser, data=data, build=build.folder.name)
        yield from lines("First screen, browser and server fresh", cold, unit="ms")
        compared = interactions.interactions(browser, data=data, build=build.folder.name)
    yield from lines(
        "From a key or a click to the content, beside the same widgets on an empty page",
        compared.figures,
        unit="ms",
        beside="empty",
    )
    for screen, (here, there) in compared.elements.items():
        yield f"Elements: {here} on {screen}, {there} on its empty page."
    yield from machine()


def machine() -> Iterator[str]:
    """Yield what the figures were measured on."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("streamlit", "duckdb", "pyarrow", "playwright"))
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    memory = psutil.virtual_memory()
    free = f"{memory.available / GB:.0f} of {memory.total / GB:.0f} GB free"
    yield f"Machine: {os.cpu_count()} cores, load {load} (1, 5 and 15 minutes), {free}."
    yield f"Python {platform.python_version()}, {versions}."


def _imported(published: Published) -> Imported:
    """Import the published files anew, in a process of its own, and return what it took."""
    root = published.folder.parent
    folder = root / "builds" / published.folder.name
    (folder / "index" / "index.json").unlink(missing_ok=True)  # an index that is there would be left alone
    command = [sys.executable, "-m", "pipeline", "import", str(published.folder), "--build", folder.name]
    return Imported(folder, watch(command, environment={**os.environ, "PROBES_DATA": str(root)}))


def _import_figures(build: Imported, published: Published) -> Iterator[Figure]:
    parts = read_index(build.folder)
    index = sum(path.stat().st_size for path in (*parts.docs, *parts.probes, *parts.facets))
    yield Figure(name="seconds", values=(build.cost.seconds,), target=IMPORT_SECONDS)
    yield Figure(name="processor seconds", values=(build.cost.processor,))  # hardly depend on who else is at work
    yield Figure(name="peak memory of all its processes, GB", values=(build.cost.peak / GB,), target=IMPORT_GB)
    yield Figure(name="index, GB", values=(index / GB,))
    yield Figure(name="index as a share of the published files", values=(index / published.size,), target=INDEX_SHARE)
