"""Virtual links between clients and the broker: bytes in order, with delay, in all weathers.

A link is one TCP connection: first in, first out in each direction, never faster than its latency.
The weather acts on whole MQTT packets, where a retransmission would. A dropped packet is what a
lost segment of a dying connection, a crashed process or a full buffer looks like from above. Who
lives and who is gone (`up/state`) is late instead, on its way from the broker: nobody says it
again, and a broker repeats it until it arrives or the connection ends.

Faults of the line: `cut` (both ends learn of it), `block` (nobody is told; all bytes of a direction
are lost until `unblock`, and then the client finds its connection reset), `clog` (bytes wait).

A client may let live QoS 0 packets wait on its link (`may_wait`) until `settle`, which it calls
before anything else happens to it: each then has the fate and the time it would have had without
that. Most packets of a day are beats, and most of these make no difference when they arrive.
"""

import random
from collections.abc import Callable

from protocols.mqtt_packets import PUBLISH
from protocols.topics import STATE
from simulator.link import Endpoint, Link, split_packets
from simulator.virtual_broker import VirtualBroker
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace
from simulator.weather import CALM, Weather, draw_fate

LATENCY_MS_MIN = 1
LATENCY_MS_MAX = 4
CONNECT_TIMEOUT_MS = 3000
_LIVE_QOS_0 = 0x30
_BIRTH = STATE.name.encode()
_TOPIC_BYTES_MAX = 80
_REPEATED_AFTER_MS = 3000


class Network:
    """All links of the hall and the broker they lead to.

    One stream of chance for each client and direction: what waits is drawn later, in its order.
    """

    def __init__(
        self,
        timeline: Timeline,
        trace: Trace,
        make_rng: Callable[[str], random.Random],
        broker: VirtualBroker,
    ) -> None:
        self.weather = CALM
        self.broker = broker
        self.broker_running = True
        self.dropped = 0
        self.duplicated = 0
        self.delayed = 0
        self.delivered = 0
        # Sees every packet of a client before any fault.
        self.on_packet_up: Callable[[str, bytes], None] | None = None
        self._timeline = timeline
        self._trace = trace
        self._make_rng = make_rng
        self._rngs: dict[str, tuple[random.Random, random.Random]] = {}  # of a client: up, down
        self._links: dict[int, Link] = {}
        self._untold: list[Link] = []  # ended by the broker while nothing reached the client
        self._lives: dict[str, int] = {}  # of a client that dials: its next life hears no answer
        self._numbers = 0
        self._no_up: dict[str, bool] = {}
        self._no_down: dict[str, bool] = {}
        self._packets_left: dict[str, int] = {}  # of a client, until one is lost
        self._clogged_ms: dict[str, int] = {}
        self._wake_ms: int | None = None
        broker.on_output = self._after_broker

    # ---- what clients do ----

    def connect(self, client: Endpoint) -> None:
        """Open a connection; `link_opened` or `link_refused` follows."""
        name = client.name
        if name not in self._rngs:
            up, down = self._make_rng(f"up/{name}"), self._make_rng(f"down/{name}")
            self._rngs[name] = (up, down)
        life = self._lives.get(name, 0)
        if self.is_blocked(name):
            self._timeline.after(CONNECT_TIMEOUT_MS, self._refuse, client, life)
        else:
            latency_ms = self._rngs[name][0].randint(LATENCY_MS_MIN, LATENCY_MS_MAX)
            self._timeline.after(latency_ms, self._accept, client, latency_ms, life)

    def send(self, link: Link, data: bytes) -> None:
        """Bytes from the client, whole packets."""
        if not link.open:
            return
        name = link.client.name
        blocked = self._no_up.get(name)
        for packet in split_packets(data):
            if self.on_packet_up is not None:
                self.on_packet_up(name, packet)
            if not blocked and not self._is_lost(name):
                self._carry_up(link, packet)

    def close(self, link: Link) -> None:
        """The client closes its socket; what it has sent still arrives."""
        if link.open:
            link.open = False
            link.may_wait = b""
            at_ms = max(self._timeline.now_ms + link.latency_ms, link.up_at_ms)
            self._timeline.at(at_ms, self._lose, link)

    def settle(self, link: Link, until_ms: int | None = None) -> None:
        """Hand over what waited and has arrived by now; the rest comes by itself."""
        until_ms = self._timeline.now_ms if until_ms is None else until_ms
        waiting, link.waiting = link.waiting, []
        deaf = self._no_down.get(link.client.name)
        for sent_ms, packet, weather in waiting:
            at_ms = self._fate_down(link, packet, sent_ms, weather)
            if at_ms is None:
                continue
            if at_ms > until_ms:
                self._timeline.at(at_ms, self._arrive_down, link, packet)
            elif not deaf:
                self.delivered += 1
                link.take_waited(at_ms, packet)

    def is_blocked(self, name: str) -> bool:
        """Whether bytes of this client get lost, in whichever direction."""
        return self._no_up.get(name, False) or self._no_down.get(name, False)

    # ---- faults of the line ----

    def block(self, name: str, up: bool = True, down: bool = True) -> None:
        """Bytes of this client are lost from now on; nobody is told."""
        self._let_arrive(name)
        self._no_up[name] = self._no_up.get(name, False) or up
        self._no_down[name] = self._no_down.get(name, False) or down

    def lose_one(self, name: str, packets: int) -> None:
        """So many more packets of this client pass, the next one is lost."""
        self._packets_left[name] = packets

    def lose_none(self, name: str) -> None:
        """Nothing more is to be lost, if it has not been yet."""
        self._packets_left.pop(name, None)

    def unblock(self, name: str) -> None:
        """Bytes pass again; a connection from before is found reset."""
        self._let_arrive(name)
        if self.is_blocked(name):
            self._no_up[name] = self._no_down[name] = False
            untold = [link for link in self._untold if link.client.name == name]
            self._untold = [link for link in self._untold if link.client.name != name]
            for link in (*self._links.values(), *untold):
                if link.client.name == name and link.open:
                    link.open = False
                    link.client.link_closed(link)

    def clog(self, name: str, lasts_ms: int) -> None:
        """Bytes of this client wait so long, in both directions, and are not lost."""
        self._let_arrive(name)
        until_ms = self._timeline.now_ms + lasts_ms
        self._clogged_ms[name] = max(until_ms, self._clogged_ms.get(name, 0))

    def cut(self, name: str) -> None:
        """Both ends of this client's connection learn that it is gone."""
        self._let_arrive(name)
        for link in list(self._links.values()):
            if link.client.name == name and link.open:
                link.open = False
                link.may_wait = b""
                self._timeline.after(link.latency_ms, self._lose, link)
                self._timeline.after(link.latency_ms, link.client.link_closed, link)

    def ghost(self, name: str, after_ms: int) -> None:
        """The broker takes this client for lost and says so; the connection ends a bit later."""
        for link in list(self._links.values()):
            if link.client.name == name and link.open and link.served:
                self.broker.tell_will_early(link.number)
                self._timeline.after(after_ms, self._drop_from_broker, link)
                self._after_broker()

    def vanish(self, name: str) -> None:
        """The client's process dies: its kernel closes the sockets, it hears nothing more."""
        for link in list(self._links.values()):
            if link.client.name == name:
                self.close(link)

    def abandon(self, name: str) -> None:
        """The client loses its supply: nobody is told, the broker goes on believing in it."""
        self._lives[name] = self._lives.get(name, 0) + 1
        for link in self._links.values():
            if link.client.name == name:
                link.open = False
                link.may_wait = b""

    def stop_broker(self) -> None:
        """The broker dies and forgets everything it ever knew."""
        for link in list(self._links.values()):
            self._let_arrive(link.client.name)
        self.broker_running = False
        self.broker.forget()
        self._flush()

    def start_broker(self, with_old_news: bool = False) -> None:
        """A new broker, empty, or with retained messages from a while ago."""
        self.broker_running = True
        if with_old_news:
            self.broker.remember_old_news()

    def _let_arrive(self, name: str) -> None:
        """What waits for this client and has arrived is told before anything changes."""
        for link in list(self._links.values()):
            if link.waiting and link.client.name == name:
                self.settle(link)

    # ---- carrying ----

    def _accept(self, client: Endpoint, latency_ms: int, life: int) -> None:
        if not self.broker_running or self.is_blocked(client.name):
            self._refuse(client, life)
            return
        if life != self._lives.get(client.name, 0):
            return
        self._numbers += 1
        link = Link(self._numbers, client, latency_ms, *self._rngs[client.name])
        self._links[link.number] = link
        self.broker.connection_made(link.number, self._timeline.now_ms)
        self._after_broker()
        client.link_opened(link)

    def _refuse(self, client: Endpoint, life: int) -> None:
        if life == self._lives.get(client.name, 0):
            client.link_refused()

    def _is_lost(self, name: str) -> bool:
        """Whether this is the one packet that `lose_one` meant."""
        if name not in self._packets_left:
            return False
        left = self._packets_left.pop(name)
        if left:
            self._packets_left[name] = left - 1
            return False
        self.dropped += 1
        return True

    def _carry_up(self, link: Link, packet: bytes) -> None:
        at_ms = self._timeline.now_ms + link.latency_ms
        copy = b""
        weather = self.weather
        if weather.any:
            fate = draw_fate(weather, link.rng_up, packet, True, link.latency_ms)
            if fate.lost:
                self.dropped += 1
                return
            at_ms = self._timeline.now_ms + fate.late_ms
            copy = fate.copy
            self.delayed += fate.late_ms > link.latency_ms
        if at_ms < link.up_at_ms:
            at_ms = link.up_at_ms
        if self._clogged_ms and at_ms < self._clogged_ms.get(link.client.name, 0):
            at_ms = self._clogged_ms[link.client.name]
        link.up_at_ms = at_ms
        self._timeline.at(at_ms, self._arrive_up, link, packet)
        if copy:
            self.duplicated += 1
            self._timeline.at(at_ms, self._arrive_up, link, copy)

    def _carry_down(self, link: Link, packet: bytes) -> None:
        if packet[0] == _LIVE_QOS_0 and link.may_wait and packet.startswith(link.may_wait, 2):
            link.waiting.append((self._timeline.now_ms, packet, self.weather))
            return
        if link.waiting:
            self.settle(link)
        at_ms = self._fate_down(link, packet, self._timeline.now_ms, self.weather)
        if at_ms is not None:
            self._timeline.at(at_ms, self._arrive_down, link, packet)

    def _fate_down(self, link: Link, packet: bytes, sent_ms: int, weather: Weather) -> int | None:
        """When this packet arrives, None when it does not."""
        at_ms = sent_ms + link.latency_ms
        overtaken = False
        copy = b""
        if weather.any:
            fate = draw_fate(weather, link.rng_down, packet, False, link.latency_ms)
            late_ms = fate.late_ms
            if fate.lost and _BIRTH in packet[:_TOPIC_BYTES_MAX]:
                late_ms = link.latency_ms + _REPEATED_AFTER_MS
            elif fate.lost:
                self.dropped += 1
                return None
            at_ms = sent_ms + late_ms
            copy, overtaken = fate.copy, fate.overtaken
            self.delayed += late_ms > link.latency_ms
        if at_ms < link.down_at_ms:
            at_ms = link.down_at_ms
        if self._clogged_ms and at_ms < self._clogged_ms.get(link.client.name, 0):
            at_ms = self._clogged_ms[link.client.name]
        if overtaken or link.topic_at_ms:
            at_ms = self._in_topic_order(link, packet, at_ms, overtaken)
        if not overtaken:
            link.down_at_ms = at_ms
        if copy:
            self.duplicated += 1
            self._timeline.at(at_ms, self._arrive_down, link, packet)
            self._timeline.at(at_ms, self._arrive_down, link, copy)
            return None
        return at_ms

    def _in_topic_order(self, link: Link, packet: bytes, at_ms: int, overtaken: bool) -> int:
        """Not before the packet of the same topic and QoS that was sent earlier."""
        if packet[0] & 0xF0 != PUBLISH:
            return at_ms
        start = 2 if packet[1] < 128 else 3
        size = packet[start] << 8 | packet[start + 1]
        key = bytes((packet[0] & 6,)) + packet[start + 2 : start + 2 + size]
        at_ms = max(at_ms, link.topic_at_ms.get(key, 0))
        if overtaken:
            link.topic_at_ms[key] = at_ms
        return at_ms

    def _arrive_up(self, link: Link, packet: bytes) -> None:
        if link.served and not self._no_up.get(link.client.name):
            self.delivered += 1
            self.broker.receive(link.number, self._timeline.now_ms, packet)
            self._after_broker()

    def _arrive_down(self, link: Link, packet: bytes) -> None:
        if link.open and not self._no_down.get(link.client.name):
            self.delivered += 1
            link.client.link_data(link, packet)

    def _lose(self, link: Link) -> None:
        if link.served:
            link.served = False
            self._links.pop(link.number, None)
            self.broker.connection_lost(link.number, self._timeline.now_ms)
            self._after_broker()

    def _drop_from_broker(self, link: Link) -> None:
        """The broker ends the connection of a ghost."""
        if link.served:
            self._lose(link)
            self._close_from_broker(link)

    def _close_from_broker(self, link: Link) -> None:
        if not link.open:
            return
        if self._no_down.get(link.client.name):
            self._untold.append(link)
            return
        self.settle(link)
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
                self._carry_down(link, item[1])
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
