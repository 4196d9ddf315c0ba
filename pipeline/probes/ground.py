"""What word and lens probes are templated on: a document, the split they share, and its siblings."""

from dataclasses import dataclass
from functools import cached_property

from pipeline.rejects import Rejected
from pipeline.rounds import Drawn
from queries.schema import Scope, Target
from queries.splits import Span, complement


@dataclass(frozen=True)
class Ground:
    """A document of `drawn` (its opening and the chosen continuation) and the split of its word and lens probes."""

    drawn: Drawn
    text: str
    split: int

    @cached_property
    def siblings(self) -> str:
        """What no incorrect plausible answer may stand in, case folded."""
        return self.drawn.folded

    @cached_property
    def _visible(self) -> dict[Target, str]:
        return {target: complement(self.text, split=self.split, target=target).casefold() for target in Target}

    def in_view(self, text: str, target: Target) -> bool:
        """Tell whether `text` stands on the visible side, in any case and even as a part of a word."""
        return text.casefold() in self._visible[target]


@dataclass(frozen=True, kw_only=True)
class Templated:
    """A word or lens probe. `distance` and `hint` are signed, negative before the split: words, or tokens for lens."""

    slot: int
    scope: Scope
    target: Target
    atom: Span
    question: str
    ipa: str
    distance: int
    hint: int
    n_tokens: int | None


Outcome = Templated | Rejected
