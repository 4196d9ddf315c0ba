"""What the empty page shows: data of the size that the screens show, made once, so that drawing it asks nothing."""

from random import Random
from typing import Any

import numpy as np

from benchmarks.prose import Passage, Prose
from benchmarks.synthetic import SEED
from queries.listing import PAGE
from queries.schema import SLOTS, Label, Target
from queries.segments import Segment, segments
from queries.splits import Span, reader_window

CHARACTERS = 5_000  # of a document: the mean of the synthetic build
CARD_CHARACTERS = 3_500  # of question, answers, checks and provenance together
SIDES = 2  # everything comes in two forms, so that each interaction shows something else

_DICE = Random(SEED)
_PROSE, _RNG = Prose(SEED), np.random.default_rng(SEED)


def _passage(characters: int) -> Passage:
    return _PROSE.passage(_RNG, characters=characters)


def _probe(number: int) -> dict[str, Any]:
    score = _DICE.randrange(101)
    return {
        "probe_id": f"constant{number:04}",
        "slot": number % len(SLOTS),
        "level": None,
        "scope": str(SLOTS[number % len(SLOTS)]),
        "target": str(Target.SUFFIX),
        "score": score,
        "label": str(Label.HARD if score < 40 else Label.EASY),
        "question": _passage(120).text.strip(),
    }


def _document() -> list[Segment]:
    passage = _passage(CHARACTERS)
    split = int(passage.sentence_ends[len(passage.sentence_ends) // 2])
    atom = Span(int(passage.sentence_starts[-2]), int(passage.sentence_ends[-2]))
    window = reader_window(length=len(passage.text), split=split, target=Target.SUFFIX)
    return segments(
        passage.text,
        split=split,
        target=Target.SUFFIX,
        scope=SLOTS[-1],
        splits={},
        atom=atom,
        window=window,
        opening_end=None,
        hits=[],
    )


def _card() -> str:
    paragraphs = _passage(CARD_CHARACTERS).text.split("\n\n")
    return f'<article class="probe">{"".join(f"<section><p>{text}</p></section>" for text in paragraphs)}</article>'


ROWS = [[_probe(side * PAGE + place) for place in range(PAGE)] for side in range(SIDES)]
CHIPS = [_probe(1000 + slot) for slot in range(len(SLOTS))]
DOCUMENTS = [_document() for _ in range(SIDES)]
CARDS = [_card() for _ in range(SIDES)]
QUESTIONS = "".join(f"<li>{row['question']}</li>" for row in ROWS[0])
PICKED = [f'<div class="picked">{bar}<ol>{QUESTIONS}</ol></div>' for bar in range(101)]
TABLE = "".join(f"<tr>{'<td>590,741<small>0.462 to 0.465</small></td>' * 9}</tr>" for _ in range(7))
FIGURES = [
    {
        "data": [
            {
                "type": "bar",
                "x": [score / 100 for score in range(101)],
                "y": [20 + side + score % 7 for score in range(101)],
            }
        ],
        "layout": {
            "height": 300,
            "dragmode": "pan",
            "margin": {"l": 0, "r": 0, "t": 22, "b": 24},
            "xaxis": {"fixedrange": True},
            "yaxis": {"fixedrange": True},
        },
    }
    for side in range(SIDES)
]
