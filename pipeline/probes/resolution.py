"""From a generator's reply to the probes of a document: labels become offsets, word and lens probes are templated.

Each of a document's sixteen slots ends as a probe or as a reject with a reason.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pipeline.models.calls import Reply
from pipeline.probes.bank import Bank
from pipeline.probes.flagging import flagged
from pipeline.probes.ground import Ground, Templated
from pipeline.probes.lens import lens_probes
from pipeline.probes.made import Made, MadeProbe
from pipeline.probes.slots import wishes
from pipeline.probes.tokens import Tokenizer
from pipeline.probes.words import word_probes
from pipeline.prompts.generator import shown
from pipeline.prompts.numbering import Numbered, stripped
from pipeline.prompts.replies import Read, WrittenProbe, read_generator
from pipeline.rejects import Missed, Reason, Rejected, RejectError
from pipeline.rounds import Drawn
from queries.schema import SLOTS, SPLIT_GROUP, Scope, SplitGroup, Target, Typicality
from queries.splits import Span, sides

Split = int | Rejected
TEMPLATED = (Scope.WORD, Scope.LENS)
WRITTEN_SLOTS = tuple(slot for slot, scope in enumerate(SLOTS) if scope not in TEMPLATED)


class Resolved(NamedTuple):
    """What became of one reply: the document, None where it cannot be used, and every slot that has no probe."""

    made: Made | None
    missed: tuple[Missed, ...]


class Templates(NamedTuple):
    """What the word and lens probes of a round are made with."""

    tokenizer: Tokenizer
    bank: Bank


def resolve(drawn: Drawn, reply: Reply | None, *, templates: Templates, source_model: str) -> Resolved:
    """Return what a generator's reply to a drawn document comes to; None stands for a reply that never came."""
    if reply is None:
        return Resolved(None, (Missed(None, Rejected(Reason.NO_REPLY, "the generator gave no reply")),))
    read = read_generator(reply)
    if isinstance(read, Rejected):
        return Resolved(None, (Missed(None, read),))
    try:
        numbered, doc_idx = _chosen(drawn, read)
    except RejectError as error:
        return Resolved(None, (Missed(None, error.rejected),))
    splits = {group: _split(numbered, read, group) for group in SplitGroup}
    source = _source(reply.call.model)
    outcomes = [*_written(drawn, numbered, read, splits, source), *_templated(drawn, numbered, splits, templates)]
    probes = {each.slot: each for each in outcomes if isinstance(each, MadeProbe)}
    made = Made(
        doc_id=drawn.doc_id,
        doc_idx=doc_idx,
        doc_source=drawn.doc_source,
        text=numbered.text,
        opening_end=numbered.opening_end,
        row_seed=drawn.row_seed,
        level=reply.item.level,
        splits={group: split if isinstance(split, int) else None for group, split in splits.items()},
        doc_choice_rationale=read.written.sibling_rationale,
        split_rationale=read.written.split_rationale,
        reading=read.reading,
        generator_model=reply.call.model,
        source_model=source_model,
        prompt=reply.call.prompt,
        probes=tuple(probes[slot] for slot in sorted(probes)),
    )
    return Resolved(flagged(made, drawn), tuple(each for each in outcomes if isinstance(each, Missed)))


def _chosen(drawn: Drawn, read: Read) -> tuple[Numbered, int]:
    letter = read.written.sibling.strip().upper().removeprefix("SIBLING").strip()
    doc_idx = shown(drawn).get(letter)
    if doc_idx is None:
        raise RejectError(Reason.SIBLING_UNKNOWN, f"{read.written.sibling!r} was not shown")
    return Numbered.of(drawn.opening, drawn.rollouts[doc_idx], letter=letter), doc_idx


def _split(numbered: Numbered, read: Read, group: SplitGroup) -> Split:
    try:
        return numbered.split(getattr(read.written.splits, group))
    except RejectError as error:
        return error.rejected


def _source(model: str) -> str:
    """Return what the column `source` calls a generator: the card's "haiku", or whose replies they are."""
    if model.startswith("claude-haiku"):
        return "haiku"
    return "local_model" if model.startswith("local:") else "recorded_model"


def _written(
    drawn: Drawn, numbered: Numbered, read: Read, splits: dict[SplitGroup, Split], source: str
) -> Iterator[MadeProbe | Missed]:
    """Yield the probes of the slots 10-15; of two for one slot the first valid one counts."""
    done: set[int] = set()
    seen = {missed.slot for missed in read.missed} | {probe.slot for probe in read.written.probes}
    hints = {wish.slot: wish.distance for wish in wishes(drawn.row_seed)}
    yield from read.missed
    for written in read.written.probes:
        try:
            if written.slot not in WRITTEN_SLOTS:
                raise RejectError(Reason.SLOT_UNKNOWN, f"slot {written.slot} was not asked for")
            if written.slot in done:
                raise RejectError(Reason.SLOT_REPEATED, f"slot {written.slot} was filled before")
            split = splits[SPLIT_GROUP[SLOTS[written.slot]]]
            if isinstance(split, Rejected):
                raise RejectError(*split)
            yield _probe(numbered, written, split=split, hint=hints[written.slot], source=source)
            done.add(written.slot)
        except RejectError as error:
            yield Missed(written.slot, error.rejected)
    for slot in WRITTEN_SLOTS:
        if slot not in seen:
            yield Missed(slot, Rejected(Reason.SLOT_MISSING, "the reply has no probe for it"))


def _probe(numbered: Numbered, written: WrittenProbe, *, split: int, hint: int, source: str) -> MadeProbe:
    scope, target = SLOTS[written.slot], Target(written.target)
    hidden = sides(length=len(numbered.text), split=split, target=target).hidden
    atom = _atom(numbered, written, hidden)
    if atom.start < hidden.start or atom.end > hidden.end:
        raise RejectError(Reason.ATOM_WRONG_SIDE, f"{written.atom} is not wholly in the {target}")
    gap = numbered.text[split : atom.start] if target is Target.SUFFIX else numbered.text[atom.end : split]
    return MadeProbe(
        slot=written.slot,
        scope=scope,
        target=target,
        typicality=Typicality(written.typicality) if written.typicality and target is Target.SUFFIX else None,
        split=split,
        atom=atom,
        question=written.question,
        target_response=written.target_response,
        ipa=written.incorrect_plausible_answer,
        synergy_check=written.synergy_check,
        distribution_check=written.distribution_check,
        difficulty_check=written.difficulty_check,
        signed_index=_signed(_index(numbered, scope, atom, split=split), target),
        signed_index_hint=_signed(hint, target),
        actual_word_distance=_signed(len(gap.split()), target),
        source=source,
    )


def _atom(numbered: Numbered, written: WrittenProbe, hidden: Span) -> Span:
    if SLOTS[written.slot] is Scope.SENTENCE:
        return numbered.sentence(written.atom)
    if SLOTS[written.slot] is Scope.PARAGRAPH:
        return numbered.paragraph(written.atom)
    if written.atom.lower() != written.target:
        raise RejectError(Reason.ATOM_WRONG_SIDE, f"the atom {written.atom!r} is not the {written.target} itself")
    return stripped(numbered.text, hidden)


def _index(numbered: Numbered, scope: Scope, atom: Span, *, split: int) -> int:
    """Return how many units the atom is from the split, as the sample build counts them.

    The sentence at the split, cut or whole, is 1. Of paragraphs it is the one in which the text before the split ends,
    for both sides. The whole of a side is 1.
    """
    if scope is Scope.WHOLE:
        return 1
    if scope is Scope.PARAGRAPH:
        last = max(place for place, span in enumerate(numbered.paragraphs) if span.start < split)
        return abs(numbered.paragraphs.index(atom) - last) + 1
    spans = [sentence.span for sentence in numbered.sentences]
    if atom.start >= split:
        return spans.index(atom) - sum(span.end <= split for span in spans) + 1
    return sum(span.start < split for span in spans) - spans.index(atom)


def _signed(distance: int, target: Target) -> int:
    return distance if target is Target.SUFFIX else -distance


def _templated(
    drawn: Drawn, numbered: Numbered, splits: dict[SplitGroup, Split], templates: Templates
) -> Iterator[MadeProbe | Missed]:
    split = splits[SplitGroup.WORD_LENS]
    if isinstance(split, Rejected):
        yield from (Missed(slot, split) for slot, scope in enumerate(SLOTS) if scope in TEMPLATED)
        return
    ground = Ground(drawn, numbered.text, split)
    words = word_probes(ground, templates.bank)
    lenses = lens_probes(ground, templates.bank, templates.tokenizer)
    for slot, outcome in {**words, **lenses}.items():
        yield Missed(slot, outcome) if isinstance(outcome, Rejected) else _from_template(ground, outcome, templates)


def _from_template(ground: Ground, probe: Templated, templates: Templates) -> MadeProbe:
    lens = probe.scope is Scope.LENS
    return MadeProbe(
        slot=probe.slot,
        scope=probe.scope,
        target=probe.target,
        split=ground.split,
        atom=probe.atom,
        question=probe.question,
        target_response=ground.text[probe.atom.start : probe.atom.end],
        ipa=probe.ipa,
        signed_index=probe.distance,
        signed_index_hint=probe.hint,
        actual_word_distance=None if lens else probe.distance,
        source="python_template",
        n_tokens=probe.n_tokens,
        tokenizer=templates.tokenizer.name if lens else None,
    )
