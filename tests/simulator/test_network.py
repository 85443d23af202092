"""Virtual links: order, latency, and the faults that may befall a packet."""

import random

from protocols.mqtt import encode_connect, encode_puback, encode_publish, encode_subscribe
from protocols.mqtt_packets import CONNACK, PUBACK, PUBLISH, SUBACK
from simulator.link import Link, split_packets
from simulator.network import Network
from simulator.virtual_broker import VirtualBroker
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace
from simulator.weather import Weather


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
        broker = VirtualBroker(self.timeline, random.Random(f"{seed}/broker"), None)
        self.network = Network(
            self.timeline, Trace(), lambda purpose: random.Random(f"{seed}/{purpose}"), broker
        )
        self.client = Client("w01-pad")
        self.network.connect(self.client)
        self.run(10)
        will = ("t/will", b"gone", 1, True)
        self.send(encode_connect("w01-pad", 600, will=will), encode_subscribe(1, [("t/#", 1)]))
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
    rig.network.weather = Weather(delay_percent=50, delay_ms_max=400)
    for count in range(40):
        rig.send(encode_publish("t/x", b"%d" % count))
        rig.run(5)
    rig.run(40_000)
    payloads = [packet.rpartition(b"t/x")[2] for packet in rig.client.packets[2:]]
    assert payloads == [b"%d" % count for count in range(40)]
    assert rig.network.delayed > 10


def test_only_what_may_be_sent_again_is_duplicated() -> None:
    rig = Rig()
    rig.network.weather = Weather(duplicate_percent=100)
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
    rig.network.weather = Weather(drop_percent=100)
    rig.send(encode_publish("t/x", b"a"))
    rig.run(50)
    assert len(rig.client.packets) == 2
    assert rig.network.dropped == 1


def test_a_pulled_cable_tells_nobody_until_it_is_back() -> None:
    rig = Rig()
    rig.network.block("w01-pad")
    rig.send(encode_publish("t/x", b"a"))
    rig.run(5_000)
    assert (rig.client.closed, len(rig.client.packets)) == (0, 2)
    rig.network.unblock("w01-pad")
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


def another(rig: Rig, name: str) -> Client:
    """One more client that hears everything."""
    client = Client(name)
    rig.network.connect(client)
    rig.run(10)
    hello = encode_connect(name, 600) + encode_subscribe(1, [("t/#", 1)])
    rig.network.send(client.links[-1], hello)
    rig.run(20)
    return client


def payloads(client: Client, topic: bytes) -> list[bytes]:
    found = [packet for packet in client.packets if topic in packet]
    # With QoS 1 a packet id stands between topic and payload.
    return [packet.rpartition(topic)[2][2 if packet[0] & 6 else 0 :] for packet in found]


def test_a_deaf_client_is_heard_and_a_mute_one_hears() -> None:
    rig = Rig()
    other = another(rig, "w02-pad")
    rig.network.block("w01-pad", up=False)
    rig.send(encode_publish("t/x", b"1"))
    rig.run(20)
    assert payloads(other, b"t/x") == [b"1"]
    assert payloads(rig.client, b"t/x") == []
    rig.network.unblock("w01-pad")
    assert rig.client.closed == 1
    rig.network.block("w02-pad", down=False)
    rig.network.send(other.links[-1], encode_publish("t/y", b"2"))
    rig.run(20)
    assert payloads(other, b"t/y") == []


def test_what_a_clogged_line_holds_up_comes_later_and_in_order() -> None:
    rig = Rig()
    rig.network.clog("w01-pad", 3_000)
    for count in range(3):
        rig.send(encode_publish("t/x", b"%d" % count))
    rig.run(2_900)
    assert payloads(rig.client, b"t/x") == []
    rig.run(200)
    assert payloads(rig.client, b"t/x") == [b"0", b"1", b"2"]


def test_only_messages_of_other_topics_or_qos_overtake() -> None:
    rig = Rig()
    rig.network.weather = Weather(overtaken_percent=60, overtaken_ms_max=500)
    for count in range(60):
        topic = f"t/{count % 3}"
        rig.send(encode_publish(topic, b"%02d" % count, 1, packet_id=count + 1))
        rig.run(3)
    rig.run(5_000)
    said = [packet[-2:] for packet in rig.client.packets if b"t/" in packet[:8]]
    assert said != sorted(said)
    for topic in (b"t/0", b"t/1", b"t/2"):
        of_topic = payloads(rig.client, topic)
        assert of_topic == sorted(of_topic)
        assert len(of_topic) == 20


def test_a_ghost_is_buried_while_it_lives_and_then_loses_its_connection() -> None:
    rig = Rig()
    other = another(rig, "w02-pad")
    rig.network.ghost("w01-pad", 500)
    rig.run(100)
    assert payloads(other, b"t/will") == [b"gone"]
    rig.send(encode_publish("t/x", b"alive"))
    rig.run(100)
    assert payloads(other, b"t/x") == [b"alive"]
    rig.run(500)
    assert rig.client.closed == 1
    assert payloads(other, b"t/will") == [b"gone"]


def test_a_late_will_comes_after_the_client_is_back() -> None:
    rig = Rig()
    other = another(rig, "w02-pad")
    rig.network.broker.late_will_percent = 100
    rig.network.broker.late_will_ms_max = 5_000
    rig.network.cut("w01-pad")
    rig.run(20)
    assert payloads(other, b"t/will") == []
    rig.run(5_000)
    assert payloads(other, b"t/will") == [b"gone"]


def test_a_broker_with_old_news_tells_what_was_so_a_while_ago() -> None:
    rig = Rig()
    rig.send(encode_publish("t/state", b"old", 0, True))
    rig.run(61_000)
    rig.send(encode_publish("t/state", b"new", 0, True))
    rig.run(100)
    rig.network.stop_broker()
    rig.network.start_broker(with_old_news=True)
    assert payloads(another(rig, "w02-pad"), b"t/state") == [b"old"]


def beats_heard(waits: bool) -> list[tuple[int, bytes]]:
    """(when, packet) of thirty beats on a bad network, told at once or let wait."""
    rig = Rig()
    other = another(rig, "w02-pad")
    heard: list[tuple[int, bytes]] = []
    link = rig.client.links[-1]
    if waits:
        link.may_wait = bytes((6,)) + b"\0\3t/b"
        link.take_waited = lambda at_ms, packet: heard.append((at_ms, packet))
    before = len(rig.client.packets)
    rig.network.weather = Weather(drop_percent=20, delay_percent=30, delay_ms_max=100)
    for count in range(30):
        # Two bytes of payload and the topic: what follows the first byte is the same in all.
        rig.network.broker.receive(
            other.links[-1].number, rig.timeline.now_ms, encode_publish("t/b", b"%d" % (count % 10))
        )
        rig.network._after_broker()
        for _ in range(150):
            rig.run(1)
            fresh = rig.client.packets[before:]
            before = len(rig.client.packets)
            heard += [(rig.timeline.now_ms, packet) for packet in fresh]
        rig.network.settle(link)
    return heard


def test_packets_that_wait_have_the_fate_they_would_have_had() -> None:
    at_once, waited = beats_heard(False), beats_heard(True)
    assert at_once == waited
    assert 10 < len(at_once) < 30


def test_a_client_that_lost_its_supply_hears_no_answer_to_what_it_dialled_before() -> None:
    rig = Rig()
    opened = len(rig.client.links)
    rig.network.abandon(rig.client.name)
    rig.network.connect(rig.client)
    rig.network.abandon(rig.client.name)
    rig.run(50)
    assert len(rig.client.links) == opened
    rig.network.block(rig.client.name)
    rig.network.connect(rig.client)
    rig.network.abandon(rig.client.name)
    rig.run(5000)
    assert rig.client.refused == 0
    rig.network.connect(rig.client)
    rig.run(5000)
    assert rig.client.refused == 1


def test_a_connection_that_was_ended_unheard_is_found_reset_when_the_cable_is_back() -> None:
    rig = Rig()
    rig.network.ghost(rig.client.name, 100)
    rig.network.block(rig.client.name)
    rig.run(1000)
    assert rig.client.closed == 0
    rig.network.block("somebody else")
    rig.network.unblock("somebody else")
    rig.network.unblock(rig.client.name)
    assert rig.client.closed == 1
    rig.network.block(rig.client.name)
    rig.network.unblock(rig.client.name)
    assert rig.client.closed == 1


def test_one_packet_is_lost_after_those_that_pass() -> None:
    rig = Rig()
    rig.network.lose_one(rig.client.name, 2)
    rig.send(*(encode_publish(f"t/{place}", b"x", 0) for place in range(4)))
    rig.run(50)
    heard = [packet for packet in rig.client.packets if packet[0] & 0xF0 == PUBLISH]
    assert [
        place for place in range(4) if any(f"t/{place}".encode() in each for each in heard)
    ] == [
        *(0, 1, 3),
    ]
    assert rig.network.dropped == 1
    rig.network.lose_one(rig.client.name, 0)
    rig.network.lose_none(rig.client.name)
    rig.send(encode_publish("t/9", b"x", 0))
    rig.run(50)
    assert b"t/9" in rig.client.packets[-1]
    assert rig.network.dropped == 1
