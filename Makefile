# Everything a user or developer needs; each target installs what it needs first.

PYTHON ?= python3
BIN := .venv/bin
# Servers of their own, on free ports, in the tests; nothing that runs already is touched.

.PHONY: setup demo test check quality bench engines train up down lock clean

# What users run: the packages of requirements.txt and the `wireroom` command.
.venv/runtime: requirements.txt pyproject.toml
	@sh deploy/local/bootstrap demo
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing packages into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# And what developers run: the tools of requirements-dev.txt beside them.
.venv/dev: requirements-dev.txt .venv/runtime
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	@touch $@

# And what fits the models that are shipped.
.venv/train: requirements-train.txt .venv/dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-train.txt
	@touch $@

# The engines that are extras, in an environment of their own: some 6 GB, and their newest releases.
.venv-engines/ready: pyproject.toml
	@test -x .venv-engines/bin/python || $(PYTHON) -m venv .venv-engines
	@echo "Installing packages into .venv-engines ..."
	@.venv-engines/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,spacy,gliner,transformers]'
	@touch $@

setup: .venv/dev  ## The development environment in .venv, with .venv/bin/wireroom.

demo: .venv/runtime  ## The job over the sample files, without any server.
	@$(BIN)/wireroom demo

test: .venv/dev check  ## All tests, on a real Kafka and a real Elasticsearch.
	@sh deploy/local/bootstrap test
	@$(BIN)/python -m services.cli.cluster.install
	$(BIN)/python -m pytest

check: .venv/dev  ## Lint, format and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

quality: .venv/dev  ## How right the stages are, beside their peers (needs ../shared/data).
	$(BIN)/python -m tests.quality

bench: .venv/dev  ## How fast stages and the whole flow are, beside a peer.
	@sh deploy/local/bootstrap test
	@$(BIN)/python -m services.cli.cluster.install
	$(BIN)/python -m tests.bench

engines: .venv-engines/ready  ## The tagger's other engines, tested with their own packages.
	.venv-engines/bin/python -m pytest tests/engines

# Of the two hours on two cores the cleaner's models take twenty minutes, the tagger's `open` and
# `research` a quarter of an hour each, and an hour the five folds that `make quality` scores.
train: .venv/train  ## The models that are shipped, from ../shared/data: some two hours.
	$(BIN)/python -m training.cleaner_body
	$(BIN)/python -m training.cleaner_lines
	$(BIN)/python -m training.tagger open
	$(BIN)/python -m training.tagger research
	$(BIN)/python -m training.tagger folds
	$(BIN)/python -m training.embedding
	$(BIN)/python -m training.storyterms
	$(BIN)/python -m training.spun

up: .venv/runtime  ## Kafka, Elasticsearch and the services on this machine.
	@sh deploy/local/bootstrap up
	@$(BIN)/wireroom up

down: .venv/runtime  ## Stop them.
	@$(BIN)/wireroom down

lock: .venv/dev  ## Pin the packages of pyproject.toml anew (needs uv).
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra build pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra build --extra dev pyproject.toml -o requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra train --constraint requirements-dev.txt pyproject.toml -o requirements-train.txt

clean:  ## Remove the environment and caches.
	rm -rf .venv .venv-engines .mypy_cache .ruff_cache .pytest_cache .hypothesis
