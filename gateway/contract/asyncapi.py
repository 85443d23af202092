"""AsyncAPI 3.0.0 document of the MQTT contract, seen from the gateway.

Source: the AsyncAPI 3.0.0 specification and its MQTT binding 0.2.0. The official schema lets a
dangling `$ref` pass, so `dangling_references` is part of the check.
"""

import inspect
import json

from gateway.contract.registry import channels, message_kinds
from gateway.contract.samples import payloads
from gateway.contract.schemas import payload_schema
from protocols.catalogue import messages_on
from protocols.topics import GATEWAY, ROOT, Channel, node_topic
from protocols.wire import PROTOCOL_VERSION, Message

Document = dict[str, object]

CHANNEL_WORDS = {
    "up/state": "Life of a node, retained; also its will.",
    "up/ev": "Numbered reports: resent until the gateway acknowledges them on down/ack.",
    "up/is": "What a node shows, retained.",
    "up/res": "What came of a one-shot job; a numbered report.",
    "up/log": "Lines for the technician, health, the state of an update; may be lost.",
    "up/get": "Asks for a block of a release; asked again when no answer comes.",
    "down/want": "The whole wanted state of a device, retained; replaces all before it.",
    "down/ack": "Settles reports, after the journal has committed them.",
    "down/cmd": "One-shot jobs: printed or spoken at most once. Identify, and offers of releases.",
    "down/block": "A block of a release that a node has asked for.",
    "state": "The gateway's own state, retained, and its beat; also its will.",
}


def document() -> Document:
    """The whole document, ready for JSON."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "hallkit on MQTT",
            "version": PROTOCOL_VERSION,
            "description": "Nodes of a service hall and their gateway, on MQTT 3.1.1, QoS 0 and 1.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_key(channel): _channel(channel) for channel in channels()},
        "operations": {_operation_key(channel): _operation(channel) for channel in channels()},
        "components": {"messages": {kind.KIND: _message(kind) for kind in message_kinds()}},
    }


def as_json(value: Document) -> bytes:
    """The file's bytes: indented, Chinese left readable, one newline at the end."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def dangling_references(value: Document) -> list[str]:
    """Every `$ref` in the document that leads nowhere inside it."""
    return [ref for ref in _references(value) if not _resolves(value, ref)]


def address(channel: Channel) -> str:
    """The topic with its parameters in braces, as AsyncAPI writes it."""
    if channel.writer == "gateway" and "/" not in channel.name:
        return f"{ROOT}/{{hall}}/{GATEWAY}/{channel.name}"
    return node_topic("{hall}", "{node}", channel)


def _key(channel: Channel) -> str:
    return "gw_state" if channel.name == "state" else channel.name.replace("/", "_")


def _operation_key(channel: Channel) -> str:
    return f"{_action(channel)}_{_key(channel)}"


def _action(channel: Channel) -> str:
    return "send" if channel.writer == "gateway" else "receive"


def _channel(channel: Channel) -> Document:
    parameters = {"hall": {"description": "Identifier of the hall, as in its hall file."}}
    if "{node}" in address(channel):
        parameters["node"] = {"description": "Identifier of the node, such as w03-pad."}
    return {
        "address": address(channel),
        "description": CHANNEL_WORDS[channel.name],
        "parameters": parameters,
        "messages": {
            kind.KIND: {"$ref": f"#/components/messages/{kind.KIND}"}
            for kind in messages_on(channel)
        },
    }


def _operation(channel: Channel) -> Document:
    key = _key(channel)
    return {
        "action": _action(channel),
        "channel": {"$ref": f"#/channels/{key}"},
        "messages": [
            {"$ref": f"#/channels/{key}/messages/{kind.KIND}"} for kind in messages_on(channel)
        ],
        "bindings": {
            "mqtt": {"qos": channel.qos, "retain": channel.retain, "bindingVersion": "0.2.0"}
        },
    }


def _message(kind: type[Message]) -> Document:
    return {
        "name": kind.KIND,
        "title": kind.__name__,
        "description": inspect.getdoc(kind),
        "contentType": "application/json",
        "payload": payload_schema(kind),
        "examples": [{"name": "typical", "payload": json.loads(payloads(kind)[0])}],
    }


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        found = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return found + [ref for entry in value.values() for ref in _references(entry)]
    if isinstance(value, list):
        return [ref for entry in value for ref in _references(entry)]
    return []


def _resolves(value: Document, ref: str) -> bool:
    if not ref.startswith("#/"):
        return False
    at: object = value
    for part in ref[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(at, dict) or name not in at:
            return False
        at = at[name]
    return True
