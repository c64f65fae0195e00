"""What the guided painter works on: views of the warped content and the style, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from twinbrush.base.mesh import Region
from twinbrush.paint.guided.atlas import StyleSheet
from twinbrush.paint.guided.consensus import Consensus, Known


@dataclass(frozen=True)
class Scene:
    """photo: warped content views; matched: the same in the style's palette; lead: optional result of another engine
    (any size), which then replaces `matched` as the guide; consensus: who paints what; region_separation 0..1: how
    strictly skin is painted with skin and hair with hair.

    An object has no landmarks (m = 0) but `places_xy`: where each pixel's surface point lies in the canvas, through the
    surface itself, so that all views share one guide; `place_weight`: how much that counts; `unit_px` is then its size
    in pixels (a face has its height)."""

    photo: Float32[np.ndarray, "n _ _ 3"]
    matched: Float32[np.ndarray, "n h w 3"]
    coverage: Bool[np.ndarray, "n h w"]
    regions: UInt8[np.ndarray, "n h w"]
    landmarks_xy: Float[np.ndarray, "n m 2"]
    consensus: Consensus | Known
    sheet: StyleSheet
    lead: Float32[np.ndarray, "n a b 3"] | None = None
    region_separation: float = 1.0
    places_xy: Float32[np.ndarray, "n h w 2"] | None = None
    place_weight: Float32[np.ndarray, "n h w"] | None = None
    unit_px: float | None = None

    @property
    def guide(self) -> Float32[np.ndarray, "n h w 3"]:
        """What the painting shall look like from afar."""
        if self.lead is None:
            return self.matched
        height, width = self.matched.shape[1:3]
        if self.lead.shape[1:3] == (height, width):
            return self.lead
        return np.stack([cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC) for image in self.lead])

    @property
    def middle_xy(self) -> Float[np.ndarray, "m 2"]:
        """The content's landmarks in the middle frame between the views."""
        return self.landmarks_xy.mean(0)


def scaled_points(points_xy: Float[np.ndarray, "*n 2"], factor: float) -> Float[np.ndarray, "*n 2"]:
    """Pixel coordinates in an image resized by `factor` (pixel centres at whole numbers)."""
    return (points_xy + 0.5) * factor - 0.5


def figure(regions: UInt8[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """True on the person."""
    return regions != int(Region.BACKGROUND)
