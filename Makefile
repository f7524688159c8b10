# make demo | test | test-slow | bench | look | docs | clean.  Needs only python3 (3.11 or later), make and git.
.DELETE_ON_ERROR:
.PHONY: demo test test-slow bench look docs clean
SHELL := /bin/bash

PYTHON ?= python3
BIN := .venv/bin
DEMO := .venv/.demo
DEV := .venv/.dev
STUDY := mappings/nct02932137 --raw examples/nct02932137
OUT := out/nct02932137
SOURCES := $(shell find src -type f -not -name '*.pyc')

demo: $(DEMO)
	@$(BIN)/sdtm-il2 build $(STUDY) --out $(OUT)
	@echo
	@echo "The results of the reference study, 33 invented subjects of a crossover, are in $(OUT):"
	@echo "  define.html    open it in a browser: every variable, its terms and where it comes from"
	@echo "  balance.html   what became of every raw record and cell"
	@echo "  *.xpt          the datasets, for SAS, R (haven) or Python (pyreadstat), in GB18030"
	@echo "  issues.txt     what is worth a look, with file and line"
	@echo "Where does a value come from?"
	@echo "  $(BIN)/sdtm-il2 trace $(OUT) LB NCT02932137-01-001 1 LBSTRESN"
	@echo "The study is examples/nct02932137; docs/tutorial.md begins with a smaller one, examples/quickstart."

test: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/pytest

test-slow: $(DEV)
	$(BIN)/pytest -m slow

bench: $(DEV)
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

look: demo
	@chromium="$(CHROMIUM)"; \
	for name in chromium chromium-browser google-chrome google-chrome-stable; do \
	  [ -n "$$chromium" ] || chromium="$$(command -v $$name || true)"; \
	done; \
	if [ -z "$$chromium" ]; then \
	  echo "make look needs Chromium or Chrome; install it, or name it: make look CHROMIUM=/path/to/chrome" >&2; exit 2; \
	fi; \
	sandbox=""; [ "$$(id -u)" != 0 ] || sandbox="--no-sandbox"; \
	mkdir -p build/look; \
	for page in define balance; do \
	  [ -s "$(OUT)/$$page.html" ] || { echo "make look: the build wrote no $(OUT)/$$page.html" >&2; exit 1; }; \
	  for width in 1400 800; do \
	    rm -f "build/look/$$page-$$width.png"; \
	    "$$chromium" --headless $$sandbox --disable-gpu --hide-scrollbars --window-size=$$width,2400 \
	      --screenshot="$(CURDIR)/build/look/$$page-$$width.png" "file://$(CURDIR)/$(OUT)/$$page.html" 2>/dev/null || exit 1; \
	    [ -s "build/look/$$page-$$width.png" ] || { echo "make look: $$chromium took no picture of $$page.html" >&2; exit 1; }; \
	    echo "build/look/$$page-$$width.png"; \
	  done; \
	done

docs: $(DEV)
	$(BIN)/python docs/generate.py
	$(BIN)/python examples/make_documents.py examples/quickstart mappings/nct02932137

clean:
	rm -rf .venv out build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there: install Python 3.11 or later, or name it: make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$$($(PYTHON) --version) is too old: Python 3.11 or later is needed, as in make PYTHON=python3.12" >&2; exit 2; }
	@echo "creating .venv"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "python3 cannot make a venv (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 2; }

# The package as a user installs it; once `make test` has installed it in place, that serves the demo as well.
$(DEMO): pyproject.toml $(SOURCES) | $(BIN)/python
	@if [ ! -e $(DEV) ]; then \
	  echo "installing sdtm_il2 and the libraries that it needs into .venv (a minute or two, once)"; \
	  $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check . ; \
	fi
	@touch $@

# pip reads dependency groups since 25.1; the one that comes with Python may be older.
$(DEV): pyproject.toml | $(BIN)/python
	@echo "installing sdtm_il2 and the tools of its tests into .venv (once)"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --editable . --group dev
	@touch $@
