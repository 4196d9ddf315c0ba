"""A key that is easy to find is used for a whole run, good calls and bad ones, and is nowhere afterwards."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.redact import redacted
from tests.anthropic_server import AnthropicServer, Fault, anthropic_server
from tests.buyer import KEY

ROOT = Path(__file__).parents[1]
SHOPPING = """
import sys
from pathlib import Path
from tests.buyer import Buyer, batches, messages
for name in sys.argv[2:]:
    print(Buyer(Path(sys.argv[1])).buy({"batches": batches, "messages": messages}[name]()))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[AnthropicServer]:
    with anthropic_server() as running:
        yield running


def test_the_key_is_in_no_file_and_no_output(server: AnthropicServer, tmp_path: Path) -> None:
    space = server.workspace("canary")
    space.faults["messages"].append(Fault.DENIED)  # the server's message repeats the key
    space.faults["create"].extend([Fault.DENIED, Fault.ERROR_ACCEPTED, Fault.DROP_LOST])
    space.faults["retrieve"].append(Fault.DENIED)
    (tmp_path / "run").mkdir()
    environment = {
        **os.environ,
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": server.url("canary"),
        "ANTHROPIC_LOG": "info",
        "PROBES_RUN": str(tmp_path / "run"),
    }
    words = [sys.executable, "-c", SHOPPING, str(tmp_path), "messages", *["batches"] * 5]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, check=True)
    assert b"done=10" in done.stdout
    assert b"sk-ant-***" in done.stdout
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".db", ".gz", ".json"}
    for content in (done.stdout, done.stderr, *(path.read_bytes() for path in files)):
        assert b"CANARY" not in content
    assert server.keys == {KEY}


def test_a_server_of_ones_own_never_gets_the_key(server: AnthropicServer, tmp_path: Path) -> None:
    before = len(server.keys)
    environment = {**os.environ, "ANTHROPIC_API_KEY": "sk-ant-CANARY-other"}
    script = (
        "import sys; from pathlib import Path; from tests.buyer import Buyer, messages;"
        "print(Buyer(Path(sys.argv[1]), cap='0', model='local:tiny').buy(messages(base_url=sys.argv[2])))"
    )
    words = [sys.executable, "-c", script, str(tmp_path), server.url("own")]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, check=True)
    assert b"done=10" in done.stdout
    assert len(server.keys) == before + 1
    assert "none" in server.keys


@pytest.mark.parametrize("around", ["{}", "key={}&x=1", "'{}'", "{},{}", "a{}\n"])
def test_every_key_in_a_text_is_blotted_out(around: str) -> None:
    assert "CANARY" not in redacted(around.format(KEY, KEY))
    assert "sk-ant-***" in redacted(around.format(KEY, KEY))


def test_a_key_at_the_cut_is_blotted_out_before_the_cut() -> None:
    assert "CANARY" not in redacted("x" * 480 + KEY)
    assert len(redacted("x" * 5000)) == 500
