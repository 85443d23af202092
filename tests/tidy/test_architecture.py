"""What the pages for newcomers name is there: every path, every limit with its value."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "README.en.md", "CONTRIBUTING.md")),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("docs/decisions/*.md"),
        *ROOT.glob("docs/runbooks/*.md"),
    ]
)
TOP = ("protocols", "boards", "firmware", "gateway", "simulator", "tests", "docs", "scripts")
_QUOTED = re.compile(r"`([^`\s]+)`")
_LINK = re.compile(r"\]\(([^)#\s]+)\)")
_LIMIT = re.compile(r"\| (\d+)(?: [^|]*)? \| `([\w/.]+)` `([A-Z_]+)` \|")


def paths_named(text: str) -> set[str]:
    """The paths of this tree between backticks."""
    quoted = {
        name for name in _QUOTED.findall(text) if name.startswith(tuple(f"{t}/" for t in TOP))
    }
    return {name for name in quoted if not set(name) & set("{}*<>$") and "NNNN" not in name}


def constant(tree: ast.Module, name: str) -> object:
    """The value of a plain constant at the top of a module."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{name} is not there")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_a_page_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    missing = sorted(name for name in paths_named(text) if not (ROOT / name).exists())
    assert missing == [], f"{page.name} names what is not there; correct the page"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    links = {link for link in _LINK.findall(page.read_text("utf-8")) if "://" not in link}
    missing = sorted(link for link in links if not (page.parent / link).exists())
    assert missing == [], f"{page.name} links to what is not there"


def test_every_limit_on_the_page_has_the_value_of_the_code() -> None:
    rows = _LIMIT.findall((ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8"))
    assert len(rows) > 20, "the table of limits is read"
    for value, path, name in rows:
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        assert constant(tree, name) == int(value), f"{path} {name}"


def test_the_flow_of_a_press_names_every_module_of_calling() -> None:
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    flow = text[text.index("## One press") : text.index("## One ticket")]
    modules = {
        f"gateway/systems/calling/{path.name}"
        for path in (ROOT / "gateway" / "systems" / "calling").glob("*.py")
        if path.name not in ("__init__.py", "views.py", "fit.py", "printing.py", "reserve.py")
    }
    assert modules <= paths_named(flow), "a file of calling that no press goes through"
