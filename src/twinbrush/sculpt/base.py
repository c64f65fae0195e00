"""The lower end: the neck's border made even, and closed."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from twinbrush.base.mesh import Mesh, border_edges
from twinbrush.maths.surface import mean_over_neighbours
from twinbrush.sculpt.eyeball import step
from twinbrush.sculpt.values import NECK, Template

ROUNDS = 60  # of smoothing the border along itself
FADE_MM = 28.0  # how far up the skin follows the border
CALM_MM, CALM_ROUNDS = (-125.0, -95.0), 12  # throat and shoulders are smoothed below these heights
BEVEL_MM = 3.0  # the edge is rounded off
RINGS = np.array([0.97, 0.9, 0.75, 0.55, 0.3, 0.12])  # of the cap, as shares of the border's size
HOLLOW_MM = 4.0  # the cap's middle lies so far inside
BOX = (0.004, 0.945, 0.056, 0.996)  # the cap's disc in the atlas: a corner that the head's chart leaves empty


def border_loop(template: Template) -> Int[np.ndarray, "b"]:
    """Returns the neck's border vertices in the order in which its triangles walk them."""
    follow = {int(a): int(b) for a, b in border_edges(template.triangles)}
    start = min(follow)
    loop = [start]
    while follow[loop[-1]] != start:
        loop.append(follow[loop[-1]])
    return np.array(loop)


def even_border(template: Template, vertices: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Returns the head with a smooth border, the skin above it following."""
    from scipy import spatial

    loop = border_loop(template)
    ring = vertices[loop]
    smooth = ring.copy()
    for _ in range(ROUNDS):
        smooth = 0.5 * smooth + 0.25 * (np.roll(smooth, 1, 0) + np.roll(smooth, -1, 0))
    distance, nearest = spatial.KDTree(ring).query(vertices)
    fade = np.clip(1 - distance / FADE_MM, 0, 1) ** 2
    out = vertices + (fade[:, None] * (smooth - ring)[nearest]) * (template.labels <= 3)[:, None]
    calm = 1 - step(*CALM_MM, out[:, 1])
    calm = (calm * (template.labels == NECK) * (distance > 1e-6))[:, None]
    average = mean_over_neighbours(template.triangles, len(out))
    for _ in range(CALM_ROUNDS):
        out = out + 0.5 * calm * (average @ out - out)
    return out


def cap(template: Template, vertices: Float[np.ndarray, "n 3"]) -> Mesh:
    """Returns the cap that closes the neck, its border vertices being copies of the head's."""
    ring = vertices[border_loop(template)]
    middle = ring.mean(0)
    away = ring - middle
    _, _, axes = np.linalg.svd(away, full_matrices=False)
    inward = axes[2] * np.sign(axes[2][1])  # the cut's normal, upward
    rings = [ring]
    for number, share in enumerate(RINGS):
        lift = -BEVEL_MM if number == 0 else -BEVEL_MM + (HOLLOW_MM + BEVEL_MM) * (1 - share) ** 0.5
        rings.append(middle + away * share + inward * lift)
    points = np.concatenate([*rings, (middle + inward * HOLLOW_MM)[None]])
    count = len(ring)
    index = np.arange(len(rings) * count).reshape(len(rings), count)
    a, b = index[:-1], index[1:]
    c, d = np.roll(b, -1, 1), np.roll(a, -1, 1)
    last, centre = index[-1], len(points) - 1
    faces = np.concatenate([
        np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3),
        np.stack([last, np.full(count, centre), np.roll(last, -1)], -1)])
    angle = np.arange(count) * 2 * np.pi / count
    disc = np.concatenate([share * np.stack([np.cos(angle), np.sin(angle)], 1) for share in (1.0, *RINGS)] + [
        np.zeros((1, 2))])
    low, high = np.array(BOX[:2]), np.array(BOX[2:])
    return Mesh(points, faces, (low + high) / 2 + disc * (high - low) / 2 * 0.95)


def closed(template: Template, vertices: Float[np.ndarray, "n 3"], head: Mesh) -> Mesh:
    """Returns the head's textured mesh with its cap, light going smoothly over the edge."""
    lid = cap(template, vertices)
    loop = border_loop(template)
    count = len(head.vertices)
    order = np.argsort(template.layout.origin, kind="stable")
    first = order[np.searchsorted(template.layout.origin[order], loop)]
    assert head.uv is not None
    assert lid.uv is not None
    assert head.seam is not None
    assert head.regions is not None
    return Mesh(
        np.concatenate([head.vertices, lid.vertices]), np.concatenate([head.faces, lid.faces + count]),
        np.concatenate([head.uv, lid.uv]), seam=np.concatenate([
            head.seam, np.stack([_leader(head, first), count + np.arange(len(loop))], 1)]),
        regions=np.concatenate([head.regions, np.full(len(lid.vertices), head.regions[0], np.uint8)]))


def _leader(head: Mesh, vertices: Int[np.ndarray, "b"]) -> Int[np.ndarray, "b"]:
    """Each vertex, or the one that it is a copy of."""
    assert head.seam is not None
    original = np.arange(len(head.vertices))
    original[head.seam[:, 1]] = head.seam[:, 0]
    return original[vertices]
