"""MQTT 3.1.1 topic names and filters: what is valid, and which filter takes which topic (4.7).

Pure. `check_topic` and `check_filter` raise `MqttError`; `topic_matches` expects both checked.
"""

from protocols.mqtt_packets import MqttError
from protocols.shown import shown


def check_topic(topic: str) -> None:
    """A topic one can publish to (4.7): not empty, no wildcard, no NUL."""
    if not topic or "+" in topic or "#" in topic or "\0" in topic:
        raise MqttError(f"topic {shown(topic)}: must not be empty nor hold '+', '#' or NUL")


def check_filter(pattern: str) -> None:
    """A topic filter (4.7.1): '+' fills a whole level, '#' a whole level and the last one."""
    if not pattern or "\0" in pattern:
        raise MqttError(f"filter {shown(pattern)}: must not be empty nor hold NUL")
    if "+" not in pattern and "#" not in pattern:
        return
    levels = pattern.split("/")
    last = len(levels) - 1
    for index in range(last + 1):
        level = levels[index]
        if "#" in level and (level != "#" or index != last):
            raise MqttError(f"filter {shown(pattern)}: '#' must be alone in the last level")
        if "+" in level and level != "+":
            raise MqttError(f"filter {shown(pattern)}: '+' must be alone in its level")


def topic_matches(pattern: str, topic: str) -> bool:
    """Whether a valid filter takes a valid topic; a leading wildcard never takes '$...' (4.7.2)."""
    if pattern == topic:
        return True
    if "#" not in pattern and "+" not in pattern:
        return False
    if topic[0] == "$" and pattern[0] != "$":
        return False
    wanted = pattern.split("/")
    levels = topic.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        if len(levels) < len(wanted):
            return False
    elif len(levels) != len(wanted):
        return False
    for index in range(len(wanted)):
        want = wanted[index]
        if want != "+" and want != levels[index]:
            return False
    return True
