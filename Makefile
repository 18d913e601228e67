PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help up check install dev models lint types test test-all bench lock clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: install  ## install, pull the models, start everything, prove it, serve until Ctrl-C
	@exec $(BIN)/antiphon up

check: install  ## the same, but exit 0 or 1 once proved
	@exec $(BIN)/antiphon up --check

install: $(VENV)/.installed  ## the locked dependencies in a virtual environment
dev: $(VENV)/.dev            ## the same, with what the tests need

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/pip
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

models: install  ## pull and verify the default models
	$(BIN)/antiphon models pull

lint: dev  ## ruff, format and rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: dev  ## the type checker, strict
	$(BIN)/basedpyright

test: lint types models  ## linters, type checker and the tests that take under ten minutes
	$(BIN)/pytest -m "not slow"

test-all: lint types models  ## everything, the slow ones too
	$(BIN)/pytest

bench: dev models  ## first-audio latency over the whole path (docs/performance.md)
	$(BIN)/python bench/tts_latency.py

lock:  ## write the lock files anew from pyproject.toml
	./tools/lock

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
