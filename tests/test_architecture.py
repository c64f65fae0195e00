"""The house stays a house: rooms import only rooms above, maths neither prints nor opens files, imports are light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "twinbrush"

# In the order in which the data walks through them: a room may import from its own line and from the lines above it.
ROOMS = (
    "base", "maths", "config", "faces", "regions", "sculpt", "meshes", "views", "align", "shape", "paint", "relief",
    "export", "baselines", "road", "evaluate", "study", "app")
MOST_ROOMS = 18
LOOSE = {"__init__", "__main__"}  # the package's two doors
LEVEL = {name: level for level, name in enumerate((*ROOMS, "__main__"))}
MATHS = ("maths", "faces", "regions", "sculpt", "views", "align", "shape", "paint", "relief", "evaluate")
MODULES = sorted(SOURCE.rglob("*.py"))


def _room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def _imported_rooms(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "twinbrush":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("twinbrush."):
            names.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            names |= {a.name.split(".")[1] for a in node.names if a.name.startswith("twinbrush.")}
    return names & set(LEVEL)


def _misplaced(source: str, room: str) -> set[str]:
    return {other for other in _imported_rooms(ast.parse(source)) if LEVEL[other] > LEVEL[room]}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_rooms_import_only_rooms_above(path: Path) -> None:
    room = _room(path)
    if room == "__init__":
        return
    assert room in LEVEL, f"{path.name} belongs to no room"
    assert not _misplaced(path.read_text(), room)


def test_the_house_has_few_rooms_and_nothing_lies_loose() -> None:
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(ROOMS)
    assert len(ROOMS) <= MOST_ROOMS
    assert {path.stem for path in SOURCE.glob("*.py")} == LOOSE


def test_the_rule_catches_an_import_from_below() -> None:
    assert _misplaced("from twinbrush.export import manifest", "views") == {"export"}
    assert _misplaced("def f():\n    from twinbrush import app", "faces") == {"app"}


def _at_import(tree: ast.Module) -> set[str]:
    """Modules of ours that are imported when the module itself is: neither in functions nor for types only."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("twinbrush"):
            own = (node.module or "").removeprefix("twinbrush").lstrip(".")
            names |= {own, *(f"{own}.{alias.name}".lstrip(".") for alias in node.names)}
    return names


def _circle(needs: dict[str, set[str]]) -> list[str]:
    """The modules that are left when those whose needs are met have been taken away, again and again."""
    left = dict(needs)
    while ready := [name for name, others in left.items() if not others & set(left) - {name}]:
        for name in ready:
            del left[name]
    return sorted(left)


def test_no_modules_import_each_other_in_a_circle() -> None:
    needs = {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts): _at_import(ast.parse(path.read_text()))
        for path in MODULES if path.name != "__init__.py"}
    assert _circle(needs) == []
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("path", [p for p in MODULES if _room(p) in MATHS], ids=lambda p: str(p.relative_to(SOURCE)))
def test_maths_never_prints_or_writes(path: Path) -> None:
    calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
    names = {n.func.id for n in calls if isinstance(n.func, ast.Name)}
    attributes = {n.func.attr for n in calls if isinstance(n.func, ast.Attribute)}
    assert not names & {"print", "open", "input"}
    assert not attributes & {"write_text", "write_bytes", "imwrite"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 330


def test_importing_the_command_line_is_light() -> None:
    heavy = "torch", "numba", "cv2", "scipy", "trimesh", "ai_edge_litert", "skimage"
    code = f"import sys, twinbrush, twinbrush.app.cli; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
