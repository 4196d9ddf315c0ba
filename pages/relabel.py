"""Label probes by hand: choose or make a queue, read one probe after another, and say HARD, EASY or UNSURE."""

import streamlit as st

from pages.shared import filters, label_data
from pages.shared.relabel import label_exchange, queue_desk, queue_list
from queries.labels import LabelStoreError
from queries.queues import Queues

try:
    queues = Queues(label_data.label_log().database)
    queue = queue_list.chosen(queues)
    if queue:
        queue_desk.head(queue)
        queue_desk.judge(queue)
    else:
        where = filters.sidebar()
        queue_list.show(queues, where)
        queue_list.make(queues, where)
        label_exchange.show(label_data.label_log(), where)
except LabelStoreError as error:
    st.title("The labels cannot be reached")
    st.code(str(error), language=None, wrap_lines=True)
    st.button("Try again")
