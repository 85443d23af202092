"""Virtual links: order, latency, and the faults that may befall a packet."""

import random

from protocols.mqtt import encode_connect, encode_puback, encode_publish, encode_subscribe
from protocols.mqtt_packets import CONNACK, PUBACK, PUBLISH, SUBACK
from simulator.faults import PacketFaults
from simulator.network import Link, Network, split_packets
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace


class Client:
    """An end of a link that writes down what happens to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.links: list[Link] = []
        self.packets: list[bytes] = []
        self.closed = 0
        self.refused = 0

    def link_opened(self, link: Link) -> None:
        self.links.append(link)

    def link_refused(self) -> None:
        self.refused += 1

    def link_data(self, link: Link, data: bytes) -> None:
        self.packets.append(data)

    def link_closed(self, link: Link) -> None:
        self.closed += 1


class Rig:
    """A network with one subscribed client."""

    def __init__(self, seed: int = 1) -> None:
        self.timeline = Timeline(100_000)
        self.network = Network(self.timeline, Trace(), random.Random(seed))
        self.client = Client("w01-pad")
        self.network.connect(self.client)
        self.run(10)
        self.send(encode_connect("w01-pad", 15), encode_subscribe(1, [("t/#", 1)]))
        self.run(20)

    def send(self, *packets: bytes) -> None:
        self.network.send(self.client.links[-1], b"".join(packets))

    def run(self, duration_ms: int) -> None:
        self.timeline.run(self.timeline.now_ms + duration_ms)

    def kinds(self) -> list[int]:
        return [packet[0] & 0xF0 for packet in self.client.packets]


def test_what_a_sender_wrote_is_cut_at_packet_boundaries() -> None:
    packets = [
        encode_puback(7),
        encode_publish("t/a", b"x" * 300, 1, packet_id=3),
        encode_publish("t/b", b""),
    ]
    assert split_packets(b"".join(packets)) == packets
    assert split_packets(packets[1]) == [packets[1]]


def test_a_quiet_network_delivers_everything_once_and_in_order() -> None:
    rig = Rig()
    for count in range(20):
        rig.send(encode_publish("t/x", b"%d" % count))
    rig.run(20)
    assert rig.kinds()[:2] == [CONNACK, SUBACK]
    payloads = [packet.rpartition(b"t/x")[2] for packet in rig.client.packets[2:]]
    assert payloads == [b"%d" % count for count in range(20)]


def test_delayed_packets_hold_up_those_behind_them() -> None:
    rig = Rig()
    rig.network.faults = PacketFaults(delay_percent=50, delay_ms_max=400)
    for count in range(40):
        rig.send(encode_publish("t/x", b"%d" % count))
        rig.run(5)
    rig.run(40_000)
    payloads = [packet.rpartition(b"t/x")[2] for packet in rig.client.packets[2:]]
    assert payloads == [b"%d" % count for count in range(40)]
    assert rig.network.delayed > 10


def test_only_what_may_be_sent_again_is_duplicated() -> None:
    rig = Rig()
    rig.network.faults = PacketFaults(duplicate_percent=100)
    rig.send(encode_publish("t/q0", b"a"))
    rig.send(encode_publish("t/q1", b"b", 1, packet_id=9))
    rig.run(50)
    packets = rig.client.packets[2:]
    assert sum(b"t/q0" in packet for packet in packets) == 1
    # Sent twice by the client, and each of the two delivered twice by the broker.
    copies = [packet for packet in packets if b"t/q1" in packet]
    assert [packet[0] & 8 for packet in copies] == [0, 8, 0, 8]
    assert all(kind in (PUBLISH, PUBACK) for kind in rig.kinds()[2:])


def test_a_dropped_packet_is_gone() -> None:
    rig = Rig()
    rig.network.faults = PacketFaults(drop_percent=100)
    rig.send(encode_publish("t/x", b"a"))
    rig.run(50)
    assert len(rig.client.packets) == 2
    assert rig.network.dropped == 1


def test_a_pulled_cable_tells_nobody_until_it_is_back() -> None:
    rig = Rig()
    rig.network.pull_cable("w01-pad")
    rig.send(encode_publish("t/x", b"a"))
    rig.run(5_000)
    assert (rig.client.closed, len(rig.client.packets)) == (0, 2)
    rig.network.plug_cable("w01-pad")
    assert rig.client.closed == 1


def test_connecting_without_a_broker_is_refused() -> None:
    rig = Rig()
    rig.network.stop_broker()
    rig.run(20)
    assert rig.client.closed == 1
    rig.network.connect(rig.client)
    rig.run(20)
    assert rig.client.refused == 1
    rig.network.start_broker()
    rig.network.connect(rig.client)
    rig.run(20)
    assert len(rig.client.links) == 2
