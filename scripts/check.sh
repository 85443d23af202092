#!/usr/bin/env bash
# All that is checked besides the tests; runs every check and names at the end those that failed.
set -uo pipefail
cd "$(dirname "$0")/.."
BIN=.venv/bin
failed=()

# check NAME REMEDY COMMAND...
check() {
  local name=$1 remedy=$2
  shift 2
  printf -- '-- %s\n' "$name"
  "$@" || failed+=("$name${remedy:+ (try: $remedy)}")
}

check "ruff check" "$BIN/ruff check --fix ." $BIN/ruff check --quiet .
check "ruff format" "$BIN/ruff format ." $BIN/ruff format --check --quiet .
check "mypy" "" $BIN/mypy --no-error-summary
check "mypy of the ESP32" "" $BIN/mypy --no-error-summary --config-file scripts/mypy_esp32.ini
check "import directions" "" $BIN/lint-imports --no-logo
check "generated files" "make generate" $BIN/python -m gateway.contract --check
check "table of routes" "make generate" $BIN/python -m gateway.web.route_table --check

check "secrets in the tree, unpinned packages" "" $BIN/python -m pytest -q --no-header \
  tests/tidy/test_secrets.py tests/tidy/test_dependencies.py
check "packages fit together" "" $BIN/python -m pip check --quiet
check "bill of materials" "" $BIN/cyclonedx-py environment --pyproject pyproject.toml \
  --output-reproducible --output-file build/sbom.cdx.json .venv/bin/python

if [ ${#failed[@]} -gt 0 ]; then
  printf 'hallkit: failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
printf 'hallkit: all checks passed\n'
