"""What a stage can be told, as values instead of a command line: what a form is drawn from, and what it becomes."""

from argparse import Action, ArgumentParser
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from pipeline.stages import Stage

ESTIMATE = "estimate"  # the switch of stages that cost money: print what it would cost, and do nothing


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    SWITCH = "switch"


class Field(NamedTuple):
    """One argument of a stage. `option` is "" for one that is told by its place."""

    name: str
    option: str
    kind: Kind
    default: Any
    choices: tuple[str, ...]
    needed: bool
    help: str


class _Collector(ArgumentParser):
    """A parser that remembers what was declared."""

    def __init__(self) -> None:
        self.declared: list[Action] = []
        super().__init__(add_help=False)

    def add_argument(self, *args: Any, **kwargs: Any) -> Action:
        """Declare an argument."""
        action = super().add_argument(*args, **kwargs)
        self.declared.append(action)
        return action


def fields(stage: Stage) -> tuple[Field, ...]:
    """Return the fields of a stage in the order in which it declares them."""
    collector = _Collector()
    stage.load().add_arguments(collector)
    return tuple(_field(action) for action in collector.declared)


def _field(action: Action) -> Field:
    return Field(
        name=action.dest,
        option=action.option_strings[0] if action.option_strings else "",
        kind=_kind(action),
        default=action.default,
        choices=tuple(map(str, action.choices or ())),
        needed=action.required,
        help=action.help or "",
    )


def _kind(action: Action) -> Kind:
    if action.choices:
        return Kind.CHOICE
    if action.nargs == 0:
        return Kind.SWITCH
    return Kind.NUMBER if action.type is int else Kind.TEXT


def words(stage: Stage, values: Mapping[str, Any]) -> list[str]:
    """Return the command that tells a stage these values: what is left out, empty or the default is not spelled out."""
    told = [stage.name]
    for field in fields(stage):
        value = values.get(field.name, field.default)
        if value in (None, "") or (value == field.default and not field.needed):
            continue
        if field.kind is Kind.SWITCH:
            told.append(field.option)
        else:
            told.append(f"{field.option}={value}" if field.option else str(value))
    return told


def lacking(stage: Stage, values: Mapping[str, Any]) -> list[str]:
    """Return the names of the fields that a stage needs and that are not among the values."""
    return [field.name for field in fields(stage) if field.needed and values.get(field.name) in (None, "")]
