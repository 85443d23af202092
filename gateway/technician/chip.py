"""The chip in its loader, through esptool: who it is, and its interpreter. Blocking.

Rules: the flash is believed by its own hashes, never by what was sent; whatever goes wrong ends
with the chip reset, so that a board is never left waiting in the loader.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import esptool
from esptool import cmds
from esptool.logger import TemplateLogger
from serial import SerialException

from gateway.technician.interpreter import Image, expected_md5, regions

LOADER_BAUD = 115200
FAST_BAUD = 460800
ATTEMPTS = 4

Progress = Callable[[int, int], None]  # done, of


class ChipError(Exception):
    """The chip does not answer or does not do as it should; the text says what to try.

    `kind`: no_port, no_answer, wrong_chip, lost (the cable), bad_flash.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Loader:
    """A chip that waits for commands; made by `open_loader`."""

    def __init__(self, esp: Any, progress_to: "_Silent") -> None:
        self._esp = esp
        self._log = progress_to
        self.chip: str = esp.CHIP_NAME.lower()
        self.mac: str = ":".join(f"{byte:02x}" for byte in esp.read_mac())

    def has(self, image: Image) -> bool:
        """Whether the flash holds the image. Raises ChipError."""
        with _told():
            return all(
                self._esp.flash_md5sum(at, size) == expected_md5(image, (at, size))
                for at, size in regions(image)
            )

    def write(self, image: Image, progress: Progress) -> None:
        """Write the image and prove it. Raises ChipError."""
        self._log.progress = progress
        with _told():
            cmds.write_flash(self._esp, [(image.start, image.data)])
            self._log.progress = None
        if not self.has(image):
            raise ChipError(
                "bad_flash", "写入后校验不符，请换一块板 · the flash reads back otherwise: worn out"
            )

    def prepare(self, fast: bool) -> None:
        """Load what makes the rest quick. Raises ChipError."""
        with _told():
            self._esp = cmds.run_stub(self._esp)
            if fast:
                self._esp.change_baud(FAST_BAUD)
            cmds.attach_flash(self._esp)


@contextmanager
def open_loader(port: str) -> Iterator[Loader]:
    """Reset the chip into its loader; afterwards it is reset to run. Raises ChipError."""
    log = _Silent()
    esptool.log.set_logger(log)
    esp: Any = None
    try:
        with _told():
            esp = cmds.detect_chip(port, LOADER_BAUD, connect_attempts=ATTEMPTS)
        loader = Loader(esp, log)
        yield loader
    finally:
        if esp is not None:
            _leave(esp)


def _leave(esp: Any) -> None:
    try:
        cmds.reset_chip(esp, "hard-reset")
    except (esptool.FatalError, OSError):
        return  # the cable is out; power will reset it
    finally:
        esp._port.close()  # esptool has no public way


@contextmanager
def _told() -> Iterator[None]:
    """Turn what esptool raises into what a technician can do."""
    try:
        yield
    except (SerialException, OSError) as error:
        raise ChipError(
            "lost",
            f"连接中断，检查数据线后重来 · the line broke: check the cable, run it again ({error})",
        ) from error
    except esptool.FatalError as error:
        text = str(error).split("\n")[0]
        if "Could not open" in text:
            raise ChipError("no_port", f"打不开端口 · the port cannot be opened: {text}") from error
        raise ChipError(
            "no_answer",
            f"芯片没有应答：按住 BOOT 键再试 · the chip does not answer: hold BOOT, try again "
            f"({text})",
        ) from error


class _Silent(TemplateLogger):  # type: ignore[misc]  # no type information published
    """Nothing of esptool's own words; its progress goes on."""

    def __init__(self) -> None:
        self.progress: Progress | None = None

    def print(self, *args: object, **kwargs: object) -> None:
        """Nothing."""

    def note(self, message: str) -> None:
        """Nothing."""

    def warning(self, message: str) -> None:
        """Nothing: what matters raises."""

    def error(self, message: str) -> None:
        """Nothing: what matters raises."""

    def stage(self, finish: bool = False) -> None:
        """Nothing."""

    def progress_bar(
        self,
        cur_iter: int,
        total_iters: int,
        prefix: str = "",  # noqa: ARG002  # esptool's shape
        suffix: str = "",  # noqa: ARG002
        bar_length: int = 30,  # noqa: ARG002
    ) -> None:
        """On it goes."""
        if self.progress is not None:
            self.progress(cur_iter, total_iters)

    def set_verbosity(self, verbosity: str) -> None:
        """Always silent."""
