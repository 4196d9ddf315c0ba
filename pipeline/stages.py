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
    Stage("import", "Bring published probes into a build and index them.", "pipeline.importer"),
    Stage("status", "Say what a build holds and where its card disagrees.", "pipeline.status"),
    Stage("labels", "Export and import human labels, and keep copies of their log.", "pipeline.labels"),
)
