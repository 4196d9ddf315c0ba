"""Tokens of a Hugging Face tokenizer: the only module that imports transformers, and only when one is loaded."""

import logging
import os
from pathlib import Path
from typing import Any

from pipeline.errors import StageError
from queries.schema import Target
from queries.splits import Span, sides

DEFAULT = "Qwen/Qwen3-8B"  # the tokenizer of the published lens probes (dataset card)
MARGIN = 8  # tokens at a window's cut end that may differ from those of the whole text


class Tokenizer:
    """A tokenizer under the name it is stored by; offsets are characters, no special tokens are added."""

    def __init__(self, name: str, backend: Any) -> None:
        self.name = name
        self._backend = backend

    def spans(self, text: str) -> list[Span]:
        """Return where each token of `text` stands; tokens that are parts of one character share its span."""
        return [Span(start, end) for start, end in self._backend.encode(text, add_special_tokens=False).offsets]

    def count(self, text: str) -> int:
        """Return how many tokens `text` has."""
        return len(self._backend.encode(text, add_special_tokens=False).ids)

    def near(self, text: str, *, split: int, target: Target, at_least: int) -> list[Span]:
        """Return the tokens of the hidden side nearest to the split, from there outward: `at_least` so many, or all.

        Only a window of the side is tokenized, begun at white space; what stands at its cut end is left out.
        """
        start, end = sides(length=len(text), split=split, target=target).hidden
        width = 6 * (at_least + MARGIN)  # characters; English has about four a token
        while True:
            window = _window(text, Span(start, end), target, width)
            spans = [Span(window.start + a, window.start + b) for a, b in self.spans(text[window.start : window.end])]
            if target is Target.PREFIX:
                spans.reverse()
            if window == (start, end):
                return spans
            if len(spans) >= at_least + MARGIN:
                return spans[:-MARGIN]
            width *= 4


def _window(text: str, side: Span, target: Target, width: int) -> Span:
    if side.end - side.start <= width:
        return side
    if target is Target.SUFFIX:
        return Span(side.start, side.start + width)
    begin = side.end - width
    while begin < side.end and not text[begin].isspace():
        begin += 1
    return Span(begin, side.end) if begin < side.end else side


def load(name: str) -> Tokenizer:
    """Return the tokenizer with this Hub id, or in this folder; raises StageError where there is none."""
    os.environ.setdefault(
        "TRANSFORMERS_VERBOSITY", "error"
    )  # or it reports a missing PyTorch, which nothing here needs
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    from transformers import AutoTokenizer

    folder = Path(name).expanduser()
    if (folder.is_absolute() or name.startswith(".")) and not folder.is_dir():
        raise StageError(f"There is no tokenizer folder {name}.")
    try:
        loaded = AutoTokenizer.from_pretrained(folder if folder.is_dir() else name)
    except (OSError, ValueError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise StageError(f"The tokenizer {name} could not be loaded ({reason}); name a folder or a Hub id.") from error
    if not getattr(loaded, "is_fast", False):
        raise StageError(f"The tokenizer {name} cannot say where its tokens stand; it needs a tokenizer.json.")
    return Tokenizer(name, loaded.backend_tokenizer)
