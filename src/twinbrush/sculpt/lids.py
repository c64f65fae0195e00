"""Eyeballs behind the lids: each a sphere of its own, the lids' rims lying on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int
from scipy import spatial

from twinbrush.base.camera import Camera, project
from twinbrush.faces import indices
from twinbrush.sculpt.values import SOCKET_LEFT, SOCKET_RIGHT, Eyeball, Template

RIM_GAP_MM = 0.25  # the rim lies this far before the sphere: the lid's own thickness of skin
CLEAR_MM = 0.15  # nothing before the eye comes nearer to the sphere than this
FALLOFF_MM = 2.2  # how far from the rim skin follows it
STAY = np.diag([3.0, 3.0, 0.5])  # what it costs to move a centre sideways, up, and in depth, against the rim's misfit
ROUNDS = 10
REACH_MM = 7.0  # beyond the sphere, where lids are looked for
NEAREST = 6  # rim vertices that move a lid's vertex
CORNER_SHARE, LID_SHARE = 0.65, 0.85  # of the way to the photo's lids that a rim goes: corners (the network's lie a
# little outside), and the lids' middles
OPENING_MM, OPENING_REACH_MM = 5.0, 32.0  # how far from the rim skin follows it there, and surely no farther
LASHES, LOWER_LASHES, LASH_MM = 0.65, 0.2, 0.8  # how dark lashes make the upper and the lower rim, and how wide
OFF_BALL_MM = 1.2  # the corners may lie so far off the sphere: there is the caruncle
EYES = (SOCKET_LEFT, SOCKET_RIGHT)
RINGS = ((indices.EYE_LEFT_UPPER, indices.EYE_LEFT_LOWER), (indices.EYE_RIGHT_UPPER, indices.EYE_RIGHT_LOWER))


def lid_rims(template: Template) -> tuple[Int[np.ndarray, "_"], Int[np.ndarray, "_"]]:
    """Returns the skin vertices that border on each eye's socket, left in the picture first."""
    rims: list[np.ndarray] = []
    for socket in EYES:
        corners = template.labels[template.triangles] == socket
        mixed = template.triangles[corners.any(1) & ~corners.all(1)]
        vertices = np.unique(mixed)
        rims.append(vertices[template.labels[vertices] != socket])
    return rims[0], rims[1]


def opened_as_seen(
    template: Template, vertices: Float[np.ndarray, "n 3"], camera: Camera, seen_xy: Float[np.ndarray, "468 2"]
) -> Float[np.ndarray, "n 3"]:
    """Returns the head with its lids' rims drawn across the line of sight to the lids in the photo: eyes as wide and as
    open as seen. seen_xy: the landmarks' pixels."""
    out = vertices.copy()
    right, down = camera.world_to_camera[0, :3], camera.world_to_camera[1, :3]
    for rim, (upper, lower) in zip(lid_rims(template), RINGS, strict=True):
        pixels, depth = project(camera, out[rim])
        first, last = seen_xy[upper[0]], seen_xy[upper[-1]]
        axis = (last - first) / np.linalg.norm(last - first)
        turn = np.stack([axis, [-axis[1], axis[0]]], 1)
        own = (pixels - first) @ turn
        low, high = own[:, 0].min(), own[:, 0].max()
        along = (own[:, 0] - low) / (high - low)
        middle = np.interp(own[:, 0], own[[own[:, 0].argmin(), own[:, 0].argmax()], 0],
                           own[[own[:, 0].argmin(), own[:, 0].argmax()], 1])
        wanted = np.zeros_like(own)
        for ring, chosen in ((upper, own[:, 1] <= middle), (lower, own[:, 1] > middle)):
            line = (seen_xy[list(ring)] - first) @ turn
            wanted[chosen, 0] = along[chosen] * line[-1, 0]
            wanted[chosen, 1] = np.interp(wanted[chosen, 0], line[:, 0], line[:, 1])
        share = LID_SHARE + (CORNER_SHARE - LID_SHARE) * np.abs(2 * along - 1)
        gap = (share[:, None] * (wanted - own)) @ turn.T * (depth / camera.intrinsics[0, 0])[:, None]
        move = gap[:, :1] * right + gap[:, 1:] * down
        near = np.flatnonzero(np.linalg.norm(out - out[rim].mean(0), axis=1) < OPENING_REACH_MM)
        distance, nearest = spatial.KDTree(out[rim]).query(out[near], k=NEAREST)
        weight = 1 / (distance + 0.05) ** 2
        mean = (weight[..., None] * move[nearest]).sum(1) / weight.sum(1, keepdims=True)
        out[near] += mean * np.exp(-((distance[:, :1] / OPENING_MM) ** 2))
    return out


def set_eyes(
    template: Template, vertices: Float[np.ndarray, "n 3"], identity: Float[np.ndarray, "k"], growth: float = 1.0
) -> tuple[Float[np.ndarray, "n 3"], tuple[Eyeball, Eyeball]]:
    """Returns the head with its lids laid on two eyeballs, and these (looking straight ahead).

    growth: how many times as large as the identity's they are: painted eyes may be huge.
    """
    balls = template.eyes_mean + np.tensordot(identity, template.eyes_modes, 1)
    radius = growth * float(balls[:, 3].mean())
    ahead = np.array([0.0, 0.0, 1.0])
    left, right = (
        Eyeball(centred(vertices[rim], ball[:3], radius), radius, ahead)
        for ball, rim in zip(balls, lid_rims(template), strict=True))
    pair = _level(left, right)
    return laid_on(template, vertices, pair), pair


def laid_on(
    template: Template, vertices: Float[np.ndarray, "n 3"], pair: tuple[Eyeball, Eyeball],
    falloff_mm: float = FALLOFF_MM,
) -> Float[np.ndarray, "n 3"]:
    """Returns the head with its lids laid on two eyeballs, its sockets behind them."""
    for eye, rim, socket in zip(pair, lid_rims(template), EYES, strict=True):
        vertices = lids_on(template, vertices, eye, rim, falloff_mm)
        vertices = _socket_behind(template, vertices, eye, socket)
    return vertices


def centred(
    rim: Float[np.ndarray, "r 3"], start: Float[np.ndarray, "3"], radius: float
) -> Float[np.ndarray, "3"]:
    """Returns the centre from which the rim lies RIM_GAP_MM before the sphere, least squares."""
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
    template: Template, vertices: Float[np.ndarray, "n 3"], eye: Eyeball, rim: Int[np.ndarray, "r"],
    falloff_mm: float = FALLOFF_MM,
) -> Float[np.ndarray, "n 3"]:
    """The head with a rim radially on the sphere, its neighbourhood following, and no lid inside the sphere."""
    out = vertices.copy()
    skin = ~np.isin(template.labels, EYES)
    away = out - eye.centre
    near = np.flatnonzero((np.linalg.norm(away, axis=1) < eye.radius + REACH_MM) & skin)
    lift = (eye.radius + RIM_GAP_MM) - np.linalg.norm(away[rim], axis=1)
    lift = np.where(lift < 0, np.minimum(lift + OFF_BALL_MM * _corner(vertices[rim]), 0), lift)
    distance, nearest = spatial.KDTree(vertices[rim]).query(vertices[near], k=NEAREST)
    share = 1 / (distance + 0.05) ** 2
    move = (share * lift[nearest]).sum(1) / share.sum(1) * np.exp(-((distance[:, 0] / falloff_mm) ** 2))
    length = np.linalg.norm(away[near], axis=1)
    out[near] += away[near] / length[:, None] * move[:, None]
    return outside(out, near, eye)


def lash_shade(template: Template, vertices: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
    """Returns how much light is left at each vertex beside the lids' rims, where lashes grow, 0..1."""
    shade = np.ones(len(vertices))
    for rim in lid_rims(template):
        ring = vertices[rim]
        first, last = ring[ring[:, 0].argmin()], ring[ring[:, 0].argmax()]
        above = ring[:, 1] >= np.interp(ring[:, 0], [first[0], last[0]], [first[1], last[1]])
        for part, dark in ((ring[above], LASHES), (ring[~above], LOWER_LASHES)):
            distance = spatial.KDTree(part).query(vertices, distance_upper_bound=4 * LASH_MM)[0]
            shade *= 1 - dark * np.exp(-((distance / LASH_MM) ** 2))
    return shade


def _corner(rim: Float[np.ndarray, "r 3"]) -> Float[np.ndarray, "r"]:
    """1 at the rim's two corners, 0 from a quarter of its width beside them."""
    low, high = rim[:, 0].min(), rim[:, 0].max()
    return np.clip(np.abs(2 * (rim[:, 0] - low) / (high - low) - 1) * 2 - 1, 0, 1)


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
