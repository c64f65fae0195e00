"""Expressions carried through a change of the head: offsets turned and stretched as the skin about each vertex is.

How skin is stretched is a turn and what least squares add to it, over all skin near a vertex in space, on both sides of
a slit: eyes that became larger close with larger steps, and single thin triangles (lips that touch, the mouth's inside)
say nothing alone.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse
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
    origin = model.layout.origin
    if not targets:
        return {}
    wanted = np.unique(np.concatenate([origin[rows] for rows, _ in targets.values()]))
    own = np.empty((len(before), 3, 3))
    own[wanted] = stretches(before, after, np.flatnonzero(model.labels < MOUTH_BAG), wanted)
    return {name: (rows, np.einsum("nij,nj->ni", own[origin[rows]], offsets))
            for name, (rows, offsets) in targets.items()}


def stretches(
    before: Float[np.ndarray, "n 3"], after: Float[np.ndarray, "n 3"], skin: Int[np.ndarray, "s"],
    wanted: Int[np.ndarray, "w"],
) -> Float[np.ndarray, "w 3 3"]:
    """Returns the gradients about the wanted vertices; identities where nothing changed."""
    distance, nearest = KDTree(before[skin]).query(before[wanted], k=NEIGHBOURS)
    weight = np.exp(-((distance / NEAR_MM) ** 2) / 2)
    weight /= np.maximum(weight.sum(1, keepdims=True), 1e-12)
    rows = np.repeat(np.arange(len(wanted)), NEIGHBOURS)
    average = sparse.csr_matrix((weight.ravel(), (rows, nearest.ravel())), shape=(len(wanted), len(skin)))
    middle = before[skin].mean(0)
    place, goal = before[skin] - middle, after[skin] - middle
    spread = _moments(average, place, place)
    both = _moments(average, goal, place)
    turn = _turns(both)
    prior = PRIOR / 3 * np.trace(spread, axis1=1, axis2=2)[:, None, None] * np.eye(3)
    change = (both - turn @ spread) @ np.linalg.inv(spread + prior + 1e-9 * np.eye(3))
    left, values, right = np.linalg.svd(turn + change)
    return (left * np.clip(values, *STRETCHES)[:, None]) @ right


def _moments(
    average: sparse.csr_matrix, first: Float[np.ndarray, "s 3"], second: Float[np.ndarray, "s 3"]
) -> Float[np.ndarray, "w 3 3"]:
    """Returns the second moments of two sets of points about their means, in each row's neighbourhood."""
    products = (first[:, :, None] * second[:, None]).reshape(-1, 9)
    one, other = np.asarray(average @ first), np.asarray(average @ second)
    return np.asarray(average @ products).reshape(-1, 3, 3) - one[:, :, None] * other[:, None]


def _turns(moments: Float[np.ndarray, "n 3 3"]) -> Float[np.ndarray, "n 3 3"]:
    """Returns the rotations nearest to these moments (Kabsch 1976)."""
    left, _, right = np.linalg.svd(moments)
    left[:, :, 2] *= np.sign(np.linalg.det(left @ right))[:, None]
    return left @ right
