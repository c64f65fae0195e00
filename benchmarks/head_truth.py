"""Surfaces measured against heads with known geometry: alignment, dense points, areas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.interpolate import griddata
from scipy.spatial import cKDTree

from twinbrush.mesh import Mesh

HEADS = Path(__file__).resolve().parents[2] / "shared" / "data" / "heads"


def landmark_depths(pixels_xy: np.ndarray, depths: np.ndarray, at_xy: np.ndarray) -> np.ndarray:
    """Depths at any pixels, linear between the landmarks', the nearest landmark's outside: a first guess."""
    inner = griddata(pixels_xy, depths, at_xy, method="linear")
    return np.where(np.isfinite(inner), inner, griddata(pixels_xy, depths, at_xy, method="nearest"))


def similarity(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """scale, rotation, translation that bring a onto b (Umeyama 1991), weighted."""
    weight = weight / weight.sum()
    mean_a, mean_b = weight @ a, weight @ b
    u, s, vt = np.linalg.svd((weight[:, None] * (b - mean_b)).T @ (a - mean_a))
    sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(sign) @ vt
    scale = float((s * sign).sum() / (weight @ ((a - mean_a) ** 2).sum(1)))
    return scale, rotation, mean_b - scale * rotation @ mean_a


def align(surface: np.ndarray, truth: np.ndarray, start: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The surface's points brought onto the truth; `start`: first guess of truth's partners."""
    scale, rotation, shift = similarity(start, truth, weight)
    for _ in range(20):
        _, nearest = cKDTree(scale * surface @ rotation.T + shift).query(truth)
        scale, rotation, shift = similarity(surface[nearest], truth, weight)
    return np.concatenate([scale * rotation, shift[:, None]], axis=1)


def dense_points(mesh: Mesh) -> np.ndarray:
    """Vertices, edge middles and centroids."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    return np.concatenate([mesh.vertices, (a + b) / 2, (b + c) / 2, (c + a) / 2, (a + b + c) / 3])


def vertex_areas(vertices: np.ndarray, faces: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Area each visible vertex stands for (in the unit of `vertices` squared)."""
    faces = faces[visible[faces].all(1)]
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    return np.bincount(faces.ravel(), np.repeat(area, 3), minlength=len(vertices))
