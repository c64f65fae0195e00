"""A relief pressed into a solid for printing: at the print's size, and nothing finer than a nozzle draws."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy import spatial

from twinbrush.base.mesh import vertex_normals
from twinbrush.export.solid import standing
from twinbrush.maths.filters import smoothstep

NOZZLE_MM = 0.2  # of the print: finer detail is smoothed away
EDGE_MM = 0.3  # of the print's triangles, at most ...
MOST_TRIANGLES = 500_000  # ... unless there would be more of them than this
NEAREST = 10  # samples that are averaged at a point
FOOT_MM = (0.4, 1.5)  # of the print: no relief so near to its base, full from there


@dataclass(frozen=True)
class PrintRelief:
    """Samples of a relief. points, normals (k, 3): figure's frame, mm, unit; heights (k,) mm."""

    points: Float[np.ndarray, "k 3"]
    normals: Float[np.ndarray, "k 3"]
    heights: Float[np.ndarray, "k"]


def placed(relief: PrintRelief, outer: Float[np.ndarray, "v 3"], print_height_mm: float) -> PrintRelief:
    """Returns the samples in the print's frame. outer: the figure's vertices, which `standing` places."""
    low, high = outer.min(0), outer.max(0)
    points = standing(
        np.concatenate([np.stack([low, high]), np.clip(relief.points, low, high)]), float(low[1]), print_height_mm)
    x, y, z = relief.normals.T
    return replace(relief, points=points[2:], normals=np.stack([x, -z, y], 1))


def edge_of(points: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> float:
    """Returns how long the print's edges may be, mm."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    area = float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()) / 2
    return max(EDGE_MM, float(np.sqrt(7 * area / MOST_TRIANGLES)))  # triangles' edges are 0.5 to 1 times that


def heights_at(
    relief: PrintRelief, points: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], scale: float
) -> Float[np.ndarray, "v"]:
    """Returns the relief at a print's vertices, mm of the print. relief: placed as the print is (its points in mm of
    the print). scale: of the print to the figure."""
    away, near = spatial.KDTree(relief.points).query(points, NEAREST)
    normals = vertex_normals(points, faces)
    same = np.clip((relief.normals[near] * normals[:, None]).sum(2), 0, 1)
    weight = np.exp(-0.5 * (np.asarray(away) / (0.5 * NOZZLE_MM)) ** 2) * same + 1e-12
    height = (weight * relief.heights[near]).sum(1) / weight.sum(1)
    height *= np.asarray(away)[:, 0] < 5 * NOZZLE_MM  # nowhere else is a surface with relief
    low, high = FOOT_MM
    return scale * height * smoothstep((points[:, 2] - low) / (high - low))
