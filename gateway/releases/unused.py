"""Leaves out what nothing in a program names: functions, methods, classes, constants.

A name counts as used wherever it stands, also as a text or a keyword, in whatever module: so a
method stays as long as any class has one of its name that is called. A method with underscores on
both sides is MicroPython's and stays.
"""

import ast
from collections.abc import Iterable, Iterator


def drop_unused(trees: Iterable[ast.Module], kept: set[str]) -> None:
    """Change the modules of one program; `kept`: names that others use from outside."""
    modules = list(trees)
    while True:
        used = kept | {name for tree in modules for name in names_used(tree)}
        dropping = _Drop(used)
        for tree in modules:
            dropping.visit(tree)
        if not dropping.dropped:
            return


def names_used(tree: ast.Module) -> Iterator[str]:
    """Every name that a module reads, whatever it means there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg


class _Drop(ast.NodeTransformer):
    def __init__(self, used: set[str]) -> None:
        self._used = used
        self.dropped: list[str] = []

    def _is_unused(self, name: str) -> bool:
        if name in self._used or name.startswith("__"):
            return False
        self.dropped.append(name)
        return True

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef | None:
        if self._is_unused(node.name):
            return None
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef | None:
        if self._is_unused(node.name):
            return None
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        # Of constants only, for what else is bound may be there for what making it does.
        [target, *others] = node.targets
        if isinstance(target, ast.Name) and not others and target.id.isupper():
            return None if self._is_unused(target.id) else node
        return node
