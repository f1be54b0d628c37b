# Everything from a clone to a running service. `make` alone lists the targets.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
PYTHON := .venv/bin/python
DATA_DIR ?= .data
READY := .venv/.synced
CODE := $(wildcard api worker shared tests examples benchmarks scripts)
ARGS ?=

.PHONY: help setup demo up down status keys logs test check format bench bench-peers bench-conversion chaos

help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target text; do \
		printf '  %-17s %s\n' "$$target" "$$text"; done

setup: $(READY)  ## Install the locked dependencies into .venv (uv is fetched into .tools where it is missing)

$(READY): pyproject.toml uv.lock scripts/setup
	@./scripts/setup

demo: $(READY)  ## Sync PDF documents in a throw-away stack and search them (DEMO_DIR=folder for your own)
	@$(PYTHON) -m examples.demo

up: $(READY)  ## Start the service in the background (API_PORT, FLOWER_PORT, DATA_DIR) and wait until it is healthy
	@$(PYTHON) -m shared.embedded up

down: $(READY)  ## Stop the service
	@$(PYTHON) -m shared.embedded down

status: $(READY)  ## Tell what runs and whether it answers
	@$(PYTHON) -m shared.embedded status

keys: $(READY)  ## Make, list and revoke API keys (ARGS="create --user u --role writer", "list", "revoke key-...")
	@$(PYTHON) -m shared.commands keys $(ARGS)

logs:  ## Follow the logs
	@tail -n 20 -F $(DATA_DIR)/logs/*.log

test: $(READY)  ## Run the tests (ARGS="-k name" goes to pytest)
	@$(PYTHON) -m pytest $(ARGS)

check: $(READY)  ## Check format, lint, types and the layers of imports
	.venv/bin/ruff format --check $(CODE)
	.venv/bin/ruff check $(CODE)
	.venv/bin/mypy
	.venv/bin/lint-imports

format: $(READY)  ## Format the code, fix what lint can fix, write .env.example and docs/configuration.md anew
	.venv/bin/ruff format $(CODE)
	.venv/bin/ruff check --fix $(CODE)
	$(PYTHON) -m shared.settings_reference env > .env.example.new && mv .env.example.new .env.example
	$(PYTHON) -m shared.settings_reference markdown > docs/configuration.md.new \
		&& mv docs/configuration.md.new docs/configuration.md

bench: $(READY)  ## Measure speed and memory beside limits and peers (ARGS="--only bare,service", --help)
	@$(PYTHON) -m benchmarks $(ARGS)

bench-peers:  ## Install the pipelines that make bench compares with, each in an environment of its own (.data/peers)
	@for peer in llamaindex langchain; do \
		python3 -m venv .data/peers/$$peer && \
		.data/peers/$$peer/bin/pip install --quiet -r benchmarks/peers/$$peer/requirements.txt || exit 1; \
	done

bench-conversion: $(READY)  ## Score the PDF converter on every set that is there, and its cost (ARGS="FOLDER", --help)
	@nice -n 19 $(PYTHON) -m benchmarks.conversion $(ARGS)

chaos: $(READY)  ## Kill what can be killed and check that nothing is lost (ARGS="--seeds 5 --minutes 30", --help)
	@$(PYTHON) -m tests.chaos $(ARGS)
