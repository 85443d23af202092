"""The AsyncAPI document: valid by the official schema, no dangling reference, true to the wire."""

import copy
import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from gateway.contract.asyncapi import dangling_references, document
from gateway.contract.registry import channels, message_kinds
from gateway.contract.samples import payloads
from gateway.contract.schemas import payload_schema

ROOT = Path(__file__).parents[3]
OFFICIAL = ROOT / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    """The schema AsyncAPI publishes."""
    assert OFFICIAL.exists(), "the official schema is missing; run: make setup"
    return Draft7Validator(json.loads(OFFICIAL.read_text(encoding="utf-8")))


@pytest.fixture
def own() -> dict:
    """The document as a reader loads it."""
    return json.loads(json.dumps(document()))


def test_document_is_valid_by_the_official_schema(official: Draft7Validator, own: dict) -> None:
    assert [error.message for error in official.iter_errors(own)] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("operations", "receive_up_ev", "action"), "publish"),
        (("operations", "receive_up_ev", "bindings", "mqtt", "qos"), 7),
        (("channels", "up_ev", "adress"), "hk1"),
        (("asyncapi",), "2.6.0"),
        (("components", "messages", "ack", "payload", "type"), "objekt"),
    ],
)
def test_official_schema_catches_a_planted_mistake(
    official: Draft7Validator, own: dict, path: tuple[str, ...], value: object
) -> None:
    at = own
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    assert not official.is_valid(own)


def test_no_reference_dangles(own: dict) -> None:
    assert dangling_references(own) == []


@pytest.mark.parametrize("ref", ["#/channels/gone", "#/channels/up_ev/messages/ack", "other.json"])
def test_dangling_reference_is_caught_where_the_official_schema_is_blind(
    official: Draft7Validator, own: dict, ref: str
) -> None:
    broken = copy.deepcopy(own)
    broken["operations"]["receive_up_ev"]["channel"]["$ref"] = ref
    assert dangling_references(broken) == [ref]
    assert official.is_valid(broken)


def test_every_channel_and_message_is_in_the_document(own: dict) -> None:
    assert len(own["channels"]) == len(own["operations"]) == len(channels())
    assert set(own["components"]["messages"]) == {kind.KIND for kind in message_kinds()}
    for channel in own["channels"].values():
        for name in channel["parameters"]:
            assert "{" + name + "}" in channel["address"]


def test_gateway_sends_what_goes_down_and_receives_what_comes_up(own: dict) -> None:
    actions = {
        own["channels"][key.split("_", 1)[1]]["address"]: operation["action"]
        for key, operation in own["operations"].items()
    }
    assert actions["hk1/{hall}/{node}/up/ev"] == "receive"
    assert actions["hk1/{hall}/{node}/down/want"] == "send"
    assert actions["hk1/{hall}/gw/state"] == "send"


@pytest.mark.parametrize("kind", message_kinds(), ids=lambda kind: kind.KIND)
def test_payload_schema_takes_what_the_wire_carries_and_no_less(kind) -> None:
    schema = Draft7Validator(payload_schema(kind))
    for payload in payloads(kind):
        body = json.loads(payload)
        assert [error.message for error in schema.iter_errors(body)] == []
        assert schema.is_valid(body | {"new": 1})
        for name in body:
            assert not schema.is_valid({key: body[key] for key in body if key != name}), name
            assert not schema.is_valid(body | {name: {"x": 1}}), name


def test_payload_schema_knows_the_bounds() -> None:
    pressed = next(kind for kind in message_kinds() if kind.KIND == "pad_pressed")
    schema = Draft7Validator(payload_schema(pressed))
    body = json.loads(payloads(pressed)[0])
    for name, value in (
        ("argument", 10),
        ("seq", 0),
        ("age_ms", 1 << 30),
        ("command", "NEXT"),
        ("k", "ack"),
    ):
        assert not schema.is_valid(body | {name: value}), name
