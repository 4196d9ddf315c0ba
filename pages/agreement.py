"""How far persons agree with each other and with the automatic label, how wrong that is, and what is left to decide."""

import streamlit as st

from pages.shared import filters, label_data, links
from pages.shared.agreement import adjudication, agreement_tables, glance, label_error
from queries.agreement import THREE, TWO
from queries.raters import Given
from queries.schema import Filter

CATEGORIES = {"HARD, EASY": TWO, "with the middle": THREE}


def compare(where: Filter) -> None:
    """Draw who agrees how far with whom, and one pair in full."""
    with st.container(horizontal=True, gap="medium"):
        blind = bool(label_data.board(where, Given.BLIND).annotators)
        usual = Given.BLIND if blind else Given.FINAL
        given = Given(filters.choose("Verdicts of annotators", "given", Given, usual=usual))
        categories = CATEGORIES[filters.choose("Categories", "cells", CATEGORIES)]
    board = label_data.board(where, given)
    pairs = board.pairs()
    if not pairs:
        st.subheader("Nobody has judged these probes yet")
        st.text("Relabel serves queues of probes to judge; what is said there is compared here.")
        return
    agreement_tables.overview(board, categories)
    pair = agreement_tables.choose_pair(board, pairs)
    agreement_tables.pair_table(board, pair, where, categories)
    agreement_tables.by_scope(board, pair, where, categories)
    agreement_tables.notes(board)


views = {
    "Agreement": compare,
    "Automatic label": label_error.show,
    "Disagreements": adjudication.show,
}
for key, words in {"view": views, "given": Given, "cells": CATEGORIES}.items():
    links.expect(key, words)
where = agreement_tables.without_labels(filters.sidebar())
view = filters.choose("Show", "view", views)
if view != "Disagreements":  # which needs the height of the window for the document
    glance.show(where)
views[view](where)
