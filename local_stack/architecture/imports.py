"""Which parts of the code import which, read off the code itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

_PARTS = {
    "functions": "functions",
    "cli": "cli",
    "simulator": "simulator",
    "local_stack": "local_stack",
    "number_inventory.bootstrap": "bootstrap",
    "number_inventory.adapters": "adapters",
    "number_inventory.services": "services",
    "number_inventory.ports": "ports",
    "number_inventory.domain": "domain",
    "number_inventory": "settings, events, observability",
}
"""Modules by the beginning of their names; the longest that fits counts."""

_OPERATORS = "wiring"
"""What only operators are wired with stands in `cli`."""

_FOLDERS = ("functions", "cli", "simulator", "local_stack", "layers/common/number_inventory")


def who_imports_whom(root: Path) -> str:
    """A flowchart of the parts, from whoever imports to what is imported."""
    edges = {
        (importer, imported)
        for folder in _FOLDERS
        for path in sorted((root / folder).rglob("*.py"))
        for importer, imported in _edges(root, path)
        if importer != imported
    }
    names = {part: f"p{index}" for index, part in enumerate(sorted(set(_PARTS.values())))}
    nodes = [f"    {name}[{part}]" for part, name in names.items()]
    arrows = [f"    {names[importer]} --> {names[imported]}" for importer, imported in sorted(edges)]
    return "\n".join(["```mermaid", "flowchart TD", *nodes, *arrows, "```", ""])


def who_is_wired_with_what(root: Path) -> str:
    """A table of those who start work, and the parts of the bootstrap that each imports by itself."""
    used: dict[str, set[str]] = {}
    for starter in sorted([*(folder.parent for folder in (root / "functions").glob("*/__init__.py")), root / "cli"]):
        for path in starter.rglob("*.py"):
            used.setdefault(starter.name, set()).update(_wired(path))
    modules = (root / "layers/common/number_inventory/bootstrap").glob("[!_]*.py")
    parts = sorted(({path.stem for path in modules} | {_OPERATORS}) - {"process", "stores"})
    head = [f"| | {' | '.join(parts)} |", f"| --- |{' --- |' * len(parts)}"]
    rows = [
        f"| {starter} | {' | '.join('x' if part in used[starter] else '' for part in parts)} |"
        for starter in sorted(used, key=lambda name: (name == "cli", name))
    ]
    return "\n".join([*head, *rows, ""])


def _wired(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in {"number_inventory.bootstrap", "cli"}:
            yield from (alias.name for alias in node.names)


def _edges(root: Path, path: Path) -> Iterator[tuple[str, str]]:
    module = ".".join(path.relative_to(root).with_suffix("").parts).removeprefix("layers.common.")
    importer = _part(module)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        imported = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        if isinstance(node, ast.ImportFrom) and node.module == "number_inventory":
            imported = [f"number_inventory.{alias.name}" for alias in node.names]
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        for name in imported:
            found = _part(name)
            if importer and found:
                yield importer, found


def _part(module: str) -> str:
    fitting = [known for known in _PARTS if module == known or module.startswith(f"{known}.")]
    return _PARTS[max(fitting, key=len)] if fitting else ""
