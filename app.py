"""The app: `streamlit run app.py` serves the screens of pages/ under one frame.

The script that Streamlit runs is pages/shared/frame.py, named here to an `st.App`. With a plain script called app.py
the folder `pages/` would be taken for Streamlit's old multipage layout, and the first deep link after every start
would run a page without its frame; with `st.App` the first request may be any screen (tests/test_launch.py).
"""

import streamlit as st
from starlette.middleware import Middleware

from pages.shared.server import Headers, settled

app = st.App("pages/shared/frame.py", lifespan=settled, middleware=[Middleware(Headers)])
