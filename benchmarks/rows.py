"""The published rows of a synthetic document: questions, answers, scores and checks, dirt included."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any
from uuid import UUID

import numpy as np

from benchmarks.atoms import Text, draw_atom, draw_splits
from benchmarks.plan import Dirt, Plan
from benchmarks.prose import NAMES, Filler, Prose
from queries.schema import ROLLOUTS, SCORED_SCOPES, SLOTS, SPLIT_GROUP, Scope, SplitGroup, Target, Typicality
from queries.splits import complement
from queries.tables import CARD

SHORTEST, LONGEST = 950, 11_200  # characters drawn for a document; laid out it has 700 to 12,000
MEDIAN, SIGMA = 4_600, 0.5  # of the log-normal law of its length: a mean of 5,100
NAMES_A_DOCUMENT = 4
SUFFIX_SHARE = TYPICAL_SHARE = 0.6
BELOW_MAX = 4  # twentieths by which a score lies under the max, on average
HOSTS = 3_000
ROUND_SEEDS = (17, 18, 19)  # of the three rounds, by thirds of the build
STEMS = (
    "What does the text go on to claim about {}: {}?",
    "Which change in the account of {} follows from {}?",
    "How is {} explained where the author turns to {}?",
    "Why, on this telling, did {} come before {}?",
    "What is the reader asked to conclude about {} and {}?",
)
FRAGMENT, ANSWER, RATIONALE = (15, 85), (80, 300), (100, 400)  # characters, shortest and longest
RUNAWAY = 28_600
DISTANCE_UNKNOWN = -9_999
KINDS = (*Dirt, None)  # by the numbers of Plan.dirt, of which -1 is clean
BLANK: dict[str, Any] = dict.fromkeys(CARD.names)

Row = dict[str, Any]


class Writer:
    """Writes the rows of documents; everything drawn comes from generators made from `seed`."""

    def __init__(self, *, prose: Prose, filler: Filler, cells: Plan, seed: list[int]) -> None:
        self._prose, self._cells = prose, cells
        self._rng, self._dice = np.random.default_rng(seed), Random(repr(seed))
        self._fragments = filler.lines(self._rng, shortest=FRAGMENT[0], longest=FRAGMENT[1])
        self._answers = filler.lines(self._rng, shortest=ANSWER[0], longest=ANSWER[1])
        self._rationales = filler.lines(self._rng, shortest=RATIONALE[0], longest=RATIONALE[1])

    def rows(self, documents: Iterable[int]) -> list[Row]:
        """Return the rows of the documents with these numbers, those of one document together and by slot."""
        return [row for number in documents for row in self._document(number)]

    def _document(self, number: int) -> Iterator[Row]:
        cells = self._cells
        numbers = (number * NAMES_A_DOCUMENT + np.arange(NAMES_A_DOCUMENT)) % NAMES
        names = [self._prose.names[name] for name in numbers]
        length = int(np.clip(self._rng.lognormal(np.log(MEDIAN), SIGMA), SHORTEST, LONGEST))
        text = Text.of(self._prose.passage(self._rng, characters=length, names=numbers))
        splits = draw_splits(text, mid_word=bool(cells.mid_word[number]), dice=self._dice)
        shared = BLANK | self._shared(number, text.text, splits)
        for slot in np.flatnonzero(cells.filled[number]).tolist():
            scope = SLOTS[slot]
            row = shared | self._probe(text, scope, split=splits[SPLIT_GROUP[scope]]) | {"slot_idx": slot}
            row |= self._templated(row) if scope not in SCORED_SCOPES else self._asked(row, names)
            if cells.score[number, slot] >= 0:
                row |= self._scored(int(cells.score[number, slot]))
            if cells.unscoped[number, slot]:
                row["scope"] = None
            yield row | self._dirt(row, KINDS[cells.dirt[number, slot]])

    def _shared(self, number: int, text: str, splits: dict[SplitGroup, int]) -> Row:
        seed = ROUND_SEEDS[number * len(ROUND_SEEDS) // len(self._cells.filled)]
        return {
            "doc": text,
            "row_seed": seed * 1_000_000 + number,
            "doc_id": f"<urn:uuid:{UUID(int=self._dice.getrandbits(128))}>",
            "doc_source": f"https://www.site{int(HOSTS * self._dice.random() ** 3)}.example/{number:x}",
            "doc_idx": self._dice.randrange(15),
            "row_splits": {str(group): split for group, split in splits.items()},
            "doc_choice_rationale": next(self._rationales),
            "split_rationale": next(self._rationales),
            "generator_model": "claude-haiku-4-5-20251001",
            "source_model": "qwen3.5-9b",
        }

    def _probe(self, text: Text, scope: Scope, *, split: int) -> Row:
        target = Target.SUFFIX if self._dice.random() < SUFFIX_SHARE else Target.PREFIX
        atom = draw_atom(text, scope, split=split, target=target, dice=self._dice)
        signed = atom.units if target is Target.SUFFIX else -atom.units
        words = bisect_left(text.word_starts, atom.start) - bisect_left(text.word_starts, split)
        return {
            "scope": str(scope),
            "context": complement(text.text, split=split, target=target),
            "atom_text": text.text[atom.start : atom.end],
            "split_char_offset": split,
            "target": str(target),
            "abs_index": atom.units,
            "signed_index": signed,
            "signed_index_hint": signed + self._dice.randint(-1, 1),
            "actual_word_distance_from_split": words,
        }

    def _templated(self, row: Row) -> Row:
        unit = "words" if row["scope"] == Scope.WORD else "tokens"
        where = "after" if row["target"] == Target.SUFFIX else "before"
        lens = unit == "tokens"
        return {
            "verbalizer_prompt": f"What stands {row['abs_index']} {unit} {where} this point in the document?",
            "target_response": row["atom_text"],
            "incorrect_plausible_answer": next(self._fragments) if lens else self._dice.choice(self._prose.names),
            "source": "python_template",
            "n_tokens_actual": row["abs_index"] if lens else None,
            "tokenizer": "Qwen/Qwen3-8B" if lens else None,
        }

    def _asked(self, row: Row, names: list[str]) -> Row:
        suffix = row["target"] == Target.SUFFIX
        typical = Typicality.TYPICAL if self._dice.random() < TYPICAL_SHARE else Typicality.ATYPICAL
        return {
            "verbalizer_prompt": self._dice.choice(STEMS).format(self._dice.choice(names), next(self._fragments)),
            "target_response": next(self._answers),
            "incorrect_plausible_answer": next(self._answers),
            "typicality": str(typical) if suffix else None,
            "synergy_check": next(self._rationales),
            "distribution_check": next(self._rationales) if suffix else None,
            "difficulty_check": next(self._rationales),
            "source": "haiku",
        }

    def _scored(self, best: int) -> Row:
        others = (best - 5 * int(self._dice.expovariate(1 / BELOW_MAX)) for _ in range(ROLLOUTS - 1))
        scores = [best / 100, *(max(other, 0) / 100 for other in others)]
        self._dice.shuffle(scores)
        return _summary(scores, [next(self._answers) for _ in scores])

    def _dirt(self, row: Row, kind: Dirt | None) -> Row:
        match kind:
            case Dirt.SLOT_REPEATED:
                return {"slot_idx": row["slot_idx"] - 1}
            case Dirt.CONTEXT_TRIMMED:
                return {"context": row["context"].strip()}
            case Dirt.CONTEXT_OTHER:
                return {"context": row["context"][: len(row["context"]) // 2]}
            case Dirt.ATOM_RESPACED:
                return {"atom_text": _with_middle(row["atom_text"], " {}")}
            case Dirt.ATOM_REWORDED:
                return {"atom_text": _with_middle(row["atom_text"], self._dice.choice(self._prose.names))}
            case Dirt.RUNAWAY_TEXT:
                lines = (next(self._rationales) for _ in range(RUNAWAY // RATIONALE[0]))
                return {"difficulty_check": " ".join(lines)[:RUNAWAY]}
            case Dirt.SCORES_FEWER:
                return self._fewer(row)
            case None:
                return {}
            case _:
                return FIXED[kind]

    def _fewer(self, row: Row) -> Row:
        answered = list(zip(row["bb_answer_rollout_scores"], row["bb_answer_rollout_answers"], strict=True))
        kept = sorted(answered)[self._dice.choice((1, 2)) :]  # the best stays, so the histogram does
        return _summary([score for score, _ in kept], [answer for _, answer in kept])


FIXED: dict[Dirt, Row] = {
    Dirt.QUESTION_NULL: {"verbalizer_prompt": None},
    Dirt.QUESTION_EMPTY: {"verbalizer_prompt": ""},
    Dirt.ATOM_NULL: {"atom_text": None},
    Dirt.ATOM_EMPTY: {"atom_text": ""},
    Dirt.IPA_EMPTY: {"incorrect_plausible_answer": ""},
    Dirt.SLOT_BELOW: {"slot_idx": -1},
    Dirt.SLOT_ABOVE: {"slot_idx": 20},
    Dirt.SLOT_NULL: {"slot_idx": None},
    Dirt.DISTANCE_UNKNOWN: {"actual_word_distance_from_split": DISTANCE_UNKNOWN},
}


def _summary(scores: list[float], answers: list[str]) -> Row:
    return {
        "bb_answer_rollout_answers": answers,
        "bb_answer_rollout_scores": scores,
        "bb_answer_score_mean": sum(scores) / len(scores),
        "bb_answer_score_max": max(scores),
        "bb_answer_score_min": min(scores),
    }


def _with_middle(text: str, form: str) -> str:
    words = text.split(" ")
    middle = len(words) // 2
    words[middle] = form.format(words[middle])
    return " ".join(words)
