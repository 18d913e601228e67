PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help up check install dev models lint types test test-all chaos bench lock clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: install  ## install, pull the models, start everything, prove it, serve until Ctrl-C
	@exec $(BIN)/antiphon up

check: install  ## the same, but exit 0 or 1 once proved
	@exec $(BIN)/antiphon up --check

install: $(VENV)/.installed  ## the locked dependencies in a virtual environment
dev: $(VENV)/.dev            ## the same, with what the tests need

PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-input

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo >&2 \
	  "Antiphon needs Python 3.11 or newer. Name one with PYTHON=…, such as: make up PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo >&2 \
	  "$(PYTHON) can't make virtual environments. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/pip
	@echo "Installing Antiphon and its locked dependencies into $(VENV) (400 MB; about a minute)"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing what the tests need into $(VENV)"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

models: install  ## pull and verify the default models
	$(BIN)/antiphon models pull

lint: dev  ## ruff, format and rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: dev  ## the type checker, strict
	$(BIN)/basedpyright

# Three processes keep two cores busy: many tests wait. What shares a platform stays together.
PYTEST := $(BIN)/pytest -n 3 --dist loadfile

test: lint types models  ## linters, type checker and the tests that take under ten minutes
	$(PYTEST) -m "not slow"

test-all: lint types models  ## everything, the slow ones too
	$(PYTEST)

chaos: dev models  ## kill, stop, hang, cut and overload a whole platform while people speak and hear
	$(BIN)/pytest tests/chaos

bench: install  ## load the platform that `make up` runs (docs/performance.md)
	$(BIN)/antiphon bench tts
	$(BIN)/antiphon bench tts --rps 5,10,20 --seeds 1,2,3
	$(BIN)/antiphon bench stt

lock:  ## write the lock files anew from pyproject.toml
	./tools/lock

clean:  ## remove the virtual environments and caches
	rm -rf $(VENV) .venvs .pytest_cache .ruff_cache .hypothesis
