"""Read probes: filter them, choose one, see it in its document."""

import streamlit as st

from pages.shared import data, document, filters, probe_card, rail, reading, siblings
from queries.listing import Listing

where = filters.sidebar()
build = data.current_build()
counts = data.ask("count", where)[0]

with st.container(key="heading", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    head = st.container(width="content")
    sort, descending = filters.order()
listing = Listing(ask=data.ask, where=where, sort=sort, descending=descending)

found = reading.place(listing)
if found is None:
    head.subheader("No probe matches these filters" if counts["total"] else "This build holds no probes")
    st.text(
        "Widen or clear a filter." if counts["total"] else "Import some: python -m pipeline import SOURCE --build NAME"
    )
    head.button("Clear all filters", on_click=filters.clear, disabled=not counts["total"])
    st.stop()
here, page = found
head.text(reading.standing(here, counts))
probe, doc, chips, opinions = reading.read(here, where)

with st.container(key="reading"):
    rail_side, text_side, card_side = st.columns([5, 12, 8], gap="medium")
with rail_side:
    reading.pager(here, counts["probes"])
    with st.container(height=reading.HEIGHT, border=False):
        rail.rows(
            "rail",
            page.rows,
            verdicts=reading.verdicts(page),
            current=here.probe_id,
            on_open=reading.open_probe,
            on_return=reading.return_to,
        )
with text_side:
    st.text(reading.title(doc))
    rail.chips(
        "chips",
        chips,
        current=here.probe_id,
        on_open=reading.open_probe,
    )
    reading.badges(probe)
    document.show(
        probe_id=here.probe_id,
        segments=reading.segments(doc, probe, where.search),
        height=reading.HEIGHT,
        on_action=reading.act,
    )
    siblings.show(build, doc, probe)
with card_side, st.container(height=reading.HEIGHT + 60, border=False):
    probe_card.show(probe, label=where.thresholds.label(probe["score"]), opinions=opinions)
    reading.stored_row(build, probe)
reading.read_ahead(page, here, where)
