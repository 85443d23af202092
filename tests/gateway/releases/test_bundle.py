"""Many modules become one that does the same, and what cannot be bundled is refused."""

from __future__ import annotations

import ast

import pytest

from gateway.releases.bundle import BundleError, bundle
from gateway.releases.compile import compiled
from gateway.releases.unused import drop_unused
from simulator.vm.disk import Disk
from simulator.vm.vm import Vm


def bundled(**sources: str) -> dict[str, str]:
    """Module -> text after it; `a__b` is the module a.b; the root is `p__root`."""
    trees = {f"{name.replace('__', '/')}.py": ast.parse(text) for name, text in sources.items()}
    found = bundle(trees, "p/root.py")
    return {path[:-3].replace("/", "__"): ast.unparse(tree) for path, tree in found.items()}


def test_what_the_root_imports_at_its_top_becomes_part_of_it_not_what_a_function_does() -> None:
    found = bundled(
        p__root="from p.a import f\n\ndef main():\n    from p.late import h\n    return f() + h()",
        p__a="import gc\nfrom p.b import g\n\ndef f():\n    return g()",
        p__b="def g():\n    return 1",
        p__late="from p.b import g\n\ndef h():\n    return g()",
    )
    assert set(found) == {"p__root", "p__late"}
    order = ["import gc", "def g", "def f", "def main"]
    places = [found["p__root"].index(text) for text in ["def g", "import gc", "def f", "def main"]]
    assert places == sorted(places), order
    assert found["p__late"].startswith("from p.root import g\n")


def test_two_modules_may_have_a_name_each() -> None:
    found = bundled(
        p__root="from a import f\nfrom b import g as h\n\ndef _own():\n    return f() + h()",
        a="def _own():\n    return 1\n\ndef f():\n    return _own()",
        b="def _own():\n    return 2\n\ndef g():\n    return _own()",
    )
    assert "def _own_a():" in found["p__root"]
    assert "def _own_b():" in found["p__root"]
    assert "return _own_b()" in found["p__root"]
    assert "return f() + g()" in found["p__root"]


def test_a_name_of_micropythons_own_or_of_a_foreign_module_is_not_taken() -> None:
    found = bundled(
        p__root="import time\nfrom a import open, time as now\nx = open() + now()",
        a="def open():\n    return 1\n\ndef time():\n    return 2",
    )
    assert "x = open_a() + time_a()" in found["p__root"]


def test_a_module_named_as_one_is_followed_from_inside_and_outside() -> None:
    found = bundled(
        p__root="from p import words\n\ndef f():\n    return words.say()",
        p__words="def say():\n    return 'hello'",
        p__other="from p import words\nx = words.say()",
    )
    assert "return say()" in found["p__root"]
    assert found["p__other"] == "from p import root as words\nx = words.say()"


def test_a_module_that_is_handed_on_as_a_value_stays_one() -> None:
    found = bundled(
        p__root="from p import hal\n\ndef f():\n    return make(hal)",
        p__hal="def read():\n    return 1",
    )
    assert set(found) == {"p__root", "p__hal"}
    assert "from p import hal" in found["p__root"]


def test_what_is_imported_from_a_module_that_imports_it_itself_is_found() -> None:
    found = bundled(
        p__root="from a import g\nx = g()", a="from b import g", b="def g():\n    return 1"
    )
    assert found == {"p__root": "def g():\n    return 1\nx = g()"}


def test_a_variable_of_a_name_that_changes_is_refused() -> None:
    with pytest.raises(BundleError, match="a:4: _own: give this variable another name"):
        bundled(
            p__root="from a import f\n_own = 3",
            a="def _own():\n    return 1\n\ndef f(_own):\n    return _own",
        )


def test_what_nothing_names_is_left_out_with_what_only_it_names() -> None:
    tree = ast.parse(
        "A = 1\nB = 2\n\ndef f():\n    return g()\n\ndef g():\n    return B\n\n"
        "class C:\n    LIMIT = 3\n\n    def used(self):\n        return A\n\n"
        "    def unused(self):\n        return g()\n\n    def __eq__(self, other):\n"
        "        return True\nx = C().used()"
    )
    drop_unused([tree], {"kept"})
    text = ast.unparse(tree)
    assert text.split("\n")[0] == "A = 1"
    for gone in ("B = 2", "def f", "def g", "LIMIT", "unused"):
        assert gone not in text
    assert "__eq__" in text


def test_a_program_does_the_same_in_micropython_when_it_is_bundled() -> None:
    files = {
        "firmware/__init__.py": b"",
        "firmware/shell/__init__.py": b"",
        "firmware/shell/run_esp32.py": (
            b"from protocols.a import f\nfrom protocols.b import Thing\n\ndef main():\n"
            b"    from firmware.late import g\n    print(f(3), Thing(4).told(), g())\n"
            b"    try:\n        f(-1)\n    except ValueError as error:\n        print(error)\n"
        ),
        "firmware/late.py": (
            b"from protocols.b import Thing as T\n\ndef g():\n    return T(5).told()\n"
        ),
        "protocols/__init__.py": b"",
        "protocols/a.py": (
            b"LIMIT = 7\n\ndef _make(value):\n    return value + LIMIT\n\ndef f(value):\n"
            b"    if value < 0:\n        raise ValueError(f'{value} is below')\n"
            b"    return _make(value)\n"
        ),
        "protocols/b.py": (
            b"def _make(value):\n    return value * 2\n\nclass Thing:\n"
            b"    def __init__(self, value):\n        self.value = value\n\n"
            b"    def told(self):\n        return _make(self.value)\n"
        ),
    }
    said = {}
    for form, on_disk in (("py", files), ("mpy", compiled(files))):
        vm = Vm(disk=Disk(on_disk))
        assert vm.run("-c", "from firmware.shell.run_esp32 import main\nmain()") == 0, vm.stderr
        said[form] = vm.stdout.decode().split("\n")
    assert said["py"][0] == said["mpy"][0] == "10 8 10"
    # A board tells the line in the place of a text.
    assert (said["py"][1], said["mpy"][1]) == ("-1 is below", "8")
