"""The weather on the network: what befalls packets by chance, and the fate of one of them.

A link is first in, first out: whatever is late holds up those behind it. Only a broker's own
PUBLISH may be overtaken: by one of another topic or another QoS, because MQTT orders no more than
that (4.6 of MQTT 3.1.1). Only PUBLISH of QoS 1 and PUBACK come twice, because only of these the
protocol allows a second copy.
"""

import random
from dataclasses import dataclass, field

from protocols.mqtt_packets import PUBACK, PUBLISH

_DUP = 8
_QOS_1 = 2


@dataclass(frozen=True, slots=True)
class Weather:
    """In percent of all packets, at most one befalls a packet; `any`: whether something does."""

    drop_percent: float = 0
    duplicate_percent: float = 0
    delay_percent: float = 0
    delay_ms_max: int = 1500
    # Of what the broker sends, percent that may be overtaken, by so much.
    overtaken_percent: float = 0
    overtaken_ms_max: int = 300
    # 0: the link's own latency. Otherwise exponential, drawn anew for each packet.
    latency_ms_mean: int = 0
    # Of all wills, percent that the broker tells late, by so much.
    late_will_percent: float = 0
    late_will_ms_max: int = 20_000

    any: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        some = self.drop_percent + self.duplicate_percent + self.delay_percent
        some += self.overtaken_percent + self.latency_ms_mean
        object.__setattr__(self, "any", some > 0)


CALM = Weather()


@dataclass(slots=True)
class Fate:
    """What becomes of one packet: lost, or there after `late_ms`, perhaps with a copy."""

    lost: bool = False
    late_ms: int = 0
    copy: bytes = b""
    overtaken: bool = False


def draw_fate(
    weather: Weather, rng: random.Random, packet: bytes, upward: bool, latency_ms: int
) -> Fate:
    """The fate of a packet; as many numbers are drawn whatever it is made of."""
    fate = Fate(late_ms=latency_ms)
    if weather.latency_ms_mean:
        fate.late_ms = 1 + int(rng.expovariate(1 / weather.latency_ms_mean))
    draw = rng.random() * 100 - weather.drop_percent
    if draw < 0:
        fate.lost = True
        return fate
    draw -= weather.duplicate_percent
    if draw < 0:
        fate.copy = second_copy(packet)
        return fate
    draw -= weather.delay_percent
    if draw < 0:
        fate.late_ms += rng.randint(1, weather.delay_ms_max)
        return fate
    draw -= weather.overtaken_percent
    if draw < 0 and not upward and packet[0] & 0xF0 == PUBLISH:
        fate.overtaken = True
        fate.late_ms += rng.randint(1, weather.overtaken_ms_max)
    return fate


def second_copy(packet: bytes) -> bytes:
    """What a sender puts on the line when it sends a packet again; b"" where it may not."""
    kind = packet[0] & 0xF0
    if kind == PUBACK:
        return packet
    if kind == PUBLISH and packet[0] & _QOS_1:
        return bytes((packet[0] | _DUP,)) + packet[1:]
    return b""
