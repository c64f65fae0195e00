"""What this room hands on: one found face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Face:
    """One found face, in pixels of the image it was found in.

    landmarks: (468, 3) MediaPipe face-mesh points: x, y in pixels, z in pixel units (smaller = nearer to the viewer).
    rotation: (3, 3) head-to-world rotation (identity = looking straight at the viewer; frame of base/camera.py).
    source: "detector", "box", "clicks" or "file68" (where the landmarks came from).
    """

    landmarks: Float[np.ndarray, "468 3"]
    rotation: Float[np.ndarray, "3 3"]
    yaw_radians: float
    pitch_radians: float
    roll_radians: float
    score: float
    box_xyxy: tuple[float, float, float, float]
    source: str = "detector"

    @property
    def height_px(self) -> float:
        """Top of the forehead (landmark 10) to chin (152), pixels."""
        return float(np.linalg.norm(self.landmarks[10, :2] - self.landmarks[152, :2]))
