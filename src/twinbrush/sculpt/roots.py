"""Roots: skin beside hair and beard takes on their colour, thinning out, so that no knife-edge parts the two."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import spatial

from twinbrush.base.mesh import Mesh
from twinbrush.faces import indices
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.gather import interpolated
from twinbrush.maths.texels import texel_places, texels_of
from twinbrush.sculpt.skin import lookup
from twinbrush.sculpt.values import Part

REACH_MM = {"Hair": 9.0, "Beard": 6.0}  # over which the roots thin out
SHARE = 0.75  # of the hair's colour right at its edge
GRAIN, SEED = 0.5, 11  # how unequal the roots are, from texel to texel
NEAREST = 3  # vertices of the hair whose colours are averaged
FARTHEST_MM, OVER_MM = 12.0, 0.2  # hair farther from the skin, and vertices of it less far over it, have none
LIPS_MM = 3.0  # none so near to the lips


def with_roots(
    texture: Float[np.ndarray, "s s 3"], head: Mesh, landmarks: Float[np.ndarray, "468 3"], grown: tuple[Part, ...],
    colours: Float[np.ndarray, "s s 3"],
) -> Float[np.ndarray, "s s 3"]:
    """Returns the head's atlas with roots about its hair.

    head: uv in `texture`; landmarks: on it, mm. grown: hair and beards, uv in their own atlas `colours`.
    """
    assert head.uv is not None
    share, tone = np.zeros(len(head.vertices)), np.zeros((len(head.vertices), 3))
    for part in grown:
        reach = next((value for name, value in REACH_MM.items() if part.name.startswith(name)), 0.0)
        if reach == 0 or part.mesh.uv is None:
            continue
        over = _over(head, part.mesh.vertices)
        if len(over) < NEAREST:
            continue
        away, nearest = spatial.KDTree(part.mesh.vertices[over]).query(
            head.vertices, k=NEAREST, distance_upper_bound=FARTHEST_MM)
        near = np.flatnonzero(np.isfinite(away[:, -1]))
        size, uv = len(colours), part.mesh.uv[over]
        xy = texel_places(uv, (size, size))
        own = (1 - smoothstep(np.asarray(away)[near, 0] / reach)) * (share[near] < SHARE)
        tone[near] += own[:, None] * lookup(colours, xy)[np.asarray(nearest)[near]].mean(1)
        share[near] += own
    tone /= np.maximum(share, 1e-6)[:, None]
    lips, _ = spatial.KDTree(landmarks[[*indices.LIPS_OUTER]]).query(head.vertices)
    share = np.minimum(share, 1.0) * smoothstep((lips - LIPS_MM) / LIPS_MM)
    return _painted(texture, head, share, tone)


def _over(head: Mesh, points: Float[np.ndarray, "n 3"]) -> Int[np.ndarray, "_"]:
    """The points over the skin: hair goes on under it, where it has no roots to be seen."""
    _, nearest = spatial.KDTree(head.vertices).query(points)
    return np.flatnonzero(((points - head.vertices[nearest]) * head.normals()[nearest]).sum(1) > OVER_MM)


def _painted(
    texture: Float[np.ndarray, "s s 3"], head: Mesh, share: Float[np.ndarray, "n"], tone: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "s s 3"]:
    assert head.uv is not None
    touched = head.faces[(share[head.faces] > 0).any(1)]
    out = texture.copy()
    if not len(touched):
        return out
    texels = texels_of(head.uv, touched, len(texture))
    corners = touched[texels.face]
    own = interpolated(share[:, None], corners, texels.weights)[:, 0]
    colour = interpolated(tone * share[:, None], corners, texels.weights) / np.maximum(own, 1e-6)[:, None]
    grain = 1 + GRAIN * np.random.default_rng(SEED).uniform(-1, 1, len(own))
    part = np.clip(SHARE * own * grain, 0, 1)[:, None]
    flat = out.reshape(-1, 3)
    flat[texels.place] = (1 - part) * flat[texels.place] + part * colour
    return out
