"""A build to label: one probe a document, each hidden side with a word of its own, and queues over it."""

from pathlib import Path
from typing import Any

from queries.labels import LabelLog, open_database
from queries.labels.database import Row
from queries.queues import Ordering, Queue, Queues, Wish
from queries.schema import Filter, Target
from queries.store import Store, read_index
from tests.builds import make_build, published_row

BUILD = "tiny"
PER_HOST = 12  # so that a filter by host gives tests probes of their own in one build


def host(number: int) -> str:
    """Return the name of the source of documents 12 * number and on."""
    return f"h{number}.example"


def canary(number: int) -> str:
    """Return the word that stands on the hidden side of probe `number` and in its answers, and nowhere else."""
    return f"canary{number:03d}x"


def probe_row(number: int) -> dict[str, Any]:
    """Return the only probe of document `number`; targets take turns."""
    target = (Target.SUFFIX, Target.PREFIX)[number % 2]
    atom = f"Nobody but the {canary(number)} knew where the key of the tower had been laid."
    hidden = f"At noon the bells were still. {atom} Then the boats came in, one after the other."
    visible = f"Sheet {number:03d} of the ledger names the wind and the ice. " + "The pilots waited for the thaw. " * 40
    before, after = (visible, hidden) if target is Target.SUFFIX else (f"{hidden} ", visible)
    return published_row(
        doc=before + after,
        split_char_offset=len(before),
        doc_id=f"doc-{number:04d}",
        doc_source=f"https://{host(number // PER_HOST)}/sheet",
        row_seed=number,
        target=target,
        atom_text=atom,
        verbalizer_prompt=f"What is asked of sheet {number:03d}?",
        target_response=f"That the {canary(number)} knew.",
        incorrect_plausible_answer="Nobody but the bishop had known where the silver of the chapel was.",
        bb_answer_rollout_answers=[f"Perhaps the {canary(number)}."] * 5,
        bb_answer_rollout_scores=[round(number * 7 % 100 / 100, 2)] * 5,
    )


def labelled_build(root: Path, *, probes: int) -> Path:
    """Import a build of `probes` documents under the data root `root`."""
    return make_build([probe_row(number) for number in range(probes)], root, name=BUILD)


def open_log(root: Path) -> LabelLog:
    """Open the labels of the data root `root`, as its servers do."""
    return LabelLog(open_database(url=None, path=root / "labels.db"))


def make_queue(root: Path, **wish: Any) -> Queue:
    """Freeze a queue over the whole build: random, blind, one annotator a probe, but for `wish`."""
    store = Store(read_index(root / "builds" / BUILD))
    given = {"name": "a queue", "made_by": "ada", "where": Filter(), "ordering": Ordering.RANDOM, "size": 1000}
    try:
        return Queues(open_log(root).database).make(store, Wish(**{**given, **wish}), build=BUILD)
    finally:
        store.close()


def events(root: Path) -> list[Row]:
    """Return everything that was ever stored, oldest first."""
    return list(open_log(root).events())
