"""What leaves the gateway once the journal has committed: publications and answers."""

from dataclasses import dataclass
from typing import Literal

from gateway.core.json import JsonObject


@dataclass(frozen=True, slots=True)
class Publish:
    topic: str
    payload: bytes
    qos: int
    retain: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """To the caller of `Engine.request`, matched by the `number` it got back."""

    number: int
    status: Literal["done", "refused", "conflict"]
    body: JsonObject  # done: what the command made; refused: reason, message_zh, message_en
    repeated: bool  # the idempotency key was known; this is the first answer again


Effect = Publish | Answer
