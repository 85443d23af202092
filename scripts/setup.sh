#!/usr/bin/env bash
# Makes what the other targets need, says what it does, and is silent when nothing changed.
#
#   scripts/setup.sh run         Python packages to run, browser modules, fonts and voice; no root
#   scripts/setup.sh test        all of that, the tools, and the Debian packages the tests need
#   scripts/setup.sh mosquitto   the Debian package of the production broker
#
# A step is done again when the files it is made from have changed (their sha256 is its stamp).
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3}
VENV=.venv
TYPINGS="micropython-esp32-stubs==1.29.0.post1 micropython-stdlib-stubs==1.29.0.post2"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1

say() { printf '%s\n' "$*"; }
die() { printf 'hallkit: %s\n' "$*" >&2; exit 1; }

stamp_of() { { printf '%s\n' "$1"; shift; sha256sum -- "$@"; } | sha256sum | cut -d' ' -f1; }
is_fresh() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# Run a command quietly; show all it said when it fails.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "failed: $*"
  fi
  rm -f "$log"
}

# --- Debian packages -----------------------------------------------------------------------

as_root() {
  if [ "$(id -u)" = 0 ]; then echo env; elif sudo -n true 2>/dev/null; then echo "sudo -n"; fi
}

have() { PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null; }

# apt_install PACKAGE... : installs, fetching the lists first when there are none or they are old.
apt_install() {
  local root
  root=$(as_root)
  [ -n "$root" ] && have apt-get || die "missing: $*. Install with: sudo apt-get install -y $*"
  local install=($root env DEBIAN_FRONTEND=noninteractive
    apt-get install -y --no-install-recommends "$@")
  if compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null && "${install[@]}" >/dev/null 2>&1; then
    return
  fi
  quietly $root apt-get update
  quietly "${install[@]}"
}

# Mosquitto's package starts a broker of its own where there is an init system; ours is separate.
setup_mosquitto() {
  have mosquitto && return
  say "Debian package mosquitto ..."
  apt_install mosquitto
}

setup_debian() {
  local missing=()
  have chromium || missing+=(chromium)
  have mosquitto || missing+=(mosquitto)
  have ffmpeg || missing+=(ffmpeg)
  [ -n "$(compgen -G "/usr/lib/*/faketime/libfaketime.so.1")" ] || missing+=(faketime)
  have strace || missing+=(strace)
  have openssl || missing+=(openssl)
  have systemd-analyze || missing+=(systemd)
  [ -f /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] || missing+=(fonts-noto-cjk)
  [ ${#missing[@]} -gt 0 ] || return 0
  say "[$1] Debian packages: ${missing[*]} ..."
  apt_install "${missing[@]}"
}

# --- the steps -----------------------------------------------------------------------------

make_venv() {
  [ -x $VENV/bin/python ] && return
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    die "needs Python 3.11 or newer as '$PYTHON'; name another with: make PYTHON=/path/to/python"
  if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    apt_install python3-venv
  fi
  quietly "$PYTHON" -m venv $VENV
}

# setup_python STEP EXTRAS STAMP_NAME
setup_python() {
  local stamp
  stamp=$(stamp_of "$2" pyproject.toml constraints.txt scripts/setup.sh)
  is_fresh "$VENV/.stamp-$3" "$stamp" && return
  say "[$1] Python environment: .venv ..."
  make_venv
  quietly $VENV/bin/python -m pip install --quiet --editable ".[$2]" --constraint constraints.txt
  printf '%s' "$stamp" >"$VENV/.stamp-$3"
}

# setup_browser STEP STAMP_NAME NPM_OPTION...
setup_browser() {
  local step=$1 name=$2 stamp
  shift 2
  stamp=$(stamp_of "$name" package.json package-lock.json .npmrc)
  is_fresh "node_modules/.stamp-$name" "$stamp" && return
  have npm || die "missing: npm (Node 20 or newer); install with: sudo apt-get install -y npm"
  say "[$step] Browser modules and fonts: node_modules ..."
  quietly npm ci --no-progress "$@"
  printf '%s' "$stamp" >"node_modules/.stamp-$name"
}

setup_assets() {
  local stamp
  stamp=$(stamp_of assets simulator/assets*.py simulator/voice*.py package-lock.json \
    constraints.txt)
  is_fresh build/assets/.stamp "$stamp" && return
  say "[$1] Fonts for the wall and voice clips: build/assets ..."
  quietly $VENV/bin/python -m simulator.assets
  printf '%s' "$stamp" >build/assets/.stamp
}

# The interpreter of the ESP32 that runs in the tests.
setup_interpreter() {
  local stamp
  stamp=$(stamp_of interpreter simulator/vm/interpreter.py package-lock.json constraints.txt)
  [ -f build/vm/micropython.wasm ] && is_fresh build/vm/.stamp "$stamp" && return
  say "[$1] MicroPython made safe for the tests: build/vm ..."
  quietly $VENV/bin/python -m simulator.vm.interpreter
  printf '%s' "$stamp" >build/vm/.stamp
}

# What MicroPython has on an ESP32, for the type checker; never imported.
setup_typings() {
  local stamp
  stamp=$(stamp_of typings scripts/setup.sh)
  is_fresh .typings/.stamp "$stamp" && return
  say "[$1] Types of MicroPython: .typings ..."
  rm -rf .typings
  quietly $VENV/bin/python -m pip install --quiet --no-compile --target .typings $TYPINGS
  printf '%s' "$stamp" >.typings/.stamp
}

case "${1:-}" in
  run)
    # What the tests need includes what running needs.
    if [ -f $VENV/.stamp-test ]; then
      setup_python 1/3 gateway,simulator,dev test
    else
      setup_python 1/3 gateway,simulator run
    fi
    if [ -f node_modules/.stamp-test ]; then
      setup_browser 2/3 test
    else
      setup_browser 2/3 run --omit=dev
    fi
    setup_assets 3/3
    ;;
  test)
    setup_python 1/6 gateway,simulator,dev test
    setup_browser 2/6 test
    setup_assets 3/6
    setup_interpreter 4/6
    setup_typings 5/6
    setup_debian 6/6
    ;;
  mosquitto)
    setup_mosquitto
    ;;
  *)
    die "usage: scripts/setup.sh run|test|mosquitto"
    ;;
esac
