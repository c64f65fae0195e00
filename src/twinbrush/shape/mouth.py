"""The inside of the mouth behind changed lips: its bag and the teeth go with the opening as a whole, or they would
come through the skin about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

from twinbrush.base.mesh import vertex_normals
from twinbrush.faces import indices
from twinbrush.sculpt.mouth_seen import opening_seen
from twinbrush.sculpt.values import FACE, MOUTH_BAG, Morphs, Part, Template

GROWTH = (0.4, 1.3)  # bounds of how the inside follows the opening's width
UPRIGHT = (0.7, 1.4)  # the same of its height
MIDDLE_MM, OPEN_MM = 6.0, 2.5  # of the mouth, to both sides; so high it is open there
COARSE_PER_MM = 6.0  # pixels of the picture in which that is measured
SLACK = 0.93  # an inside that shrinks shrinks so much more: the lips come nearer to it on all sides
CLEAR_MM, SHEET_MM, FACING = 1.5, 50.0, 0.3  # the inside stays so far behind the skin within that distance of the mouth
# that faces forward
COVER = 4  # skin vertices before a point that say how far it may come forward
NEAR_MM = 6.0  # how far from the lips' rim the bag goes with the rim itself


@dataclass(frozen=True)
class Opening:
    """How the mouth's opening moved: x -> new + factor (x - old), mm; factor: to the right, upward, forward."""

    old: Float[np.ndarray, "3"]
    new: Float[np.ndarray, "3"]
    factor: Float[np.ndarray, "3"]

    def apply(self, points: Float[np.ndarray, "m 3"]) -> Float[np.ndarray, "m 3"]:
        """Returns the points moved."""
        return points + (self.new - self.old) + (self.factor - 1) * (points - self.old)


def mouth_rim(model: Template) -> Int[np.ndarray, "_"]:
    """Returns the skin's vertices that border on the mouth's bag."""
    corners = model.labels[model.triangles] == MOUTH_BAG
    mixed = np.unique(model.triangles[corners.any(1) & ~corners.all(1)])
    return mixed[model.labels[mixed] != MOUTH_BAG]


def opening_of(
    model: Template, before: Float[np.ndarray, "n 3"], after: Float[np.ndarray, "n 3"]
) -> Opening:
    """Returns how the opening between the lips moved."""
    rim = mouth_rim(model)
    old, new = before[rim], after[rim]
    ratio = float(np.ptp(new[:, 0]) / np.ptp(old[:, 0]))
    factor = np.full(3, np.clip(ratio * (1 - (1 - SLACK) * np.clip((1 - ratio) / 0.1, 0, 1)), *GROWTH))
    start, end = old.mean(0), new.mean(0)
    first, then = lip_edges(model, before), lip_edges(model, after)
    if first is not None and then is not None:  # as much of the teeth shows below the upper lip as did
        factor[1] = np.clip((then[0] - then[1]) / (first[0] - first[1]), *UPRIGHT)
        start[1], end[1] = first[0], then[0]
    return Opening(start, end, factor)


def lip_edges(model: Template, vertices: Float[np.ndarray, "n 3"]) -> tuple[float, float] | None:
    """Returns the heights of the upper and the lower lip's edge in the mouth's middle; None where it is shut."""
    opening = opening_seen(model, vertices, COARSE_PER_MM)
    middle = model.landmarks(vertices)[[13, 14], 0].mean()
    columns = np.flatnonzero((np.abs(opening.x - middle) < MIDDLE_MM) & (opening.height > OPEN_MM))
    if len(columns) == 0:
        return None
    top, bottom = opening.edges(columns)
    return float(top.mean()), float(bottom.mean())


def bag_behind(
    model: Template, before: Float[np.ndarray, "n 3"], after: Float[np.ndarray, "n 3"], opening: Opening,
    cover: Cover,
) -> Float[np.ndarray, "n 3"]:
    """Returns the changed head with the mouth's bag where the opening as a whole went, joined to the lips' rim."""
    rim = mouth_rim(model)
    bag = np.flatnonzero(model.labels == MOUTH_BAG)
    out = after.copy()
    distance, nearest = KDTree(before[rim]).query(before[bag])
    rest = after[rim] - opening.apply(before[rim])
    moved = opening.apply(before[bag]) + rest[nearest] * np.exp(-((distance / NEAR_MM) ** 2))[:, None]
    out[bag] = cover.kept_behind(before[bag], moved)
    return out


class Cover:
    """The skin about the mouth before and after a change, behind which the inside of the mouth keeps its distance."""

    def __init__(self, model: Template, before: Float[np.ndarray, "n 3"], after: Float[np.ndarray, "n 3"]) -> None:
        away = np.linalg.norm(before - before[mouth_rim(model)].mean(0), axis=1)
        forward = vertex_normals(before, model.triangles)[:, 2] > FACING
        chosen = (model.labels == FACE) & (away < SHEET_MM) & forward
        self._sheets = before[chosen], after[chosen]
        self._gap = model.landmarks(after)[list(indices.MOUTH_OPENING), :2]

    def kept_behind(
        self, rest: Float[np.ndarray, "m 3"], moved: Float[np.ndarray, "m 3"]
    ) -> Float[np.ndarray, "m 3"]:
        """Returns the moved points, drawn back where they would come nearer to the skin before them than CLEAR_MM, or
        than they lay at rest if that was less; what shows between open lips stays."""
        old, new = (_depth_of(sheet, points) for sheet, points in zip(self._sheets, (rest, moved), strict=True))
        clearance = np.minimum(old - rest[:, 2], CLEAR_MM)
        out = moved.copy()
        out[:, 2] = np.where(between(self._gap, moved[:, :2]), moved[:, 2], np.minimum(moved[:, 2], new - clearance))
        return out


def teeth_targets(part: Part, vertices: Float[np.ndarray, "m 3"]) -> Morphs:
    """Returns the teeth's expressions, as many times as large as the teeth became wide."""
    factor = np.ptp(vertices[:, 0]) / np.ptp(part.mesh.vertices[:, 0])
    return {name: (rows, factor * offsets) for name, (rows, offsets) in part.targets.items()}


def teeth_moved(part: Part, opening: Opening, cover: Cover) -> Part:
    """Returns the teeth gone with the mouth, their expressions as large as they are."""
    vertices = cover.kept_behind(part.mesh.vertices, opening.apply(part.mesh.vertices))
    return replace(part, mesh=replace(part.mesh, vertices=vertices), targets=teeth_targets(part, vertices))


def between(ring: Float[np.ndarray, "k 2"], points: Float[np.ndarray, "m 2"]) -> Bool[np.ndarray, "m"]:
    """Returns which points lie inside a polygon (even-odd rule): teeth between open lips have no skin before them."""
    (x, y), ends = points.T, np.roll(ring, -1, 0)
    odd = np.zeros(len(points), bool)
    for (ax, ay), (bx, by) in zip(ring, ends, strict=True):
        crossed = (ay > y) != (by > y)
        odd ^= crossed & (x < ax + (y - ay) / (by - ay if by != ay else 1.0) * (bx - ax))
    return odd


def _depth_of(sheet: Float[np.ndarray, "s 3"], points: Float[np.ndarray, "m 3"]) -> Float[np.ndarray, "m"]:
    """z of the rearmost of the skin's vertices nearest before each point."""
    nearest = KDTree(sheet[:, :2]).query(points[:, :2], k=COVER)[1]
    return sheet[nearest, 2].min(1)
