"""The README tells the truth: its commands, files and links exist."""

import re
from pathlib import Path

import pytest

from pipeline.stages import STAGES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("stage", sorted(set(re.findall(r"python -m pipeline (\w+)", README))))
def test_every_stage_it_names_exists(stage: str) -> None:
    assert stage in {known.name for known in STAGES}


def test_every_stage_is_named() -> None:
    assert {known.name for known in STAGES} <= set(re.findall(r"python -m pipeline (\w+)", README))


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make (\S+?)[`\s]", README))))
def test_every_make_target_exists(target: str) -> None:
    assert re.search(rf"^{re.escape(target)}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m (benchmarks) (\w+)", README))))
def test_every_benchmark_it_names_exists(module: tuple[str, str]) -> None:
    assert f'"{module[1]}"' in (ROOT / module[0] / "__main__.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w./]+/|[\w/]+\.(?:py|json|md|sql))`", README))))
def test_every_path_in_backticks_exists(path: str) -> None:
    homes = (ROOT, ROOT / "queries", ROOT / "pipeline", ROOT / "pages", ROOT / "data" / "builds" / "sample")
    assert path in ("data/", "index/index.json") or any((home / path).exists() for home in homes)
