"""Leaks: hidden text that stands in view, and questions that give it, or the experiment, away."""

import re

from pipeline.probes.cut import Cut
from pipeline.probes.locate import stands_alone, starts
from pipeline.probes.probe import Probe
from pipeline.probes.wording import folded
from queries.schema import SCORED_SCOPES, Scope, Target
from queries.splits import Span

LENS_PHRASE = 3  # words from which a lens atom is a phrase; shorter ones (" the", a blank line) recur by chance
RARE_WORDS = 3  # shared rare words that make a leak: any question about a text shares one or two with it
RARE_LENGTH = 7  # letters of a rare word

SCAFFOLD = re.compile(
    r"\b(prefix(es)?|suffix(es)?|verbali[sz]er|hidden[ -]states?|latents?|activations?|residual stream"
    r"|(source|language) (model|LM)s?|continuation|split[ -]point|(before|after|at|past|from) the split"
    r"|complement side|method M|oracle)\b",
    re.IGNORECASE,
)
NAME = re.compile(r"(?<=[\w,;:] )[A-Z]\w{2,}|\b\d[\d.,]*\d\b")  # not the first word of a sentence
LONG_WORD = re.compile(rf"\w{{{RARE_LENGTH},}}")


def in_view(text: str, probe: Probe) -> str | None:
    """Return where `text` stands on the visible side; short lens texts, which recur by chance, are let pass."""
    wanted = text.strip()
    if not wanted or (probe.scope is Scope.LENS and len(wanted.split()) < LENS_PHRASE):
        return None
    if probe.scope is not Scope.WORD:
        return _seen_at(probe.cut, probe.cut.visible.find(wanted), len(wanted))
    at = _whole_word(wanted.casefold(), probe.cut.visible_folded)
    return None if at is None else _seen_at(probe.cut, at, len(wanted))


def _whole_word(word: str, text: str) -> int | None:
    places = starts(word, text, Span(0, len(text)))
    return next((at for at in places if stands_alone(text, Span(at, at + len(word)))), None)


def _seen_at(cut: Cut, at: int, length: int) -> str | None:
    if at < 0:
        return None
    around = cut.visible[max(at - 20, 0) : at + length + 20]
    return f"in view, {_apart(cut, at, length)} characters from the split: {around}"


def _apart(cut: Cut, at: int, length: int) -> int:
    return len(cut.visible) - at - length if cut.target is Target.SUFFIX else at


def question_leak(probe: Probe) -> str | None:
    """V5: the question neither holds the atom, nor names, numbers or several rare words of it that are not in view.

    A templated question says nothing of the atom, so words that it shares with one are chance.
    """
    question, atom = probe.row.verbalizer_prompt, (probe.row.atom_text or "").strip()
    if not question or not atom or probe.row.source == "python_template":
        return None
    if probe.scope is Scope.WORD or len(atom.split()) < LENS_PHRASE:
        return f"it holds the atom {atom!r}" if _whole_word(folded(atom), folded(question)) is not None else None
    if len(atom) <= len(question) and folded(atom) in folded(question):
        return "it holds the atom"
    return _shared_words(question, atom, probe.cut) if probe.scope in SCORED_SCOPES else None


def _shared_words(question: str, atom: str, cut: Cut) -> str | None:
    names = [name for name in NAME.findall(question) if name in atom and name.casefold() not in cut.visible_folded]
    if names:
        return f"names of the atom that are not in view: {', '.join(names)}"
    wanted = atom.casefold()
    rare = {
        word
        for word in LONG_WORD.findall(question.casefold())
        if word in wanted and word not in cut.visible_folded and _whole_word(word, wanted) is not None
    }
    return (
        f"rare words of the atom that are not in view: {', '.join(sorted(rare))}" if len(rare) >= RARE_WORDS else None
    )


def scaffold_leak(probe: Probe) -> str | None:
    """V6: the question speaks of the text, not of the experiment, unless the text itself uses the word."""
    found = SCAFFOLD.search(probe.row.verbalizer_prompt or "")
    return found[0] if found and found[0].casefold() not in probe.cut.text.casefold() else None
