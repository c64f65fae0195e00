"""The relief in the viewer's page: a picture of heights from which its shader tilts the normals, and a slider in mm."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32
from PIL import Image

MOST_SIDE = 2048  # px
QUALITY = 92  # of the JPEG: its noise must stay below a step of the slope that shows
MOST_MM = 1.5  # of the slider


@dataclass(frozen=True)
class ShownRelief:
    """heights (h, w): in units of the amplitude, -1..1, in the texture's atlas. amplitude_mm: as it was made."""

    heights: Float32[np.ndarray, "h w"]
    amplitude_mm: float


def packed_relief(relief: ShownRelief) -> dict[str, Any]:
    """Returns what the page's slider reads. Sides are powers of two (WebGL 1 makes mipmaps of no others)."""
    heights = relief.heights
    sides = [min(MOST_SIDE, 1 << round(np.log2(max(side, 2)))) for side in heights.shape[1::-1]]
    if sides != list(heights.shape[1::-1]):
        heights = cv2.resize(heights, sides, interpolation=cv2.INTER_AREA)
    pixels = np.clip(np.round(127.5 + 127.5 * heights), 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=QUALITY)
    return {
        "heights": "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode(),
        "shown": round(relief.amplitude_mm, 3), "most": MOST_MM,
    }
