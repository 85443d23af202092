"""Calls that are banned in a part of the tree, each with what to use instead.

import-linter sees imports; this sees calls: `datetime.now()` from an allowed import, `open()`,
`hash()` of a text (salted anew in each process), the order of a set.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

PURE = (
    "protocols/",
    "firmware/logic/",
    "firmware/shell/backoff.py",
    "firmware/shell/health.py",
    "firmware/shell/kept.py",
    "firmware/shell/node.py",
    "gateway/core/",
    "gateway/systems/",
    "gateway/config.py",
    "gateway/hall.py",
    "gateway/engine.py",
    "gateway/service.py",
)
SOURCE = ("protocols/", "firmware/", "gateway/", "simulator/")
CLOCK_RIM = (
    "gateway/audit.py",  # writes down when something was done
    "gateway/machine.py",
    "gateway/process.py",
    "gateway/cli/",
    "gateway/outside/",
    "gateway/web/people.py",  # a code of the second factor is reckoned by it
    "gateway/web/tokens.py",  # writes down when a token was made
    "simulator/chaos/planted.py",  # a bug that reads it is planted there
    "firmware/drivers/pi/camera.py",  # recordings are looked up by the time of day
)
LOOPS = (ast.While, ast.For, ast.AsyncFor)
COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.DictComp)
WALL_CLOCKS = {
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "date.today",
    "datetime.date.today",
}

Finder = Callable[[ast.Module], Iterator[ast.AST]]


@dataclass(frozen=True)
class Ban:
    """What `finds` yields is banned in `where` (path prefixes), except in `but`."""

    name: str
    finds: Finder
    instead: str
    where: tuple[str, ...]
    but: tuple[str, ...] = ()

    def applies(self, path: str) -> bool:
        """Whether a file is under the ban."""
        return path.startswith(self.where) and not path.startswith(self.but)


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute, else ""."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def calls(*names: str) -> Finder:
    """Calls of any of these dotted names."""

    def find(tree: ast.Module) -> Iterator[ast.AST]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and dotted(node.func) in names:
                yield node

    return find


def hash_calls(tree: ast.Module) -> Iterator[ast.AST]:
    """`hash()` outside `__hash__`, where its value stays within the process."""
    inside = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "__hash__"
        for inner in ast.walk(node)
    }
    return (node for node in calls("hash")(tree) if id(node) not in inside)


def is_set(node: ast.AST, known: set[str]) -> bool:
    """Whether an expression is plainly a set."""
    if isinstance(node, ast.Name):
        return node.id in known
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitOr, ast.BitAnd, ast.Sub)):
        return is_set(node.left, known) or is_set(node.right, known)
    is_call = isinstance(node, ast.Call) and dotted(node.func) in ("set", "frozenset")
    return is_call or isinstance(node, (ast.Set, ast.SetComp))


def set_iterations(tree: ast.Module) -> Iterator[ast.AST]:
    """Loops, comprehensions and list() or tuple() over a set; sorted(), len() and `in` are fine."""
    known = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and is_set(node.value, set())
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        over: list[ast.AST] = []
        if isinstance(node, (ast.For, ast.AsyncFor)):
            over = [node.iter]
        elif isinstance(node, COMPREHENSIONS):
            over = [generator.iter for generator in node.generators]
        elif isinstance(node, ast.Call) and dotted(node.func) in ("list", "tuple", "enumerate"):
            over = node.args[:1]
        if any(is_set(each, known) for each in over):
            yield node


def swallowed(tree: ast.Module) -> Iterator[ast.AST]:
    """`except:` of any kind, and `except Exception` that does nothing with it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            wide = node.type is not None and dotted(node.type) in ("Exception", "BaseException")
            if node.type is None or (
                wide and all(isinstance(each, ast.Pass) for each in node.body)
            ):
                yield node


def sleeps_outside_a_loop(tree: ast.Module) -> Iterator[ast.AST]:
    """A sleep in a polling loop is a pause; any other one hopes that something has happened."""
    polling = {
        id(inner) for node in ast.walk(tree) if isinstance(node, LOOPS) for inner in ast.walk(node)
    }
    return (node for node in calls("time.sleep", "sleep")(tree) if id(node) not in polling)


BANS = (
    Ban(
        "sleep",
        calls("time.sleep", "sleep"),
        "wait on an event, a condition or a socket with a timeout",
        SOURCE,
        ("firmware/drivers/", "firmware/shell/"),
    ),
    Ban(
        "sleep in a test",
        sleeps_outside_a_loop,
        "poll in a loop with a deadline",
        ("tests/",),
    ),
    Ban(
        "wall clock",
        calls(*WALL_CLOCKS),
        "take now_ms as an argument; only the gateway's rim reads the wall clock",
        SOURCE,
        CLOCK_RIM,
    ),
    Ban("hash()", hash_calls, "use binascii.crc32 or hashlib: hash() is salted", PURE),
    Ban("set order", set_iterations, "iterate over sorted(...) or keep a dict or tuple", PURE),
    Ban("open()", calls("open", "io.open"), "take the text or bytes as an argument", PURE),
    Ban("swallowed exception", swallowed, "name the exception and handle it", (*SOURCE, "tests/")),
    Ban(
        "print()",
        calls("print"),
        "log with structlog; only the command line writes to the terminal",
        SOURCE,
        ("gateway/cli/", "simulator/assets.py"),
    ),
    Ban(
        "eval",
        calls("eval", "exec"),
        "write a table or a function",
        (*SOURCE, "tests/"),
        # The prompt of a board; a plan that is printed as Python.
        ("simulator/vm/lib/console.py", "tests/simulator/test_faults.py"),
    ),
)


@pytest.mark.parametrize("ban", BANS, ids=lambda ban: ban.name)
def test_nothing_banned_is_used(ban: Ban, modules: dict[str, ast.Module]) -> None:
    places = [
        f"{path}:{node.lineno}"
        for path, tree in modules.items()
        if ban.applies(path)
        for node in ban.finds(tree)
    ]
    assert not places, f"{ban.name}: {ban.instead}:\n" + "\n".join(places)


PLANTED = (
    ("sleep", "import time\ntime.sleep(1)"),
    ("sleep in a test", "import time\ndef test_x():\n    time.sleep(1)"),
    ("wall clock", "from datetime import datetime\ndatetime.now(None)"),
    ("wall clock", "import time\ntime.time()"),
    ("hash()", "key = hash('A001')"),
    ("set order", "for x in {1, 2}: pass"),
    ("set order", "seen = set()\nlist(seen)"),
    ("set order", "seen = {1}\n[x for x in seen | {2}]"),
    ("open()", "open('x')"),
    ("swallowed exception", "try: pass\nexcept: raise"),
    ("swallowed exception", "try: pass\nexcept Exception: pass"),
    ("print()", "print('x')"),
    ("eval", "eval('1')"),
)
FINE = (
    ("sleep in a test", "import time\nwhile not ready():\n    time.sleep(0.01)"),
    ("wall clock", "import time\ntime.monotonic()"),
    ("hash()", "class A:\n    def __hash__(self):\n        return hash('x')"),
    ("set order", "seen = set()\nsorted(seen)\nlen(seen)\n1 in seen"),
    ("set order", "seen = {}\nfor x in seen: pass"),
    ("swallowed exception", "try: pass\nexcept ValueError: pass"),
)


@pytest.mark.parametrize(("name", "source"), PLANTED)
def test_planted_call_is_found(name: str, source: str) -> None:
    [ban] = [ban for ban in BANS if ban.name == name]
    assert list(ban.finds(ast.parse(source)))


@pytest.mark.parametrize(("name", "source"), FINE)
def test_harmless_call_is_not_found(name: str, source: str) -> None:
    [ban] = [ban for ban in BANS if ban.name == name]
    assert not list(ban.finds(ast.parse(source)))
