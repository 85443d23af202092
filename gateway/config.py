"""The hall file as checked values: services, windows, nodes, officers, rules.

Rules: everything about a hall that is not code is here and nowhere else; a hall that loads is whole
(every reference leads somewhere, every node id is unique). Reading the file and naming the line of
a mistake is `gateway.hallfile`.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from protocols.topics import GATEWAY

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,12}$")]
NodeId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,2}$")]


def _fits(bytes_max: int) -> Callable[[str], str]:
    """A check that text fits its field on the wire, which is counted in bytes of UTF-8."""

    def check(text: str) -> str:
        size = len(text.encode())
        if size > bytes_max:
            raise ValueError(f"is {size} bytes of UTF-8, at most {bytes_max}: shorten it")
        return text

    return check


ShortName = Annotated[
    str, StringConstraints(min_length=1, max_length=10), AfterValidator(_fits(30))
]
StaffNumber = Annotated[str, StringConstraints(pattern=r"^[1-9]{4}$")]
NodeKind = Literal["pad", "wall", "sign", "lamp", "ticket", "voice", "rating"]
WINDOW_DEVICES: tuple[NodeKind, ...] = ("pad", "sign", "lamp", "rating")
# The pad picks a service with one digit key and the kiosk shows all of them on one page.
SERVICES_MAX = 8
WINDOWS_MAX = 60


class Table(BaseModel):
    """One table of the hall file; an option nobody reads is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HallName(Table):
    id: NodeId
    name_zh: str = Field(min_length=1, max_length=30)
    name_en: str = Field(min_length=1, max_length=60)
    utc_offset: Annotated[str, StringConstraints(pattern=r"^[+-][01][0-9]:[0-5][0-9]$")] = "+08:00"
    notice_zh: Annotated[str, AfterValidator(_fits(120))] = Field(default="", max_length=40)
    notice_en: str = Field(default="", max_length=80)
    # Where phones reach the public pages, as printed in the QR of a ticket; "" prints no QR.
    public_url: str = Field(default="", max_length=100, pattern=r"^(https?://[!-.0-~]+)?$")

    @cached_property
    def utc_offset_ms(self) -> int:
        sign = -1 if self.utc_offset[0] == "-" else 1
        return sign * (int(self.utc_offset[1:3]) * 60 + int(self.utc_offset[4:6])) * 60_000


class Rules(Table):
    """The limits of the hall; every one has a unit in its name."""

    press_age_seconds: int = Field(default=10, ge=2, le=60)
    walk_seconds: int = Field(default=60, ge=0, le=600)
    missed_return_after: int = Field(default=3, ge=0, le=50)
    calls_max: int = Field(default=3, ge=1, le=9)
    rating_seconds: int = Field(default=60, ge=5, le=600)
    announcement_seconds: int = Field(default=60, ge=10, le=600)
    reprints_max: int = Field(default=2, ge=0, le=9)
    reserve_numbers: int = Field(default=20, ge=0, le=50)
    # How long personal data is kept, from its last use; see docs/SECURITY.md.
    id_number_days: int = Field(default=30, ge=1, le=180)
    phone_days: int = Field(default=15, ge=1, le=180)
    amber_percent: int = Field(default=80, ge=1, le=1000)
    red_percent: int = Field(default=100, ge=1, le=1000)
    blink_percent: int = Field(default=150, ge=1, le=1000)

    @model_validator(mode="after")
    def _levels_rise(self) -> Self:
        if not self.amber_percent < self.red_percent < self.blink_percent:
            raise ValueError("amber_percent < red_percent < blink_percent must hold")
        return self


class Service(Table):
    code: Code
    # A letter that the seven segments of a pad can show.
    prefix: Annotated[str, StringConstraints(pattern=r"^[A-HJLNOPR-UY]$")]
    name_zh: ShortName
    # Eight such names in both languages still fit one kiosk message of 1 KiB.
    name_en: Annotated[str, StringConstraints(pattern=r"^[ -~]{1,20}$")]
    limit_minutes: int = Field(ge=1, le=240)


class Window(Table):
    """One window and its devices: window w03 has nodes w03-pad, w03-sign, w03-lamp, w03-rating."""

    id: NodeId
    label: Label
    services: tuple[Code, ...] = Field(min_length=1)
    devices: tuple[NodeKind, ...] = WINDOW_DEVICES


class Node(Table):
    id: NodeId
    kind: NodeKind
    board: NodeId
    window: NodeId | None = None


class Officer(Table):
    """Who may sign in; `services` empty means: all the window offers."""

    staff_number: StaffNumber
    name: ShortName
    services: tuple[Code, ...] = ()


class HallConfig(Table):
    """A whole hall file."""

    version: Literal[1]
    hall: HallName
    rules: Rules = Rules()
    service: tuple[Service, ...] = Field(min_length=1, max_length=SERVICES_MAX)
    window: tuple[Window, ...] = Field(min_length=1, max_length=WINDOWS_MAX)
    node: tuple[Node, ...] = ()
    officer: tuple[Officer, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for what, values in (
            ("service.code", [s.code for s in self.service]),
            ("service.prefix", [s.prefix for s in self.service]),
            ("window.id", [w.id for w in self.window]),
            ("window.label", [w.label for w in self.window]),
            ("officer.staff_number", [o.staff_number for o in self.officer]),
            ("node.id", [n.id for n in self.nodes]),
        ):
            for value in values:
                if values.count(value) > 1:
                    raise ValueError(f"{what} {value!r} stands more than once")
        for where, codes in self._service_references():
            for code in codes:
                if code not in self.services:
                    raise ValueError(f"{where} names service {code!r}, which is not defined")
        for node in self.node:
            if node.id == GATEWAY:
                raise ValueError(f"node.id {GATEWAY!r} is the gateway's own name")
            if node.window is not None and node.window not in self.windows:
                raise ValueError(f"node {node.id} names window {node.window!r}, not defined")
        if sum(node.kind == "voice" for node in self.nodes) > 1:
            raise ValueError("node: at most one voice, so that announcements never overlap")
        return self

    def _service_references(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for window in self.window:
            yield f"window {window.id}", window.services
        for officer in self.officer:
            yield f"officer {officer.staff_number}", officer.services

    @cached_property
    def services(self) -> dict[str, Service]:
        return {service.code: service for service in self.service}

    @cached_property
    def windows(self) -> dict[str, Window]:
        return {window.id: window for window in self.window}

    @cached_property
    def officers(self) -> dict[str, Officer]:
        return {officer.staff_number: officer for officer in self.officer}

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes: those of the windows, then the others."""
        of_windows = tuple(
            Node(id=f"{window.id}-{kind}", kind=kind, board=f"esp32-{kind}", window=window.id)
            for window in self.window
            for kind in window.devices
        )
        return of_windows + self.node

    @cached_property
    def node_by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}
