#!/usr/bin/env bash
# Makes this Raspberry Pi a node of the hall, from the tree this script stands in. Run again after
# an update; the node's own file and what it keeps are left alone.
#
#   sudo firmware/drivers/pi/install.sh ROLE             kiosk, wall, voice or lamp
#   firmware/drivers/pi/install.sh ROLE --dry-run        say what would be done, do nothing
#   firmware/drivers/pi/install.sh ROLE --stage FOLDER   only write the files, below FOLDER
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TREE=$(cd "$HERE/../../.." && pwd)
ROLES="kiosk wall voice lamp"

die() { printf 'hallkit: %s\n' "$*" >&2; exit 2; }

[ $# -ge 1 ] || die "usage: install.sh ROLE [--dry-run | --stage FOLDER]; roles: $ROLES"
ROLE=$1
shift
[[ " $ROLES " == *" $ROLE "* ]] || die "role '$ROLE': it must be one of: $ROLES"
MODE=install
ROOT=""
case "${1:-}" in
  "") ;;
  --dry-run) MODE=dry-run ;;
  --stage)
    MODE=stage
    ROOT=${2:-}
    [ -n "$ROOT" ] || die "--stage needs a folder"
    ;;
  *) die "$1: not known; there are --dry-run and --stage FOLDER" ;;
esac

# do COMMAND... : a step on this machine; not done when files are only staged.
do_() {
  if [ $MODE = dry-run ]; then
    printf '%q ' "$@"
    printf '\n'
  elif [ $MODE = install ]; then
    "$@"
  fi
}

# put MODE SOURCE TARGET : a file in its place.
put() {
  if [ $MODE = dry-run ]; then
    printf 'install -D -m %s %q %q\n' "$1" "$2" "$3"
  else
    install -D -m "$1" "$2" "$ROOT$3"
  fi
}

if [ $MODE = install ]; then
  [ "$(id -u)" = 0 ] || die "run it as root: sudo $0 $ROLE"
  command -v systemctl >/dev/null || die "there is no systemd on this machine"
fi

# --- what Debian has to bring -----------------------------------------------------------------
PACKAGES=(python3-venv)
case $ROLE in
  voice) PACKAGES+=(alsa-utils) ;;
  wall) PACKAGES+=(gcc python3-dev) ;; # spidev is built for this board
esac
do_ apt-get install -y --no-install-recommends "${PACKAGES[@]}"
if ! getent passwd hallkit >/dev/null; then
  do_ useradd --system --user-group --no-create-home --shell /usr/sbin/nologin hallkit
fi

# --- the role's own environment ---------------------------------------------------------------
VENV=/opt/hallkit/$ROLE
do_ python3 -m venv "$VENV"
do_ "$VENV/bin/python" -m pip install --quiet --upgrade --constraint "$TREE/constraints.txt" \
  "$TREE[node-$ROLE]"
# python-barcode (through python-escpos) installs packages named `tests` and `docs`.
do_ find "$VENV/lib" -mindepth 3 -maxdepth 3 -type d -path '*/site-packages/*' \
  '(' -name tests -o -name docs ')' -exec rm -rf '{}' +

# --- files ------------------------------------------------------------------------------------
UNITS=/etc/systemd/system
put 644 "$HERE/systemd/hallkit-node@.service" "$UNITS/hallkit-node@.service"
put 644 "$HERE/systemd/$ROLE.conf" "$UNITS/hallkit-node@$ROLE.service.d/role.conf"
CONFIG=/etc/hallkit/$ROLE.toml
if [ -e "$ROOT$CONFIG" ]; then
  FRESH=no
else
  FRESH=yes
  put 640 "$HERE/examples/$ROLE.toml" "$CONFIG"
  do_ chown root:hallkit "$CONFIG"
fi

# --- start ------------------------------------------------------------------------------------
do_ systemctl daemon-reload
do_ systemctl enable "hallkit-node@$ROLE.service"
if [ $FRESH = yes ]; then
  printf 'Now write %s, then: systemctl start hallkit-node@%s\n' "$CONFIG" "$ROLE"
else
  do_ "$VENV/bin/python" -m firmware.shell.run_pi --config "$CONFIG" --check
  do_ systemctl restart "hallkit-node@$ROLE.service"
fi
