"""How the app is served: settings, headers, who may connect, and any screen as the first request of a fresh server."""

import base64
import os
import socket
import tomllib
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from streamlit import config

from tests.browser import serving, start, watch
from tests.builds import document_rows, make_build

ROOT = Path(__file__).parents[1]
REQUIRED = {
    "server.address": "127.0.0.1",
    "server.allowedHosts": ["localhost", "127.0.0.1"],
    "server.headless": True,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.maxUploadSize": 1,
    "server.fileWatcherType": "none",
    "global.minCachedMessageSize": 1e12,
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "viewer",
    "client.disableDataExport": True,
    "runner.postScriptGC": False,
    "runner.fastReruns": False,
    "runner.magicEnabled": False,
}


@pytest.mark.parametrize(("key", "value"), REQUIRED.items())
def test_the_configuration_closes_what_must_be_closed(key: str, value: object) -> None:
    section, name = key.split(".")
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings[section][name] == value
    assert key in config.get_config_options(), "Streamlit no longer knows this option"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("launch")
    make_build([*document_rows(0), *document_rows(1)], root)
    return root


@pytest.fixture(scope="module")
def app(server, data: Path) -> str:  # type: ignore[no-untyped-def]
    return str(server(ROOT / "app.py", data))


def test_every_answer_carries_the_headers_and_leaks_no_framing(app: str) -> None:
    with urllib.request.urlopen(app) as answer:
        headers = answer.headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Frame-Options"], headers["Referrer-Policy"]) == ("DENY", "no-referrer")


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost", "http://localhost", 101),
        ("localhost", "http://evil.example", 403),
        ("evil.example", "http://evil.example", 403),
    ],
)
def test_only_this_machine_gets_a_websocket(app: str, host: str, origin: str, status: int) -> None:
    port = urlsplit(app).port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=10) as connection:
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(
            f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {origin}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        assert int(connection.recv(64).split()[1]) == status


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("/?scope=whole&sort=document", "1 of 2 probes in 2 documents"),
        ("/scores?scope=sentence", "6 of 6 probes have a score"),
    ],
)
@pytest.mark.browser
def test_any_screen_may_be_the_first_request_of_a_server(page: Page, data: Path, address: str, shown: str) -> None:
    """With a plain app.py Streamlit would run the page without its frame, or under a "Page not found" dialog."""
    with serving(ROOT / "app.py", data=data) as url:
        seen = watch(page, origin=url)
        page.goto(url + address)
        expect(page.locator(".stMain").get_by_text(shown).first).to_be_visible(timeout=30_000)
        expect(page.get_by_role("link", name="Browse")).to_be_visible()
        expect(page.get_by_text("Reading as")).to_be_visible()
        assert page.locator("[role=dialog]").count() == 0
        assert seen.foreign == []


@pytest.mark.browser
def test_a_link_opens_its_probe_after_the_server_was_restarted(page: Page, data: Path) -> None:
    with serving(ROOT / "app.py", data=data) as url:
        start(page, f"{url}/?scope=paragraph&sort=document")
        page.keyboard.press("j")
        expect(page.get_by_text("2 of 4 probes")).to_be_visible()
        link = page.url.removeprefix(url)
        question = page.locator("article.probe .question p")
        expect(question).to_have_text("What is asked in slot 14?")
    with serving(ROOT / "app.py", data=data) as again:
        start(page, again + link)
        expect(page.get_by_text("2 of 4 probes")).to_be_visible()
        expect(question).to_have_text("What is asked in slot 14?")
