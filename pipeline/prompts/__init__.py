"""The prompts: text files beside this module, rendered by `string.Template`, and the fingerprint of what they say.

Whatever comes from a document or a model is data inside a fence (`<document>`, `<truth>`, `<answer>`) that it cannot
close.
"""

import re
import tomllib
from functools import cache
from hashlib import sha256
from pathlib import Path
from string import Template
from typing import NamedTuple

HERE = Path(__file__).parent
UNSEEN = "\u00ad\u200b-\u200f\u2060-\u2064\ufeff"  # may stand inside a tag that still reads as one
NAMES = "|".join(f"[{UNSEEN}]*".join(name) for name in ("document", "truth", "answer"))
TAG = re.compile(rf"<(?=[\s{UNSEEN}]*/?[\s{UNSEEN}]*(?:{NAMES})\b)", re.IGNORECASE)


class Prompt(NamedTuple):
    """What a model is sent. `system` is empty where the prompt has none."""

    system: str
    user: str


@cache
def template(name: str) -> str:
    """Return the text of the prompt file `name` without its ending line break."""
    return (HERE / f"{name}.md").read_text(encoding="utf-8").removesuffix("\n")


def render(name: str, **values: str) -> str:
    """Return the prompt `name` with every `$field` replaced; KeyError where a value is missing, ValueError where one is
    too many. Values are not read as templates themselves."""
    made = Template(template(name))
    unused = values.keys() - set(made.get_identifiers())
    if unused:
        raise ValueError(f"the prompt {name} has no field {', '.join(sorted(unused))}")
    return made.substitute(values)


@cache
def addenda() -> dict[int, str]:
    """Return what each shipped calibration level adds to the generator's prompt; level 0 adds nothing."""
    levels = tomllib.loads((HERE / "levels.toml").read_text(encoding="utf-8"))["levels"]
    return {int(level): text for level, text in sorted(levels.items(), key=lambda each: int(each[0]))}


def fingerprint(*names: str, addendum: str | None = None) -> str:
    """Return the sha256, in hexadecimal, of the named prompt files and of the addendum, if one is given."""
    digest = sha256()
    for text in (*map(template, names), *(() if addendum is None else (addendum,))):
        content = text.encode("utf-8")
        digest.update(b"%d\n%s" % (len(content), content))
    return digest.hexdigest()


def fenced(text: str) -> str:
    """Return `text` as it may stand between a prompt's tags: a tag of ours inside it begins with another bracket."""
    return TAG.sub("‹", text)


def one_line(text: str) -> str:
    """Return `text` on one line, where it stands outside the tags and must not look like a part of the prompt."""
    return " ".join(fenced(text).split())
