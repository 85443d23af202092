"""Topics: their form, what is parsed back, and that directions and writers agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.catalogue import messages_on
from protocols.mqtt_topics import check_filter, check_topic, topic_matches
from protocols.topics import (
    BEAT,
    CHANNELS,
    EVENT,
    WANT,
    down_filter,
    gateway_topic,
    node_topic,
    parse,
    up_filter,
)

names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=32)


def test_topic_of_a_channel_has_this_form() -> None:
    assert node_topic("lf", "w03-pad", EVENT) == "hk1/lf/w03-pad/up/ev"
    assert node_topic("lf", "wall", WANT) == "hk1/lf/wall/down/want"
    assert gateway_topic("lf") == "hk1/lf/gw/state"


@given(hall=names, node=names, channel=st.sampled_from(CHANNELS))
def test_topic_is_parsed_back(hall: str, node: str, channel) -> None:
    assert parse(node_topic(hall, node, channel)) == (hall, node, channel)


@pytest.mark.parametrize(
    "topic",
    ["", "hk1", "hk1/lf/w1/up", "hk2/lf/w1/up/ev", "hk1/lf/w1/up/ev/x", "hk1/lf/gw/state", "a/b"],
)
def test_other_topics_are_none(topic: str) -> None:
    assert parse(topic) is None


@given(st.text(max_size=40))
def test_any_text_can_be_parsed(topic: str) -> None:
    assert parse(topic) is None or topic.startswith("hk1/")


def test_direction_in_the_topic_is_the_direction_of_the_writer() -> None:
    for channel in CHANNELS:
        check_topic(node_topic("lf", "w1", channel))
        assert channel.name.startswith("up/") == (channel.writer == "node")
        assert channel.name.startswith("down/") == (channel.writer == "gateway")


def test_gateway_filter_takes_what_nodes_write_and_node_filter_what_is_for_it() -> None:
    check_filter(up_filter("lf"))
    check_filter(down_filter("lf", "w1"))
    for channel in CHANNELS:
        topic = node_topic("lf", "w1", channel)
        assert topic_matches(up_filter("lf"), topic) == (channel.writer == "node")
        assert topic_matches(down_filter("lf", "w1"), topic) == (channel.writer == "gateway")
        assert not topic_matches(down_filter("lf", "w2"), topic)


def test_every_channel_and_message_is_declared_once() -> None:
    names_seen = [channel.name for channel in (*CHANNELS, BEAT)]
    kinds_seen = [kind.KIND for channel in (*CHANNELS, BEAT) for kind in messages_on(channel)]
    assert len(set(names_seen)) == len(names_seen)
    assert len(set(kinds_seen)) == len(kinds_seen)


def test_whatever_is_retained_is_a_whole_state() -> None:
    assert {channel.name for channel in (*CHANNELS, BEAT) if channel.retain} == {
        "up/state",
        "up/is",
        "down/want",
        "state",
    }
