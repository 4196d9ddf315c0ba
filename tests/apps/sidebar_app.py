"""The sidebar alone: what it reads is left in the session, as is the link to a filter that the session names."""

import streamlit as st

from pages.shared import data, filters, label_data

data.choose_build()
label_data.bring_labels()
st.session_state["read"] = filters.sidebar()
if "wanted" in st.session_state:
    st.session_state["link"] = filters.browse_query(st.session_state["wanted"])
