"""One connection between a client and the broker, as the virtual network keeps it."""

import random
from collections.abc import Callable
from typing import Protocol

from simulator.weather import Weather


class Endpoint(Protocol):
    """A client's end of the network: a node, the gateway's session, an intruder."""

    name: str

    def link_opened(self, link: "Link") -> None:
        """The connection stands."""

    def link_refused(self) -> None:
        """There is nobody, or the cable is out."""

    def link_data(self, link: "Link", data: bytes) -> None:
        """Bytes from the broker."""

    def link_closed(self, link: "Link") -> None:
        """The broker closed it, or it was cut."""


class Link:
    """One connection. `open` is the client's view; `served` is whether the broker has it."""

    __slots__ = (
        "client",
        "down_at_ms",
        "latency_ms",
        "may_wait",
        "number",
        "open",
        "rng_down",
        "rng_up",
        "served",
        "take_waited",
        "topic_at_ms",
        "up_at_ms",
        "waiting",
    )

    def __init__(
        self,
        number: int,
        client: Endpoint,
        latency_ms: int,
        rng_up: random.Random,
        rng_down: random.Random,
    ) -> None:
        self.number = number
        self.client = client
        self.latency_ms = latency_ms
        self.rng_up = rng_up
        self.rng_down = rng_down
        self.open = True
        self.served = True
        self.up_at_ms = 0
        self.down_at_ms = 0
        # When the last packet of each topic arrives that others may overtake.
        self.topic_at_ms: dict[bytes, int] = {}
        # What the client lets wait begins with this; b"": nothing may wait. It takes each later,
        # with the time at which it came.
        self.may_wait = b""
        self.take_waited: Callable[[int, bytes], None] = _takes_nothing
        self.waiting: list[tuple[int, bytes, Weather]] = []


def split_packets(data: bytes) -> list[bytes]:
    """Cut what an MQTT sender wrote at its packet boundaries; whole packets only."""
    if len(data) < 2 or (data[1] < 128 and data[1] + 2 == len(data)):
        return [data]
    packets = []
    at = 0
    while at < len(data):
        length = 0
        shift = 0
        head = at + 1
        while True:
            length |= (data[head] & 127) << shift
            shift += 7
            head += 1
            if data[head - 1] < 128:
                break
        packets.append(data[at : head + length])
        at = head + length
    return packets


def _takes_nothing(at_ms: int, packet: bytes) -> None:
    """A client that lets nothing wait."""
