"""Matched points of an object and a style picture: what the keypoint methods for objects hand on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float

from twinbrush.maths.similarity import fit_similarity

UPRIGHT_DEGREES = 15.0  # a style tilted by less than this is taken as upright

Source = Literal["user", "buddies", "contours", "ellipse"]


@dataclass(frozen=True)
class Matches:
    """k pairs of points: content_xy[i] in pixels of the content picture shows what style_xy[i] shows in the style.

    Pixels as in base/camera.py: (x, y), y down, the centre of the top-left pixel is (0, 0). confidence: 0..1 (user: 1).
    source: how they were found; "ellipse": nothing but the two outlines' bounding ellipses brought together (there is
    a warning then). mirrored: the style shows the object the other way round: its orientation is reversed by the
    matches. style_to_content: the 2x3 similarity (with a reflection when mirrored, without a turn when that would be
    small) that brings `style_xy` nearest to `content_xy`, as `cv2.warpAffine` takes it. warnings: for the user and the
    manifest.
    """

    content_xy: Float[np.ndarray, "k 2"]
    style_xy: Float[np.ndarray, "k 2"]
    confidence: Float[np.ndarray, "k"]
    source: Source
    style_to_content: Float[np.ndarray, "2 3"]
    mirrored: bool = False
    warnings: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.content_xy)

    @property
    def target_xy(self) -> Float[np.ndarray, "k 2"]:
        """The style's points brought into the content picture by the similarity: where the shape shall go at
        strength 1."""
        return self.style_xy @ self.style_to_content[:, :2].T + self.style_to_content[:, 2]


def style_to_content(
    content_xy: Float[np.ndarray, "k 2"],
    style_xy: Float[np.ndarray, "k 2"],
    confidence: Float[np.ndarray, "k"],
    flipped: bool,
) -> Float[np.ndarray, "2 3"]:
    """The robust similarity that brings the style's points to the content's, reflected (x -> -x) first if flipped."""
    reflect = np.array([-1.0 if flipped else 1.0, 1.0])
    weights = np.maximum(confidence, 0.05)
    fit = fit_similarity(style_xy * reflect, content_xy, weights)
    if abs(np.degrees(np.arctan2(fit.rotation[1, 0], fit.rotation[0, 0]))) < UPRIGHT_DEGREES:
        # Both stand on their ground: such a turn is the difference of the shapes, and it would make the object lean.
        fit = fit_similarity(style_xy * reflect, content_xy, weights, rotate=False)
    matrix = fit.matrix
    return np.concatenate([matrix[:, :2] * reflect, matrix[:, 2:]], axis=1)
