"""What is handed on: the style, found, posed and scaled like the content, and where the shape shall go."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, UInt8


@dataclass(frozen=True)
class AlignedStyle:
    """The style portrait brought to the content.

    The CANVAS is one image for all views (one scale, one atlas): the style, re-posed to the content's head pose, and
    scaled and turned by the similarity that fits its face to the content's face in the views' mean frame; the canvas
    frame coincides with the pixel frame of a view looking from straight ahead (azimuth 0), same size as the views.
    canvas_valid: False where the style has no trustworthy pixel (outside the picture, frame, stretched by re-posing).
    canvas_regions: `Region`. canvas_confidence 0..1: how sure the region label is (low: left out of the synthesis).
    canvas_landmarks_xy: style's 468 points in the canvas.

    Per view k (paper, Eq. 9): view_images[k] = the canvas perspective-transformed to view k by homographies[k]
    (3x3, canvas pixel -> view pixel), view_landmarks_xy[k] likewise.

    target_xyz: the content's 468 landmarks moved to the style's proportions as 3D points at strength 1 (world mm);
    target_xy[k] = their projections AT THE CONFIGURED STRENGTH in view k; strength-scaled 3D in moved_xyz.
    pose_gap_degrees: angle between the style's and the content's head pose before re-posing.
    start_xyz: the mesh's vertices in a shape where the paper's warps start; None: they start from the mesh's own.
    """

    canvas: Float[np.ndarray, "h w 3"]
    canvas_valid: Bool[np.ndarray, "h w"]
    canvas_regions: UInt8[np.ndarray, "h w"]
    canvas_confidence: Float[np.ndarray, "h w"]
    canvas_landmarks_xy: Float[np.ndarray, "468 2"]
    homographies: Float[np.ndarray, "n 3 3"]
    view_images: Float[np.ndarray, "n h w 3"]
    view_valid: Bool[np.ndarray, "n h w"]
    view_landmarks_xy: Float[np.ndarray, "n 468 2"]
    target_xyz: Float[np.ndarray, "468 3"]
    moved_xyz: Float[np.ndarray, "468 3"]
    target_xy: Float[np.ndarray, "n 468 2"]
    pose_gap_degrees: float
    start_xyz: Float[np.ndarray, "v 3"] | None = None
    warnings: tuple[str, ...] = field(default=())
