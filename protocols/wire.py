"""Messages and their JSON form on the wire: the same bytes from CPython and MicroPython.

Rules:
- a message is a class with KIND, VERSION and FIELDS, `((name, field), ...)`; the order of FIELDS
  is the order on the wire, because dictionaries are not ordered on MicroPython;
- a report (REPORT = True) travels with a stamp that the sender's outbox sets;
- unknown fields are skipped, so that a newer sender with more fields is understood; a missing or
  bad field is refused. What breaks this moves to a new major version in the topic (`hk1`).
"""

from protocols.fields import Field, FieldError, Int, Items
from protocols.json_reader import JsonError, read_json
from protocols.shown import shown

PROTOCOL_VERSION = "1.0"
PAYLOAD_BYTES_MAX = 1024
# Ages saturate here (6 days): "older than anything that still counts".
AGE_MS_MAX = 1 << 29

STAMP_FIELDS = (
    ("boot", Int(1, 0x7FFFFFFF)),  # start counter of the node, kept in flash
    ("seq", Int(1, 0x7FFFFFFF)),  # 1, 2, 3, ... within a boot
    ("age_ms", Int(0, AGE_MS_MAX)),  # since it happened, recomputed at each sending
    ("epoch", Int(0, 0x7FFFFFFFFFFF)),  # of the gateway last heard; 0: none yet
    ("heard_ms", Int(0, 0x7FFFFFFFFFFF)),  # that gateway's own clock, as the node reckons it now
)


class WireError(ValueError):
    """The bytes are not a message of this protocol; the text says why."""


class Stamp:
    """What identifies and dates a report: boot, seq, age_ms, epoch, heard_ms."""

    FIELDS = STAMP_FIELDS

    def __init__(self, boot: int, seq: int, age_ms: int, epoch: int, heard_ms: int) -> None:
        self.boot = boot
        self.seq = seq
        self.age_ms = age_ms
        self.epoch = epoch
        self.heard_ms = heard_ms
        for name, field in STAMP_FIELDS:
            field.check(name, getattr(self, name))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stamp) and _values(self) == _values(other)

    def __hash__(self) -> int:
        return hash(repr(_values(self)))

    def __repr__(self) -> str:
        return f"Stamp{_values(self)}"


class Struct:
    """A fixed set of checked fields; the base of messages and of values nested in them."""

    FIELDS: tuple[tuple[str, Field], ...] = ()

    def __init__(self, **values: object) -> None:
        for name, field in self.FIELDS:
            try:
                value = values[name]
            except KeyError:
                raise FieldError(f"{self.__class__.__name__} needs {name}")
            field.check(name, value)
            setattr(self, name, value)
        if len(values) != len(self.FIELDS):
            names = [name for name, _ in self.FIELDS]
            extra = sorted([name for name in values if name not in names])
            raise FieldError(f"{self.__class__.__name__} has no field {', '.join(extra)}")

    def __eq__(self, other: object) -> bool:
        return self.__class__ is other.__class__ and _values(self) == _values(other)

    def __hash__(self) -> int:
        return hash((self.__class__.__name__, repr(_values(self))))

    def __repr__(self) -> str:
        pairs = ", ".join([f"{name}={getattr(self, name)!r}" for name, _ in self.FIELDS])
        return f"{self.__class__.__name__}({pairs})"


class Message(Struct):
    """A struct that travels on its own."""

    KIND = ""
    VERSION = 1
    REPORT = False
    stamp: Stamp | None = None


def _values(struct: Stamp | Struct) -> tuple[object, ...]:
    return tuple([getattr(struct, name) for name, _ in struct.FIELDS])


def _quote(text: str) -> str:
    # Not json.dumps: CPython escapes non-ASCII, MicroPython does not, and bytes must be equal.
    for character in text:
        if character < " " or character == '"' or character == "\\":
            break
    else:
        return '"' + text + '"'
    out = []
    for character in text:
        if character == '"' or character == "\\":
            out.append("\\" + character)
        elif character < " ":
            out.append("\\u%04x" % ord(character))
        else:
            out.append(character)
    return '"' + "".join(out) + '"'


def _json(value: object) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_json(entry) for entry in value]) + "]"
    assert isinstance(value, Struct)
    return "{" + ",".join(_pairs(value)) + "}"


def _pairs(struct: Stamp | Struct) -> list[str]:
    return [f'"{name}":{_json(getattr(struct, name))}' for name, _ in struct.FIELDS]


def encode(message: Message, stamp: Stamp | None = None) -> bytes:
    """The bytes of a message. A report needs its stamp, anything else has none."""
    if (stamp is not None) != message.REPORT:
        raise WireError(f"{message.KIND}: a report, and only a report, has a stamp")
    pairs = [f'"k":"{message.KIND}"', f'"v":{message.VERSION}']
    if stamp is not None:
        pairs.extend(_pairs(stamp))
    pairs.extend(_pairs(message))
    payload = ("{" + ",".join(pairs) + "}").encode()
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise WireError(f"{message.KIND}: {len(payload)} bytes, at most {PAYLOAD_BYTES_MAX}")
    return payload


def _struct(kind: type[Struct], body: dict[str, object]) -> Struct:
    values = {}
    for name, field in kind.FIELDS:
        if name not in body:
            raise WireError(f"{kind.__name__} lacks {name}")
        value = body[name]
        if isinstance(field, Items):
            value = _items(name, field, value)
        values[name] = value
    try:
        return kind(**values)
    except FieldError as error:
        raise WireError(f"{kind.__name__}: {error}")


def _items(name: str, field: Items, value: object) -> tuple[Struct, ...]:
    if not isinstance(value, list):
        raise WireError(f"{name}: {shown(value)} is not a list")
    items = []
    for entry in value:
        if not isinstance(entry, dict):
            raise WireError(f"{name}: {shown(entry)} is not an object")
        try:
            items.append(_struct(field.item, entry))
        except WireError as error:
            raise WireError(f"{name}: {error}")
    return tuple(items)


def decode(payload: bytes, kinds: tuple[type[Message], ...]) -> Message:
    """The message in `payload`, one of `kinds`; a report has its `.stamp` set.

    Raises WireError, which names the field: never anything else, whatever the bytes.
    """
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise WireError(f"{len(payload)} bytes, at most {PAYLOAD_BYTES_MAX}")
    try:
        body = read_json(payload)
    except JsonError as error:
        raise WireError(f"not JSON: {error}")
    if not isinstance(body, dict):
        raise WireError("not a JSON object")
    name = body.get("k")
    for kind in kinds:
        if name == kind.KIND:
            break
    else:
        raise WireError(f"kind {shown(name)} is not known here")
    version = body.get("v")
    if type(version) is not int or version < 1:
        raise WireError(f"{name}: v: {shown(version)} is not a version")
    message = _struct(kind, body)
    assert isinstance(message, Message)
    if kind.REPORT:
        for field_name, _ in STAMP_FIELDS:
            if field_name not in body:
                raise WireError(f"{name} lacks {field_name}")
        try:
            message.stamp = Stamp(*[body[field_name] for field_name, _ in STAMP_FIELDS])
        except FieldError as error:
            raise WireError(f"{name}: {error}")
    return message
