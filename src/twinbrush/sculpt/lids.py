"""Eyeballs behind the lids: each a sphere of its own, the lids' rims lying on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int
from scipy import spatial

from twinbrush.sculpt.values import SOCKET_LEFT, SOCKET_RIGHT, Eyeball, Template

RIM_GAP_MM = 0.25  # the rim lies this far before the sphere: the lid's own thickness of skin
CLEAR_MM = 0.15  # nothing before the eye comes nearer to the sphere than this
FALLOFF_MM = 2.2  # how far from the rim skin follows it
STAY = np.diag([3.0, 3.0, 0.5])  # what it costs to move a centre sideways, up, and in depth, against the rim's misfit
ROUNDS = 10
REACH_MM = 7.0  # beyond the sphere, where lids are looked for
NEAREST = 6  # rim vertices that move a lid's vertex
EYES = (SOCKET_LEFT, SOCKET_RIGHT)


def lid_rims(template: Template) -> tuple[Int[np.ndarray, "_"], Int[np.ndarray, "_"]]:
    """Returns the skin vertices that border on each eye's socket, left in the picture first."""
    rims: list[np.ndarray] = []
    for socket in EYES:
        corners = template.labels[template.triangles] == socket
        mixed = template.triangles[corners.any(1) & ~corners.all(1)]
        vertices = np.unique(mixed)
        rims.append(vertices[template.labels[vertices] != socket])
    return rims[0], rims[1]


def set_eyes(
    template: Template, vertices: Float[np.ndarray, "n 3"], identity: Float[np.ndarray, "k"]
) -> tuple[Float[np.ndarray, "n 3"], tuple[Eyeball, Eyeball]]:
    """Returns the head with its lids laid on two eyeballs, and these (looking straight ahead)."""
    balls = template.eyes_mean + np.tensordot(identity, template.eyes_modes, 1)
    eyes: list[Eyeball] = []
    radius = float(balls[:, 3].mean())
    ahead = np.array([0.0, 0.0, 1.0])
    for ball, rim in zip(balls, lid_rims(template), strict=True):
        eyes.append(Eyeball(_centred(vertices[rim], ball[:3], radius), radius, ahead))
    pair = _level(eyes[0], eyes[1])
    for eye, rim, socket in zip(pair, lid_rims(template), EYES, strict=True):
        vertices = lids_on(template, vertices, eye, rim)
        vertices = _socket_behind(template, vertices, eye, socket)
    return vertices, pair


def _centred(
    rim: Float[np.ndarray, "r 3"], start: Float[np.ndarray, "3"], radius: float
) -> Float[np.ndarray, "3"]:
    """The centre from which the rim lies RIM_GAP_MM before the sphere, least squares."""
    centre = start.copy()
    for _ in range(ROUNDS):
        away = rim - centre
        length = np.linalg.norm(away, axis=1)
        unit = away / length[:, None]
        misfit = length - (radius + RIM_GAP_MM)
        centre = centre + np.linalg.solve(unit.T @ unit + STAY, unit.T @ misfit - STAY @ (centre - start))
    return centre


def _level(left: Eyeball, right: Eyeball) -> tuple[Eyeball, Eyeball]:
    """The pair equally deep and high up to what the lids ask for: the mean, and half of the difference."""
    middle = (left.centre * [-1, 1, 1] + right.centre) / 2
    gap = (right.centre - left.centre * [-1, 1, 1]) / 2 * [1.0, 0.7, 0.4]
    return replace(left, centre=(middle - gap) * [-1, 1, 1]), replace(right, centre=middle + gap)


def lids_on(
    template: Template, vertices: Float[np.ndarray, "n 3"], eye: Eyeball, rim: Int[np.ndarray, "r"]
) -> Float[np.ndarray, "n 3"]:
    """The head with a rim radially on the sphere, its neighbourhood following, and no lid inside the sphere."""
    out = vertices.copy()
    skin = ~np.isin(template.labels, EYES)
    away = out - eye.centre
    near = np.flatnonzero((np.linalg.norm(away, axis=1) < eye.radius + REACH_MM) & skin)
    lift = (eye.radius + RIM_GAP_MM) - np.linalg.norm(away[rim], axis=1)
    distance, nearest = spatial.KDTree(vertices[rim]).query(vertices[near], k=NEAREST)
    share = 1 / (distance + 0.05) ** 2
    move = (share * lift[nearest]).sum(1) / share.sum(1) * np.exp(-((distance[:, 0] / FALLOFF_MM) ** 2))
    length = np.linalg.norm(away[near], axis=1)
    out[near] += away[near] / length[:, None] * move[:, None]
    return outside(out, near, eye)


def outside(
    vertices: Float[np.ndarray, "n 3"], chosen: Int[np.ndarray, "c"], eye: Eyeball
) -> Float[np.ndarray, "n 3"]:
    """The chosen vertices before the eye's middle pushed out of the sphere."""
    out = vertices.copy()
    away = out[chosen] - eye.centre
    length = np.linalg.norm(away, axis=1)
    inside = (length < eye.radius + CLEAR_MM) & (away[:, 2] > 0)
    out[chosen[inside]] = eye.centre + away[inside] / length[inside, None] * (eye.radius + CLEAR_MM)
    return out


def _socket_behind(
    template: Template, vertices: Float[np.ndarray, "n 3"], eye: Eyeball, socket: int
) -> Float[np.ndarray, "n 3"]:
    """The socket's bag drawn over the back of the eyeball, so that nothing of it shows between the lids."""
    out = vertices.copy()
    bag = np.flatnonzero(template.labels == socket)
    away = out[bag] - eye.centre
    length = np.linalg.norm(away, axis=1)
    unit = away / np.maximum(length, 1e-6)[:, None]
    front = np.clip(unit[:, 2] / 0.5 + 0.5, 0, 1)  # beside the rim it stays just before the sphere, behind it goes back
    wanted = eye.radius + 0.1 + (1 - front) * 0.8
    out[bag] = eye.centre + unit * np.maximum(length * 0 + wanted, 0)[:, None]
    return out
