"""Builds that the pipeline makes from the sample's recordings, through the command line's own door."""

import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from pipeline.__main__ import main

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample"


def command(root: Path, *words: str) -> int:
    """Run `python -m pipeline` with these words on the data folder `root`, in this process; return the exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROBES_DATA", str(root))
        return main(list(words))


@cache
def _first(docs: int) -> Path:
    root = Path(mkdtemp(prefix="probescope-made-"))
    assert command(root, "run", "--build", "demo", "--docs", str(docs)) == 0
    return root


def made(root: Path, *, docs: int = 40) -> Path:
    """Return a build of one round of the sample's documents, in a data folder of its own."""
    shutil.copytree(_first(docs), root, dirs_exist_ok=True)
    return root / "builds" / "demo"
