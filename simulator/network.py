"""Virtual links between clients and the broker: bytes in order, with delay, and packet faults.

A link is one TCP connection: first in, first out in each direction, never faster than its latency.
Faults act on whole MQTT packets, where a retransmission would: any packet may be dropped or
delayed (and then holds up those behind it); only PUBLISH of QoS 1 and PUBACK are duplicated,
because only of these the protocol allows a second copy. A dropped packet is what a lost segment of
a dying connection, a crashed process or a full buffer looks like from above.

Faults of the line: `cut` (both ends learn of it), `pull_cable` (nobody is told; all bytes are lost
until the cable is back, and then the client finds its connection reset).
"""

import random
from collections.abc import Callable
from typing import Protocol

from protocols.mqtt_packets import PUBACK, PUBLISH
from simulator.broker import BrokerCore
from simulator.faults import PacketFaults
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace

LATENCY_MS_MIN = 1
LATENCY_MS_MAX = 4
CONNECT_TIMEOUT_MS = 3000
_DUP = 8
_QOS_1 = 2


class Endpoint(Protocol):
    """A client's end of the network: a node or the gateway."""

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

    __slots__ = ("client", "down_at_ms", "latency_ms", "number", "open", "served", "up_at_ms")

    def __init__(self, number: int, client: Endpoint, latency_ms: int) -> None:
        self.number = number
        self.client = client
        self.latency_ms = latency_ms
        self.open = True
        self.served = True
        self.up_at_ms = 0
        self.down_at_ms = 0


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


class Network:
    """All links of the hall and the broker they lead to."""

    def __init__(self, timeline: Timeline, trace: Trace, rng: random.Random) -> None:
        self.faults = PacketFaults()
        self.broker = BrokerCore()
        self.broker_running = True
        self.dropped = 0
        self.duplicated = 0
        self.delayed = 0
        self.delivered = 0
        # Sees every packet of a client before any fault.
        self.on_packet_up: Callable[[str, bytes], None] | None = None
        self._timeline = timeline
        self._trace = trace
        self._rng = rng
        self._links: dict[int, Link] = {}
        self._numbers = 0
        self._pulled: dict[str, bool] = {}
        self._wake_ms: int | None = None

    # ---- what clients do ----

    def connect(self, client: Endpoint) -> None:
        """Open a connection; `link_opened` or `link_refused` follows."""
        if self._pulled.get(client.name):
            self._timeline.after(CONNECT_TIMEOUT_MS, client.link_refused)
        else:
            latency_ms = self._rng.randint(LATENCY_MS_MIN, LATENCY_MS_MAX)
            self._timeline.after(latency_ms, self._accept, client, latency_ms)

    def send(self, link: Link, data: bytes) -> None:
        """Bytes from the client, whole packets."""
        if not link.open:
            return
        name = link.client.name
        pulled = self._pulled.get(name)
        for packet in split_packets(data):
            if self.on_packet_up is not None:
                self.on_packet_up(name, packet)
            if not pulled:
                self._carry(link, packet, upward=True)

    def close(self, link: Link) -> None:
        """The client closes its socket; what it has sent still arrives."""
        if link.open:
            link.open = False
            at_ms = max(self._timeline.now_ms + link.latency_ms, link.up_at_ms)
            self._timeline.at(at_ms, self._lose, link)

    def is_pulled(self, name: str) -> bool:
        """Whether this client's cable is out."""
        return self._pulled.get(name, False)

    # ---- faults of the line ----

    def pull_cable(self, name: str) -> None:
        """All bytes of this client are lost from now on; nobody is told."""
        self._pulled[name] = True

    def plug_cable(self, name: str) -> None:
        """The cable is back; a connection from before is found reset."""
        self._pulled[name] = False
        for link in list(self._links.values()):
            if link.client.name == name and link.open:
                link.open = False
                link.client.link_closed(link)

    def cut(self, name: str) -> None:
        """Both ends of this client's connection learn that it is gone."""
        for link in list(self._links.values()):
            if link.client.name == name and link.open:
                link.open = False
                self._timeline.after(link.latency_ms, self._lose, link)
                self._timeline.after(link.latency_ms, link.client.link_closed, link)

    def vanish(self, name: str) -> None:
        """The client's process dies: its kernel closes the sockets, it hears nothing more."""
        for link in list(self._links.values()):
            if link.client.name == name:
                self.close(link)

    def abandon(self, name: str) -> None:
        """The client loses its supply: nobody is told, the broker goes on believing in it."""
        for link in self._links.values():
            if link.client.name == name:
                link.open = False

    def stop_broker(self) -> None:
        """The broker dies and forgets everything it ever knew."""
        self.broker_running = False
        self.broker.forget()
        self._flush()

    def start_broker(self) -> None:
        """A new broker, empty."""
        self.broker_running = True

    # ---- carrying ----

    def _accept(self, client: Endpoint, latency_ms: int) -> None:
        if not self.broker_running or self._pulled.get(client.name):
            client.link_refused()
            return
        self._numbers += 1
        link = Link(self._numbers, client, latency_ms)
        self._links[link.number] = link
        self.broker.connection_made(link.number, self._timeline.now_ms)
        self._after_broker()
        client.link_opened(link)

    def _carry(self, link: Link, packet: bytes, upward: bool) -> None:
        at_ms = self._timeline.now_ms + link.latency_ms
        copy = b""
        faults = self.faults
        if faults.any:
            draw = self._rng.random() * 100
            if draw < faults.drop_percent:
                self.dropped += 1
                return
            draw -= faults.drop_percent
            if draw < faults.duplicate_percent:
                copy = self._second_copy(packet)
            elif draw - faults.duplicate_percent < faults.delay_percent:
                self.delayed += 1
                at_ms += self._rng.randint(1, faults.delay_ms_max)
        if upward:
            if at_ms < link.up_at_ms:
                at_ms = link.up_at_ms
            link.up_at_ms = at_ms
            arrive = self._arrive_up
        else:
            if at_ms < link.down_at_ms:
                at_ms = link.down_at_ms
            link.down_at_ms = at_ms
            arrive = self._arrive_down
        self._timeline.at(at_ms, arrive, link, packet)
        if copy:
            self._timeline.at(at_ms, arrive, link, copy)

    def _second_copy(self, packet: bytes) -> bytes:
        """What a sender puts on the line when it sends a packet again; b"" where it may not."""
        kind = packet[0] & 0xF0
        if kind == PUBACK:
            self.duplicated += 1
            return packet
        if kind == PUBLISH and packet[0] & _QOS_1:
            self.duplicated += 1
            return bytes((packet[0] | _DUP,)) + packet[1:]
        return b""

    def _arrive_up(self, link: Link, packet: bytes) -> None:
        if link.served and not self._pulled.get(link.client.name):
            self.delivered += 1
            self.broker.receive(link.number, self._timeline.now_ms, packet)
            self._after_broker()

    def _arrive_down(self, link: Link, packet: bytes) -> None:
        if link.open and not self._pulled.get(link.client.name):
            self.delivered += 1
            link.client.link_data(link, packet)

    def _lose(self, link: Link) -> None:
        if link.served:
            link.served = False
            self._links.pop(link.number, None)
            self.broker.connection_lost(link.number, self._timeline.now_ms)
            self._after_broker()

    def _close_from_broker(self, link: Link) -> None:
        if link.open and not self._pulled.get(link.client.name):
            link.open = False
            link.client.link_closed(link)

    def _after_broker(self) -> None:
        self._flush()
        wake_ms = self.broker.wake_at()
        if wake_ms is not None and (self._wake_ms is None or wake_ms < self._wake_ms):
            self._wake_ms = max(wake_ms, self._timeline.now_ms)
            self._timeline.at(self._wake_ms, self._wake_broker, self._wake_ms)

    def _flush(self) -> None:
        links = self._links
        for item in self.broker.take_output():
            link = links.get(item[0])  # type: ignore[arg-type]  # all names given here are int
            if link is None:
                continue
            if len(item) == 2:
                self._carry(link, item[1], upward=False)
            else:
                link.served = False
                del links[link.number]
                at_ms = max(self._timeline.now_ms + link.latency_ms, link.down_at_ms)
                self._timeline.at(at_ms, self._close_from_broker, link)

    def _wake_broker(self, planned_ms: int) -> None:
        if self._wake_ms == planned_ms:
            self._wake_ms = None
            if self.broker_running:
                self.broker.wake(self._timeline.now_ms)
                self._after_broker()
