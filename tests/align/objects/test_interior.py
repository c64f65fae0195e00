"""Interior pairs follow the map that the pairs on the outline tell."""

from __future__ import annotations

import cv2
import numpy as np

from animals import ANIMAL, animal, bent, dense
from twinbrush.align.objects.interior import interior_pairs
from twinbrush.align.objects.matches import Matches, style_to_content


def on_the_outline() -> Matches:
    content = dense(ANIMAL, 22.0)
    style = bent(4)(content)
    sure = np.full(len(content), 0.8)
    return Matches(content, style, sure, "contours", style_to_content(content, style, sure, False))


def test_interior_pairs_follow_the_map() -> None:
    outline = on_the_outline()
    more = interior_pairs(outline, animal(), 12)
    inside = slice(len(outline), None)
    assert len(more) == len(outline) + 12
    assert np.array_equal(more.content_xy[: len(outline)], outline.content_xy)
    assert np.linalg.norm(bent(4)(more.content_xy[inside]) - more.style_xy[inside], axis=1).max() < 1.5
    assert (more.confidence[inside] < 0.8).all()


def test_interior_pairs_are_inside_and_apart() -> None:
    outline = on_the_outline()
    points = interior_pairs(outline, animal(), 12).content_xy[len(outline) :]
    x, y = np.round(points).astype(int).T
    assert animal()[y, x].all()
    gap = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(12)
    assert gap.min() > 6


def test_interior_pairs_keep_away_from_the_rim() -> None:
    content = ANIMAL[[1, 8, 10, 15]]
    few = Matches(content, content, np.ones(4), "user", np.eye(2, 3))
    points = interior_pairs(few, animal(), 8).content_xy[4:]
    rim = cv2.distanceTransform(animal().astype(np.uint8), cv2.DIST_L2, 3)
    x, y = np.round(points).astype(int).T
    assert rim[y, x].min() > 5


def test_pairs_that_would_fall_beside_the_style_are_left_out() -> None:
    outline = on_the_outline()
    left = animal(bent(4))
    left[:, 140:] = False
    more = interior_pairs(outline, animal(), 12, left)
    kept = more.style_xy[len(outline) :]
    assert 0 < len(kept) < 12
    assert (kept[:, 0] < 140.5).all()


def test_none_are_made_unless_asked_for() -> None:
    outline = on_the_outline()
    assert interior_pairs(outline, animal(), 0) is outline
