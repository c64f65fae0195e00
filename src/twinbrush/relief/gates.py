"""Where a figure carries relief: skin, hair and cloth; nothing on eyes, lids' rims, teeth, mouth and socle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from twinbrush.faces import indices
from twinbrush.maths.filters import smoothstep
from twinbrush.paint.surface import FigureSurface
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import MOUTH_BAG, Figure

LID_MM, LID_OVER_MM = 1.5, 5.0  # from the lids' rim, the relief is nothing, and within that it grows
LIP_MM, LIP_OVER_MM = 1.0, 5.0
ON_LIPS = 0.35  # share of the relief that lips carry
QUIET_MM, QUIET_OVER_MM = 5.0, 6.0  # from eyes, brows, lips and nostrils: there the paint's edges are the photo's
NOSTRILS = (2, 97, 98, 326, 327)
FEATURES = (
    *indices.EYE_LEFT, *indices.EYE_RIGHT, *indices.BROW_LEFT, *indices.BROW_RIGHT, *indices.LIPS_OUTER,
    *indices.MOUTH_OPENING, *NOSTRILS)


@dataclass(frozen=True)
class Marks:
    """Where the relief may be, by vertex of a figure's surface. gate (v,): share of the relief, 0..1. quiet (v,): 1
    where the paint's edges are brushwork, 0 on the features. group (v,): number of the surface it lies on."""

    gate: Float[np.ndarray, "v"]
    quiet: Float[np.ndarray, "v"]
    group: Int[np.ndarray, "v"]


def marked(figure: Figure, surface: FigureSurface) -> Marks:
    """Returns where a figure carries relief."""
    model = template()
    points = surface.mesh.vertices
    bare = surface.of("Eye", "Teeth")
    gate = np.where(bare, 0.0, 1.0) * (1 - surface.plinth)
    head = np.flatnonzero(surface.of("Head"))
    known = len(model.layout.origin)
    gate[head[:known]] *= model.labels[model.layout.origin] < MOUTH_BAG
    gate[head[known:]] = 0  # the cut surface below
    xyz = figure.landmarks_xyz
    lids = KDTree(xyz[[*indices.EYE_LEFT, *indices.EYE_RIGHT]]).query(points)[0]
    lips = KDTree(xyz[[*indices.LIPS_OUTER, *indices.MOUTH_OPENING]]).query(points)[0]
    on_head = surface.of("Head")
    lid = smoothstep((lids - LID_MM) / LID_OVER_MM)
    lip = ON_LIPS + (1 - ON_LIPS) * smoothstep((lips - LIP_MM) / LIP_OVER_MM)
    gate = np.where(on_head, gate * lid * lip, gate)
    near = KDTree(xyz[list(FEATURES)]).query(points)[0]
    quiet = np.where(on_head, smoothstep((near - QUIET_MM) / QUIET_OVER_MM), 1.0) * (gate > 0)
    return Marks(gate, quiet, _groups(surface))


def _groups(surface: FigureSurface) -> Int[np.ndarray, "v"]:
    """Head and bust are one surface: skin goes on below the neck."""
    names = ["Head" if name == "Bust" else name for name in surface.names]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names])[surface.part]
