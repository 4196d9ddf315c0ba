"""Text that every file and database takes: JSON can carry halves of UTF-16 pairs, which UTF-8 cannot."""

from typing import Any


def mended(value: Any) -> Any:
    """Return a JSON value whose strings hold no lone surrogate: pairs are joined, any other becomes U+FFFD."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [mended(item) for item in value]
    if isinstance(value, dict):
        return {mended(key): mended(item) for key, item in value.items()}
    return value
