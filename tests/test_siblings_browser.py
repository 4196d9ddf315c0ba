"""Browse on a build made here: the siblings of a document stand aligned at the split."""

import re
import subprocess
import sys
from os import environ

import pytest
from playwright.sync_api import Page, expect

from tests.browser import ROOT, start
from tests.conftest import Serve


@pytest.mark.browser
def test_siblings_stand_aligned_at_the_split(
    server: Serve, page: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("made")
    command = [sys.executable, "-m", "pipeline", "run", "--build", "made", "--docs", "2"]
    subprocess.run(command, cwd=ROOT, env={**environ, "PROBES_DATA": str(root)}, check=True, capture_output=True)
    start(page, f"{server(ROOT / 'app.py', root)}/?scope=sentence&target=suffix")
    page.get_by_text("Siblings at the split").click()
    siblings = page.locator("section.sibling")
    expect(siblings).to_have_count(3)
    expect(siblings.filter(has_text="this document")).to_have_count(1)
    expect(page.get_by_text(re.compile(r"recurs in \d of 2 other siblings"))).to_be_visible()
