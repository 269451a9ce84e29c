# The course in one command each. A fresh machine needs Python 3.11 or newer, pip and make.
# Options pass through, for instance: make lab ARGS="--no-browser --port 8899"
# Every recipe is also one plain command in CONTRIBUTING.md, for Windows and conda.

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# nbgrader starts `alembic` by name, and lessons may start `course`.
ACTIVATE := PATH="$(CURDIR)/$(BIN):$$PATH"

.DEFAULT_GOAL := help
.PHONY: help setup lab doctor test lint format lessons verify bench constraints clean

help: ## this list
	@echo 'usage: make TARGET [ARGS="..."] [PYTHON=python3.12]'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

setup: $(STAMP) ## create .venv and install the pinned dependencies

lab: $(STAMP) ## open the lessons in JupyterLab
	@$(ACTIVATE) python -m grader.cli lab $(ARGS)

doctor: $(STAMP) ## what this machine can do, and what to do about the rest
	@$(ACTIVATE) python -m grader.cli doctor $(ARGS)

test: $(STAMP) ## every test, and every cell of every solution notebook
	@$(ACTIVATE) python -m pytest $(ARGS)

lint: $(STAMP) ## formatting, lint, types and import directions
	@$(ACTIVATE) ruff format --check
	@$(ACTIVATE) ruff check
	@$(ACTIVATE) mypy
	@$(ACTIVATE) lint-imports

format: $(STAMP) ## rewrite the sources in house style
	@$(ACTIVATE) ruff check --fix
	@$(ACTIVATE) ruff format

lessons: $(STAMP) ## rebuild the notebooks from solutions/*/*.py
	@$(ACTIVATE) python -m grader.cli build $(ARGS)

verify: $(STAMP) ## prove every exercise and its feedback right
	@$(ACTIVATE) python -m grader.cli verify $(ARGS)

bench: $(STAMP) ## the measurements, side by side
	@$(ACTIVATE) python -m benchmarks $(ARGS)

constraints: $(STAMP) ## resolve the newest versions afresh and pin them in constraints.txt
	@rm -rf .venv-constraints
	@$(BIN)/python -m venv .venv-constraints
	@.venv-constraints/bin/python -m pip install --quiet --editable '.[dev]'
	@sed '/^[^#]/,$$d' constraints.txt > .venv-constraints/pins
	@.venv-constraints/bin/python -m pip freeze --exclude-editable --exclude setuptools --exclude pip \
	  | sed -e 's/^\(torch==[^+]*\)+.*/\1/' -e '/^nvidia-/d' -e '/^cuda-/d' -e '/^triton==/d' \
	  >> .venv-constraints/pins
	@mv .venv-constraints/pins constraints.txt
	@rm -rf .venv-constraints
	@git diff --stat -- constraints.txt

clean: ## remove caches and test artefacts; never .venv or a learner's workspace
	rm -rf build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf tests/artefacts .venv-constraints .venv-tools
	find . -path ./$(VENV) -prune -o -path ./workspace -prune -o -name __pycache__ -type d -print0 \
	  | xargs -0 rm -rf

# The stamp is written last, so an interrupted set-up starts again, and a finished one takes no time
# until what it installed from changes. A venv whose Python has gone is made anew.
$(STAMP): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { \
	  echo 'make: Python 3.11 or newer is required; no "$(PYTHON)" was found. Try: make PYTHON=python3.12' >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "make: Python 3.11 or newer is required; %s is %d.%d.%d. Try: make PYTHON=python3.12" % (sys.executable, v[0], v[1], v[2]))'
	@"$(BIN)/python" -m pip --version >/dev/null 2>&1 || { \
	  echo 'Creating $(VENV)'; \
	  "$(PYTHON)" -m venv --clear $(VENV) 2>/dev/null \
	  || { rm -rf $(VENV) .venv-tools; echo 'The venv module is missing: trying virtualenv'; \
	       "$(PYTHON)" -m pip install --quiet --target .venv-tools virtualenv \
	       && PYTHONPATH=.venv-tools "$(PYTHON)" -m virtualenv --quiet $(VENV); \
	       made=$$?; rm -rf .venv-tools; [ $$made -eq 0 ]; } \
	  || { echo 'make: no virtual environment could be made. On Debian or Ubuntu: apt-get install python3-venv' >&2; exit 1; }; }
	@echo 'Installing the pinned dependencies into $(VENV) (the first time takes some minutes)'
	@"$(BIN)/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@
