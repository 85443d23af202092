"""Messages by chance: any value that a field takes, its bounds more often. MicroPython subset."""

from protocols.fields import Choice, Digits, Field, Flag, Int, Items, Name, Nullable, Text
from protocols.wire import Struct
from simulator.vm.differential.chance import Chance

_LETTERS = 'aZ09 \u3000\t-_"\\/{}\x00\n\x1f\x7fé窗口请\u20ac𠮷'
_NAME_LETTERS = "abz09-"


def any_value(chance: Chance, field: Field) -> object:
    """A value that `field` takes."""
    if isinstance(field, Int):
        return any_int(chance, field.low, field.high)
    if isinstance(field, Text):
        return any_text(chance, field.bytes_min, field.bytes_max)
    if isinstance(field, Name):
        length = chance.between(1, min(field.length_max, 8))
        return "".join([chance.pick(_NAME_LETTERS) for _ in range(length)])
    if isinstance(field, Digits):
        length = chance.between(field.length_min, field.length_max)
        return "".join([chance.pick("0123456789") for _ in range(length)])
    if isinstance(field, Choice):
        return chance.pick(field.options)
    if isinstance(field, Flag):
        return chance.one_in(2)
    if isinstance(field, Nullable):
        return None if chance.one_in(3) else any_value(chance, field.field)
    if isinstance(field, Items):
        count = chance.below(field.count_max + 1)
        return tuple([any_message(chance, field.item, {}) for _ in range(count)])
    raise TypeError("no value for a " + field.__class__.__name__)


def any_int(chance: Chance, low: int, high: int) -> int:
    """Near the bounds half of the time."""
    draw = chance.below(8)
    if draw < 3:
        return min(high, low + chance.below(4))
    if draw == 3:
        return max(low, high - chance.below(2))
    if draw == 4:
        return min(high, low + chance.below(20000))
    return chance.between(low, high)


def any_text(chance: Chance, bytes_min: int, bytes_max: int) -> str:
    """Text within the bounds in UTF-8, with all that JSON must escape."""
    room = chance.between(bytes_min, bytes_max) if chance.one_in(4) else min(bytes_max, 6)
    room = max(room, bytes_min)
    text = ""
    while True:
        longer = text + chance.pick(_LETTERS)
        if len(longer.encode()) > room:
            break
        text = longer
    while len(text.encode()) < bytes_min:
        text += "x"
    return text


def any_message(chance: Chance, kind: type[Struct], fixed: dict[str, object]) -> Struct:
    """A message of this class; `fixed` fields are as given."""
    values: dict[str, object] = {}
    for name, field in kind.FIELDS:
        values[name] = fixed[name] if name in fixed else any_value(chance, field)
    return kind(**values)
