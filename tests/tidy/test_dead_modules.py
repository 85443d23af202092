"""Every module of the four packages is imported or run by something that is not a test."""

import ast
import re

PACKAGES = ("protocols/", "boards/", "firmware/", "gateway/", "simulator/")


def module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported_by(path: str, tree: ast.Module) -> set[str]:
    """Every dotted name that an import in this file, or a text in it, may stand for."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)  # a table of modules imported by name
    return names


def is_run(tree: ast.Module) -> bool:
    """Whether the file starts something when it is run."""
    return any(
        isinstance(node, ast.If) and "__main__" in ast.unparse(node.test) for node in tree.body
    )


def dead(modules: dict[str, ast.Module], mentions: str) -> list[str]:
    """Modules that nothing imports, runs, or names as a dotted name in `mentions`."""
    own = {path: tree for path, tree in modules.items() if path.startswith(PACKAGES)}
    used: set[str] = set()
    for path, tree in own.items():
        used |= imported_by(path, tree) - {module_of(path)}
    used |= set(re.findall(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)+", mentions))
    return sorted(
        path
        for path, tree in own.items()
        if not path.endswith("/__init__.py") and module_of(path) not in used and not is_run(tree)
    )


def test_no_module_is_dead(modules: dict[str, ast.Module], texts: dict[str, str]) -> None:
    # Entry points and drivers are named in tables, not imported.
    mentions = "\n".join(
        text for path, text in texts.items() if path.endswith((".toml", "Makefile"))
    )
    unused = dead(modules, mentions)
    assert not unused, "use it or delete it:\n" + "\n".join(unused)


def test_planted_dead_module_is_found() -> None:
    modules = {
        "gateway/a.py": ast.parse("import gateway.b\nlazy = ('gateway.g', 'main')"),
        "gateway/b.py": ast.parse("from gateway import c"),
        "gateway/c.py": ast.parse(""),
        "gateway/d.py": ast.parse("from gateway.d import x"),
        "gateway/e.py": ast.parse("if __name__ == '__main__':\n    run()"),
        "gateway/f.py": ast.parse(""),
        "gateway/g.py": ast.parse(""),
        "tests/test_f.py": ast.parse("import gateway.f"),
    }
    assert dead(modules, "run = 'gateway.a:app'") == ["gateway/d.py", "gateway/f.py"]
