"""Asking the judge: how much of the atom an answer recovers, as one number from 0 to 1."""

import re

from pipeline.models.calls import Reply
from pipeline.prompts import Prompt, fenced, fingerprint, one_line, render
from pipeline.prompts.replies import unusable
from pipeline.rejects import Reason, Rejected

PROMPTS = ("judge",)
SCORE_LINE = re.compile(
    r"""[\s*_`"'#>]*          # Markdown and quotes around it are wrapping, not content
        (?:(?:final\s+)?score[\s*_"'`]*[:=][\s*_"'`]*)?
        (?P<number>[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))
        [\s*_`"']*\.?[\s*_`"']*""",
    re.VERBOSE | re.IGNORECASE,
)


def prompt(*, question: str, atom: str, answer: str) -> Prompt:
    """Return the judge's prompt for one answer to one probe; the answer cannot close its fence."""
    return Prompt(
        system="",
        user=render("judge", question=one_line(question), atom_text=fenced(atom), answer=fenced(answer)),
    )


def prompt_fingerprint() -> str:
    """Return the fingerprint of the judge's prompt file."""
    return fingerprint(*PROMPTS)


def parse(reply: Reply) -> float | Rejected:
    """Return the score, in [0, 1], or why the answer stays unscored: nothing else is ever turned into a number.

    The rule: one line of the reply is a number alone ("0.7", "**0.7**", "Score: 0.7", '"0.7"'); explanations may stand
    on other lines. `true`, "7/10", "70%", "0,7", a number inside a sentence, and two such lines that disagree are no
    score, and neither is a number outside 0..1. Of a reply that was cut the last line does not count.
    """
    rejected = unusable(reply)
    lines = reply.text.splitlines()
    if rejected and rejected.reason is Reason.TRUNCATED:
        lines = lines[:-1]
    elif rejected:
        return rejected
    numbers = {float(found["number"]) for line in lines if (found := SCORE_LINE.fullmatch(line))}
    if not numbers:
        return rejected or Rejected(Reason.NOT_A_NUMBER, reply.text[:200])
    if len(numbers) > 1:
        return Rejected(Reason.TWO_NUMBERS, reply.text[:200])
    (score,) = numbers
    if not 0 <= score <= 1:
        return Rejected(Reason.OUT_OF_RANGE, f"{score:g}")
    return score + 0.0  # "-0" is 0
