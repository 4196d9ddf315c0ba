"""Imports point one way, app -> pages -> pipeline -> queries, and heavy packages stay where they are named."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from queries.schema import SearchField
from queries.store import TABLES

ROOT = Path(__file__).parents[1]
LAYERS = ["app", "pages", "pipeline", "queries"]
SOURCES = sorted(
    path for layer in LAYERS for path in [ROOT / f"{layer}.py", *(ROOT / layer).rglob("*.py")] if path.exists()
)

# Why: each of these costs seconds at import, money, or a GPU; whoever needs one goes through the module named.
ONLY_IN = {
    "anthropic": {"pipeline/models/anthropic_api.py"},
    "datasets": {"pipeline/dataset/hub.py"},
    "transformers": {"pipeline/probes/tokens.py"},
    "torch": set(),
    "ray": set(),
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name.split(".")[0] for name in found}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_imports_point_down(path: Path) -> None:
    layer = name(path).removesuffix(".py").split("/")[0]
    above = set(LAYERS[: LAYERS.index(layer)])
    assert not imports(path) & above


@pytest.mark.parametrize("path", [p for p in SOURCES if name(p).split("/")[0] in ("pipeline", "queries")], ids=name)
def test_nothing_below_the_screens_knows_streamlit(path: Path) -> None:
    assert "streamlit" not in imports(path)


@pytest.mark.parametrize("path", [p for p in SOURCES if name(p).startswith(("pages/", "app"))], ids=name)
def test_no_screen_speaks_to_the_database_itself(path: Path) -> None:
    assert "duckdb" not in imports(path)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_heavy_packages_are_imported_where_they_are_named(path: Path) -> None:
    assert not {package for package, homes in ONLY_IN.items() if package in imports(path) and name(path) not in homes}


def test_every_named_home_exists() -> None:
    assert all((ROOT / home).exists() for homes in ONLY_IN.values() for home in homes)


def test_a_process_that_knows_the_stages_and_the_screens_has_loaded_nothing_heavy() -> None:
    code = (
        "import sys, pipeline.stages, pages.shared.data, pages.shared.document.reading;"
        "print([name for name in ('anthropic', 'datasets', 'transformers', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_two_modules_use_streamlits_caches() -> None:
    users = {name(path) for path in SOURCES if "st.cache_" in path.read_text(encoding="utf-8")}
    assert users == {"pages/shared/data.py", "pages/shared/label_data.py"}


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_screen_lets_html_through_markdown(path: Path) -> None:
    assert "unsafe_allow_" not in path.read_text(encoding="utf-8")


def test_every_question_is_asked_and_every_question_asked_exists() -> None:
    """No dead SQL and no misspelled name: the .sql files are the string literals that name them."""
    files = {path.stem for path in (ROOT / "queries").glob("*.sql")}
    words = {
        node.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    words |= {f"search_{field}" for field in SearchField} | {f"part_{table}" for table in TABLES}
    assert files <= words
