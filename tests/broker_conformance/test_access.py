"""What an identity may read and write, and what it is told when it may not; on both brokers."""

import itertools

import pytest

from protocols.mqtt import encode_publish, encode_subscribe
from protocols.mqtt_packets import Puback, Publish, Suback

_names = itertools.count(1)


@pytest.fixture
def own() -> str:
    """A last topic level no other test uses."""
    return f"x{next(_names)}"


def test_a_node_writes_its_own_up_topics_and_reads_its_own_down_topics(peer, own):
    gateway, pad = peer("gw"), peer("pad-01")
    gateway.subscribe(("hall/+/up/#", 1))
    pad.subscribe(("hall/pad-01/down/#", 1))
    pad.publish(f"hall/pad-01/up/{own}", b"press")
    assert gateway.next() == (f"hall/pad-01/up/{own}", b"press", 1, False)
    gateway.publish(f"hall/pad-01/down/{own}", b"want")
    assert pad.next() == (f"hall/pad-01/down/{own}", b"want", 1, False)


def test_what_everyone_may_read_everyone_reads(peer):
    gateway, pads = peer("gw"), [peer("pad-01"), peer("pad-02")]
    for pad in pads:
        pad.subscribe(("hall/gw/state", 1))
    gateway.publish("hall/gw/state", b"online")
    for pad in pads:
        assert pad.next() == ("hall/gw/state", b"online", 1, False)


@pytest.mark.parametrize("place", ["hall/pad-02/up", "hall/pad-01/down", "hall/gw", "elsewhere"])
@pytest.mark.parametrize("retain", [False, True])
def test_a_forbidden_publish_is_acknowledged_and_dropped(peer, own, place, retain):
    gateway, pad = peer("gw"), peer("pad-01")
    gateway.subscribe((f"+/+/+/{own}", 1), (f"+/+/{own}", 1), (f"+/{own}", 1))
    pad.publish(f"{place}/{own}", b"forged", 1, retain)
    pad.publish(f"hall/pad-01/up/{own}", b"end")
    assert gateway.next() == (f"hall/pad-01/up/{own}", b"end", 1, False)
    late = peer("gw")
    late.subscribe((f"{place}/{own}", 1))
    late.publish(f"{place}/{own}", b"end")
    assert late.next() == (f"{place}/{own}", b"end", 1, False)


def test_a_forbidden_publish_gets_a_plain_puback(wire, secret, own):
    raw = wire()
    raw.connect(f"raw-{own}", "pad-01", password=secret("pad-01"))
    raw.send(encode_publish(f"hall/pad-02/up/{own}", b"forged", 1, False, False, 77))
    puback = raw.next()
    assert isinstance(puback, Puback)
    assert puback.packet_id == 77


@pytest.mark.parametrize("pattern", ["#", "hall/#", "hall/pad-02/down/#", "hall/+/down/#"])
def test_a_foreign_subscription_is_granted_and_brings_only_what_is_ones_own(peer, own, pattern):
    gateway, pad = peer("gw"), peer("pad-01")
    gateway.publish(f"hall/pad-02/down/{own}", b"stored for another", 1, True)
    assert pad.subscribe((pattern, 1)) == [1]
    gateway.publish(f"hall/pad-02/down/{own}", b"for another", 1, False)
    pad.subscribe((f"hall/pad-01/down/{own}", 1))
    gateway.publish(f"hall/pad-01/down/{own}", b"end")
    assert pad.until(f"hall/pad-01/down/{own}") == []
    gateway.publish(f"hall/pad-02/down/{own}", b"", 1, True)


def test_a_subscription_in_the_name_of_everyone_is_granted_on_the_wire(wire, secret, own):
    raw = wire()
    raw.connect(f"raw-{own}", "pad-01", password=secret("pad-01"))
    raw.send(encode_subscribe(1, [("hall/pad-02/down/#", 1), ("#", 0)]))
    suback = raw.next()
    assert isinstance(suback, Suback)
    assert suback.granted == b"\x01\x00"


def test_a_will_on_a_forbidden_topic_is_not_published(peer, own):
    gateway = peer("gw")
    gateway.subscribe((f"hall/+/up/{own}", 1))
    allowed = peer("pad-01", will=(f"hall/pad-01/up/{own}", b"lost", 1, False))
    forged = peer("pad-01", will=(f"hall/pad-02/up/{own}", b"forged", 1, False))
    forged.lose()
    allowed.lose()
    assert gateway.next() == (f"hall/pad-01/up/{own}", b"lost", 1, False)


def test_where_the_client_id_is_the_identity_nobody_takes_anothers_place(
    strict_broker, wire_to, secret, own
):
    victim = wire_to(strict_broker.port)
    victim.connect("pad-02", "pad-02", password=secret("pad-02"))
    thief = wire_to(strict_broker.port)
    assert thief.connect("pad-02", "pad-01", password=secret("pad-01")).code == 0
    gateway = wire_to(strict_broker.port)
    gateway.connect("anything", password=secret("gw"))
    victim.send(encode_subscribe(1, [(f"hall/pad-02/down/{own}", 0)]))
    assert isinstance(victim.next(), Suback)
    gateway.send(encode_publish(f"hall/pad-02/down/{own}", b"still there"))
    message = victim.next()
    assert isinstance(message, Publish)
    assert message.payload == b"still there"


def test_where_the_client_id_is_the_identity_a_second_login_takes_over(
    strict_broker, wire_to, secret
):
    first = wire_to(strict_broker.port)
    first.connect("one", "pad-01", password=secret("pad-01"))
    second = wire_to(strict_broker.port)
    second.connect("two", "pad-01", password=secret("pad-01"))
    assert first.next() is None
