"""The file's frame -> our world: axes, unit, size and place (docs/conventions.md has the table)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from twinbrush.base.errors import BadMesh, BadOption
from twinbrush.config import MeshConfig
from twinbrush.meshes.values import FileModel

WORLD_DIAGONAL_MM = 300.0  # every mesh is as large as a head with shoulders: lengths in mm mean the same for all
_UPRIGHT = 0.7  # cosine of the face's tilt up to which a mesh counts as placed upright (45 degrees)
_STANDS = 1e-3  # a mesh stands on a plane when its lowest point is this near, as a share of its height
_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
_FORWARD = {"y": "z", "z": "-y", "x": "z", "-y": "z", "-z": "y", "-x": "z"}
# Without a word about the unit: nothing larger than 3 is in cm or mm, nothing larger than 60 in cm.
_METRES_UP_TO, _CENTIMETRES_UP_TO = 3.0, 60.0


@dataclass(frozen=True)
class Placement:
    """to_world (4, 4) and its size (see SourceModel); warnings: what was guessed."""

    to_world: Float[np.ndarray, "4 4"]
    real_mm_per_mm: float
    warnings: tuple[str, ...]


def place(file: FileModel, used: Float[np.ndarray, "n 3"], config: MeshConfig) -> Placement:
    """Where the mesh goes, from its used positions. Raises BadOption (axes that contradict), BadMesh (no extent)."""
    low, high = used.min(0), used.max(0)
    diagonal = float(np.linalg.norm(high - low))
    if not np.isfinite(diagonal) or not 1e-30 < diagonal < 1e30:
        raise BadMesh(f"{file.path}: the mesh is {diagonal:g} units large.", "Export it at an ordinary size.")
    up, note = (config.up, "") if config.up != "auto" else _guessed_up(file, low, high)
    rotation = axes(up, _FORWARD[up] if config.forward == "auto" else config.forward)
    scale = WORLD_DIAGONAL_MM / diagonal
    to_world = np.eye(4)
    to_world[:3, :3] = scale * rotation
    to_world[:3, 3] = -scale * rotation @ ((low + high) / 2)
    unit_mm = _unit_mm(file, float((high - low).max()), config)
    return Placement(to_world, unit_mm / scale, (note,) if note else ())


def axes(up: str, forward: str) -> Float[np.ndarray, "3 3"]:
    """The rotation that turns the file's `up` to +y and its `forward` to +z. Raises BadOption for one axis twice."""
    y, z = _axis(up), _axis(forward)
    if abs(float(y @ z)) > 0.5:
        raise BadOption(f"--up {up} --forward {forward}: the same axis twice.", "Give two different axes.")
    return np.stack([np.cross(y, z), y, z])


def face_axes(
    to_world: Float[np.ndarray, "4 4"], to_portrait: Float[np.ndarray, "4 4"]
) -> tuple[str, str] | None:
    """Which axes of the mesh file point up and to the viewer as the face on it says, as --up and --forward name them;
    None when the face is upright as the mesh was placed. to_portrait: world -> the face's frame."""
    toward = to_portrait[:3, :3] / np.cbrt(np.linalg.det(to_portrait[:3, :3]))
    if toward[1, 1] > _UPRIGHT:
        return None
    in_file = toward @ to_world[:3, :3] / np.cbrt(np.linalg.det(to_world[:3, :3]))
    up, forward = in_file[1], in_file[2].copy()
    forward[np.argmax(np.abs(up))] = 0
    return _axis_name(up), _axis_name(forward)


def _axis_name(direction: Float[np.ndarray, "3"]) -> str:
    axis = int(np.argmax(np.abs(direction)))
    return ("-" if direction[axis] < 0 else "") + "xyz"[axis]


def _axis(name: str) -> Float[np.ndarray, "3"]:
    return (-1.0 if name.startswith("-") else 1.0) * np.eye(3)["xyz".index(name[-1])]


def _guessed_up(file: FileModel, low: Float[np.ndarray, "3"], high: Float[np.ndarray, "3"]) -> tuple[str, str]:
    """glTF says y. STL is z (printers), OBJ and PLY are y, unless the mesh stands on the other plane only."""
    if file.y_up:
        return "y", ""
    usual, other = ("z", "y") if file.format == "stl" else ("y", "z")
    if _stands_on(other, low, high) and not _stands_on(usual, low, high):
        return other, f"taken with {other} up because it stands on {other} = 0; --up says otherwise."
    return usual, ""


def _stands_on(axis: str, low: Float[np.ndarray, "3"], high: Float[np.ndarray, "3"]) -> bool:
    """The lowest point lies on 0 and the mesh stands about the middle of that plane."""
    height, across = "xyz".index(axis), "xyz".index("z" if axis == "y" else "y")
    span = high - low
    central = abs(low[across] + high[across]) < 0.5 * span[across]
    return bool(abs(low[height]) < _STANDS * span[height] and central)


def _unit_mm(file: FileModel, largest: float, config: MeshConfig) -> float:
    """Millimetres in the file's unit: as said, as its format says, or by its size (STL: mm)."""
    if config.unit != "auto":
        return _MM[config.unit]
    if file.metres_per_unit is not None:
        return 1000 * file.metres_per_unit
    if file.format == "stl":
        return 1.0
    return _MM["m" if largest <= _METRES_UP_TO else "cm" if largest <= _CENTIMETRES_UP_TO else "mm"]
