"""Asking the generator: an opening with up to three siblings, numbered; the slot table; the level's addendum."""

import re

from pipeline.probes.slots import slot_table
from pipeline.prompts import Prompt, fenced, fingerprint, render
from pipeline.prompts.numbering import OPENING, Sentence, number
from pipeline.rounds import Drawn
from pipeline.seeds import shuffled

LETTERS = "ABC"  # the generator sees up to three siblings (dataset card, "Generator")
LINE_BREAK = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")  # what str.splitlines breaks at
PROMPTS = ("generator_system", "generator_user")


def shown(drawn: Drawn) -> dict[str, int]:
    """Return which rollout each letter stands for: all that hold text, or three of them drawn by the row seed."""
    usable = [index for index, text in enumerate(drawn.rollouts) if text.strip()]
    if len(usable) > len(LETTERS):
        usable = sorted(shuffled(usable, drawn.row_seed, "shown")[: len(LETTERS)])
    return dict(zip(LETTERS, usable, strict=False))


def prompt(drawn: Drawn, *, addendum: str) -> Prompt:
    """Return the generator's prompt for a drawn document, with what its calibration level adds."""
    return Prompt(
        system=render("generator_system"),
        user=render(
            "generator_user",
            numbered_document=numbered_document(drawn),
            slot_table=slot_table(drawn.row_seed),
            level_addendum=addendum,
        ),
    )


def prompt_fingerprint(addendum: str) -> str:
    """Return the fingerprint of the generator's prompt files with the addendum of a level."""
    return fingerprint(*PROMPTS, addendum=addendum)


def numbered_document(drawn: Drawn) -> str:
    """Return the opening and the shown siblings as the generator reads them: one sentence a line behind its label."""
    parts = ["The prefix", _numbered(drawn.opening, OPENING)]
    for letter, index in shown(drawn).items():
        sentences = number(drawn.rollouts[index], letter)
        how = "begins a new paragraph" if sentences[0].starts_paragraph else "goes on in the prefix's last paragraph"
        parts += [f"Sibling {letter}, which {how}", _numbered(drawn.rollouts[index], letter)]
    return "\n\n".join(parts)


def _numbered(text: str, letter: str) -> str:
    lines = ""
    for sentence in number(text, letter):
        gap = "\n\n" if sentence.starts_paragraph else "\n"
        lines += (gap if lines else "") + _line(text, sentence)
    return lines


def _line(text: str, sentence: Sentence) -> str:
    return f"[{sentence.label}] " + LINE_BREAK.sub(" / ", fenced(text[sentence.span.start : sentence.span.end]))
