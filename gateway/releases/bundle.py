"""Makes one module of all modules that a program imports at its start.

Each module costs a board its name, its path, a table of what it binds, and a list of every name it
mentions; together they cost the whole board 12 KB more than one module with the same contents. So
the root and what it imports at its top, directly or not, become one module in the root's place.
What is imported inside a function (a driver, a logic, an update) stays a module of its own.

A name at the top of a module keeps its name, unless another of these modules or MicroPython has the
same: then the name of its module is put behind it. The root's own names never change. No function
may have a variable of such a name: what is meant is not worked out, it is refused.
"""

import ast
import builtins
from collections import Counter
from collections.abc import Collection, Iterator

Names = dict[str, str]  # at the top of one module -> in the bundle
_OwnScope = ast.FunctionDef | ast.ClassDef | ast.Lambda


class BundleError(Exception):
    """A module does what cannot be bundled; the text says which and what to write instead."""


def bundle(trees: dict[str, ast.Module], root: str) -> dict[str, ast.Module]:
    """The same program, path -> tree, with one module at the path `root` for many.

    Raises BundleError.
    """
    paths = {_module(path): path for path in trees if not path.endswith("__init__.py")}
    modules = {name: trees[path] for name, path in paths.items()}
    for name in set(_handed_on(modules)):
        del modules[name]
    order = _imported_at_start(_module(root), modules)
    names = _bundle_names({name: trees[paths[name]] for name in order})
    whole = ast.Module([], [])
    for name in order:
        tree = trees[paths[name]]
        whole.body += _Inside(name, tree, names).visit(tree).body
    bundled = {paths[name] for name in order}
    left = {path: tree for path, tree in trees.items() if path not in bundled}
    for tree in left.values():
        _Outside(_module(root), names).visit(tree)
    return {**left, root: whole}


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _handed_on(trees: dict[str, ast.Module]) -> Iterator[str]:
    """Modules that somebody uses as a value; they stay by themselves."""
    for tree in trees.values():
        aliases = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if f"{node.module}.{alias.name}" in trees
        }
        owners = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in aliases and id(node) not in owners:
                yield aliases[node.id]


def _imported_at_start(root: str, trees: dict[str, ast.Module]) -> list[str]:
    """The root and what it imports, each after what it needs itself."""
    found: list[str] = []
    entered: set[str] = set()

    def enter(name: str) -> None:
        if name in entered or name not in trees:
            return
        entered.add(name)
        for node in trees[name].body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    enter(alias.name)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    enter(f"{node.module}.{alias.name}")
                enter(node.module or "")
        found.append(name)

    enter(root)
    return found


def _bundle_names(trees: dict[str, ast.Module]) -> dict[str, Names]:
    """Module -> its names; the last one is the root."""
    own = {name: set(_bound(tree, imports=False)) for name, tree in trees.items()}
    taken = Counter(name for bound in own.values() for name in bound)
    foreign = {name for tree in trees.values() for name in _foreign(tree, trees)}
    root = list(trees)[-1]
    names: dict[str, Names] = {}
    for name, bound in own.items():
        stem = name.rpartition(".")[2]
        unclear = {each for each in bound if taken[each] > 1} | (bound & foreign)
        unclear |= bound & set(dir(builtins))
        if name == root:
            unclear = set()
        names[name] = {each: f"{each}_{stem}" if each in unclear else each for each in bound}
    given = Counter(each for found in names.values() for each in found.values())
    twice = sorted(each for each, count in given.items() if count > 1)
    if twice:
        raise BundleError(f"{twice[0]}: two modules of the bundle bind it; rename one of them")
    for name, tree in trees.items():  # what it imports can be imported from it
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module in names:
                origin = names[node.module]
                names[name] |= {each.asname or each.name: origin[each.name] for each in node.names}
    return names


def _foreign(tree: ast.Module, bundled: Collection[str]) -> Iterator[str]:
    """Names that imports at the top bind to what is not in the bundle."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "") not in bundled:
            for alias in node.names:
                if f"{node.module}.{alias.name}" not in bundled:
                    yield alias.asname or alias.name


def _bound(node: ast.AST, *, imports: bool) -> Iterator[str]:
    """What a module, function or class binds in its own scope."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load):
            yield child.id
        elif isinstance(child, ast.ExceptHandler) and child.name:
            yield child.name
        elif isinstance(child, ast.Import | ast.ImportFrom) and imports:
            yield from ((alias.asname or alias.name).split(".")[0] for alias in child.names)
        if not isinstance(child, _OwnScope):
            yield from _bound(child, imports=imports)


class _Inside(ast.NodeTransformer):
    """Renames in a module of the bundle, and drops its imports from others of the bundle."""

    def __init__(self, name: str, tree: ast.Module, names: dict[str, Names]) -> None:
        self._all = names
        self._names = {each: new for each, new in names[name].items() if each != new}
        self._modules: dict[str, Names] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    self._import(node, alias)
        hidden = set(self._names) | set(self._modules)
        for node in ast.walk(tree):
            if isinstance(node, _OwnScope):
                bound = set(_bound(node, imports=False)) | _arguments(node)
                if bound & hidden:
                    what = sorted(bound & hidden)[0]
                    raise BundleError(
                        f"{name}:{node.lineno}: {what}: give this variable another name"
                    )

    def _import(self, node: ast.ImportFrom, alias: ast.alias) -> None:
        bound = alias.asname or alias.name
        if node.module in self._all:
            new = self._all[node.module][alias.name]
            if new != bound:
                self._names[bound] = new
        elif f"{node.module}.{alias.name}" in self._all:
            self._modules[bound] = self._all[f"{node.module}.{alias.name}"]

    def visit_Import(self, node: ast.Import) -> ast.Import | None:
        node.names = [alias for alias in node.names if alias.name not in self._all]
        return node if node.names else None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        if node.module in self._all:
            return None
        node.names = [each for each in node.names if f"{node.module}.{each.name}" not in self._all]
        return node if node.names else None

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id in self._modules:
            return ast.Name(self._modules[node.value.id][node.attr], node.ctx)
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.name = self._names.get(node.name, node.name)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        node.name = self._names.get(node.name, node.name)
        return node


class _Outside(ast.NodeTransformer):
    """Has the other modules import from the bundle."""

    def __init__(self, root: str, names: dict[str, Names]) -> None:
        self._root = root
        self._all = names
        self._modules: dict[str, Names] = {}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | list[ast.stmt]:
        if node.module in self._all:
            names = self._all[node.module]
            for alias in node.names:
                bound = alias.asname or alias.name
                alias.name = names[alias.name]
                alias.asname = None if bound == alias.name else bound
            node.module = self._root
            return node
        package, _, module = self._root.rpartition(".")
        left: list[ast.stmt] = []
        for alias in list(node.names):
            bundled = self._all.get(f"{node.module}.{alias.name}")
            if bundled is not None:
                bound = alias.asname or alias.name
                self._modules[bound] = bundled
                left.append(ast.ImportFrom(package, [ast.alias(module, bound)], 0))
                node.names.remove(alias)
        return [node, *left] if node.names else left

    def visit_Attribute(self, node: ast.Attribute) -> ast.Attribute:
        if isinstance(node.value, ast.Name) and node.value.id in self._modules:
            node.attr = self._modules[node.value.id][node.attr]
        self.generic_visit(node)
        return node


def _arguments(node: ast.AST) -> set[str]:
    if not isinstance(node, ast.FunctionDef | ast.Lambda):
        return set()
    given = node.args
    found = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    found += [each for each in (given.vararg, given.kwarg) if each is not None]
    return {each.arg for each in found}
