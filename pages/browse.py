"""Read probes: filter them, choose one, see it in its document."""

import streamlit as st

from pages.shared import data, filters, label_data, links, rail
from pages.shared.document import document, probe_card, reading, siblings
from queries.listing import Listing
from queries.schema import Filter, Sort

links.expect("sort", Sort)
where = filters.sidebar()
reading.id_field()
with st.container(key="heading", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    head = st.container(width="content")
    sort, descending = filters.order()
listing = Listing(ask=data.ask, where=where, sort=sort, descending=descending)

if reading.place(listing) is None:
    total = data.ask("count", where)[0]["total"]
    head.subheader("No probe matches these filters" if total else "This build holds no probes")
    st.text("Widen or clear a filter." if total else "Import some: python -m pipeline import SOURCE --build NAME")
    head.button("Clear all filters", on_click=filters.clear, disabled=not total)
    document.keys_alone(on_action=reading.act, build=data.current_build().name)
    st.stop()


@st.fragment
def read(listing: Listing, where: Filter) -> None:
    """Draw the list, the open probe and its document: a key runs this, and not the frame and the filters."""
    build = label_data.renewed_build()
    found = reading.place(listing)
    if found is None:
        st.rerun()
    here, page, counts = found
    head.text(reading.standing(here, counts))
    with st.container(key="reading"):
        rail_side, text_side, card_side = st.columns([5, 12, 8], gap="medium")
    with rail_side:
        reading.pager(here, counts["probes"])
        with st.container(key="list"):
            rail.rows(
                "rail",
                page.rows,
                verdicts=reading.verdicts(page),
                current=here.probe_id,
                on_open=reading.open_probe,
                on_return=reading.return_to,
            )
    probe, doc, chips, opinions = reading.read(here, where)
    with text_side:
        st.text(reading.title(doc))
        rail.chips("chips", chips, current=here.probe_id, on_open=reading.open_probe)
        reading.badges(probe)
        document.show(
            probe_id=here.probe_id,
            segments=reading.segments(doc, probe, where.search),
            build=build.name,
            on_action=reading.act,
        )
        siblings.show(build, doc, probe)
    with card_side, st.container(key="probe"):
        probe_card.show(probe, label=where.thresholds.label(probe["score"]), opinions=opinions)
        reading.stored_row(build, probe)
    reading.read_ahead(listing, page, here)


read(listing, where)
