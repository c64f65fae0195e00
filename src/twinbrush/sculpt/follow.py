"""What grows on the face moves with it: a beard's morph targets."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import spatial

from twinbrush.sculpt.values import Morphs, Part

NEIGHBOURS = 4  # vertices of the head whose offsets are averaged, weighted by their nearness
SOFTNESS_MM = 1.0
LEAST_MM = 0.02  # smaller offsets are left out: targets are sparse


def followed(head: Part, vertices: Float[np.ndarray, "n 3"]) -> Morphs:
    """Returns the head's expressions carried to vertices that lie on it (mm, head's frame)."""
    if not head.targets:
        return {}
    distance, nearest = spatial.KDTree(head.mesh.vertices).query(vertices, k=NEIGHBOURS)
    weights = 1 / (distance + SOFTNESS_MM)
    weights = (weights / weights.sum(1, keepdims=True))[..., None]
    out: Morphs = {}
    for name, (moved, offsets) in head.targets.items():
        whole = np.zeros((len(head.mesh.vertices), 3))
        whole[moved] = offsets
        own = (whole[nearest] * weights).sum(1)
        rows = np.flatnonzero(np.linalg.norm(own, axis=1) > LEAST_MM)
        if len(rows):
            out[name] = rows, own[rows]
    return out
