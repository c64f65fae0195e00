"""The house stays a house: rooms import only rooms above, maths neither prints nor opens files, imports are light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "twinbrush"

# Top to bottom: a module may import from its own line and from the lines above it.
ORDER = [
    ["errors", "progress", "plans", "compiled", "locks", "printable"],
    ["camera", "mesh", "rasterize"],
    ["config", "files", "stored_types"],
    ["image", "store"],
    ["models", "networks", "vgg16"],
    ["maths"],
    ["faces"],
    ["regions"],
    ["portrait"],
    ["views"],
    ["sculpt"],
    ["export"],
    ["meshes"],  # writes files back too, with export's GLB
    ["correspond"],
    ["stylize"],
    ["reconstruct"],
    ["inputs"],
    ["align"],
    ["shape"],
    ["paint"],
    ["outputs"],
    ["placing", "mesh_outputs", "figure_outputs"],
    ["run"],
    ["stages"],
    ["road", "paint_road", "figure_export"],
    ["paper_road"],
    ["mesh_heads", "mesh_style"],
    ["mesh_pipeline", "figure_pipeline"],
    ["pipeline", "commands", "sculpt_pipeline"],
    ["demo"],
    ["terminal", "mistakes"],
    ["batch"],
    ["studio"],
    ["cli"],
    ["__main__"],
]
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}
MATHS = (
    "maths", "faces", "regions", "sculpt", "portrait", "views", "correspond", "align", "shape", "stylize",
    "reconstruct",
)
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
    assert room in LEVEL, f"{path.name} belongs to no room: add it to ORDER"
    assert not _misplaced(path.read_text(), room)


def test_the_rule_catches_an_import_from_below() -> None:
    assert _misplaced("from twinbrush.export import gltf", "views") == {"export"}
    assert _misplaced("def f():\n    from twinbrush import cli", "portrait") == {"cli"}


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
    code = f"import sys, twinbrush, twinbrush.cli; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
