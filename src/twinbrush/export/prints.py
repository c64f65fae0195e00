"""The printable solid of one run: its files, and what the manifest and the command line tell of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import spatial

from twinbrush.export.mend import missing_wall
from twinbrush.export.solid import MIN_WALL_MM, Solid
from twinbrush.maths.crossings import crossings

_STEADY_DEGREES = 5.0
_CLEARLY = 0.9  # a wall of this share of the least is not called thin


@dataclass(frozen=True)
class Bust:
    """leans_degrees: so far it may be tilted before it falls over (negative: it falls at once). self_intersections:
    edges that run through a triangle, in the file's precision. thin_share: of the vertices, on walls clearly thinner
    than wall_mm. relief_mm: most height of the medium's relief, in the print; finest_mm: what is finer was smoothed
    away."""

    files: tuple[str, ...]
    height_mm: float
    wall_mm: float
    base_mm2: float
    leans_degrees: float
    self_intersections: int
    thin_share: float
    relief_mm: float = 0.0
    finest_mm: float = 0.0

    @property
    def told(self) -> str:
        """One line for people."""
        worked = f", relief to {self.relief_mm:g} mm, nothing finer than {self.finest_mm:g} mm"
        relief = worked if self.relief_mm else ""
        return f"{', '.join(self.files)}: the whole figure, {self.height_mm:g} mm high{relief}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a maker should look at in the slicer."""
        found: list[str] = []
        if self.leans_degrees < _STEADY_DEGREES:
            leans = max(self.leans_degrees, 0)
            found.append(f"the bust falls over when it leans by {leans:.0f} degrees: glue it down.")
        if self.self_intersections:
            found.append(f"the bust runs through itself in {self.self_intersections} places: repair it in the slicer.")
        if self.thin_share > 0.01:
            found.append(f"{self.thin_share:.0%} of the bust is thinner than {self.wall_mm:g} mm: print it larger.")
        return tuple(found)


def measured(solid: Solid, files: tuple[str, ...], height_mm: float) -> Bust:
    """Returns what is to be told of a solid, `height_mm` high, that was written into these files."""
    points = solid.vertices.astype(np.float32).astype(np.float64)  # as STL has them
    down = solid.faces[(points[solid.faces][:, :, 2] < 1e-6 * height_mm).all(1)]
    a, b, c = points[down].transpose(1, 0, 2)
    base = float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()) / 2
    leans = round(_leans_degrees(points, solid.faces, points[np.unique(down)][:, :2]), 2)
    thin = float((missing_wall(points, solid.faces, MIN_WALL_MM) > (1 - _CLEARLY) * MIN_WALL_MM).mean())
    crossed = len(crossings(points, solid.faces))
    return Bust(files, height_mm, MIN_WALL_MM, round(base, 1), leans, crossed, round(thin, 6))


def _leans_degrees(
    points: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], feet: Float[np.ndarray, "n 2"]
) -> float:
    """How far a solid on its base (whose corners are `feet`) may be tilted until its centre of mass leaves it."""
    a, b, c = points[faces].transpose(1, 0, 2)
    volume = np.einsum("ij,ij->i", a, np.cross(b, c))  # of tetrahedra with the origin, six times
    centre = volume @ (a + b + c) / (4 * volume.sum())
    if len(feet) < 3:
        return -90.0
    return float(np.degrees(np.arctan2(inside_hull(feet, centre[:2]), centre[2])))


def inside_hull(points: Float[np.ndarray, "n 2"], place: Float[np.ndarray, "2"]) -> float:
    """How far `place` lies inside the convex hull of (three or more) points; negative outside."""
    lines = spatial.ConvexHull(points, qhull_options="QJ").equations
    return -float((lines[:, :2] @ place + lines[:, 2]).max())
