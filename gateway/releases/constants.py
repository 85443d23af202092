"""Puts constants where they are used, before modules are compiled for a board.

A name at the top of a module costs a board a string, a place in two tables and a look-up at each
use; with fewer than 1270 strings MicroPython needs 10 KB less for them. So every number or short
text that a module binds once, at its top, to a name in capitals is written into the places that
use it: in its own module, in those that import it (`from module import NAME`) and those that name
it (`module.NAME`). A name that nobody uses after that is left out. A name that is bound a second
time in a module, also as a parameter, in a class or by another import, stays there as it is.
"""

import ast

from gateway.releases.unused import names_used

TEXT_MAX = 16
Constants = dict[str, int | str]


def inline(trees: dict[str, ast.Module]) -> None:
    """Change the modules of one program, path -> tree."""
    modules = {_module(path): tree for path, tree in trees.items()}
    constants = {module: _constants(tree) for module, tree in modules.items()}
    for module, tree in modules.items():
        _Inline(tree, constants[module], constants).visit(tree)
    used = {name for tree in modules.values() for name in names_used(tree)}
    for module, tree in modules.items():
        unused = set(constants[module]) - used
        tree.body = [left for node in tree.body for left in _without(node, unused)]


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _bindings(node: ast.stmt) -> list[tuple[str, ast.expr]]:
    """(name, value) of `A = 1` and of `A, B = 1, 2`; [] of anything else."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return []
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Name):
        return [(target.id, value)]
    if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Tuple):
        return []
    names = [entry.id for entry in target.elts if isinstance(entry, ast.Name)]
    return list(zip(names, value.elts, strict=True)) if len(names) == len(target.elts) else []


def _bound(tree: ast.Module) -> list[str]:
    """Every name that is bound anywhere in a module by anything but an import."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.append(node.id)
        elif isinstance(node, ast.arg):
            found.append(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
            found.append(node.name or "")
    return found


def _constants(tree: ast.Module) -> Constants:
    bound = _bound(tree)
    found: Constants = {}
    for node in tree.body:
        for name, expression in _bindings(node):
            value = _value(expression, found)
            if value is not None and name.isupper() and bound.count(name) == 1:
                found[name] = value
    return found


def _value(node: ast.expr, known: Constants) -> int | str | None:
    """What an expression comes to when that is a whole number or a short text, else None."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Constant) and type(node.value) in (int, str):
        value: int | str = node.value  # type: ignore[assignment]  # one of the two
        return None if isinstance(value, str) and len(value) > TEXT_MAX else value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.LShift | ast.Mult | ast.Add):
        left, right = _value(node.left, known), _value(node.right, known)
        if isinstance(left, int) and isinstance(right, int):
            if isinstance(node.op, ast.LShift):
                return left << right
            return left * right if isinstance(node.op, ast.Mult) else left + right
    return None


class _Inline(ast.NodeTransformer):
    """Replaces every use of a constant in one module."""

    def __init__(self, tree: ast.Module, own: Constants, constants: dict[str, Constants]) -> None:
        self._values = dict(own)
        self._imported: set[str] = set()
        self._modules: dict[str, Constants] = {}
        origins: dict[str, set[tuple[str, str]]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    found = origins.setdefault(alias.asname or alias.name, set())
                    found.add((node.module, alias.name))
        for name in set(origins) - set(_bound(tree)):
            if len(origins[name]) > 1:
                continue  # a name of two meanings, each in a function of its own
            [(module, original)] = origins[name]
            if original in constants.get(module, {}):
                self._values[name] = constants[module][original]
                self._imported.add(name)
            elif f"{module}.{original}" in constants:
                self._modules[name] = constants[f"{module}.{original}"]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        node.names = [
            alias for alias in node.names if (alias.asname or alias.name) not in self._imported
        ]
        return node if node.names else None

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self._values:
            return ast.Constant(self._values[node.id])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.attr in self._modules.get(node.value.id, {}):
            return ast.Constant(self._modules[node.value.id][node.attr])
        self.generic_visit(node)
        return node


def _without(node: ast.stmt, unused: set[str]) -> list[ast.stmt]:
    bindings = _bindings(node)
    kept = [(name, value) for name, value in bindings if name not in unused]
    if len(kept) == len(bindings):
        return [node]
    return [ast.Assign([ast.Name(name, ast.Store())], value) for name, value in kept]
