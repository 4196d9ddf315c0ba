"""The colors that carry meaning, defined once. Blue to orange survives the common kinds of color blindness."""

from pipeline.running.state import RunState
from queries.labels import Verdict
from queries.schema import Label

# Mid-tones with a contrast of 3:1 or more on both backgrounds of .streamlit/config.toml.
LABEL_COLORS = {
    Label.HARD: "#3b7dd8",
    Label.MIDDLE: "#8a8f98",
    Label.EASY: "#d9731a",
    Label.UNSCORED: "#7c818a",
}

# Human labels; UNSURE stands between HARD and EASY as MIDDLE does.
VERDICT_COLORS = {
    Verdict.HARD: LABEL_COLORS[Label.HARD],
    Verdict.EASY: LABEL_COLORS[Label.EASY],
    Verdict.UNSURE: LABEL_COLORS[Label.MIDDLE],
    "STALE": LABEL_COLORS[Label.UNSCORED],
}

HUMAN_COLOR = "#ad5fbd"  # what persons say, drawn over bars of the label colors

# From teal, where probes should be easiest, over grey to purple; as dark as they may be on black, as light as on white.
_LEVEL_COLORS = ("#1f8a7d", "#4d8f88", "#6f908d", "#8a8f98", "#97859c", "#9c6ba8", "#a04fb0")


def level_color(level: int) -> str:
    """Return the color of a calibration level; those beyond -3 and +3 look like these."""
    return _LEVEL_COLORS[max(-3, min(level, 3)) + 3]


STATE_COLORS = {
    RunState.QUEUED: "#8a8f98",
    RunState.RUNNING: "#3b7dd8",
    RunState.PAUSED: "#d9731a",
    RunState.FINISHED: "#2f8f5b",
    RunState.FAILED: "#c8414b",
    RunState.STOPPED: "#8a8f98",
    RunState.DIED: "#c8414b",
}
