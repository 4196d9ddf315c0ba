"""What the web server does around the screens: the headers of every answer, and one clean-up at start."""

import gc
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Streamlit 1.67 sends none of these. 'unsafe-inline' styles and blob: modules are how it draws its components; images,
# frames, forms and connections stay at home, so that nothing in a document could call out even if it got through.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws://localhost:* ws://127.0.0.1:*",
        "worker-src 'self' blob:",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Headers:
    """Adds HEADERS to every HTTP answer; websockets pass through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, with_headers)


@asynccontextmanager
async def settled(app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Import what the screens need before the first request, then take it out of the garbage collector's sight.

    One `gc.freeze()` after the imports brought a rerun from 156 ms to 14 ms (Streamlit 1.67, its default collection).
    The build of the first reader is opened meanwhile: 0.7 s for a build of the card's size, less than his page takes.
    """
    for module in (
        "plotly.graph_objects",
        "pages.shared.charts",
        "pages.shared.document.reading",
        "pages.shared.document.document",
        "pages.shared.relabel.queue_desk",
    ):
        import_module(module)

    gc.collect()
    gc.freeze()
    threading.Thread(target=import_module("pages.shared.data").warm, name="warm", daemon=True).start()
    yield {}
