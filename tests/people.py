"""Faces made of the mean face: any pose, any proportions, no network needed."""

from __future__ import annotations

import numpy as np

from twinbrush.faces.face_model import mean_face
from twinbrush.faces.pose import rotation_from_angles
from twinbrush.faces.values import Face


def face(
    shape_mm: np.ndarray | None = None, *, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0,
    centre_xy: tuple[float, float] = (128.0, 110.0), pixels_per_mm: float = 0.8, source: str = "detector",
) -> Face:
    """A face of `shape_mm` (default: the mean face) seen from far away; angles in degrees."""
    shape = mean_face() if shape_mm is None else shape_mm
    angles = np.radians([yaw, pitch, roll])
    rotation = rotation_from_angles(*angles)
    posed = pixels_per_mm * shape @ rotation.T * [1, -1, -1]
    posed[:, :2] += centre_xy
    low, high = posed[:, :2].min(0), posed[:, :2].max(0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    yaw_radians, pitch_radians, roll_radians = (float(a) for a in angles)
    return Face(posed, rotation, yaw_radians, pitch_radians, roll_radians, 1.0, box, source)


def long_nosed() -> np.ndarray:
    """The mean face drawn out below the eyes and narrowed: a simple caricature, symmetric."""
    shape = mean_face().copy()
    shape[:, 1] *= np.where(shape[:, 1] < 0, 1.12, 1.0)
    shape[:, 0] *= 0.92
    return shape


def noisy(shape: np.ndarray, rng: np.random.Generator, sigma_mm: float = 1.5) -> np.ndarray:
    """What a network finds on art."""
    return shape + rng.normal(0, sigma_mm, shape.shape)
