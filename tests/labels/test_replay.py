"""Any sequence of presses, stale views, repeats, undos and redos leaves what a plain model says, on both databases."""

import uuid
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from queries.labels import ADJUDICATED, Change, Conflict, LabelLog, Op, Refusal, Reversal, Saved, Verdict
from tests.labels.conftest import Place
from tests.labels.presses import press, reversal

PROBES = st.sampled_from(["p1", "p2"])
PEOPLE = st.sampled_from(["ada", "bob"])
VERDICTS = st.sampled_from(list(Verdict))


@dataclass
class Said:
    """What the model holds of one voice: the verdict and note, since which change, at which revision."""

    verdict: Verdict | None = None
    note: str = ""
    by: str | None = None
    revision: int = 0


@dataclass
class Step:
    """A change on an annotator's stack, and what it replaced."""

    event_id: str
    key: tuple[str, str]
    before: Said
    after: Said


@dataclass
class Stacks:
    """What an annotator can undo and redo."""

    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)


class Replay(RuleBasedStateMachine):
    """The log beside a model of it: dictionaries and two stacks an annotator."""

    log: LabelLog

    @initialize()
    def begin(self) -> None:
        """Use a build of its own, so that all runs can share one log."""
        self.build = uuid.uuid4().hex
        self.said: dict[tuple[str, str], Said] = {}
        self.stacks: dict[str, Stacks] = {}
        self.sent: list[tuple[Change | Reversal, int]] = []

    @rule(
        probe=PROBES,
        who=PEOPLE,
        verdict=VERDICTS | st.none(),
        note=st.sampled_from([None, "", "n"]),
        op=st.sampled_from([Op.SET, Op.ADJUDICATE]),
        behind=st.sampled_from([0, 0, 0, 1]),
    )
    def change(self, probe: str, who: str, verdict: Verdict | None, note: str | None, op: Op, behind: int) -> None:
        """Press something, now and then on an old view."""
        if verdict is None and note is None:
            note = "n"
        key = probe, ADJUDICATED if op is Op.ADJUDICATE else who
        held = self.said.get(key, Said())
        event = press(
            probe, annotator=who, build=self.build, op=op, verdict=verdict, note=note, expected=held.revision - behind
        )
        outcome = self.log.append(event)
        if behind:
            assert isinstance(outcome, Conflict)
            assert outcome.refusal is Refusal.REVISION
            return
        assert isinstance(outcome, Saved)
        now = Said(
            verdict=held.verdict if verdict is None else verdict,
            note=held.note if note is None else note,
            by=event.event_id,
            revision=held.revision + 1,
        )
        self.said[key] = now
        stacks = self.stacks.setdefault(who, Stacks())
        stacks.done.append(Step(event.event_id, key, held, now))
        stacks.undone.clear()
        self.sent.append((event, outcome.seq))

    @rule(who=PEOPLE, op=st.sampled_from([Op.UNDO, Op.UNDO, Op.REDO]))
    def reverse(self, who: str, op: Op) -> None:
        """Undo or redo."""
        event = reversal(op, annotator=who, build=self.build)
        outcome = self.log.append(event)
        stacks = self.stacks.setdefault(who, Stacks())
        source, sink = (stacks.done, stacks.undone) if op is Op.UNDO else (stacks.undone, stacks.done)
        if not source:
            assert isinstance(outcome, Conflict)
            assert outcome.refusal is Refusal.NOTHING_LEFT
            return
        step = source[-1]
        held = self.said[step.key]
        if held.by != (step.event_id if op is Op.UNDO else step.before.by):
            assert isinstance(outcome, Conflict)
            assert outcome.refusal is Refusal.NOT_LAST
            return
        assert isinstance(outcome, Saved)
        sink.append(source.pop())
        self.said[step.key] = replace(step.before if op is Op.UNDO else step.after, revision=held.revision + 1)
        self.sent.append((event, outcome.seq))

    @rule(at=st.integers(0, 50))
    def resend(self, at: int) -> None:
        """Send an old event again: it has its number, and nothing happens."""
        if self.sent:
            event, seq = self.sent[at % len(self.sent)]
            outcome = self.log.append(event)
            assert isinstance(outcome, Saved)
            assert (outcome.seq, outcome.repeated) == (seq, True)

    @invariant()
    def the_log_says_what_the_model_says(self) -> None:
        """Every opinion, its revision and its rows."""
        for probe in ("p1", "p2"):
            held = {each.voice: each for each in self.log.opinions(self.build, probe)}
            model = {voice: said for (name, voice), said in self.said.items() if name == probe}
            assert {voice: (each.state.verdict, each.state.note, each.revision) for voice, each in held.items()} == {
                voice: (said.verdict, said.note, said.revision) for voice, said in model.items()
            }

    def teardown(self) -> None:
        """Check the whole chain, and that no revision is missing."""
        self.log.verify()
        for probe in ("p1", "p2"):
            revisions: dict[str, list[int]] = {}
            for row in self.log.history(self.build, probe):
                revisions.setdefault(row["voice"], []).append(row["revision"])
            assert all(found == list(range(1, len(found) + 1)) for found in revisions.values())


@pytest.mark.parametrize("examples", [12, pytest.param(200, marks=pytest.mark.whole)])
def test_the_log_replays_to_what_was_pressed(place: Place, examples: int) -> None:
    log = place.log()

    class Here(Replay):
        pass

    Here.log = log
    limits = settings(
        max_examples=examples,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Here, settings=limits)
