"""Serve a Streamlit script as a real process, and watch what a browser page does."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError

from playwright.sync_api import Page, Request, expect

ROOT = Path(__file__).parent.parent
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_SECONDS = 60


class Watch(NamedTuple):
    """What a page did that it should not: URLs asked of other origins, and errors on its console."""

    foreign: list[str]
    errors: list[str]


def watch(page: Page, *, origin: str) -> Watch:
    """Record from now on; to be called before the page goes to `origin`."""
    seen = Watch([], [])

    def record(request: Request) -> None:
        if not request.url.startswith((origin, "data:", "blob:")):
            seen.foreign.append(request.url)

    page.on("request", record)
    page.on("console", lambda line: seen.errors.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    return seen


def start(page: Page, address: str) -> None:
    """Open a Browse address and wait until a probe is drawn in its document, so that keys are heard."""
    page.goto(address)
    expect(page.locator("article.probe")).to_be_visible(timeout=30_000)
    expect(page.locator(".box .text")).not_to_be_empty()


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(script: Path, *, data: Path, port: int | None = None, annotator: str | None = None) -> Iterator[str]:
    """Serve `script` with the project's configuration and PROBES_DATA at `data`; yield its URL, then kill its group."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    log = data / "streamlit.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)],
            cwd=ROOT,
            env={
                **os.environ,
                **({"PROBES_ANNOTATOR": annotator} if annotator else {}),
                "PROBES_DATA": str(data),
                "PYTHONPATH": str(ROOT),
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _await_health(url, process, log)
            yield url
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await_health(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"The server did not start: {log.read_text(encoding='utf-8')}")
