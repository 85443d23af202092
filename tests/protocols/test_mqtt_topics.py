"""MQTT topic names and filters: the examples of the standard, and the rules spelled out again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.mqtt import MqttError, check_filter, check_topic, topic_matches

level = st.sampled_from(["a", "b", "", "$x", "窗"])
filters = st.builds(
    lambda levels, end: "/".join([*levels, *end]) or "+",
    st.lists(st.one_of(level, st.just("+")), max_size=4),
    st.sampled_from([[], ["#"]]),
)

# Sections 4.7.1 and 4.7.2, every example given there and the corners.
MATCHES = """
sport/tennis/player1/#  sport/tennis/player1             yes
sport/tennis/player1/#  sport/tennis/player1/ranking     yes
sport/tennis/player1/#  sport/tennis/player1/score/x     yes
sport/tennis/player1/#  sport/tennis/player2             no
sport/#                 sport                            yes
#                       sport/tennis                     yes
sport/tennis/+          sport/tennis/player1             yes
sport/tennis/+          sport/tennis/player1/ranking     no
sport/+                 sport                            no
sport/+                 sport/                           yes
+/+                     /finance                         yes
/+                      /finance                         yes
+                       /finance                         no
+/tennis/#              sport/tennis                     yes
a/+/c                   a/b/c                            yes
a/+/c                   a/b/d                            no
a/b                     a/b                              yes
a/b                     a/B                              no
a/b                     a/b/c                            no
#                       $SYS/x                           no
+/x                     $SYS/x                           no
$SYS/#                  $SYS/x                           yes
$SYS/+                  $SYS/x                           yes
a/#                     a/$b                             yes
"""


@pytest.mark.parametrize("line", MATCHES.strip().splitlines())
def test_filters_take_the_topics_the_standard_says(line):
    pattern, topic, answer = line.split()
    check_filter(pattern)
    check_topic(topic)
    assert topic_matches(pattern, topic) == (answer == "yes")


@pytest.mark.parametrize("pattern", ["", "a#", "#/a", "a/#/b", "+a", "a/b+", "\0", "##", "++"])
def test_a_misplaced_wildcard_is_no_filter(pattern):
    with pytest.raises(MqttError):
        check_filter(pattern)


def spelled_out(pattern: list[str], topic: list[str]) -> bool:
    """The rules of 4.7 once more, by recursion."""
    if pattern[:1] == ["#"]:
        return True
    if not pattern or not topic:
        return pattern == topic
    return pattern[0] in ("+", topic[0]) and spelled_out(pattern[1:], topic[1:])


@given(filters, st.lists(level, min_size=1, max_size=4).map("/".join).filter(bool))
def test_matching_agrees_with_the_rules_spelled_out(pattern, topic):
    hidden = topic.startswith("$") and pattern[0] in "+#"
    expected = spelled_out(pattern.split("/"), topic.split("/")) and not hidden
    assert topic_matches(pattern, topic) == expected


@pytest.mark.parametrize("topic", ["", "a+", "a/#", "a\0"])
def test_a_topic_with_a_wildcard_or_nul_or_nothing_in_it_is_refused(topic):
    with pytest.raises(MqttError, match="must not be empty"):
        check_topic(topic)
