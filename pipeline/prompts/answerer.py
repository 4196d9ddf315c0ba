"""Asking the blind answerer: it sees the reader window of the complement and the question, and nothing else."""

from pipeline.models.calls import Reply
from pipeline.prompts import Prompt, fenced, fingerprint, one_line, render
from pipeline.prompts.replies import unusable
from pipeline.rejects import Rejected
from queries.schema import Target
from queries.splits import reader_window

PROMPTS = ("answerer",)
SIDE = {Target.SUFFIX: "before", Target.PREFIX: "after"}  # where the visible part stands, seen from the hidden one


def prompt(*, text: str, split: int, target: Target, question: str) -> Prompt:
    """Return the answerer's prompt for a probe of the document `text`, with at most 4,000 characters of it."""
    window = reader_window(length=len(text), split=split, target=target)
    return Prompt(
        system="",
        user=render(
            "answerer",
            side=SIDE[target],
            complement=fenced(text[window.start : window.end]),
            question=one_line(question),
        ),
    )


def prompt_fingerprint() -> str:
    """Return the fingerprint of the answerer's prompt file."""
    return fingerprint(*PROMPTS)


def parse(reply: Reply) -> str | Rejected:
    """Return the blind answer as the model wrote it, or why there is none: a refusal, a cut reply, or no text."""
    return unusable(reply) or reply.text
