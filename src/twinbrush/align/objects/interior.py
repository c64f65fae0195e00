"""Pairs inside a silhouette, interpolated smoothly from those on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float
from scipy.interpolate import RBFInterpolator

from twinbrush.align.objects.matches import Matches

CONFIDENCE = 0.5  # of the least confident pair on the outline: nobody saw these
SMOOTHING = 1e-3


def interior_pairs(
    matches: Matches,
    content_mask: Bool[np.ndarray, "h w"],
    count: int,
    style_mask: Bool[np.ndarray, "a b"] | None = None,
) -> Matches:
    """`matches` with up to `count` more pairs on the object, as far from each other and from the rest as possible,
    carried by the thin-plate spline through the pairs there are (Bookstein 1989). Those that would fall beside
    `style_mask` are left out. Fewer than four pairs carry nothing."""
    if count <= 0 or len(matches) < 4:
        return matches
    chosen = _farthest(matches.content_xy, content_mask, count)
    style_xy = carry(matches, content_mask)(chosen)
    if style_mask is not None:
        at = np.round(style_xy).astype(int)
        inside = (at >= 0).all(1) & (at < style_mask.shape[::-1]).all(1)
        x, y = np.clip(at, 0, np.array(style_mask.shape[::-1]) - 1).T
        inside = inside & style_mask[y, x]
        chosen, style_xy = chosen[inside], style_xy[inside]
    confidence = np.full(len(chosen), CONFIDENCE * float(matches.confidence.min()))
    return replace(
        matches,
        content_xy=np.concatenate([matches.content_xy, chosen]),
        style_xy=np.concatenate([matches.style_xy, style_xy]),
        confidence=np.concatenate([matches.confidence, confidence]),
    )


def carry(
    matches: Matches, content_mask: Bool[np.ndarray, "h w"]
) -> Callable[[Float[np.ndarray, "n 2"]], Float[np.ndarray, "n 2"]]:
    """Content pixels -> style pixels, by the spline through the pairs."""
    unit = float(np.sqrt(content_mask.sum()))
    spline = RBFInterpolator(
        matches.content_xy / unit, matches.style_xy, kernel="thin_plate_spline", smoothing=SMOOTHING
    )
    return lambda points: np.asarray(spline(points / unit))


def _farthest(
    taken: Float[np.ndarray, "k 2"], mask: Bool[np.ndarray, "h w"], count: int
) -> Float[np.ndarray, "n 2"]:
    """Greedy farthest points of the mask, from its rim too."""
    rim = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    step = max(1, round(float(np.sqrt(mask.sum())) / 60))
    ys, xs = np.nonzero(mask[::step, ::step])
    points = np.stack([xs, ys], axis=1) * float(step)
    gap = rim[::step, ::step][ys, xs].astype(np.float64)
    for point in taken:
        gap = np.minimum(gap, np.linalg.norm(points - point, axis=1))
    chosen: list[int] = []
    for _ in range(min(count, len(points))):
        best = int(gap.argmax())
        if gap[best] <= step:
            break
        chosen.append(best)
        gap = np.minimum(gap, np.linalg.norm(points - points[best], axis=1))
    return points[chosen].reshape(-1, 2)
