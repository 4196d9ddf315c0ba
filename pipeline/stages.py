"""The build as a table: what can be run, what it does, and the module that does it, imported only when asked for."""

from argparse import ArgumentParser, Namespace
from importlib import import_module
from typing import Any, NamedTuple, Protocol, cast


class StageModule(Protocol):
    """What a stage's module offers. `run` returns a summary; printing the summary tells a person what was done."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the stage's arguments."""

    def settings(self, arguments: Namespace) -> Any:
        """Return the stage's settings, checked; raises StageError for what cannot be."""

    def run(self, settings: Any) -> object:
        """Run the stage in the foreground; raises StageError where it cannot go on."""


class Stage(NamedTuple):
    """One row of the table."""

    name: str
    does: str
    module: str

    def load(self) -> StageModule:
        """Import the stage's module, which may take seconds."""
        return cast(StageModule, import_module(self.module))


STAGES = (
    Stage("run", "Make a round: all stages from sample to index, each going on where it stopped.", "pipeline.run"),
    Stage("sample", "Draw a round: documents that no earlier round of the build has.", "pipeline.sample"),
    Stage("generate", "Ask the generator for probes, one call a document.", "pipeline.generate"),
    Stage("finalize", "Make the replies into probes, or rejects with reasons.", "pipeline.finalize"),
    Stage("siblings", "Count in how many siblings the claim of a suffix atom recurs.", "pipeline.siblings"),
    Stage("answer", "Ask blind readers, K times a sentence, paragraph or whole probe.", "pipeline.answer"),
    Stage("judge", "Ask for a score from 0 to 1 of each answer.", "pipeline.judge"),
    Stage("index", "Bring a round's probes and scores into the index that the app reads.", "pipeline.index"),
    Stage("sweep", "Take the same documents through calibration levels; no round.", "pipeline.sweep"),
    Stage("check", "Ask every invariant of a build as a query that must return no rows.", "pipeline.check"),
    Stage("publish", "Write a build as a data set with its card, to a folder or the Hub.", "pipeline.publish"),
    Stage("import", "Bring published probes into a build and index them.", "pipeline.importer"),
    Stage("status", "Say what a build holds, how far it is and what it cost, and check its card.", "pipeline.status"),
    Stage("labels", "Export and import human labels, and keep copies of their log.", "pipeline.labels"),
)
