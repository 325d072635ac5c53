# Two commands matter: `make demo` and `make test`. Both set up what they need; `make help` lists the rest.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
RUN := $(BIN)/python
MANAGE := $(RUN) manage.py

.PHONY: help setup demo test test-fast coverage lint bench-generators bench-predictors format openapi clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 14

setup: .venv/dev ## .venv with everything for development

demo: .venv/app ## the whole loop on your machine, then the web pages; SERVE=0 stops after the table
	@$(MANAGE) demo $(if $(filter 0,$(SERVE)),--no-serve)

test: .venv/dev ## the whole test suite
	@$(RUN) -m pytest -n logical

test-fast: .venv/dev ## without what is slow, needs a browser or reads real data
	@$(RUN) -m pytest -n logical -m "not slow and not browser and not realdata"

coverage: .venv/dev ## the suite with a coverage report
	@$(RUN) -m pytest -n logical --cov --cov-report=term:skip-covered

lint: .venv/dev ## style, types, layering, migrations, deployment checks, API snapshot
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@DATABASE_URL=postgres:///none $(RUN) -m mypy
	@$(BIN)/lint-imports
	@$(MANAGE) makemigrations --check --dry-run
	@$(RUN) -m registry.embedded run -- env DJANGO_SETTINGS_MODULE=registry.settings.prod \
		SECRET_KEY=$$($(RUN) -c 'import secrets; print(secrets.token_urlsafe(60))') ALLOWED_HOSTS=example.org \
		$(RUN) -m django check --deploy --fail-level WARNING
	@$(MANAGE) spectacular --validate --fail-on-warn --file .local/openapi.yaml
	@diff -u docs/openapi.yaml .local/openapi.yaml || { echo 'The API changed: run `make openapi` and commit the snapshot.'; exit 1; }

bench-generators: .venv/dev ## three generators trained and compared, hours; DATA_DIR names the data
	@$(RUN) -m tests.bench.generators

bench-predictors: .venv/dev ## predictors of polymers and molecules compared, hours; DATA_DIR names the data
	@$(RUN) -m tests.bench.predictors

format: .venv/dev ## let ruff arrange the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

openapi: .venv/dev ## write docs/openapi.yaml
	@$(MANAGE) spectacular --validate --fail-on-warn --file docs/openapi.yaml

clean: ## forget the environment, the databases and all that was made here
	rm -rf .venv .local

.venv/bin/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo 'Solvate needs Python 3.11; name it with `make PYTHON=/path/to/python3.11 ...`.'; exit 1; }
	@"$(PYTHON)" -m venv .venv \
		|| { rm -rf .venv; echo 'Python has no venv module here: on Debian and Ubuntu, `apt install python3.11-venv`.'; exit 1; }

.venv/app: .venv/bin/python requirements.txt
	@$(RUN) -m pip install --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev: .venv/app requirements-dev.txt
	@$(RUN) -m pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@
