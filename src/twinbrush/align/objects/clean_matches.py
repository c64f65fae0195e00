"""Matched points that would harm a warp are taken out: weak, too close to others, or folding the map over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import Delaunay, QhullError

THIN = 1e-6  # share of the triangles' mean area under which a triangle says nothing about orientation


@dataclass(frozen=True)
class Cleaned:
    """keep (k,): indices of the pairs that stay, in order; how many were taken out for what; short: fewer than asked
    for are left."""

    keep: Int[np.ndarray, "k"]
    weak: int
    close: int
    crossing: int
    short: bool


def clean_matches(
    content_xy: Float[np.ndarray, "n 2"],
    style_xy: Float[np.ndarray, "n 2"],
    confidence: Float[np.ndarray, "n"],
    *,
    least_confidence: float,
    spacing: tuple[float, float],
    least: int,
    mirrored: bool = False,
    content_mask: Bool[np.ndarray, "h w"] | None = None,
) -> Cleaned:
    """Weak pairs go first (but the `least` best stay), then those too close to a better one, then those that fold.

    spacing: px in the content and in the style. mirrored: the map reverses orientation everywhere, which is then no
    fold. content_mask: only folds on the object count.
    """
    order = np.argsort(-confidence, kind="stable")
    strong = confidence >= least_confidence
    strong[order[:least]] = True
    keep = np.flatnonzero(strong)
    weak = len(confidence) - len(keep)
    apart = keep[far_apart(content_xy[keep], style_xy[keep], confidence[keep], spacing)]
    close = len(keep) - len(apart)
    flat = apart[unfolded(content_xy[apart], style_xy[apart], confidence[apart], mirrored, content_mask)]
    return Cleaned(flat, weak, close, len(apart) - len(flat), len(flat) < least)


def far_apart(
    content_xy: Float[np.ndarray, "n 2"],
    style_xy: Float[np.ndarray, "n 2"],
    confidence: Float[np.ndarray, "n"],
    spacing: tuple[float, float],
) -> Int[np.ndarray, "k"]:
    """Indices of pairs that are at least `spacing` from every better one, in both pictures."""
    kept: list[int] = []
    for index in np.argsort(-confidence, kind="stable"):
        content_gap = np.linalg.norm(content_xy[kept] - content_xy[index], axis=1)
        style_gap = np.linalg.norm(style_xy[kept] - style_xy[index], axis=1)
        if (content_gap >= spacing[0]).all() and (style_gap >= spacing[1]).all():
            kept.append(int(index))
    return np.sort(np.array(kept, np.int64))


def unfolded(
    content_xy: Float[np.ndarray, "n 2"],
    style_xy: Float[np.ndarray, "n 2"],
    confidence: Float[np.ndarray, "n"],
    mirrored: bool = False,
    content_mask: Bool[np.ndarray, "h w"] | None = None,
) -> Int[np.ndarray, "k"]:
    """Indices of pairs whose map is orientation-preserving on every triangle of the content's Delaunay triangulation.

    The pair with the most folded triangles at it goes first (the less confident of two), until none folds.
    """
    keep = np.arange(len(content_xy))
    sign = -1.0 if mirrored else 1.0
    while len(keep) >= 3:
        triangles = _triangles(content_xy[keep], content_mask)
        folded = triangles[sign * _orientation(style_xy[keep], triangles) <= 0]
        if len(folded) == 0:
            break
        blame = np.bincount(folded.ravel(), minlength=len(keep)) / np.maximum(
            np.bincount(triangles.ravel(), minlength=len(keep)), 1
        )
        worst = int(np.lexsort((confidence[keep], -blame))[0])
        keep = np.delete(keep, worst)
    return keep


def _triangles(points: Float[np.ndarray, "n 2"], mask: Bool[np.ndarray, "h w"] | None) -> Int[np.ndarray, "t 3"]:
    """Delaunay triangles, clockwise in the picture; with a mask those whose middle lies on it."""
    try:
        triangles = Delaunay(points).simplices.astype(np.int64)
    except (QhullError, ValueError):  # fewer than three points, or all on a line: nothing can be told
        return np.zeros((0, 3), np.int64)
    area = _orientation(points, triangles)
    triangles[area < 0] = triangles[area < 0][:, ::-1]
    triangles = triangles[np.abs(area) > THIN * np.abs(area).mean()]
    if mask is None or len(triangles) == 0:
        return triangles
    middle = np.round(points[triangles].mean(1)).astype(int)
    inside = mask[np.clip(middle[:, 1], 0, mask.shape[0] - 1), np.clip(middle[:, 0], 0, mask.shape[1] - 1)]
    return triangles[inside]


def _orientation(points: Float[np.ndarray, "n 2"], triangles: Int[np.ndarray, "t 3"]) -> Float[np.ndarray, "t"]:
    a, b, c = (points[triangles[:, k]] for k in range(3))
    return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
