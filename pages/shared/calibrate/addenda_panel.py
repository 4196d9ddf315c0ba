"""The addenda: what each level adds to the generator's prompt, the difference of two, and the form that edits one."""

import difflib
from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from pages.shared import data
from pages.shared.calibrate.bench import Bench
from pages.shared.calibrate.level_charts import signed
from pages.shared.calibrate.levels import SHEET
from pages.shared.escape import safe
from pipeline.addenda import BASE, FARTHEST, LONGEST, Addendum, addenda, write_addendum
from pipeline.errors import StageError

KEPT = 4  # words in a row that stand unmarked where both texts have them


def show(bench: Bench, *, start: int, to: int) -> None:
    """Draw the two texts with their difference, then every level's text in the build, then the form."""
    before, after = bench.sweep.levels[start].text, bench.sweep.levels[to].text
    st.html(
        f'{SHEET}<section class="addendum"><h4>From {signed(start)} to {signed(to)}, as this sweep was made'
        f"</h4><pre>{difference(before, after) or 'nothing in either'}</pre></section>"
    )
    left, right = st.columns(2, gap="large")
    known = addenda(bench.home)
    with left:
        st.subheader(f"Addenda of {bench.home.name}")
        st.html(f'{SHEET}<section class="addendum">{"".join(_texts(known.values(), bench))}</section>')
    with right:
        edit(bench.home, known)


def difference(before: str, after: str) -> str:
    """Return, as HTML, the words of both texts, with those of one alone marked."""
    old, new = before.split(), after.split()
    if old == new:
        return _words(new)
    parts, a, c = [], 0, 0
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    for block in blocks:
        if 0 < block.size < KEPT:  # so few words in common read better as part of the change
            continue
        parts += [f"<del>{_words(old[a : block.a])}</del>"] if block.a > a else []
        parts += [f"<ins>{_words(new[c : block.b])}</ins>"] if block.b > c else []
        a, c = block.a + block.size, block.b + block.size
        parts += [_words(old[block.a : a])] if block.size else []
    return " ".join(parts)


def _words(words: list[str]) -> str:
    return safe(" ".join(words))


def _texts(known: Iterable[Addendum], bench: Bench) -> Iterable[str]:
    for one in known:
        swept = bench.sweep.levels.get(one.level)
        apart = "this sweep has an earlier text" if swept and swept.text != one.text else ""
        told = [
            f"by {one.by} on {(one.when or '')[:10]}: {one.why}" if one.by else "as shipped",
            f"prompt {one.fingerprint[:8]}",
            apart if swept else "not in this sweep",
        ]
        small = " · ".join(safe(word) for word in told if word)
        text = _words(one.text.split()) or "<i>adds nothing</i>"
        yield f"<h4>{signed(one.level)}<small>{small}</small></h4><pre>{text}</pre>"


def edit(home: Path, known: dict[int, Addendum]) -> None:
    """Draw the form that edits an addendum of the build at `home`, or adds one."""
    st.subheader("Edit or add one")
    st.caption(
        f"For {home.name} alone; the shipped text stays. A level from −{FARTHEST} to +{FARTHEST} that has none yet is "
        "added. A sweep or round that was made keeps the text it was made with."
    )
    levels = [level for level in range(-FARTHEST, FARTHEST + 1) if level != BASE]
    level = st.selectbox(
        "Level",
        levels,
        index=levels.index(1),
        format_func=lambda each: signed(each) + ("" if each in known else ", new"),
        key="edit-level",
        width=160,
    )
    with st.form(f"addendum-{level}", border=False):
        text = st.text_area(
            "Addendum", known[level].text if level in known else "Calibration: ", height=160, max_chars=LONGEST
        )
        why = st.text_input("Why")
        if st.form_submit_button("Save it for this build"):
            try:
                write_addendum(home, level=level, text=text, by=data.annotator(), why=why)
            except StageError as error:
                st.text(str(error))
            else:
                st.rerun()
