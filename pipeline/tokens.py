"""Counting in a tokenizer's tokens, where one is asked for: the only module that loads tokenizers."""

from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import Any

from pipeline.cut import Cut
from pipeline.errors import StageError
from pipeline.probe import Probe
from queries.schema import Scope, Target
from queries.splits import Span


class Tokens:
    """One tokenizer and the token borders of the documents it saw last."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.borders = lru_cache(maxsize=16)(self._borders)

    def _borders(self, text: str) -> tuple[list[int], list[int]]:
        offsets = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return [start for start, _ in offsets], [end for _, end in offsets]

    def count(self, text: str) -> int:
        """Return how many tokens `text` is by itself."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def within(self, text: str, span: Span) -> int:
        """Return how many tokens of the document `text` lie in `span`, cut ones included."""
        starts, ends = self.borders(text)
        return max(0, bisect_left(starts, span.end) - bisect_right(ends, span.start))

    def distance(self, cut: Cut, span: Span) -> int:
        """Return how many tokens lie between the split and the near end of `span`, cut ones included."""
        between = Span(cut.split, span.start) if cut.target is Target.SUFFIX else Span(span.end, cut.split)
        return self.within(cut.text, between) if between.start < between.end else 0


@lru_cache(maxsize=1)
def load(name: str) -> Tokens:
    """Return the tokenizer called `name` (a folder or a Hub id); raises StageError where it cannot be had."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise StageError(f"There is no tokenizer {name} ({str(error).splitlines()[0]}).") from error
    if not tokenizer.is_fast:
        raise StageError(f"The tokenizer {name} does not say where its tokens stand; use a fast one.")
    return Tokens(tokenizer.backend_tokenizer)


def token_count(probe: Probe, tokens: Tokens) -> str | None:
    """V11: a lens atom has the number of tokens it claims, tokenized in its document or by itself."""
    claimed, atom, span = probe.row.n_tokens_actual, probe.row.atom_text, probe.location.span
    if probe.scope is not Scope.LENS or claimed is None or not atom:
        return None
    counts = {tokens.count(atom)} | ({tokens.within(probe.cut.text, span)} if span else set())
    return None if claimed in counts else f"{' or '.join(map(str, sorted(counts)))} tokens, {claimed:g} claimed"
