# `make app` opens the app on the sample build, `make test` passes all tests; both set up what they need.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
APP_SETUP := $(VENV)/.app
TEST_SETUP := $(VENV)/.test

.PHONY: app test test-all lint pictures

app: $(APP_SETUP)
	$(RUN) -m pipeline import sample/hub --build sample
	$(VENV)/bin/streamlit run app.py

test: $(TEST_SETUP) lint
	$(RUN) -m pytest -n auto -m "not whole"

test-all: $(TEST_SETUP) lint
	$(RUN) -m pytest -n auto

lint: $(TEST_SETUP)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

pictures: $(TEST_SETUP)
	PROBES_ANNOTATOR=ada $(RUN) -m tests.pictures

$(APP_SETUP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Probescope needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(TEST_SETUP): $(APP_SETUP)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	touch $@
