"""Rewrite the golden files from what the code renders now: `python -m tests.accept`; the diff is for review."""

import json
from pathlib import Path

from pipeline.probes import freezing
from pipeline.prompts import Prompt, addenda, answerer, generator, judge
from pipeline.prompts.numbering import Numbered
from queries.schema import Target
from tests.openings import OPENING, ROLLOUTS, drawn, reply, sample, written

GOLDEN = Path(__file__).parent / "golden"
FRAME = "===== system\n{system}\n===== user\n{user}\n"


def rendered() -> dict[str, Prompt]:
    """Return every prompt by the name of its golden file: the generator's at every level, and the small ones."""
    document = Numbered.of(OPENING, ROLLOUTS[0], letter="A").text
    split = document.index(" His father")
    question = "What did the father do?"
    told = freezing.told_of(drawn(), reply(json.dumps(written()))) or ""
    blind = {target: answerer.prompt(text=document, split=split, target=target, question=question) for target in Target}
    return {
        **{f"generator_{level:+d}": generator.prompt(drawn(), addendum=text) for level, text in addenda().items()},
        "generator_frozen": generator.prompt(drawn(), addendum=told + addenda()[1]),
        "generator_sample": generator.prompt(sample()[0], addendum=addenda()[-2]),
        **{f"answerer_{target}": prompt for target, prompt in blind.items()},
        "judge": judge.prompt(question=question, atom="His father had done the same.", answer="He kept a ledger too."),
    }


def main() -> None:
    """Write all golden files."""
    GOLDEN.mkdir(exist_ok=True)
    for name, prompt in rendered().items():
        (GOLDEN / f"{name}.txt").write_text(FRAME.format(**prompt._asdict()), encoding="utf-8")


if __name__ == "__main__":
    main()
