"""Tokens of a Hugging Face tokenizer: the only module that imports transformers, and only when one is loaded."""

import logging
import os
from bisect import bisect_left, bisect_right
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.errors import StageError
from pipeline.probes.cut import Cut
from pipeline.probes.probe import Probe
from queries.schema import Scope, Target
from queries.splits import Span, sides

DEFAULT = "Qwen/Qwen3-8B"  # the tokenizer of the published lens probes (dataset card)
ROOT = Path(__file__).parents[2]
MARGIN = 8  # tokens at a window's cut end that may differ from those of the whole text


class Tokenizer:
    """A tokenizer under the name it is stored by; offsets are characters, no special tokens are added."""

    def __init__(self, name: str, backend: Any) -> None:
        self.name = name
        self._backend = backend
        self._borders_of = lru_cache(maxsize=16)(self._borders)

    def spans(self, text: str) -> list[Span]:
        """Return where each token of `text` stands; tokens that are parts of one character share its span."""
        return [Span(start, end) for start, end in self._backend.encode(text, add_special_tokens=False).offsets]

    def count(self, text: str) -> int:
        """Return how many tokens `text` has."""
        return len(self._backend.encode(text, add_special_tokens=False).ids)

    def within(self, text: str, span: Span) -> int:
        """Return how many tokens of the document `text` lie in `span`, cut ones included."""
        starts, ends = self._borders_of(text)
        return max(0, bisect_left(starts, span.end) - bisect_right(ends, span.start))

    def distance(self, here: Cut, span: Span) -> int:
        """Return how many tokens lie between the split and the near end of `span`, cut ones included."""
        between = Span(here.split, span.start) if here.target is Target.SUFFIX else Span(span.end, here.split)
        return self.within(here.text, between) if between.start < between.end else 0

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

    def _borders(self, text: str) -> tuple[list[int], list[int]]:
        spans = self.spans(text)
        return [span.start for span in spans], [span.end for span in spans]


def _window(text: str, side: Span, target: Target, width: int) -> Span:
    if side.end - side.start <= width:
        return side
    if target is Target.SUFFIX:
        return Span(side.start, side.start + width)
    begin = side.end - width
    while begin < side.end and not text[begin].isspace():
        begin += 1
    return Span(begin, side.end) if begin < side.end else side


@lru_cache(maxsize=1)
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
    return Tokenizer(_stored(folder) if folder.is_dir() else name, loaded.backend_tokenizer)


def _stored(folder: Path) -> str:
    """Return the name of a folder as it may be published: its place in this project, or its own name."""
    home = folder.resolve()
    return home.relative_to(ROOT).as_posix() if home.is_relative_to(ROOT) else home.name


def token_count(probe: Probe, tokenizer: Tokenizer) -> str | None:
    """V11: a lens atom has the number of tokens it claims, tokenized in its document or by itself."""
    claimed, atom, span = probe.row.n_tokens_actual, probe.row.atom_text, probe.location.span
    if probe.scope is not Scope.LENS or claimed is None or not atom:
        return None
    counts = {tokenizer.count(atom)} | ({tokenizer.within(probe.cut.text, span)} if span else set())
    return None if claimed in counts else f"{' or '.join(map(str, sorted(counts)))} tokens, {claimed:g} claimed"
