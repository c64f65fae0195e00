"""Expressions carried through a change of the head: offsets turned and stretched as the skin about each vertex is.

How skin is stretched is a turn and what least squares add to it, over all skin near a vertex in space, on both sides of
a slit: eyes that became larger close with larger steps, and single thin triangles (lips that touch, the mouth's inside)
say nothing alone.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from twinbrush.sculpt.values import MOUTH_BAG, Morphs, Template

NEAR_MM = 9.0  # falloff of the skin that counts: both lids, both lips
NEIGHBOURS = 96  # vertices, of the skin nearest to each
PRIOR = 0.15  # weight, of the neighbours' own spread, of a gradient that only turns: across the skin little is known
STRETCHES = (0.7, 1.6)  # bounds: an expression neither dies nor doubles


def carried(
    model: Template, targets: Morphs, before: Float[np.ndarray, "n 3"], after: Float[np.ndarray, "n 3"]
) -> Morphs:
    """Returns morph targets (of the head part's vertices) for the head `after`, made for the head `before`."""
    own = stretches(before, after, np.flatnonzero(model.labels < MOUTH_BAG))[model.layout.origin]
    return {name: (rows, np.einsum("nij,nj->ni", own[rows], offsets)) for name, (rows, offsets) in targets.items()}


def stretches(
    before: Float[np.ndarray, "n 3"], after: Float[np.ndarray, "n 3"], skin: Int[np.ndarray, "s"]
) -> Float[np.ndarray, "n 3 3"]:
    """Returns the gradient about each vertex; identities where nothing changed."""
    distance, nearest = KDTree(before[skin]).query(before, k=NEIGHBOURS)
    weight = np.exp(-((distance / NEAR_MM) ** 2) / 2)
    weight /= np.maximum(weight.sum(1, keepdims=True), 1e-12)
    place, goal = before[skin][nearest], after[skin][nearest]
    place -= np.einsum("nk,nki->ni", weight, place)[:, None]
    goal -= np.einsum("nk,nki->ni", weight, goal)[:, None]
    spread = np.einsum("nk,nki,nkj->nij", weight, place, place)
    turn = _turns(np.einsum("nk,nki,nkj->nij", weight, goal, place))
    rest = goal - np.einsum("nij,nkj->nki", turn, place)
    prior = PRIOR / 3 * np.trace(spread, axis1=1, axis2=2)[:, None, None] * np.eye(3)
    change = np.einsum("nk,nki,nkj->nij", weight, rest, place) @ np.linalg.inv(spread + prior + 1e-9 * np.eye(3))
    left, values, right = np.linalg.svd(turn + change)
    return (left * np.clip(values, *STRETCHES)[:, None]) @ right


def _turns(moments: Float[np.ndarray, "n 3 3"]) -> Float[np.ndarray, "n 3 3"]:
    """Returns the rotations nearest to these moments (Kabsch 1976)."""
    left, _, right = np.linalg.svd(moments)
    left[:, :, 2] *= np.sign(np.linalg.det(left @ right))[:, None]
    return left @ right
