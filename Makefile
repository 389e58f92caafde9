# What people run and what CI runs is one script: this one.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
DATA ?= ../shared/data

.PHONY: demo train eval plot test test-slow check docs bench bench-search bench-peers corpus pictures wheel clean

# Set-up, then the main job on the built-in corpus: train, score, look.
demo: $(VENV)/ready
	$(BIN)/attnlab train
	$(BIN)/attnlab eval --bleu
	$(BIN)/attnlab plot-attention

train: $(VENV)/ready
	$(BIN)/attnlab train

test: $(VENV)/ready-dev
	$(BIN)/pytest

test-slow: $(VENV)/ready-dev
	$(BIN)/pytest -m slow

check: $(VENV)/ready-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# The site of docs/, with the reference of every setting and command: docs/_build/html/index.html.
docs: $(VENV)/ready-dev
	$(BIN)/sphinx-build -W --keep-going --quiet --builder html docs docs/_build/html

# Training speed and peak memory beside whatever peers are installed, on Multi30k in $(DATA)/multi30k;
# then the cost of observable attention, and the worth of attnlab's own kernels.
bench: $(VENV)/ready-dev
	$(BIN)/python scripts/bench/compare.py --root $(DATA)/multi30k --json bench.json
	$(BIN)/python scripts/bench/recording.py
	$(BIN)/python scripts/bench/kernels.py

# Search speed beside the same peers and CTranslate2, with random weights; OTHER: further checkouts.
bench-search: $(VENV)/ready-dev
	$(BIN)/python scripts/bench/search.py --json bench-search.json $(if $(OTHER),--other $(OTHER))

# The peers, without what they pin: that would replace torch.
bench-peers: $(VENV)/ready-dev
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --requirement requirements-bench.txt

# The built-in corpus, written anew from its grammar.
corpus: $(VENV)/ready-dev
	$(BIN)/python scripts/make_corpus.py

# The README's pictures; trains two models first.
pictures: $(VENV)/ready
	$(BIN)/python scripts/make_pictures.py

wheel: $(VENV)/ready-dev
	$(BIN)/python -m build --wheel

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) dist build bench.json bench-search.json docs/_build docs/reference
