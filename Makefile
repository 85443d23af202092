# hallkit: `make` prints what there is. Each target sets up what it needs first.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BROKER ?= embedded
SEED ?= 7
RUNS ?= 100000
BLIND ?= 0
POINTS ?= 40
IMAGES ?= 600
MINUTES ?= 0.5
BIN := .venv/bin
export PYTHON
# What is compiled is kept: the tests start hundreds of interpreters.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test fast check generate sim mutants bench fuzz chaos size lock clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make the environment for running and testing (the other targets do it themselves)
	@scripts/setup.sh test

run: ## the virtual hall in the browser (BROKER=mosquitto for the real broker)
	@scripts/setup.sh run
	@if [ "$(BROKER)" = mosquitto ]; then scripts/setup.sh mosquitto; fi
	@exec $(BIN)/hallkit up $(if $(filter mosquitto,$(BROKER)),--broker mosquitto)

test: ## all tests
	@scripts/setup.sh test
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

fast: ## the tests that take less than a second or so each
	@scripts/setup.sh test
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow"

check: ## formatting, linters, types, import directions, generated files
	@scripts/setup.sh test
	@scripts/check.sh

generate: ## write stubs, AsyncAPI, the pages of messages and routes, the golden samples anew
	@scripts/setup.sh test
	@$(BIN)/python -m gateway.contract
	@$(BIN)/python -m gateway.web.route_table

sim: ## one hall-day in virtual time (SEED=7, ARGS="--faults clean")
	@scripts/setup.sh run
	@exec $(BIN)/hallkit sim --seed $(SEED) $(ARGS)

mutants: ## plant bugs in the product, run days until the auditor catches each (ARGS="--days 20")
	@scripts/setup.sh run
	@exec $(BIN)/python -m simulator.mutants $(ARGS)

bench: ## how fast it is, against a floor measured in the same run (docs/PERFORMANCE.md)
	@scripts/setup.sh test
	@$(BIN)/python -m simulator.bench

fuzz: ## bytes by chance, guided by coverage, into every parser (RUNS=100000 BLIND=0 for each)
	@scripts/setup.sh test
	@$(BIN)/python -m simulator.fuzz --runs $(RUNS) --blind $(BLIND)

chaos: ## real processes, disks and lines, broken (POINTS=40 IMAGES=600 MINUTES=0.5)
	@scripts/setup.sh test
	@$(BIN)/python -m simulator.chaos all --points $(POINTS) --images $(IMAGES) --minutes $(MINUTES)

size: ## flash and heap that each kind of ESP32 node takes, against its budget
	@scripts/setup.sh test
	@$(BIN)/python -m simulator.vm.size --boards

lock: ## write constraints.txt from the environment
	@head -1 constraints.txt > build/constraints.txt
	@$(BIN)/python -m pip freeze --exclude-editable >> build/constraints.txt
	@mv build/constraints.txt constraints.txt

clean: ## delete what set-up and the tools made; what a hall remembers (build/live) stays
	@rm -rf .venv node_modules
	@find build -mindepth 1 -maxdepth 1 ! -name live -exec rm -rf {} + 2>/dev/null || true
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
