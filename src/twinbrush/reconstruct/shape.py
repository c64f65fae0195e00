"""A moved mesh, and how a displacement is kept from folding it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from twinbrush.mesh import Mesh
from twinbrush.reconstruct.smooth import DisplacementSmoother
from twinbrush.stylize.geometry import BACK_OFF, TRIES

SMOOTH_MM = 7.0  # displacement detail finer than this is noise of the warps
STEEPEST = 0.9  # cap on the displacement's change per mm of surface; above it the clay creases
MOST_FLIPPED = 0.001  # share of faces
SLIVER = 1e-3  # a face with less than this share of its area left is degenerate


@dataclass(frozen=True)
class ShapeResult:
    """mesh: moved (same topology and uv). displacement (V, 3): mm, at `strength_factor` of the
    asked strength. metrics: numbers for the manifest."""

    mesh: Mesh
    displacement: Float[np.ndarray, "v 3"]
    strength_factor: float
    metrics: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = field(default=())


def sound_displacement(
    mesh: Mesh, displacement: Float[np.ndarray, "v 3"]
) -> tuple[Float[np.ndarray, "v 3"], float, tuple[str, ...]]:
    """Too steep places are smoothed; if faces still flip, the whole displacement is reduced. With the factor, and
    what to tell about it."""
    steep = _steepness(mesh, displacement)
    if (steep > STEEPEST).any():
        calm = np.ones(len(displacement))
        calm[np.unique(mesh.faces[steep > STEEPEST])] = 0.02
        displacement = DisplacementSmoother.of(mesh.vertices, mesh.faces).smooth(displacement, calm, SMOOTH_MM)
    factor = 1.0
    for _ in range(TRIES):
        if flipped_faces(mesh.vertices, mesh.vertices + factor * displacement, mesh.faces).mean() <= MOST_FLIPPED:
            break
        factor *= BACK_OFF
    if factor == 1:
        return displacement, factor, ()
    note = f"The shape's exaggeration was reduced to {factor:.0%} because faces of the mesh would turn over."
    return factor * displacement, factor, (note,)


def flipped_faces(
    before: Float[np.ndarray, "v 3"], after: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]
) -> np.ndarray:
    """True for faces whose normal has turned by more than 90 degrees."""
    return (_face_normals(before, faces) * _face_normals(after, faces)).sum(1) < 0


def _face_normals(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> Float[np.ndarray, "f 3"]:
    """Normals of length twice the area."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.cross(b - a, c - a)


def _steepness(mesh: Mesh, displacement: Float[np.ndarray, "v 3"]) -> Float[np.ndarray, "f"]:
    """Largest change of the displacement along a face's sides, per mm."""
    worst = np.zeros(len(mesh.faces))
    for k in range(3):
        start, end = mesh.faces[:, k], mesh.faces[:, (k + 1) % 3]
        length = np.linalg.norm(mesh.vertices[start] - mesh.vertices[end], axis=1)
        change = np.linalg.norm(displacement[start] - displacement[end], axis=1)
        worst = np.maximum(worst, change / np.maximum(length, 1e-6))
    return worst


def quality(mesh: Mesh, displacement: Float[np.ndarray, "v 3"]) -> dict[str, float]:
    """Numbers for the manifest: what the displacement did to the mesh."""
    moved = mesh.vertices + displacement
    before = np.linalg.norm(_face_normals(mesh.vertices, mesh.faces), axis=1)
    after = np.linalg.norm(_face_normals(moved, mesh.faces), axis=1)
    length = np.linalg.norm(displacement, axis=1)
    return {
        "flipped_faces": float(flipped_faces(mesh.vertices, moved, mesh.faces).sum()),
        "degenerate_faces": float((after < SLIVER * before).sum()),
        "steepest": float(_steepness(mesh, displacement).max()),
        "displacement_mean_mm": float(length.mean()),
        "displacement_max_mm": float(length.max()),
    }
