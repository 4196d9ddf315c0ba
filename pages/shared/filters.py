"""The filter of every screen: widgets bound to the query string, read into one `Filter`, and the way back to a link.

The names of the parameters are the widgets' keys, so a link is written and read in this module alone.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared import data, links, spelling
from pages.shared.spelling import NOTHING, shown
from queries.labels import Verdict
from queries.schema import (
    FLAG_RULES,
    Filter,
    Flag,
    Label,
    Scope,
    Search,
    SearchField,
    Sort,
    Target,
    Thresholds,
    Typicality,
)
from queries.store import SearchError

SEARCH_LABEL = "Search text"  # the document component finds the field by this name for the key /
VERDICTS = (*map(str, Verdict), spelling.STALE, "")  # human labels; "" for none
_LISTS = ("scope", "target", "typicality", "label", "verdict", "annotator", "vote", "round", "level", "flag")


def sidebar(cuts: DeltaGenerator | None = None) -> Filter:
    """Draw the filters and return what they mean. The label thresholds are drawn in `cuts`, else in the sidebar."""
    options = _options()
    with st.sidebar:
        left_out = st.container()
        search = _search()
        scopes = _pills("Scope", "scope", [*Scope], options["scope"])
        targets = _pills("Target", "target", [*Target], options["target"])
        typicalities = _pills("Typicality", "typicality", [*Typicality], options["typicality"])
        links.expect("label", Label)
        labels = st.pills(
            "Automatic label",
            list(Label),
            selection_mode="multi",
            key="label",
            help="By the max score. UNSCORED are all probes without one; word and lens probes never get one.",
            bind="query-params",
            persist_state="session",
        )
        verdicts, annotators, votes = _human()
        links.expect_range("score")
        low, high = st.slider(
            "Max score", 0.0, 1.0, (0.0, 1.0), 0.01, key="score", bind="query-params", persist_state="session"
        )
        flags = _flags(options["flag"])
        with st.expander("Round, level, document", key="more"):
            rounds = _numbers("Round", "round", options["round"])
            levels = _numbers("Level", "level", options["level"])
            doc_id = st.text_input("Document id", key="doc", bind="query-params", persist_state="session")
            host = st.text_input(
                "Source host",
                key="host",
                bind="query-params",
                persist_state="session",
                placeholder=f"example.org, or {NOTHING}",
            ).strip()
    thresholds = _thresholds(cuts or st.sidebar)
    where = Filter(
        scopes=tuple(scopes),
        targets=tuple(targets),
        typicalities=tuple(typicalities),
        labels=tuple(Label(label) for label in labels),
        score_from=round(low * 100) or None,
        score_to=round(high * 100) if high < 1 else None,
        rounds=tuple(rounds),
        levels=tuple(levels),
        flags=tuple(flags),
        doc_id=(doc_id or "").strip() or None,
        host="" if host == NOTHING else host or None,
        verdicts=tuple(verdicts),
        annotators=tuple(annotators),
        votes=tuple(votes),
        search=search,
        thresholds=thresholds,
    )
    with left_out:
        links.tell(where)
    return where


def _options() -> Mapping[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {
        facet: {} for facet in ("scope", "target", "typicality", "round", "level", "flag")
    }
    for row in data.ask("options"):
        found[row["facet"]][row["value"]] = row["probes"]
    return found


def _search() -> Search | None:
    text = st.text_input(
        SEARCH_LABEL, key="q", bind="query-params", persist_state="session", type="search", placeholder="any case"
    )
    links.expect("in", SearchField)
    fields = st.pills(
        "Search in",
        list(SearchField),
        selection_mode="multi",
        default=[SearchField.QUESTION, SearchField.ATOM],
        key="in",
        bind="query-params",
        persist_state="session",
        label_visibility="collapsed",
    )
    regex = st.toggle("Regular expression", key="regex", bind="query-params", persist_state="session")
    if not text or not fields:
        return None
    looked_for = Search(text=text, fields=tuple(SearchField(name) for name in fields), regex=regex)
    try:
        data.search(looked_for)
    except SearchError as error:
        st.text(str(error))
        return None
    return looked_for


def _pills(label: str, key: str, known: list[str], found: Mapping[str, int], *, help: str | None = None) -> list[str]:
    """Draw one facet: the words of the vocabulary, then whatever else the build holds, null as "none"."""
    values = [*known, *sorted(value for value in found if value and value not in known), *([""] if "" in found else [])]
    links.expect(key, map(shown, map(str, values)))
    return st.pills(
        label,
        [str(value) for value in values],
        selection_mode="multi",
        format_func=shown,
        key=key,
        bind="query-params",
        persist_state="session",
        help=help,
    )


def _human() -> tuple[list[str], list[str], list[str]]:
    """Draw the filters by human label where there are labels, or a link asks for them; return what they mean.

    Verdicts, annotators, and votes, which only links set: the cells of an agreement table are pairs of them.
    """
    votes = _asked("vote", spelling.vote_of)
    links.expect("vote", map(spelling.vote, votes))
    if votes:
        votes = _chosen(
            "All of these opinions",
            "vote",
            votes,
            spelled=spelling.vote,
            help="Probes on which each of these persons says this. A link asked for them; take one away to widen.",
        )
    asked = _asked("annotator", spelling.voice_of)
    links.expect("annotator", map(spelling.voice, asked))
    voices = [row["voice"] for row in data.ask("label_voices")]
    if not voices and not asked and not _asked("verdict", str):
        return [], [], votes
    verdicts = _pills("Human label", "verdict", list(VERDICTS), {}, help=_HUMAN)
    everyone = [*voices, *(name for name in asked if name not in voices)]
    annotators = _chosen("Annotator", "annotator", everyone, spelled=spelling.voice)
    return verdicts, annotators, votes


_HUMAN = (
    "What persons say: the adjudicated decision, else the majority of HARD and EASY; UNSURE where neither has one; "
    "STALE where all that was said concerns older content; none where nothing was. "
    "With annotators chosen: what any of them says."
)


def _asked(key: str, meant: Callable[[str], str | None]) -> list[str]:
    """Return what a filter may hold before it is drawn: what the session has chosen and what the link asks for."""
    linked = [meant(spelled) for spelled in st.query_params.get_all(key)]
    found = [*st.session_state.get(key, ()), *linked]
    return list(dict.fromkeys(value for value in found if value is not None))


def _chosen(label: str, key: str, options: list[str], *, spelled: Callable[[str], str], help: str = "") -> list[str]:
    return st.multiselect(
        label,
        options,
        format_func=spelled,
        key=key,
        bind="query-params",
        persist_state="session",
        placeholder="any",
        help=help or None,
    )


def _flags(found: Mapping[str, int]) -> list[str]:
    counts = {flag: found.get(str(bit), 0) for bit, flag in enumerate(Flag)}
    names = ["", *(str(flag) for flag in Flag if counts[flag])]
    links.expect("flag", [name or NOTHING for name in names])
    return st.multiselect(
        "Flags",
        names,
        format_func=lambda name: name or NOTHING,
        key="flag",
        bind="query-params",
        persist_state="session",
        placeholder="any",
        help="  \n".join(
            f"`{name}`, {counts[Flag(name)]:,}: {FLAG_RULES[Flag(name)].meaning}" for name in names if name
        ),
    )


def _numbers(label: str, key: str, found: Mapping[str, int]) -> list[int]:
    links.expect(key, found)
    return st.multiselect(
        label,
        sorted(int(value) for value in found),
        key=key,
        bind="query-params",
        persist_state="session",
        placeholder="any",
    )


def _thresholds(place: DeltaGenerator) -> Thresholds:
    default = data.current_build().thresholds
    links.expect_range("cut")
    low, high = place.slider(
        "HARD below, EASY from",
        0.0,
        1.0,
        (default.hard_below / 100, default.easy_from / 100),
        0.01,
        key="cut",
        bind="query-params",
        persist_state="session",
        help="The automatic label: HARD below the first threshold of the max score, EASY from the second on.",
    )
    return Thresholds(hard_below=round(low * 100), easy_from=round(high * 100))


def choose(label: str, key: str, options: Iterable[str], *, usual: str | None = None) -> str:
    """Draw one choice that is kept in the URL and return it; `usual`, or the first, stands where nothing is chosen."""
    words = [str(option) for option in options]
    default = str(usual or words[0])
    return st.segmented_control(label, words, default=default, required=True, key=key, bind="query-params")


def order() -> tuple[Sort, bool]:
    """Draw the choice of order and return it with whether it descends."""
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        st.text("Sort by", width="content")
        sort = st.selectbox(
            "Sort by",
            list(Sort),
            key="sort",
            bind="query-params",
            persist_state="session",
            label_visibility="collapsed",
            width=150,
        )
        descending = st.toggle("Descending", key="desc", bind="query-params", persist_state="session")
    return Sort(sort), descending


def browse_query(where: Filter, **changes: Any) -> dict[str, str | list[str]]:
    """Return the query parameters that open Browse on exactly the probes of `where`, changed by fields of Filter."""
    fields = {**{name: getattr(where, name) for name in where.__dataclass_fields__}, **changes}
    lists = {
        "scope": fields["scopes"],
        "target": fields["targets"],
        "typicality": fields["typicalities"],
        "label": fields["labels"],
        "verdict": fields["verdicts"],
        "round": fields["rounds"],
        "level": fields["levels"],
        "flag": fields["flags"],
    }
    # A bound widget reads and writes what it shows of an option, so a null travels as the word for it.
    query: dict[str, str | list[str]] = {
        key: [shown(str(v)) for v in values] for key, values in lists.items() if values
    }
    for key, names, spelled in (
        ("annotator", fields["annotators"], spelling.voice),
        ("vote", fields["votes"], spelling.vote),
    ):
        query |= {key: [spelled(name) for name in names]} if names else {}
    low, high = fields["score_from"] or 0, 100 if fields["score_to"] is None else fields["score_to"]
    if (low, high) != (0, 100):
        query["score"] = [f"{low / 100:g}", f"{high / 100:g}"]
    cuts = fields["thresholds"]
    build = data.current_build()
    if cuts != build.thresholds:
        query["cut"] = [f"{cuts.hard_below / 100:g}", f"{cuts.easy_from / 100:g}"]
    query |= {"doc": fields["doc_id"]} if fields["doc_id"] else {}
    query |= {} if fields["host"] is None else {"host": fields["host"] or NOTHING}
    looked_for = fields["search"]
    if looked_for:
        query |= {"q": looked_for.text, "in": [str(name) for name in looked_for.fields]}
        query |= {"regex": "true"} if looked_for.regex else {}
    return {"build": build.name, **query}


def clear() -> None:
    """Set every filter back to "any"; a callback, so that it runs before the widgets are drawn."""
    st.session_state.update({key: [] for key in _LISTS})
    st.session_state.update(dict.fromkeys(("q", "doc", "host"), ""))
    st.session_state.update(regex=False, score=(0.0, 1.0))
