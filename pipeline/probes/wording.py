"""Comparing short texts: what counts as the same words, and which text tries to act on its reader."""

import re
import unicodedata

TYPOGRAPHY = str.maketrans("‘’‚‛“”„‐‑‒–—−\u00a0", "''''\"\"\"------ ")
DRESSING = 24  # characters of quotes, spaces and points that may surround the same words
ARTICLE = re.compile(r"(the|an|a)\s+(?=\S)")
MARKUP = re.compile(
    r"</?(a|audio|base|body|button|embed|form|html|iframe|img|input|link|math|meta|object|script|style|svg|video)\b[^<>]*/?>"
    r"|<[a-z][^<>]*\son\w+\s*=",
    re.IGNORECASE,
)
IMAGE = re.compile(r"!\[[^\]\n]*\]\([^)\s]+")
CHAT_TOKEN = re.compile(r"<\|\w+\|>|\[/?INST\]|</?(system|assistant|user)>", re.IGNORECASE)
ORDER = re.compile(
    r"\b(ignore|disregard|forget)\s+(all\s+|any\s+)?(of\s+)?(the\s+|your\s+|these\s+|those\s+|my\s+)?"
    r"(previous|prior|above|preceding|earlier)\s+(instruction|prompt|direction|command|message|text)s?\b",
    re.IGNORECASE,
)


def folded(text: str) -> str:
    """Return `text` in lower case with plain quotes, dashes and spaces; never longer or shorter."""
    lower = text.lower()
    if text.isascii():
        return lower
    return (lower if len(lower) == len(text) else text).translate(TYPOGRAPHY)


def normalised(text: str) -> str:
    """Return `text` so that two wordings of one answer become equal.

    Compatibility forms and case are folded, quotes, dashes and spaces made plain, punctuation and symbols stripped from
    the ends only (1.5 and U.S. keep their points), a leading article dropped where something follows. Unlike SQuAD's
    normalisation it leaves no word empty that was not.
    """
    plain = " ".join(folded(unicodedata.normalize("NFKC", text).casefold()).split())
    first, last = 0, len(plain)
    while first < last and _is_edge(plain[first]):
        first += 1
    while last > first and _is_edge(plain[last - 1]):
        last -= 1
    return ARTICLE.sub("", plain[first:last], count=1) if ARTICLE.match(plain, first) else plain[first:last]


def _is_edge(character: str) -> bool:
    return character == " " or unicodedata.category(character)[0] in "PS"


def same_wording(one: str, other: str) -> bool:
    """Say whether two texts are the same words; texts without words match nothing."""
    if abs(len(one) - len(other)) > DRESSING:
        return False
    left = normalised(one)
    return bool(left) and left == normalised(other)


def acts_on_reader(text: str) -> str | None:
    """Return the first markup, picture, chat token or order to a model in `text`; None where there is none."""
    found = None
    if "<" in text:
        found = MARKUP.search(text) or CHAT_TOKEN.search(text)
    if found is None and "![" in text:
        found = IMAGE.search(text)
    if found is None and "INST]" in text:
        found = CHAT_TOKEN.search(text)
    return found[0] if found else _order(text)


def _order(text: str) -> str | None:
    lower = text.lower()
    if not ("ignore" in lower or "disregard" in lower or "forget" in lower):
        return None
    found = ORDER.search(text)
    return found[0] if found else None
