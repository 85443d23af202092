"""What is fuzzed: each reads bytes from outside, and must answer every input as its text says.

Rules: a target raises only what its parser declares; any other exception is a fault. Beyond "does
not crash" each says what must hold, above all that the way bytes are cut changes nothing, and that
what was read can be written and read again. `seeds` are good inputs to begin with, one at least.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from firmware.logic.reserve import Reserve
from firmware.shell.config_pi import ConfigError, PiConfig, parse_tables
from firmware.shell.kept import decode_kept
from firmware.shell.settings import Settings, SettingsError
from firmware.shell.slots import decode_slot, encode_slot
from gateway.contract.registry import message_kinds
from gateway.contract.samples import payloads
from gateway.hallfile import HallFileError, parse_hall
from protocols import mqtt
from protocols.catalogue import messages_on
from protocols.json_reader import Fraction, JsonError, read_json
from protocols.messages.node import JobResult
from protocols.messages.rating import RatingGiven
from protocols.mqtt_broker_side import encode_connack, encode_suback
from protocols.mqtt_packets import MqttError, Packet
from protocols.mqtt_session import ClientSession
from protocols.peripherals import escpos, idcard_record, sam_idcard, tts
from protocols.topics import CHANNELS
from protocols.utf8 import text_of
from protocols.wire import WireError, decode, encode
from simulator.devices.id_reader import Card, IdReader, foreigner, resident
from simulator.fuzz import kept

PACKET_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True)
class Target:
    """One parser: `check` takes any bytes and raises only when something is wrong with us."""

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


def _pieces(data: bytes) -> list[bytes]:
    """The same bytes cut into pieces, at places the bytes themselves choose."""
    pieces, at = [], 0
    while at < len(data):
        size = 1 + data[at] % 7
        pieces.append(data[at : at + size])
        at += size
    return pieces


# ---- the wire ----


def _packets(pieces: Iterable[bytes]) -> tuple[object, str]:
    decoder = mqtt.Decoder(PACKET_BYTES_MAX)
    found: list[Packet] = []
    problem = ""
    for piece in pieces:
        try:
            found += decoder.feed(piece)
        except MqttError as error:
            found += error.packets
            problem = str(error)
            break
    told = [(type(packet).__name__, *map(repr, _values(packet))) for packet in found]
    return told, problem


def _values(packet: Packet) -> list[object]:
    names: tuple[str, ...] = type(packet).__slots__
    return [getattr(packet, name) for name in names]


def check_mqtt(data: bytes) -> None:
    """How the bytes are cut changes neither packets nor error."""
    whole, cut = _packets([data]), _packets(_pieces(data))
    assert repr(whole) == repr(cut), f"{whole} or {cut}"


def check_session(data: bytes) -> None:
    """A hostile broker ends the connection at the worst."""
    session = ClientSession("w01-pad", 15, "w01-pad", None)
    session.connection_made(0)
    for at_ms, piece in enumerate(_pieces(data)):
        session.receive(at_ms, piece)
        session.take_events()
        session.take_output()
        session.wake(at_ms)


def _mqtt_seeds() -> Iterable[bytes]:
    yield mqtt.encode_publish("hk1/lf/w01-pad/down/want", bytes(200), 0)
    yield encode_connack(False, 0) + encode_suback(1, b"\x01\x01")
    yield mqtt.encode_publish("hk1/lf/w01-pad/down/want", b'{"k":"pad_want"}', 1, packet_id=7)
    yield mqtt.encode_puback(7) + b"\xd0\x00\xe0\x00"
    yield mqtt.encode_connect("w01-pad", 15, username="w01-pad")
    yield mqtt.encode_subscribe(1, [("hk1/lf/w01-pad/down/#", 1)])


def check_wire(data: bytes) -> None:
    """What is understood is the same after writing and reading it again; the first byte is the
    place of the channel it came by."""
    if not data:
        return
    kinds = messages_on(CHANNELS[data[0] % len(CHANNELS)])
    try:
        message = decode(data[1:], kinds)
    except WireError:
        return
    again = decode(encode(message, message.stamp), kinds)
    assert again == message, f"{message} or {again}"


def check_json(data: bytes) -> None:
    """Refused, or plain values; a number with a fraction or an exponent is one no field takes."""
    try:
        value = read_json(data)
    except JsonError:
        return
    assert isinstance(value, (*_JSON_VALUES, type(None))), repr(value)


_JSON_VALUES = (dict, list, str, int, bool, Fraction)


def check_utf8(data: bytes) -> None:
    """As CPython reads it, or refused as CPython refuses it."""
    try:
        ours: str | None = text_of(data)
    except ValueError:
        ours = None
    try:
        theirs: str | None = data.decode()
    except UnicodeDecodeError:
        theirs = None
    assert ours == theirs, f"{ours!r} or {theirs!r}"


@cache
def _json_seeds() -> tuple[bytes, ...]:
    return tuple(payload for kind in message_kinds() for payload in payloads(kind))


@cache
def _wire_seeds() -> tuple[bytes, ...]:
    return tuple(
        bytes([place]) + payload
        for place, channel in enumerate(CHANNELS)
        for kind in messages_on(channel)
        for payload in payloads(kind)
    )


# ---- devices ----


def check_printer_status(data: bytes) -> None:
    """How the bytes are cut changes nothing; stray bytes are tolerated."""

    def read(pieces: Iterable[bytes]) -> str:
        parser = escpos.StatusParser()
        for question in (1, 2, 3, 4):
            parser.ask(question)
        return repr([event for piece in pieces for event in parser.feed(piece)])

    assert read([data]) == read(_pieces(data))


def check_card_reader(data: bytes) -> None:
    """How the bytes are cut changes nothing; a card is read or refused with what is wrong."""

    def read(pieces: Iterable[bytes]) -> list[tuple[object, ...]]:
        parser = sam_idcard.ReplyParser()
        return [reply for piece in pieces for reply in parser.feed(piece)]

    found = read([data])
    assert found == read(_pieces(data))
    # Bytes changed by chance rarely have the right checksum, so they are taken for an answer, too.
    for answer in (data, *(reply[2] for reply in found if reply[0] == "reply")):
        assert isinstance(answer, bytes)
        try:
            idcard_record.parse(sam_idcard.text_of(answer))
        except ValueError:
            continue


def check_card_record(data: bytes) -> None:
    """A whole record or what is wrong with it; what is shown of it is masked."""
    try:
        card = idcard_record.parse(data)
    except idcard_record.RecordError:
        return
    assert card.number not in repr(card), "a number in a log"


def check_voice_chip(data: bytes) -> None:
    """Words, however the bytes are cut."""

    def read(pieces: Iterable[bytes]) -> list[str]:
        parser = tts.ReplyParser()
        return [word for piece in pieces for word in parser.feed(piece)]

    assert read([data]) == read(_pieces(data))


def check_voice_text(data: bytes) -> None:
    """Split into parts that fit, which together are the text."""
    try:
        parts = tts.split(data, 32)
    except ValueError:
        return
    assert b"".join(parts) == data
    assert all(len(part) <= 32 for part in parts)


def _text_seeds() -> Iterable[bytes]:
    yield "请A001号到3号窗口。请稍候，谢谢！".encode("gbk")


def _card_seeds() -> Iterable[bytes]:
    reader = IdReader()
    reader.insert(Card(resident(1).record, photo=b""), 0)
    for request in (sam_idcard.find(), sam_idcard.select(), sam_idcard.read()):
        reader.write(request, 0)
    replies = reader.read(60_000)
    yield replies
    yield sam_idcard.ReplyParser().feed(replies)[-1][2]
    yield bytes.fromhex("aaaaaa96690008") + bytes.fromhex("00009f0000000097")
    yield bytes.fromhex("aaaaaa9669000c") + bytes.fromhex("0000900000000000000000009c")


def _record_seeds() -> Iterable[bytes]:
    # Made-up people.
    yield resident(1).record
    yield foreigner(2).record


def _status_seeds() -> Iterable[bytes]:
    yield b"\x12\x12\x12\x12"
    yield b"\x37\x22ABCD\x00" + b"\x14\x00\x00\x0f"


# ---- files ----


def check_hall_file(data: bytes) -> None:
    """A hall, or every mistake with its line."""
    try:
        parse_hall(data.decode("utf-8", "replace"), "hall.toml")
    except HallFileError as error:
        assert error.mistakes, "refused for nothing"
        assert all(mistake.line >= 0 for mistake in error.mistakes)


def check_pi_config(data: bytes) -> None:
    """A node's file, or its mistakes."""
    try:
        parse_tables(data.decode("utf-8", "replace"), Path("node.toml"), PiConfig, {})
    except ConfigError as error:
        assert "node.toml" in str(error)


def check_settings(data: bytes) -> None:
    """An ESP32's files, or what to write anew."""
    try:
        Settings(data, b'{"board": "esp32-pad", "network": {"type": "wifi"}, "parts": []}')
        Settings(_NODE_JSON, data)
    except SettingsError as error:
        assert ".json" in str(error)


def check_slot(data: bytes) -> None:
    """A slot is whole to the byte, or nothing."""
    found = decode_slot(data)
    if found is not None:
        assert encode_slot(*found) == data


def check_kept(data: bytes) -> None:
    """Reports kept over a restart: those that can be read, and what is wrong with the others."""
    reports, problem = decode_kept(data, (RatingGiven, JobResult))
    assert reports or problem or not data.strip(b"\n")


def check_reserve(data: bytes) -> None:
    """Numbers kept over a restart, or refused with the key to erase."""
    try:
        Reserve().restore(data)
    except ValueError as error:
        if not isinstance(error, UnicodeError):
            assert "erase" in str(error) or "invalid literal" in str(error)


_NODE_JSON = (
    b'{"hall": "lf", "node": "w03-pad", "kind": "pad", "boot_floor": 1, "date": [2026, 11, 23],'
    b' "password": null, "broker": {"host": "10.0.0.5", "port": 8883, "name": "gw"},'
    b' "wifi": {"ssid": "hall", "password": "x"}, "tls": null}'
)


def _file_seeds() -> Iterable[bytes]:
    yield resources.files("gateway").joinpath("halls", "langfang.toml").read_bytes()


def _pi_seeds() -> Iterable[bytes]:
    for path in resources.files("firmware").joinpath("drivers", "pi", "examples").iterdir():
        yield path.read_bytes()


TARGETS = (
    Target("mqtt", check_mqtt, _mqtt_seeds),
    Target("mqtt_session", check_session, _mqtt_seeds),
    Target("wire", check_wire, _wire_seeds),
    Target("json", check_json, _json_seeds),
    Target("utf8", check_utf8, lambda: ("办税服务厅 €é\0".encode(),)),
    Target("printer_status", check_printer_status, _status_seeds),
    Target("card_reader", check_card_reader, _card_seeds),
    Target("card_record", check_card_record, _record_seeds),
    Target("voice_chip", check_voice_chip, lambda: (b"JAONE",)),
    Target("voice_text", check_voice_text, _text_seeds),
    Target("hall_file", check_hall_file, _file_seeds),
    Target("pi_config", check_pi_config, _pi_seeds),
    Target("settings", check_settings, lambda: (_NODE_JSON,)),
    Target("slot", check_slot, lambda: (encode_slot(3, b"value"),)),
    Target("kept", check_kept, _json_seeds),
    Target("reserve", check_reserve, lambda: (b"12-3\nrow vat A 980 999 980",)),
    Target("manifest", kept.check_manifest, kept.manifest_seeds),
    Target("boot_state", kept.check_boot_state, kept.boot_state_seeds),
    Target("jobs", kept.check_jobs, kept.job_seeds),
    Target("topic", kept.check_topic, kept.topic_seeds),
    Target("audit_line", kept.check_audit_line, kept.audit_seeds),
    Target("certificate_book", kept.check_certificate_book, kept.book_seeds),
    Target("signature", kept.check_signature, kept.signature_seeds),
    Target("sealed", kept.check_sealed, kept.sealed_seeds),
    Target("personal", kept.check_personal, kept.personal_seeds),
)
BY_NAME = {target.name: target for target in TARGETS}
