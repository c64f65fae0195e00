"""An open mouth's edges go where the photo shows them, without crossing; a shut one, and what lies about it, stay."""

from __future__ import annotations

import numpy as np

from twinbrush.base.camera import Camera, project
from twinbrush.faces import indices
from twinbrush.maths.crossings import crossings
from twinbrush.sculpt.lip_line import with_lip_line
from twinbrush.sculpt.mouth_seen import opening_seen
from twinbrush.sculpt.template import template
from twinbrush.sculpt.untangle import patch, untangled

FOCAL, AWAY_MM, SIZE = 6000.0, 1200.0, 576
PER_MM = FOCAL / AWAY_MM


def camera() -> Camera:
    """Looks at the head from straight ahead."""
    world = np.array([[1.0, 0, 0, 0], [0, -1.0, 0, 0], [0, 0, -1.0, AWAY_MM]])
    return Camera(np.array([[FOCAL, 0, SIZE / 2], [0, FOCAL, SIZE / 2], [0, 0, 1.0]]), world, SIZE, SIZE)


def opened(share: float) -> np.ndarray:
    model = template()
    drop = model.expressions.offsets[model.expressions.names.index("jawOpen")]
    return untangled(np.asarray(model.mean, np.float64) + share * drop, patch("mouth"))


def edges(vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x (pixels) of columns, and the rows of the opening's upper and lower edge there."""
    pixels, away = project(camera(), vertices)
    opening = opening_seen(template(), np.column_stack([pixels[:, 0], -pixels[:, 1], -away * PER_MM]) / PER_MM)
    columns = np.flatnonzero(opening.height > 0)
    upper, lower = opening.edges(columns)
    return opening.x[columns] * PER_MM, -upper * PER_MM, -lower * PER_MM


def lines(vertices: np.ndarray, wider_mm: float) -> np.ndarray:
    """The landmarks' pixels of a mouth that is open so much wider in its middle, above and below."""
    seen = project(camera(), template().landmarks(vertices))[0]
    x, *both = edges(vertices)
    for ring, edge, side in zip((indices.LIPS_INNER_UPPER, indices.LIPS_INNER_LOWER), both, (-1, 1), strict=True):
        share = np.linspace(0, 1, len(ring))
        seen[list(ring), 0] = x[0] + share * (x[-1] - x[0])
        seen[list(ring), 1] = np.interp(seen[list(ring), 0], x, edge) + side * wider_mm * PER_MM * np.sin(np.pi * share)
    return seen


def misses(vertices: np.ndarray, seen: np.ndarray) -> float:
    """How far the opening's edges lie from the lines in the middle four fifths of the mouth, mean, mm."""
    x, *both = edges(vertices)
    inner = slice(len(x) // 10, -len(x) // 10)
    return float(np.mean([
        np.abs(edge - np.interp(x, *seen[list(ring)].T))[inner].mean() / PER_MM
        for ring, edge in zip((indices.LIPS_INNER_UPPER, indices.LIPS_INNER_LOWER), both, strict=True)]))


def test_the_edges_go_to_the_lines() -> None:
    before = opened(0.3)
    seen = lines(before, 2.0)
    after = with_lip_line(template(), before, camera(), seen)
    assert misses(after, seen) < 0.5 * misses(before, seen)
    assert len(crossings(after, template().triangles)) <= len(crossings(before, template().triangles))
    mouth = template().landmarks(before)[[13, 14]].mean(0)
    far = np.linalg.norm(before - mouth, axis=1) > 55
    np.testing.assert_array_equal(after[far], before[far])


def test_a_shut_mouth_stays() -> None:
    before = opened(0.0)
    seen = project(camera(), template().landmarks(before))[0]
    upper, lower = list(indices.LIPS_INNER_UPPER), list(indices.LIPS_INNER_LOWER)
    seen[upper] = seen[lower] = (seen[upper] + seen[lower]) / 2
    np.testing.assert_array_equal(with_lip_line(template(), before, camera(), seen), before)
