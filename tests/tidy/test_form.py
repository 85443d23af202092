"""Sizes and openings: a file does one thing, says what, and can be read in one go."""

import ast
import re
from collections.abc import Iterator

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
CODE = (".py", ".pyi", ".sh", ".js", ".css", ".html", "Makefile", ".ci/run")
SCRIPTS = (".sh", ".js", ".css", ".ci/run")
# As ruff counts: a note to a tool at the end does not make a line wide.
PRAGMA = re.compile(r"  # (type: ignore|noqa).*$")
# Data that cannot be broken, such as the path of an icon.
ONE_TEXT = re.compile(r'^\s*(\w+: )?"[^"]*",?$')
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))


def test_no_file_is_longer_than_400_lines(texts: dict[str, str]) -> None:
    long = {
        path: len(text.splitlines())
        for path, text in texts.items()
        if path.endswith(CODE) and len(text.splitlines()) > FILE_LINES_MAX
    }
    assert not long, f"split by what the parts do: {long}"


def test_no_function_is_longer_than_70_lines(modules: dict[str, ast.Module]) -> None:
    long = [
        f"{path}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path, tree in modules.items()
        for node in functions(tree)
        if node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert not long, "give a part its own name:\n" + "\n".join(long)


def test_no_line_of_code_is_wider_than_100_columns(texts: dict[str, str]) -> None:
    wide = [
        f"{path}:{number}"
        for path, text in texts.items()
        if path.endswith(CODE)
        for number, line in enumerate(text.splitlines(), 1)
        if len(PRAGMA.sub("", line)) > COLUMNS_MAX and not ONE_TEXT.match(line)
    ]
    assert not wide, "break the line:\n" + "\n".join(wide)


def test_every_module_opens_with_what_it_is(modules: dict[str, ast.Module]) -> None:
    silent = [path for path, tree in modules.items() if len(ast.get_docstring(tree) or "") < 12]
    assert not silent, f"open with a docstring saying what it is and its rules: {silent}"


def test_every_script_and_style_opens_with_what_it_is(texts: dict[str, str]) -> None:
    silent = []
    for path, text in texts.items():
        first = next((line for line in text.splitlines() if not line.startswith("#!")), "")
        if path.endswith(SCRIPTS) and not first.lstrip().startswith(("#", "//", "/*")):
            silent.append(path)
    assert not silent, f"open with a comment saying what it is: {silent}"


def test_every_test_has_a_sentence_for_a_name(modules: dict[str, ast.Module]) -> None:
    short = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in modules.items()
        if path.startswith("tests/")
        for node in functions(tree)
        if node.name.startswith("test_") and node.name.count("_") < 3
    ]
    assert not short, "say what must hold:\n" + "\n".join(short)


def test_every_type_ignore_has_a_code_and_a_reason(texts: dict[str, str]) -> None:
    mark = "# type" + ": ignore"
    coded = re.compile(re.escape(mark) + r"\[[a-z-]+(, ?[a-z-]+)*\]")
    bare = []
    for path, text in texts.items():
        lines = text.splitlines() if path.endswith(".py") else []
        for before, number in zip(["", *lines], range(1, len(lines) + 1), strict=False):
            line = lines[number - 1]
            explained = before.lstrip().startswith("# ") or re.search(r"\]\s+# \w", line)
            if mark in line and not (coded.search(line) and explained):
                bare.append(f"{path}:{number}")
    assert not bare, f"write `{mark}[code]  # why`, or why on the line before:\n" + "\n".join(bare)
