"""Which of the template's vertices are lips."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.faces import indices
from twinbrush.sculpt.values import FACE, Template

NEAR_MM = 42.0  # of the mouth's middle


def on_lips(template: Template) -> Bool[np.ndarray, "n"]:
    """Returns True on the lips' skin, also where it turns to the teeth."""
    near, inside = inside_lips(template)
    out = np.zeros(len(template.mean), bool)
    out[near[inside > 0]] = True
    return out


def inside_lips(template: Template) -> tuple[Int[np.ndarray, "k"], Float[np.ndarray, "k"]]:
    """Returns the skin's vertices about the mouth, and how far inside the lips' outline each lies, seen from the front,
    mm; negative outside."""
    from scipy.interpolate import CubicSpline

    at = template.landmarks(template.mean)
    ring = at[[*indices.LIPS_OUTER, indices.LIPS_OUTER[0]]]
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(ring, axis=0), axis=1))]
    curve = CubicSpline(along, ring, bc_type="periodic")(np.linspace(0, along[-1], 200, endpoint=False))
    middle = at[[61, 291]].mean(0)
    near = np.flatnonzero((np.linalg.norm(template.mean - middle, axis=1) < NEAR_MM) & (template.labels == FACE))
    return near, inside_outline(curve[:, :2], template.mean[near][:, :2])


def inside_outline(outline: Float[np.ndarray, "p 2"], points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n"]:
    """Returns how far inside a closed outline points lie, negative outside."""
    polygon = outline.astype(np.float32).reshape(-1, 1, 2)
    return np.array([cv2.pointPolygonTest(polygon, (float(x), float(y)), True) for x, y in points])
