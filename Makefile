# Everything happens in .venv, made from the project's own pyproject.toml; PYTHON names the
# interpreter that makes it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := lowpan sniff sim:examples/line.toml --key 00112233445566778899aabbccddeeff -c 120
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
FUZZ_EXAMPLES ?= 1000000
TESTS ?=

.PHONY: help demo test lint format bench docs fuzz clean
.DELETE_ON_ERROR:

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.installed-run  ## listen to ten simulated nodes that find each other
	@echo '$$ $(DEMO)'
	@$(BIN)/$(DEMO)

test: $(VENV)/.installed-test  ## run the tests (TESTS=tests/wire for some of them)
	$(BIN)/python -m pytest --numprocesses auto $(TESTS)

lint: $(VENV)/.installed-dev  ## ruff, ruff format, mypy --strict, pyright strict
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

format: $(VENV)/.installed-dev  ## let ruff repair what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.installed-test  ## measure codecs, sniffer, radios, nodes and the simulator
	$(BIN)/python -m tests.benchmarks

docs: $(VENV)/.installed-docs  ## build docs/_build/html; warnings are errors
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet -b html docs docs/_build/html
	@echo 'docs/_build/html/index.html'

fuzz: $(VENV)/.installed-test  ## try FUZZ_EXAMPLES inputs on each format: an hour and more
	LOWPAN_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest --numprocesses auto tests/fuzz

clean:  ## remove all that make and the tools have made
	rm -rf $(VENV) docs/_build build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .bench tests/kernel/cache
	find lowpan radios tests -name __pycache__ -prune -exec rm -rf {} +

# One stamp for each set of extras: pip runs again only after pyproject.toml has changed.
$(VENV)/.installed-run: EXTRAS :=
$(VENV)/.installed-test: EXTRAS := [test]
$(VENV)/.installed-docs: EXTRAS := [docs]
$(VENV)/.installed-dev: EXTRAS := [dev]
$(VENV)/.installed-%: pyproject.toml | $(BIN)/python
	@echo 'Installing lowpan$(EXTRAS) into $(VENV) ...'
	@$(PIP) --editable '.$(EXTRAS)'
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'lowpan needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...' >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'Python has no venv module here; install it and try again:' >&2; \
	  echo '    apt install python3-venv        (Debian, Ubuntu; as root or with sudo)' >&2; \
	  exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }
