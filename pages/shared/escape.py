"""Foreign text made fit for the page: the one function through which text of documents and models becomes HTML.

Newlines and tabs become character references, because st.html strips and dedents what it is given; control characters
and the marks that reorder or hide text become visible signs, because the HTML parser drops or obeys them.
"""

import html
import re

_CONTROL = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: "\u2421"}
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def safe(text: str | None) -> str:
    """Return `text` as HTML that shows every character and does nothing; "" for None."""
    shown = html.escape((text or "").translate(_CONTROL))
    shown = _INVISIBLE.sub(lambda mark: f"<i>U+{ord(mark[0]):04X}</i>", shown)
    return shown.replace("\n", "&#10;").replace("\t", "&#9;")
