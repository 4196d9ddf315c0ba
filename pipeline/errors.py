"""The one kind of error that a stage reports to a person: its message says what is wrong, where, and what to do."""


class StageError(Exception):
    """A stage cannot go on. Nothing that was there before is lost; the process ends with exit code 2."""
