"""What a calibration level adds to the generator's prompt in one build: the shipped text, or what the build made of it.

The shipped addenda are pipeline/prompts/levels.toml. A build may edit them and add levels of its own; each edit is a
line more in its `addenda.json`, and the last one of a level counts, so that every text ever used can be read again.
"""

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipeline import prompts
from pipeline.errors import StageError
from pipeline.files import locked, put_json
from pipeline.prompts.generator import prompt_fingerprint

BASE = 0  # the level that adds nothing, which others are compared with
FARTHEST = 9  # levels go from -9 to 9: they stand on an axis, and as a sign and a digit in names
SPAN = re.compile(r"(?P<low>[-+]?\d)(?:\.\.(?P<high>[-+]?\d))?")
LONGEST = 4000  # characters; the shipped addenda have 100-300


@dataclass(frozen=True, kw_only=True)
class Addendum:
    """The text of a level. Who wrote it, when and why is None for a shipped one."""

    level: int
    text: str
    by: str | None = None
    when: str | None = None
    why: str | None = None

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the generator's prompt with this text, in hexadecimal; the same text, the same prompt."""
        return prompt_fingerprint(self.text)


def signed(level: int) -> str:
    """Return a level as people write it: -2, 0, +1."""
    return f"{level:+d}" if level else "0"


def parse_levels(text: str) -> tuple[int, ...]:
    """Return the levels that `text` names, lowest first: "-3..3", "-2,0,2". Raises StageError for anything else."""
    levels: set[int] = set()
    for part in text.split(","):
        found = SPAN.fullmatch(part.strip())
        if not found:
            raise StageError(f"--levels={text}: write levels from -{FARTHEST} to {FARTHEST} as -3..3 or -2,0,1.")
        low = int(found["low"])
        levels |= set(range(low, int(found["high"] or low) + 1))
    if not levels:
        raise StageError(f"--levels={text}: the first level of a span is the lowest.")
    return tuple(sorted(levels))


EDITS = TypeAdapter(list[Addendum])


def addenda(build: Path) -> dict[int, Addendum]:
    """Return the addendum of each level of a build, lowest first. Raises StageError where the edits are damaged."""
    shipped = {level: Addendum(level=level, text=text) for level, text in prompts.addenda().items()}
    return dict(sorted({**shipped, **{edit.level: edit for edit in edits(build)}}.items()))


def edits(build: Path) -> list[Addendum]:
    """Return every edit of a build's addenda, oldest first. Raises StageError where they are damaged."""
    path = build / "addenda.json"
    try:
        return EDITS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return []
    except ValidationError as error:
        raise StageError(f"{path} is damaged ({error.error_count()} faults); mend it.") from error


def write_addendum(build: Path, *, level: int, text: str, by: str, why: str) -> Addendum:
    """Make `text` the addendum of `level` in a build and return it. Sweeps and rounds made before keep theirs.

    Raises StageError for a level or a text that cannot be, and while another process writes the build.
    """
    if level == BASE or abs(level) > FARTHEST:
        raise StageError(
            f"Level {signed(level)} takes no addendum: -{FARTHEST} to {FARTHEST}, and not 0, which adds nothing."
        )
    if not text.strip() or len(text) > LONGEST:
        raise StageError(f"An addendum has 1 to {LONGEST:,} characters; this has {len(text.strip()):,}.")
    if prompts.fenced(text) != text:
        raise StageError("An addendum stands outside the prompt's tags; leave out <document>, <truth> and <answer>.")
    when = datetime.now(UTC).isoformat(timespec="seconds")
    edit = Addendum(level=level, text=f"{text.strip()}\n", by=by, when=when, why=why.strip())
    with locked(build):
        put_json(build / "addenda.json", [asdict(one) for one in (*edits(build), edit)])
    return edit
