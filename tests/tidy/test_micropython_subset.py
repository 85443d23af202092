"""The MicroPython subset: what runs on the ESP32 may use only what its interpreter has.

The list comes from trying each construct in a real MicroPython VM. Every finding says what to write
instead. Being in the subset is also what makes the same source give the same bytes on both
runtimes, hence the rules on dictionary order and on floats.
"""

import ast
from collections.abc import Iterator

import pytest

_SHELL = "node backoff boot_state care flash health kept link liveness loop manifest settings"
_SHELL += " slot_files slots store run_esp32 selftest survey update update_esp32 update_session"
ESP32_SHELL = tuple(f"firmware/shell/{name}.py" for name in _SHELL.split(" "))
BOOT = "firmware/boot/"
ESP32 = (BOOT, "firmware/drivers/esp32/", "firmware/drivers/words.py", *ESP32_SHELL)
SUBSET = ("protocols/", "firmware/logic/", *ESP32)
# Integers only: floats are single precision on the ESP32.
INTEGERS_ONLY = ("firmware/logic/", *ESP32)
IMPORTS = ("json", "struct", "binascii")
OWN = ("protocols", "firmware.logic")
# The rim of an ESP32: what else a file may import, and that it may open files.
DRIVERS_OWN = (*OWN, "firmware.drivers.esp32", "firmware.drivers.words")
NODE = tuple(f"firmware/shell/{name}.py" for name in ("node", "backoff", "kept", "health"))
NODE_OWN = (*OWN, "firmware.shell.backoff", "firmware.shell.kept")
SHELL_OWN = (*DRIVERS_OWN, "firmware.VERSION", "firmware.shell")
BOOT_OWN = ("bootstrap", "firmware.boot", "firmware.shell")
RIM_IMPORTS = {
    "firmware/drivers/esp32/hal.py": ("machine", "network", "os", "time"),
    "firmware/shell/link.py": ("errno", "select", "socket", "ssl"),
    "firmware/shell/flash.py": ("os",),
    "firmware/shell/run_esp32.py": ("gc",),
    "firmware/shell/selftest.py": ("sys",),
    "firmware/shell/slot_files.py": ("os",),
    "firmware/shell/survey.py": ("hashlib", "os", "sys"),
    "firmware/shell/update_esp32.py": ("gc", "hashlib", "sys"),
    "firmware/boot/bootstrap.py": ("gc", "hashlib", "machine", "sys"),
}
OPENS_FILES = tuple(f"firmware/shell/{name}.py" for name in ("flash", "slot_files", "survey"))

METHODS = {
    "zfill": "'%04d' % number",
    "rjust": "('    ' + text)[-4:]",
    "ljust": "(text + '    ')[:4]",
    "center": "blanks on both sides, cut to length",
    "removeprefix": "text[len(prefix):] after startswith",
    "removesuffix": "text[:-len(suffix)] after endswith",
    "isascii": "a loop over the characters",
    "isalnum": "a loop over the characters",
    "isdecimal": "a loop over the characters",
    "isnumeric": "a loop over the characters",
    "isidentifier": "a loop over the characters",
    "isdigit": "a comparison with '0' and '9': CPython takes the digits of every script",
    "isspace": "a comparison with ' ': CPython takes every blank of Unicode",
    "casefold": "lower()",
    "title": "upper() of the first character",
    "capitalize": "upper() of the first character",
    "swapcase": "upper() or lower()",
    "expandtabs": "blanks",
    "translate": "a loop over the characters",
    "maketrans": "a loop over the characters",
    "bit_length": "a loop that shifts right",
    "bit_count": "a loop that shifts right",
    "add_note": "a longer message",
}
BLANKS = ("strip", "lstrip", "rstrip", "split", "rsplit")
FUNCTIONS = {
    "ascii": "repr()",
    "breakpoint": "nothing",
    "format": "an f-string or %",
    "vars": "a list of names kept by yourself",
    "dir": "a list of names kept by yourself",
    "open": "an effect that the shell carries out",
    "print": "a NodeLog or an effect",
    "input": "an event",
}
# Their keyword arguments do not exist there.
WITHOUT_KEYWORDS = {
    "to_bytes": 'n.to_bytes(2, "big")',
    "from_bytes": 'int.from_bytes(data, "big")',
    "dumps": "own code that writes fields in order (protocols.wire)",
    "loads": "no option",
    "encode": "text.encode()",
    "decode": 'str(data, "utf-8")',
    "split": "text.split(separator, 1)",
    "rsplit": "text.rsplit(separator, 1)",
    "replace": "text.replace(old, new)",
    "zip": "an index",
    "sum": "a plain sum",
}
# Calls of our own with these names take keywords all the same.
OWN_CALLS = ("self", "wire", "mqtt")
ATTRIBUTES = {
    "__cause__": "the text of the error",
    "__context__": "the text of the error",
    "__traceback__": "the text of the error",
    "__annotations__": "FIELDS",
    "__dict__": "getattr with a known name",
}
SPECIAL_METHODS = {
    "__init_subclass__": "a table of the classes",
    "__class_getitem__": "a plain class",
    "__set_name__": "a table of (name, field)",
    "__post_init__": "__init__",
}
DECORATORS = ("property", "staticmethod", "classmethod")
NODES: dict[type[ast.AST], tuple[str, str]] = {
    ast.Match: ("match", "if and elif"),
    ast.TryStar: ("except*", "except"),
    ast.AsyncFunctionDef: ("async def", "events, effects and wake_at"),
    ast.Await: ("await", "events, effects and wake_at"),
    ast.AsyncFor: ("async for", "events, effects and wake_at"),
    ast.AsyncWith: ("async with", "events, effects and wake_at"),
}

Finding = tuple[int, str, str]  # line, what, what to write instead


def is_subset(path: str) -> bool:
    return path.endswith(".py") and path.startswith(SUBSET)


def importable(path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(modules of MicroPython, packages of ours) that a file may import."""
    own: tuple[str, ...] = OWN
    if path.startswith("firmware/drivers/"):
        own = DRIVERS_OWN
    elif path in NODE:
        own = NODE_OWN
    elif path in ESP32_SHELL:
        own = SHELL_OWN
    elif path.startswith(BOOT):
        own = BOOT_OWN
    return (*IMPORTS, *RIM_IMPORTS.get(path, ())), own


def find_imports(path: str, tree: ast.Module) -> Iterator[Finding]:
    modules, packages = importable(path)
    allowed = f"{', '.join(modules)}, {' and '.join(packages)} only"
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "."] if node.level == 0 else ["a relative import"]
            if names in (["firmware"], ["firmware.drivers"], ["firmware.drivers.esp32"]):
                names = [f"{names[0]}.{alias.name}" for alias in node.names]
        for name in names:
            own = any(name == package or name.startswith(package + ".") for package in packages)
            if name not in modules and not own:
                yield node.lineno, f"import {name}", allowed


def find_syntax(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if type(node) in NODES:
            what, instead = NODES[type(node)]
            yield node.lineno, what, instead  # type: ignore[attr-defined]  # a statement has it
        elif isinstance(node, ast.arguments) and node.posonlyargs:
            yield node.posonlyargs[0].lineno, "a positional-only parameter", "a plain parameter"
        elif isinstance(node, ast.List | ast.Tuple | ast.Set):
            if isinstance(node.ctx if not isinstance(node, ast.Set) else None, ast.Store):
                continue
            if any(isinstance(element, ast.Starred) for element in node.elts):
                yield node.lineno, "[*a]", "a + b, or extend"
        elif isinstance(node, ast.Dict) and None in node.keys:
            yield node.lineno, "{**d}", "dict.update"
        elif isinstance(node, ast.ClassDef):
            if node.keywords:
                yield node.lineno, "a metaclass or class keyword", "a plain class"
            yield from _decorators(node)
        elif isinstance(node, ast.FunctionDef):
            if node.name in SPECIAL_METHODS:
                yield node.lineno, node.name, SPECIAL_METHODS[node.name]
            yield from _decorators(node)
        elif isinstance(node, ast.Raise) and node.cause is not None:
            yield node.lineno, "raise ... from", "raise with the cause in the text"
        elif isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES:
            yield node.lineno, node.attr, ATTRIBUTES[node.attr]


def _decorators(node: ast.ClassDef | ast.FunctionDef) -> Iterator[Finding]:
    for decorator in node.decorator_list:
        plain = isinstance(decorator, ast.Name) and decorator.id in DECORATORS
        setter = isinstance(decorator, ast.Attribute) and decorator.attr == "setter"
        if not plain and not setter:
            yield node.lineno, f"@{ast.unparse(decorator)}", "a plain class or function"


def find_calls(tree: ast.Module) -> Iterator[Finding]:
    ordered = {
        id(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _called(node)[1] in ("sorted", "len") and node.args
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        owner, name = _called(node)
        if name in METHODS and owner:
            yield node.lineno, f".{name}()", METHODS[name]
        elif name in BLANKS and owner and not node.args:
            yield node.lineno, f".{name}(): each runtime has blanks of its own", f'.{name}(" ")'
        elif name in FUNCTIONS and not owner:
            yield node.lineno, f"{name}()", FUNCTIONS[name]
        elif name in WITHOUT_KEYWORDS and node.keywords and owner not in OWN_CALLS:
            keywords = ", ".join(keyword.arg or "**" for keyword in node.keywords)
            yield node.lineno, f"{name}({keywords}=)", WITHOUT_KEYWORDS[name]
        elif name in ("items", "keys", "values") and owner and id(node) not in ordered:
            yield node.lineno, f".{name}(): dictionaries have no order", "sorted(...), or a list"
        elif name == "isinstance" and isinstance(node.args[1], ast.BinOp):
            yield node.lineno, "isinstance(x, A | B)", "isinstance(x, (A, B))"


def _called(node: ast.Call) -> tuple[str, str]:
    """(text of the owner or "", name) of what is called."""
    if isinstance(node.func, ast.Attribute):
        return ast.unparse(node.func.value), node.func.attr
    return "", node.func.id if isinstance(node.func, ast.Name) else ""


def find_floats(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield node.lineno, f"the float {node.value!r}", "whole milliseconds, per cent, ..."
        elif isinstance(node, ast.Div):
            yield 0, "/ makes a float", "//"
        elif isinstance(node, ast.Call) and _called(node) == ("", "float"):
            yield node.lineno, "float()", "whole numbers"


def find_all(path: str, tree: ast.Module) -> list[str]:
    findings = [*find_imports(path, tree), *find_syntax(tree), *find_calls(tree)]
    if path in OPENS_FILES:
        findings = [finding for finding in findings if finding[1] != "open()"]
    if path.startswith(INTEGERS_ONLY):
        findings += find_floats(tree)
    return [
        f"{path}:{line}: {what} is not in the MicroPython subset; write {instead}"
        for line, what, instead in findings
    ]


def test_what_runs_on_the_esp32_stays_in_the_subset(modules: dict[str, ast.Module]) -> None:
    subset = {path: tree for path, tree in modules.items() if is_subset(path)}
    assert len(subset) > 20, "the subset has moved; correct SUBSET"
    found = [line for path, tree in subset.items() for line in find_all(path, tree)]
    assert found == [], "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import typing", "import typing"),
        ("from dataclasses import dataclass", "import dataclasses"),
        ("from . import lamp", "a relative import"),
        ("from firmware.drivers.pi import keys", "import firmware.drivers.pi"),
        ("from protocolsx import y", "import protocolsx"),
        ("match x:\n case 1: pass", "match"),
        ("async def f(): pass", "async def"),
        ("def f(a, /): pass", "positional-only"),
        ("x = [*a, *b]", "[*a]"),
        ("x = (1, *b)", "[*a]"),
        ("x = {**a}", "{**d}"),
        ("class A(metaclass=B): pass", "a metaclass"),
        ("class A:\n def __init_subclass__(cls): pass", "__init_subclass__"),
        ("@cache\ndef f(): pass", "@cache"),
        ("raise A() from b", "raise ... from"),
        ("x.__dict__", "__dict__"),
        ("x.zfill(3)", ".zfill()"),
        ("x.strip()", ".strip(): each runtime"),
        ("x.isdigit()", ".isdigit()"),
        ("print(1)", "print()"),
        ("n.to_bytes(2, byteorder='big')", "to_bytes(byteorder=)"),
        ("json.dumps(x, sort_keys=True)", "dumps(sort_keys=)"),
        ("for k, v in d.items(): pass", ".items()"),
        ("isinstance(x, int | str)", "isinstance(x, A | B)"),
        ("x = 0.5", "the float 0.5"),
        ("x = a / b", "/ makes a float"),
        ("x = float(a)", "float()"),
    ],
)
def test_each_rule_finds_its_breach(source: str, what: str) -> None:
    found = find_all("firmware/logic/example.py", ast.parse(source))
    assert len(found) == 1, found
    assert what in found[0]


@pytest.mark.parametrize(
    ("path", "source", "found"),
    [
        ("firmware/drivers/esp32/keys.py", "import machine", ["import machine"]),
        ("firmware/drivers/esp32/hal.py", "import machine, socket", ["import socket"]),
        (
            "firmware/drivers/esp32/keys.py",
            "from firmware.shell import x",
            ["import firmware.shell"],
        ),
        ("firmware/drivers/esp32/keys.py", "from firmware.drivers.esp32 import hal", []),
        (
            "firmware/drivers/esp32/keys.py",
            "from firmware.drivers import pi",
            ["firmware.drivers.pi"],
        ),
        ("firmware/shell/loop.py", "import os", ["import os"]),
        ("firmware/shell/node.py", "import firmware.shell.store", ["import firmware.shell.store"]),
        ("firmware/shell/flash.py", "import os\nopen('x')", []),
        ("firmware/shell/loop.py", "open('x')", ["open()"]),
    ],
)
def test_only_the_rim_of_the_esp32_touches_its_hardware(
    path: str, source: str, found: list[str]
) -> None:
    findings = find_all(path, ast.parse(source))
    assert len(findings) == len(found), findings
    assert all(what in line for what, line in zip(found, findings, strict=True))


@pytest.mark.parametrize(
    "source",
    [
        "import json\nimport struct\nfrom protocols.ticks import ticks_add",
        "def f(a: int | None, b: list[int]) -> str: return f'{a!r} {b=}'",
        "a, *b = c\nf(*b)\nf(**d)",
        "for k, v in sorted(d.items()): pass",
        "class A:\n @property\n def x(self): return 1\n @x.setter\n def x(self, v): pass",
        "if (n := len(x)) > 3: pass",
        "x = n.to_bytes(2, 'big')",
        "x = text.strip(' ').split('/')",
    ],
)
def test_what_the_subset_has_is_not_found(source: str) -> None:
    assert find_all("firmware/logic/example.py", ast.parse(source)) == []
