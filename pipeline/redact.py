"""Keeps keys out of everything that is written down."""

import re

KEY = re.compile(r"sk-ant-[A-Za-z0-9_-]+")
KEPT = 500  # characters of a provider's error message


def redacted(text: str) -> str:
    """Return `text` with every Anthropic key replaced by `sk-ant-***`, cut to 500 characters."""
    return KEY.sub("sk-ant-***", text)[:KEPT]
