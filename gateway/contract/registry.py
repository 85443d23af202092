"""What `protocols` declares, found by walking it, so that a new message needs no second list."""

import importlib
import pkgutil
from types import ModuleType

import protocols.messages
from protocols.catalogue import messages_on
from protocols.topics import BEAT, CHANNELS, Channel
from protocols.wire import Message

REGENERATE = "make generate"


class ContractError(Exception):
    """The declarations in `protocols` contradict each other; the text says where and what to do."""


def channels() -> tuple[Channel, ...]:
    """All channels, those of a node first, the gateway's own last."""
    return (*CHANNELS, BEAT)


def message_modules() -> list[ModuleType]:
    """The modules of `protocols.messages`, by name."""
    return [
        importlib.import_module(f"protocols.messages.{found.name}")
        for found in pkgutil.iter_modules(protocols.messages.__path__)
    ]


def message_kinds() -> list[type[Message]]:
    """Every message class, by KIND. Raises ContractError for one without a channel or a twin."""
    on_channels = {kind for channel in channels() for kind in messages_on(channel)}
    by_kind: dict[str, type[Message]] = {}
    for module in message_modules():
        for value in vars(module).values():
            if not _is_message(value, module):
                continue
            if value not in on_channels:
                raise ContractError(
                    f"{module.__name__}.{value.__name__} is on no channel; "
                    "add it to one in protocols/topics.py"
                )
            if value.KIND in by_kind:
                raise ContractError(
                    f"{value.__name__} and {by_kind[value.KIND].__name__} "
                    f"share KIND {value.KIND!r}; rename one"
                )
            by_kind[value.KIND] = value
    return [by_kind[kind] for kind in sorted(by_kind)]


def _is_message(value: object, module: ModuleType) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, Message)
        and value.__module__ == module.__name__
    )
