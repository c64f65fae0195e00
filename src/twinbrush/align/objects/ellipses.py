"""When silhouettes do not match: the objects' bounding ellipses brought together, which moves and scales but bends
nothing."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.align.objects.matches import Matches
from twinbrush.align.objects.outline import Outline
from twinbrush.maths.similarity import Similarity

POINTS = 8
CONFIDENCE = 0.05


def match_ellipses(content: Outline, style: Outline, reason: str) -> Matches:
    """The centre and 8 points of the content's ellipse (the outline's second moments) with their places in the style
    under the similarity that keeps centre, area and upright; the shape stays as it is under these pairs."""
    scale = style.scale / content.scale
    there = Similarity(scale, np.eye(2), style.centre_xy - scale * content.centre_xy)
    points = np.concatenate([content.centre_xy[None], _ellipse(content)])
    warning = f"{reason}: the shape is left as it is, only place and size are taken. Give your own pairs for more."
    return Matches(
        points, there.apply(points), np.full(len(points), CONFIDENCE), "ellipse", there.inverse().matrix,
        warnings=(warning,),
    )


def _ellipse(outline: Outline) -> Float[np.ndarray, "n 2"]:
    """Points on the ellipse of the same area and axes' ratio as the outline's points have."""
    about = outline.points_xy - outline.centre_xy
    values, axes = np.linalg.eigh(about.T @ about / len(about))
    ratio = float(np.sqrt(max(values[1], 1e-9) / max(values[0], 1e-9)))
    minor = outline.scale / np.sqrt(np.pi * ratio)
    angle = 2 * np.pi * np.arange(POINTS) / POINTS
    circle = np.stack([minor * np.cos(angle), ratio * minor * np.sin(angle)], axis=1)
    return outline.centre_xy + circle @ axes.T
