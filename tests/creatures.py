"""A creature as a mesh file and, with longer ears, as a painting: small inputs for whole runs on meshes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from rounds import cube_sphere
from twinbrush.base.image import save_png
from twinbrush.config import FAST

CONFIG = replace(
    FAST,
    views=replace(FAST.views, size=128, views=4),
    stylize=replace(FAST.stylize, method="guided"),
    reconstruct=replace(FAST.reconstruct, texture_size=256),
    export=replace(FAST.export, still_size=128),
)


def ears(directions: np.ndarray, height: float) -> np.ndarray:
    """Factor of the radius: two ears and a snout."""
    places = ((0.35, 0.94, 0.0), (-0.15, 0.99, 0.0), (-0.97, -0.1, 0.0))
    return 1 + sum(height * np.exp(-((directions - np.array(p)) ** 2).sum(1) / 0.03) for p in places)


def write_obj(path: Path) -> Path:
    """An ellipsoid with two ears and a snout, with its own uv."""
    mesh, _ = cube_sphere(grid=21, bump=0.0)
    assert mesh.uv is not None
    directions = mesh.vertices / [100.0, 80.0, 60.0]
    mesh = mesh.moved(mesh.vertices * ears(directions, 0.45)[:, None])
    lines = ["g body", *(f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in mesh.vertices)]
    lines += [f"vt {u:.6f} {v:.6f}" for u, v in mesh.uv]
    lines += [f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in mesh.faces + 1]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_style(path: Path) -> Path:
    """The same, flatter and with longer ears, painted in red brown on a pale ground, with brushwork."""
    rng = np.random.default_rng(0)
    picture = np.full((220, 300, 3), 0.85, np.float32)
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    around = np.stack([np.cos(angle), np.sin(angle)], 1)
    reach = ears(np.column_stack([around, np.zeros(200)]), 0.75)
    outline = np.array([150, 140]) + around * reach[:, None] * [72, -50]
    blob = cv2.fillPoly(np.zeros((220, 300), np.uint8), [np.round(outline).astype(np.int32)], 1)
    colour = np.array([0.65, 0.25, 0.15], np.float32) + np.linspace(0, 0.25, 300, dtype=np.float32)[None, :, None]
    picture = np.where(blob[..., None] > 0, colour, picture)
    strokes = cv2.GaussianBlur(rng.normal(size=(220, 300, 1)).astype(np.float32), (0, 0), 1.5)[..., None]
    return save_png(path, np.clip(picture + 0.25 * strokes, 0, 1).astype(np.float32))
