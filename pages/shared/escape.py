"""Foreign text made fit for the page: the one function through which text of documents and models becomes HTML.

Newlines and tabs become character references, because st.html strips and dedents what it is given. Characters that
cannot be seen, or that reorder what can, become their names, as in the document view (queries/segments.py); half of a
surrogate pair, which no page can carry, becomes a question mark.
"""

import html

from queries.segments import named


def safe(text: str | None) -> str:
    """Return `text` as HTML that shows every character and does nothing; "" for None."""
    whole = (text or "").encode("utf-8", "replace").decode("utf-8")
    return "".join(_shown(piece) + (f"<i>{name}</i>" if name else "") for piece, name in named(whole))


def _shown(piece: str) -> str:
    return html.escape(piece).replace("\n", "&#10;").replace("\t", "&#9;")
