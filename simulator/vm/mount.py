"""A ROM file system for a VM: modules run where they lie, as on a board with a `romfs` partition.

The format is that of MicroPython's extmod/vfs_rom.c: records of (kind, length, payload), numbers in
groups of seven bits, the upper groups first.
"""


def rom_file_system(files: dict[str, bytes]) -> bytes:
    """These files as one ROM image."""
    return _record(_ROM, _rom_folder(files))


_ROM, _ROM_DATA, _ROM_FOLDER, _ROM_FILE = 0x14A6B1, 2, 4, 5


def _rom_folder(files: dict[str, bytes]) -> bytes:
    inside: dict[str, dict[str, bytes]] = {}
    image = b""
    for path in sorted(files):
        name, slash, rest = path.partition("/")
        if slash:
            inside.setdefault(name, {})[rest] = files[path]
        else:
            image += _record(_ROM_FILE, _rom_name(name) + _record(_ROM_DATA, files[path]))
    for name, entries in inside.items():
        image += _record(_ROM_FOLDER, _rom_name(name) + _rom_folder(entries))
    return image


def _rom_name(name: str) -> bytes:
    return _number(len(name.encode())) + name.encode()


def _record(kind: int, payload: bytes) -> bytes:
    return _number(kind) + _number(len(payload)) + payload


def _number(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.insert(0, 0x80 | value & 0x7F)
    return bytes(groups)
