# Everything a newcomer types. `make` alone lists it.
PYTHON ?= python3
PORTAL_STATE ?= .state
export PORTAL_STATE

# A changed lock file has another stamp: nothing is installed twice, nothing stale is used.
STAMP := .venv/installed-$(shell cksum < requirements.lock | tr " " -)
RUN := .venv/bin/python -m
CODE := portal workers sandbox bench

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench chaos clean lock

help:
	@sed -n "s/^\([a-z]*\):.*## /  make \1	/p" Makefile

setup: $(STAMP) ## make the virtual environment (the others do it by themselves)

demo: $(STAMP) ## run everything here with a believable firm; Ctrl-C stops it
	@$(RUN) portal demo

test: $(STAMP) ## run the tests; ARGS="-k words" for some of them
	@$(RUN) pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

check: $(STAMP) ## format, lint, types, imports, templates
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy $(CODE)
	.venv/bin/lint-imports
	.venv/bin/djlint --lint --quiet templates

bench: $(STAMP) ## measure the promised figures; ARGS names one of them
	@$(RUN) bench $(ARGS)

chaos: $(STAMP) ## break everything for two minutes, then check the laws; LONG=1 ten minutes; ARGS="--seed N"
	@$(RUN) tests.chaos --seconds $(if $(LONG),600,120) $(ARGS)

lock: $(STAMP) ## write requirements.lock anew from pyproject.toml
	@$(RUN) piptools compile -q --generate-hashes --all-extras --allow-unsafe --strip-extras --no-emit-index-url \
		--no-emit-trusted-host --no-emit-find-links --no-header -o requirements.lock pyproject.toml
	@# What this Python does not need but others do, the compiler leaves out.
	@cat requirements-other-pythons.lock >> requirements.lock

clean: ## remove the state of the demo and all caches
	@$(PYTHON) -m portal.embedded.clean $(PORTAL_STATE)
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name .venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

$(STAMP):
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
		echo "Python 3.11 or newer is needed and $(PYTHON) is not: name one with make setup PYTHON=/path/to/python3" >&2; \
		exit 1; }
	@$(PYTHON) portal/embedded/install.py .venv $@
