"""One virtual board by hand: `python -m simulator.board --port 2217 --board esp32-pad`.

It prints its address for esptool and mpremote, and one without DTR and RTS, then takes lines:

    press 0 [ms]     a key, held that long     look           what can be seen
    network off|on   Wi-Fi or cable            unplug, plug   the USB cable
    off, on          the supply                reset, loader  the button EN, with BOOT held
    console          what the UART said        quit

With --empty its flash is as from the shop.
"""

import argparse
import sys

from simulator.board.board import Board
from simulator.board.parts import PartsError
from simulator.devices.led_chain import LedChain


def obey(board: Board, words: list[str]) -> str:
    """Do what a line says; what there is to tell. Raises ValueError, PartsError."""
    order, *arguments = words
    if order == "press":
        key, *hold_ms = (int(argument) for argument in arguments)
        board.parts.press(key, *hold_ms)
    elif order == "network":
        board.air.switch({"on": True, "off": False}[arguments[0]])
    elif order == "look":
        return look(board)
    elif order == "console":
        return board.console
    else:
        {
            "off": board.power_off,
            "on": board.power_on,
            "reset": board.press_reset,
            "loader": lambda: board.press_reset(holding_boot=True),
            "unplug": board.port.unplug,
            "plug": board.port.plug,
        }[order]()
    return ""


def look(board: Board) -> str:
    """A line for each part that shows something."""
    parts = board.parts
    lines = [f"digits  {display.display.text()!r}" for display in parts.displays]
    lines += [f"lights  {pixels.seen()}" for pixels in parts.pixels.values()]
    lines += [f"lamp    {parts.lamp_colour()}"] if parts.lamps else []
    lines += [f"faces   {parts.lit_faces()}"] if parts.faces else []
    lines += [picture(bus.chain) for bus in parts.chains]
    return "\n".join(lines) + "\n"


def picture(chain: LedChain) -> str:
    """The LEDs of a sign as text."""
    return "\n".join("".join("#" if lit else "." for lit in row) for row in chain.rows())


def main() -> None:
    """Run until `quit`, the end of the input or Ctrl-C."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--board", default="esp32-pad", help="one of boards/esp32-*")
    parser.add_argument("--port", type=int, default=0, help="of RFC 2217; 0 takes a free one")
    parser.add_argument("--empty", action="store_true", help="nothing is flashed yet")
    arguments = parser.parse_args()
    board = Board(arguments.board)
    if not arguments.empty:
        board.flash_interpreter()
    board.start(arguments.port)
    sys.stdout.write(f"{board.address}\n{board.plain_address}\n")
    sys.stdout.flush()
    try:
        for line in sys.stdin:
            words = line.split()
            if words == ["quit"]:
                break
            try:
                sys.stdout.write(obey(board, words) if words else "")
            except (KeyError, IndexError, TypeError, ValueError, PartsError) as error:
                sys.stdout.write(f"{line.strip()}: {error}; see python -m simulator.board --help\n")
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    finally:
        board.stop()


if __name__ == "__main__":
    main()
