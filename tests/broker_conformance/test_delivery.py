"""Who gets a message, at which QoS, with which retain flag, in which order; on both brokers."""

import pytest


@pytest.mark.parametrize(("sent", "wanted"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_message_comes_at_the_lower_of_the_two_qos(peer, base, sent, wanted):
    reader = peer()
    assert reader.subscribe((base, wanted)) == [wanted]
    peer().publish(base, b"x", sent)
    assert reader.next() == (base, b"x", min(sent, wanted), False)


@pytest.mark.parametrize("payload", [b"", b"\x00\xff" * 10, bytes(range(256)) * 1024])
def test_any_payload_comes_unchanged(peer, base, payload):
    reader = peer()
    reader.subscribe((base, 1))
    peer().publish(base, payload)
    assert reader.next() == (base, payload, 1, False)


def test_a_topic_may_hold_chinese(peer, base):
    reader = peer()
    reader.subscribe((f"{base}/+", 1))
    reader.publish(f"{base}/窗口", "三号".encode())
    assert reader.next() == (f"{base}/窗口", "三号".encode(), 1, False)


def test_two_hundred_messages_come_in_the_order_they_were_published(peer, base):
    reader, writer = peer(), peer()
    reader.subscribe((base, 1))
    for number in range(200):
        writer.client.publish(base, str(number), 1)
    assert [int(reader.next()[1]) for _ in range(200)] == list(range(200))


def test_stored_comes_with_the_retain_flag_and_live_without(peer, base):
    live = peer()
    live.subscribe((base, 1))
    live.publish(base, b"x", 1, True)
    assert live.next() == (base, b"x", 1, False)
    late = peer()
    late.subscribe((base, 1))
    assert late.next() == (base, b"x", 1, True)


@pytest.mark.parametrize(("stored", "wanted"), [(0, 1), (1, 0)])
def test_stored_comes_at_the_lower_of_the_two_qos(peer, base, stored, wanted):
    late = peer()
    late.publish(base, b"x", stored, True)
    late.subscribe((base, wanted))
    assert late.next() == (base, b"x", 0, True)


def test_the_last_retained_replaces_the_one_before(peer, base):
    late = peer()
    late.publish(base, b"1", 1, True)
    late.publish(base, b"2", 1, True)
    late.publish(base, b"live", 1, False)
    late.subscribe((base, 1))
    assert late.next() == (base, b"2", 1, True)


def test_an_empty_payload_deletes_the_retained(peer, base):
    late = peer()
    late.publish(f"{base}/a", b"1", 1, True)
    late.publish(f"{base}/b", b"2", 1, True)
    late.publish(f"{base}/a", b"", 1, True)
    late.subscribe((f"{base}/a", 1))
    late.subscribe((f"{base}/b", 1))
    assert late.next() == (f"{base}/b", b"2", 1, True)


def test_subscribing_again_brings_the_stored_again(peer, base):
    late = peer()
    late.publish(base, b"1", 1, True)
    for _ in range(2):
        late.subscribe((base, 1))
        assert late.next() == (base, b"1", 1, True)


def test_subscribing_again_replaces_the_qos(peer, base):
    reader = peer()
    reader.subscribe((base, 1))
    reader.subscribe((base, 0))
    reader.publish(base, b"x")
    assert reader.next() == (base, b"x", 0, False)


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ("a/+", ["a/b", "a/"]),
        ("a/#", ["a", "a/b", "a/b/c", "a/"]),
        ("+/b", ["a/b", "/b"]),
        ("a/+/c", ["a/b/c"]),
        ("+/+/#", ["a/b", "a/b/c", "a/", "/b"]),
        ("a/b", ["a/b"]),
    ],
)
def test_wildcards_take_what_they_say_live_and_stored(peer, base, pattern, taken):
    topics = ["a", "a/b", "a/b/c", "a/", "/b", "ab"]
    live, late = peer(), peer()
    live.subscribe((f"{base}/{pattern}", 1), (f"{base}/end", 1))
    for topic in topics:
        late.publish(f"{base}/{topic}", b"x", 1, True)
    late.publish(f"{base}/end", b"")
    expected = [f"{base}/{topic}" for topic in topics if topic in taken]
    assert [message[0] for message in live.until(f"{base}/end")] == expected
    late.subscribe((f"{base}/{pattern}", 1))
    late.subscribe((f"{base}/end", 1))
    late.publish(f"{base}/end", b"")
    assert sorted(message[0] for message in late.until(f"{base}/end")) == sorted(expected)


def test_a_leading_wildcard_does_not_take_dollar_topics(peer, base):
    hidden = f"$hall/{base}"
    everything, plus, knowing = peer(), peer(), peer()
    everything.subscribe(("#", 1))
    plus.subscribe(("+/#", 1))
    knowing.subscribe(("$hall/#", 1))
    knowing.publish(hidden, b"x")
    assert knowing.next() == (hidden, b"x", 1, False)
    knowing.publish(f"{base}/end", b"")
    for reader in (everything, plus):
        assert hidden not in [message[0] for message in reader.until(f"{base}/end")]


def test_overlapping_subscriptions_of_one_client_bring_a_message_once(peer, base):
    # At one QoS: when they differ Mosquitto 2.0 takes that of the first, against 3.3.5.
    reader = peer()
    reader.subscribe((f"{base}/a", 1), (f"{base}/+", 1), (f"{base}/#", 1))
    reader.publish(f"{base}/a", b"x")
    reader.publish(f"{base}/end", b"")
    assert reader.until(f"{base}/end") == [(f"{base}/a", b"x", 1, False)]


def test_after_unsubscribing_nothing_comes(peer, base):
    reader = peer()
    reader.subscribe((f"{base}/a", 1), (f"{base}/b", 1))
    reader.unsubscribe(f"{base}/a", f"{base}/never")
    reader.publish(f"{base}/a", b"x")
    reader.publish(f"{base}/b", b"")
    assert reader.until(f"{base}/b") == []


def test_every_reader_gets_its_copy(peer, base):
    readers = [peer() for _ in range(5)]
    for index, reader in enumerate(readers):
        reader.subscribe((base, index % 2))
    peer().publish(base, b"x")
    assert [reader.next()[2] for reader in readers] == [0, 1, 0, 1, 0]
