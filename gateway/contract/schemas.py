"""JSON Schema (draft 7) of a message, from its fields.

Lengths of text are bytes of UTF-8 on the wire; JSON Schema counts characters. The schema states
the loosest character count that can hold, and `x-bytes-max` the true bound.
"""

from gateway.contract.registry import ContractError
from protocols.fields import Choice, Digits, Field, Flag, Int, Items, Name, Nullable, Text
from protocols.wire import STAMP_FIELDS, Message, Struct

Schema = dict[str, object]


def payload_schema(kind: type[Message]) -> Schema:
    """The whole payload: kind, version, the stamp where it is a report, and the fields.

    Unknown properties are allowed on purpose: a newer sender with more fields is understood.
    """
    properties: dict[str, Schema] = {
        "k": {"const": kind.KIND},
        "v": {"type": "integer", "minimum": 1},
    }
    if kind.REPORT:
        properties |= {name: field_schema(field) for name, field in STAMP_FIELDS}
    properties |= {name: field_schema(field) for name, field in kind.FIELDS}
    return {"type": "object", "required": list(properties), "properties": properties}


def field_schema(field: Field) -> Schema:
    """The schema of one field's value."""
    if isinstance(field, Flag):
        return {"type": "boolean"}
    if isinstance(field, Int):
        return {"type": "integer", "minimum": field.low, "maximum": field.high}
    if isinstance(field, Choice):
        return {"type": "string", "enum": list(field.options)}
    if isinstance(field, Name):
        return {"type": "string", "pattern": f"^[a-z0-9-]{{1,{field.length_max}}}$"}
    if isinstance(field, Digits):
        return {"type": "string", "pattern": f"^[0-9]{{{field.length_min},{field.length_max}}}$"}
    if isinstance(field, Text):
        characters_min = -(-field.bytes_min // 4)  # a character of UTF-8 has at most 4 bytes
        return {
            "type": "string",
            "minLength": characters_min,
            "maxLength": field.bytes_max,
            "x-bytes-max": field.bytes_max,
        }
    if isinstance(field, Nullable):
        return {"anyOf": [{"type": "null"}, field_schema(field.field)]}
    if isinstance(field, Items):
        return {
            "type": "array",
            "maxItems": field.count_max,
            "items": _struct_schema(field.item),
        }
    raise ContractError(f"{type(field).__name__} has no schema; add it to {__name__}.field_schema")


def field_words(field: Field) -> tuple[str, str]:
    """What a reader needs of a field: its type and what it may hold."""
    if isinstance(field, Flag):
        return "flag", "`true`, `false`"
    if isinstance(field, Int):
        return "whole number", f"{field.low} to {field.high}"
    if isinstance(field, Choice):
        return "choice", ", ".join(f"`{option}`" for option in field.options)
    if isinstance(field, Name):
        return "name", f"1 to {field.length_max} of `a-z 0-9 -`"
    if isinstance(field, Digits):
        count = str(field.length_min)
        if field.length_max != field.length_min:
            count += f" to {field.length_max}"
        return "digits", count
    if isinstance(field, Text):
        return "text", f"{field.bytes_min} to {field.bytes_max} bytes of UTF-8"
    if isinstance(field, Nullable):
        kind, holds = field_words(field.field)
        return kind, holds + ", or `null`"
    if isinstance(field, Items):
        item: type[Struct] = field.item
        nested = ", ".join(f"`{name}`" for name, _ in item.FIELDS)
        return f"list of {item.__name__}", f"at most {field.count_max} of {nested}"
    raise ContractError(f"{type(field).__name__} has no words; add it to {__name__}.field_words")


def _struct_schema(struct: type[Struct]) -> Schema:
    properties = {name: field_schema(field) for name, field in struct.FIELDS}
    return {"type": "object", "required": list(properties), "properties": properties}
