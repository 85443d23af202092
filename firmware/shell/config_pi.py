"""The file of a Pi node (TOML): who it is, where its broker is, what hangs on it.

Rules: all mistakes that can be seen at once are told at once, each with its line and field; a file
with any mistake is refused whole. Paths may be relative to the file. Secrets stand in files of
their own, which only the node's user can read. An example for every role is in
`firmware/drivers/pi/examples`.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from protocols.messages.lamp import LAMP_COLOURS

Place: TypeAlias = tuple[str | int, ...]
Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Pin = Annotated[int, Field(ge=0, le=27)]
Model = TypeVar("Model", bound=BaseModel)

# Kind -> the tables that say what the node drives: it needs the first, or any of several.
PARTS: dict[str, tuple[str, ...]] = {
    "ticket": ("printer",),
    "wall": ("wall", "screen"),
    "sign": ("wall",),
    "voice": ("voice",),
    "lamp": ("lamp",),
}
# What a kind may have beside that.
EXTRAS = {"ticket": ("screen", "button")}


class Table(BaseModel):
    """A table of such a file; what it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeTable(Table):
    """[node]: hall, id and kind may come from the command line instead."""

    hall: Name
    id: Name
    kind: Literal["ticket", "wall", "sign", "voice", "lamp"]
    board: Annotated[str, Field(min_length=1, max_length=40)] = "raspberry-pi"
    store: Path


class BrokerTable(Table):
    """[broker]: with `authority` TLS, with `certificate` and `key` the node's own as well."""

    host: Annotated[str, Field(min_length=1)]
    port: Port = 8883
    password_file: Path | None = None
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @model_validator(mode="after")
    def _whole(self) -> "BrokerTable":
        if (self.certificate is not None or self.key is not None) and self.authority is None:
            raise ValueError("a certificate needs `authority`, the file of who signed the broker's")
        return self


class PrinterTable(Table):
    """[printer]: exactly one of `host`, `serial` and `usb`."""

    hall_zh: Annotated[str, Field(min_length=1)]
    hall_en: Annotated[str, Field(min_length=1)]
    host: str | None = None
    port: Port = 9100
    serial: str | None = None
    baud: int = 19200
    xonxoff: bool = True
    usb: str | None = None
    completion: Literal["process-id", "barrier"] = "process-id"
    font_regular: Path | None = None
    font_bold: Path | None = None
    picture: bool = False

    @model_validator(mode="after")
    def _one_line(self) -> "PrinterTable":
        if sum(each is not None for each in (self.host, self.serial, self.usb)) != 1:
            raise ValueError("give exactly one of `host`, `serial` and `usb`")
        if (self.font_regular is None) != (self.font_bold is None):
            raise ValueError("give both `font_regular` and `font_bold`, or none")
        if self.picture and self.font_regular is None:
            raise ValueError("`picture` needs `font_regular` and `font_bold`")
        return self


class ScreenTable(Table):
    """[screen]: a browser on this board shows the node's page, which is on this port of loopback.

    The hall's name stands at its top; a kiosk takes that of its tickets.
    """

    port: Annotated[int, Field(ge=0, le=65535)] = 8088
    hall_zh: str = ""
    hall_en: str = ""


class ButtonTable(Table):
    """[[button]]: a push button of the kiosk for one service."""

    pin: Pin
    service: Annotated[str, Field(min_length=1, max_length=12)]


class WallTable(Table):
    """[wall]: chips of a wall or sign on SPI."""

    font: Path
    spi_port: int = 0
    spi_device: int = 0
    speed_hz: int = 1_000_000
    intensity: Annotated[int, Field(ge=0, le=15)] = 7


class VoiceTable(Table):
    """[voice]: `clips` (a folder), or `chip` on `serial`."""

    clips: Path | None = None
    player: tuple[str, ...] = ()
    chip: Literal["syn6288", "xfs5152"] | None = None
    serial: str | None = None
    baud: int = 9600
    lead: str = ""

    @model_validator(mode="after")
    def _one_voice(self) -> "VoiceTable":
        if (self.clips is None) == (self.chip is None):
            raise ValueError("give exactly one of `clips` and `chip`")
        if self.chip is not None and self.serial is None:
            raise ValueError("a `chip` needs `serial`, the line it is on")
        return self


class LampTable(Table):
    """[lamp]: for each colour the pins that light it."""

    green: tuple[Pin, ...]
    amber: tuple[Pin, ...]
    red: tuple[Pin, ...]
    active_high: bool = True

    def pins(self) -> dict[str, tuple[int, ...]]:
        """Colour -> pins."""
        return {name: getattr(self, name) for name in LAMP_COLOURS if name != "off"}


class PiConfig(Table):
    """The whole file."""

    node: NodeTable
    broker: BrokerTable
    printer: PrinterTable | None = None
    screen: ScreenTable | None = None
    button: tuple[ButtonTable, ...] = ()
    wall: WallTable | None = None
    voice: VoiceTable | None = None
    lamp: LampTable | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "PiConfig":
        kind = self.node.kind
        needed = PARTS[kind]
        if not any(getattr(self, table) for table in needed):
            either = " or ".join(f"[{table}]" for table in needed)
            raise ValueError(f"a node of kind {kind!r} needs the table {either}")
        allowed = needed + EXTRAS.get(kind, ())
        for table in ("printer", "screen", "button", "wall", "voice", "lamp"):
            if getattr(self, table) and table not in allowed:
                raise ValueError(f"[{table}] does not belong to kind {kind!r}")
        return self


class ConfigError(ValueError):
    """The file is refused; the text has one line for each mistake."""


def load_config(path: Path, changes: dict[str, dict[str, object]]) -> PiConfig:
    """Read a file; `changes` ({table: {field: value}}) come from the command line and win.

    Raises ConfigError, OSError when the file can not be read.
    """
    return load_tables(path, PiConfig, changes)


def load_tables(path: Path, model: type[Model], changes: dict[str, dict[str, object]]) -> Model:
    """The same for any file of tables."""
    return parse_tables(path.read_text(encoding="utf-8"), path, model, changes)


def parse_tables(
    text: str, path: Path, model: type[Model], changes: dict[str, dict[str, object]]
) -> Model:
    """As `load_tables`, for a text; `path` stands in the messages."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    for table, fields in changes.items():
        tables.setdefault(table, {}).update(fields)
    try:
        config = model.model_validate(tables)
    except ValidationError as error:
        lines = _lines(text)
        told = [_sentence(path, lines, each["loc"], each["msg"]) for each in error.errors()]
        raise ConfigError("\n".join(told)) from error
    return _with_whole_paths(config, path.parent)


def _with_whole_paths(config: Model, folder: Path) -> Model:
    def whole(value: object) -> object:
        if isinstance(value, Path):
            return folder / value
        if isinstance(value, BaseModel):
            parts = {name: whole(getattr(value, name)) for name in type(value).model_fields}
            return value.model_copy(update=parts)
        return value

    made = whole(config)
    assert isinstance(made, type(config))
    return made


_HEADER = re.compile(r"^\s*\[\[?\s*([a-z_]+)\s*\]\]?")
_KEY = re.compile(r"^\s*([a-z_]+)\s*=")


def _lines(text: str) -> dict[Place, int]:
    """(table,), (table, place in the list), (table, [place,] field) -> line, from 1."""
    found: dict[Place, int] = {}
    table: Place = ()
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            name = header[1]
            table = (name,)
            found.setdefault(table, number)
            if line.lstrip().startswith("[["):
                table = (name, counts.get(name, 0))
                counts[name] = counts.get(name, 0) + 1
                found[table] = number
        elif key := _KEY.match(line):
            found[(*table, key[1])] = number
    return found


def _sentence(path: Path, lines: dict[Place, int], place: Place, said: str) -> str:
    line = next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), 1)
    field = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
    said = said.removeprefix("Value error, ")
    return f"{path}:{line}: {field}: {said}" if field else f"{path}:{line}: {said}"
