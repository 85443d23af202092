"""Puts a part on a port of this machine, for trying a driver by hand:

    python -m simulator.ports printer --tcp 9100
    python -m simulator.ports syn6288 --pty build/voice
    python -m simulator.ports id-reader --pty build/reader

Prints where it is and runs until Ctrl-C. The reader has the card of a made-up person on it.
"""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from simulator.devices.id_reader import IdReader, resident
from simulator.devices.printer import Printer
from simulator.devices.tts_chip import SYN6288, XFS5152, TtsChip
from simulator.ports.model_port import Model, steady_ms
from simulator.ports.pty_port import PtyPort
from simulator.ports.tcp_port import TcpPort


def _reader_with_card() -> IdReader:
    reader = IdReader()
    reader.insert(resident(1), steady_ms())
    return reader


PARTS: dict[str, Callable[[], Model]] = {
    "printer": Printer,
    SYN6288: lambda: TtsChip(SYN6288),
    XFS5152: lambda: TtsChip(XFS5152),
    "id-reader": _reader_with_card,
}


def main() -> int:
    """The command line; 2 when the port can not be had."""
    parser = argparse.ArgumentParser(prog="python -m simulator.ports", description="part on a port")
    parser.add_argument("part", choices=sorted(PARTS))
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--tcp", type=int, metavar="PORT", help="0 takes a free one")
    place.add_argument("--pty", type=Path, metavar="LINK", help="a name for the serial line")
    arguments = parser.parse_args()
    model = PARTS[arguments.part]()
    port: TcpPort | PtyPort
    try:
        if arguments.pty is not None:
            port = PtyPort(model, arguments.pty)
            where = port.path
        else:
            port = TcpPort(model, arguments.tcp)
            where = f"127.0.0.1:{port.port}"
    except OSError as error:
        sys.stderr.write(f"simulator.ports: {error}\n")
        return 2
    # Blocked before the thread starts, so that the wait below gets them.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    port.start()
    sys.stdout.write(f"{arguments.part} on {where}; Ctrl-C ends it.\n")
    sys.stdout.flush()
    signal.sigwait((signal.SIGINT, signal.SIGTERM))
    port.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
