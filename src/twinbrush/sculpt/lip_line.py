"""An open mouth is open where the photo shows it: the lips' inner edges are drawn to the lines that are seen.

The landmarks lie on the lips' surface; where a lip rolls in, its edge is another line. Upper lips hung over the teeth
beside the middle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.interpolate import RBFInterpolator

from twinbrush.base.camera import Camera, project
from twinbrush.faces import indices
from twinbrush.maths.filters import smoothstep
from twinbrush.sculpt.mouth_seen import Opening, opening_seen
from twinbrush.sculpt.untangle import held_back, patch
from twinbrush.sculpt.values import Template

OPEN_MM = (2.0, 4.0)  # of the seen gap: from where to where it counts as open
MOST_MM = 5.0  # that an edge is moved in a round
FRACTIONS = np.linspace(0.0, 1.0, 13)  # of the mouth's width, at which its edges are compared
AROUND_MM = 11.0  # outside the lips' outline, which stays: here all stays
BEHIND_MM = (7.0, 18.0)  # behind the lips: from where to where skin follows no more
SMOOTHING = 0.05
ROUNDS = 2


def with_lip_line(
    model: Template, vertices: Float[np.ndarray, "n 3"], camera: Camera, seen_xy: Float[np.ndarray, "468 2"]
) -> Float[np.ndarray, "n 3"]:
    """Returns the head with the edges of its open mouth where the photo has them. seen_xy: the landmarks' pixels."""
    piece, out = patch("mouth"), vertices
    first, last = seen_xy[indices.LIPS_INNER_UPPER[0]], seen_xy[indices.LIPS_INNER_UPPER[-1]]
    depth = float(project(camera, model.landmarks(vertices)[[13, 14]])[1].mean())
    per_mm = float(camera.intrinsics[0, 0]) / depth
    along = (last - first) / np.linalg.norm(last - first)
    axes = np.stack([along, [along[1], -along[0]]])  # to the right, upward
    upper, lower = ((seen_xy[list(ring)] - first) @ axes.T / per_mm for ring in (
        indices.LIPS_INNER_UPPER, indices.LIPS_INNER_LOWER))
    gap = float(np.max(upper[:, 1] - np.interp(upper[:, 0], lower[:, 0], lower[:, 1])))
    share = float(smoothstep(np.array([(gap - OPEN_MM[0]) / (OPEN_MM[1] - OPEN_MM[0])]))[0])
    if share == 0:
        return vertices
    up = axes[1] @ camera.world_to_camera[:2, :3]
    right = axes[0] @ camera.world_to_camera[:2, :3]
    outline = list(indices.LIPS_OUTER)
    for _ in range(ROUNDS):
        pixels, away = project(camera, out)
        seen = np.column_stack([(pixels - first) @ axes.T / per_mm, -away])
        opening = opening_seen(model, seen)
        if not opening.inside.any():
            break
        moves = share * _moves(opening, seen[piece.vertices], (upper, lower), model.landmarks(seen)[outline])
        goal = out.copy()
        goal[piece.vertices] += moves[:, :1] * right + moves[:, 1:] * up
        out = held_back(out, goal, piece)
    return out


def _moves(
    opening: Opening, own: Float[np.ndarray, "p 3"],
    lines: tuple[Float[np.ndarray, "k 2"], Float[np.ndarray, "k 2"]], outline: Float[np.ndarray, "l 3"],
) -> Float[np.ndarray, "p 2"]:
    """How far vertices go to the right and upward, mm: a thin plate that brings the opening's edges to the lines and
    leaves the lips' outline. own: the vertices as they are seen. lines: upper and lower inner edge in the photo."""
    columns = np.flatnonzero(opening.height > 0)
    x = opening.x[columns]
    at = x[0] + FRACTIONS * (x[-1] - x[0])
    held: list[np.ndarray] = []
    moves: list[np.ndarray] = []
    for edge, line in zip(opening.edges(columns), lines, strict=True):
        now = np.column_stack([at, np.interp(at, x, edge)])
        then_x = line[0, 0] + FRACTIONS * (line[-1, 0] - line[0, 0])
        then = np.column_stack([then_x, np.interp(then_x, line[:, 0], line[:, 1])])
        held.append(now)
        moves.append(np.clip(then - now, -MOST_MM, MOST_MM))
    middle = outline[:, :2].mean(0)
    away = outline[:, :2] - middle
    around = middle + away * (1 + AROUND_MM / np.linalg.norm(away, axis=1, keepdims=True))
    points = np.concatenate([*held, outline[:, :2], around])
    values = np.concatenate([*moves, np.zeros((2 * len(outline), 2))])
    plate: Any = RBFInterpolator(points, values, kernel="thin_plate_spline", smoothing=SMOOTHING)
    behind = np.interp(own[:, 0], opening.x, opening.depth) - own[:, 2]
    far = np.linalg.norm((own[:, :2] - middle) / np.maximum(np.abs(around - middle).max(0), 1), axis=1)
    share = (1 - smoothstep((behind - BEHIND_MM[0]) / (BEHIND_MM[1] - BEHIND_MM[0]))) * (far < 1)
    return plate(own[:, :2]) * share[:, None]
