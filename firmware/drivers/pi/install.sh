#!/usr/bin/env bash
# Makes this Raspberry Pi a node of the hall, from the tree this script stands in. Run again after
# an update; the node's own file and what it keeps are left alone.
#
#   sudo firmware/drivers/pi/install.sh ROLE             kiosk, wall, voice, lamp or camera
#   ... ROLE --config FOLDER    with what `hallkit provision` wrote
#   ... ROLE --no-screen        a kiosk with push buttons, a wall of LED chips: without a browser
#   ... ROLE --dry-run          say what would be done, do nothing
#   ... ROLE --stage FOLDER     only write the files, below FOLDER
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TREE=$(cd "$HERE/../../.." && pwd)
ROLES="kiosk wall voice lamp camera"

die() { printf 'hallkit: %s\n' "$*" >&2; exit 2; }

USAGE="install.sh ROLE [--config FOLDER] [--no-screen] [--dry-run | --stage FOLDER]"
[ $# -ge 1 ] || die "usage: $USAGE; roles: $ROLES"
ROLE=$1
shift
[[ " $ROLES " == *" $ROLE "* ]] || die "role '$ROLE': it must be one of: $ROLES"
MODE=install
ROOT=""
GIVEN=""
SCREEN=no
case $ROLE in kiosk | wall) SCREEN=yes ;; esac
while [ $# -gt 0 ]; do
  case $1 in
    --no-screen) SCREEN=no ;;
    --dry-run) MODE=dry-run ;;
    --stage)
      MODE=stage
      ROOT=${2:-}
      [ -n "$ROOT" ] || die "--stage needs a folder"
      shift
      ;;
    --config)
      GIVEN=${2:-}
      [ -f "$GIVEN/$ROLE.toml" ] || die "--config '$GIVEN': there is no $ROLE.toml in it"
      shift
      ;;
    *) die "$1: not known; there are --config FOLDER, --no-screen, --dry-run and --stage FOLDER" ;;
  esac
  shift
done

# do_ COMMAND... : a step on this machine; not done when files are only staged.
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

# make_user NAME : one that can not log in.
make_user() {
  if ! getent passwd "$1" >/dev/null; then
    do_ useradd --system --user-group --no-create-home --shell /usr/sbin/nologin "$1"
  fi
}

if [ $MODE = install ]; then
  [ "$(id -u)" = 0 ] || die "run it as root: sudo $0 $ROLE"
  command -v systemctl >/dev/null || die "there is no systemd on this machine"
fi

# --- what Debian has to bring -----------------------------------------------------------------
PACKAGES=(python3-venv)
VENV_OPTIONS=()
case $ROLE in
  voice) PACKAGES+=(alsa-utils) ;;
  wall) PACKAGES+=(gcc python3-dev fonts-unifont) ;; # spidev is built for this board
  camera)
    PACKAGES+=(ffmpeg)
    # For the ribbon cable; only Raspberry Pi OS has it, and only as a package of the system.
    if [ -n "$(apt-cache madison python3-picamera2 2>/dev/null)" ]; then
      PACKAGES+=(python3-picamera2)
    fi
    VENV_OPTIONS+=(--system-site-packages)
    ;;
esac
if [ $SCREEN = yes ]; then
  # cage does not start without Xwayland, though it is only recommended to be there.
  PACKAGES+=(cage xwayland seatd chromium fonts-noto-cjk)
fi
do_ env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${PACKAGES[@]}"
make_user hallkit
[ $SCREEN = no ] || make_user hallkit-screen

# --- the role's own environment ---------------------------------------------------------------
VENV=/opt/hallkit/$ROLE
do_ python3 -m venv "${VENV_OPTIONS[@]}" "$VENV"
do_ "$VENV/bin/python" -m pip install --quiet --upgrade --constraint "$TREE/constraints.txt" \
  "${TREE}[node-$ROLE]"
# python-barcode (through python-escpos) installs packages named `tests` and `docs`.
do_ find "$VENV/lib" -mindepth 3 -maxdepth 3 -type d -path '*/site-packages/*' \
  '(' -name tests -o -name docs ')' -exec rm -rf '{}' +

# --- files ------------------------------------------------------------------------------------
UNITS=/etc/systemd/system
put 644 "$HERE/systemd/hallkit-node@.service" "$UNITS/hallkit-node@.service"
put 644 "$HERE/systemd/$ROLE.conf" "$UNITS/hallkit-node@$ROLE.service.d/role.conf"
if [ $SCREEN = yes ]; then
  put 644 "$HERE/systemd/hallkit-screen@.service" "$UNITS/hallkit-screen@.service"
  put 644 "$HERE/systemd/chromium-policy.json" /etc/chromium/policies/managed/hallkit.json
fi
CONFIG=/etc/hallkit/$ROLE.toml
if [ -n "$GIVEN" ]; then
  FRESH=no
  for file in "$GIVEN"/*; do
    put 640 "$file" "/etc/hallkit/$(basename "$file")"
    do_ chown root:hallkit "/etc/hallkit/$(basename "$file")"
  done
elif [ -e "$ROOT$CONFIG" ]; then
  FRESH=no
else
  FRESH=yes
  put 640 "$HERE/examples/$ROLE.toml" "$CONFIG"
  do_ chown root:hallkit "$CONFIG"
fi

# --- start ------------------------------------------------------------------------------------
SERVICES=("hallkit-node@$ROLE.service")
[ $SCREEN = no ] || SERVICES+=("hallkit-screen@$ROLE.service")
PROGRAM=firmware.shell.run_pi
[ "$ROLE" != camera ] || PROGRAM=firmware.shell.record_pi
do_ systemctl daemon-reload
do_ systemctl enable "${SERVICES[@]}"
if [ $FRESH = yes ]; then
  printf 'Now write %s, then: systemctl start %s\n' "$CONFIG" "${SERVICES[*]}"
else
  do_ "$VENV/bin/python" -m "$PROGRAM" --config "$CONFIG" --check
  do_ systemctl restart "${SERVICES[@]}"
fi
