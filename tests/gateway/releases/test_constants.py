"""Constants are written where they are used, and only where that changes nothing."""

from __future__ import annotations

import ast

from gateway.releases.constants import inline


def inlined(**sources: str) -> dict[str, str]:
    """Module -> text after it; `a__b` is the module a.b."""
    trees = {f"{name.replace('__', '/')}.py": ast.parse(text) for name, text in sources.items()}
    inline(trees)
    return {path[:-3].replace("/", "__"): ast.unparse(tree) for path, tree in trees.items()}


def test_a_constant_takes_the_place_of_its_name_everywhere_and_is_left_out() -> None:
    found = inlined(
        p__words="LIMIT = 1 << 4\nKEY, OTHER = 'key', 7\ndef f():\n    return LIMIT + OTHER",
        p__user="from p.words import LIMIT, f\nfrom p import words\nx = LIMIT + f(words.KEY)",
    )
    assert found["p__words"] == "def f():\n    return 16 + 7"
    assert found["p__user"] == "from p.words import f\nfrom p import words\nx = 16 + f('key')"


def test_a_name_that_somebody_still_uses_stays() -> None:
    found = inlined(p__a="LIMIT = 5", p__b="import p.a\nx = p.a.LIMIT")
    assert found["p__a"] == "LIMIT = 5"
    assert "p.a.LIMIT" in found["p__b"]


def test_what_is_bound_a_second_time_stays_as_it_is() -> None:
    twice = "LIMIT = 5\nLIMIT = 6\nx = LIMIT"
    parameter = "LIMIT = 5\n\ndef f(LIMIT):\n    return LIMIT"
    in_class = "KIND = 'a'\n\nclass A:\n    KIND = 'b'\n    x = KIND"
    found = inlined(a=twice, b=parameter, c=in_class)
    assert found == {"a": twice, "b": parameter, "c": in_class}
    user = "from a import LIMIT\n\ndef f():\n    LIMIT = 3\n    return LIMIT"
    assert inlined(a="LIMIT = 5", b=user)["b"] == user


def test_a_name_imported_from_two_modules_keeps_its_two_meanings() -> None:
    user = "def f():\n    from a import COUNT\n    return COUNT\n\n"
    user += "def g():\n    from b import COUNT\n    return COUNT"
    found = inlined(a="COUNT = 9", b="COUNT = 5", user=user)
    assert found == {"a": "COUNT = 9", "b": "COUNT = 5", "user": user}


def test_only_whole_numbers_and_short_texts_are_constants() -> None:
    text = "A = True\nB = 1.5\nC = b'x'\nD = (1, 2)\nE = 'a text of many letters'\nf = 1\n"
    text += "x = (A, B, C, D, E, f)"
    assert inlined(a=text)["a"] == text


def test_one_constant_may_come_from_another() -> None:
    found = inlined(a="SIZE = 8\nPATH_AT = 8 + SIZE * 2\nx = PATH_AT")
    assert found["a"] == "x = 24"


def test_an_alias_is_followed() -> None:
    found = inlined(a="SIZE = 8", b="from a import SIZE as BYTES\nx = BYTES")
    assert found == {"a": "", "b": "x = 8"}
