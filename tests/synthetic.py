"""Small surfaces with known answers, for the tests of the geometry rooms."""

from __future__ import annotations

import numpy as np

from twinbrush.camera import Camera, look_at_origin, project, unproject
from twinbrush.mesh import Mesh, Region
from twinbrush.portrait.values import Face, Portrait


def bust_camera(size: int = 192, distance_mm: float = 570.0) -> Camera:
    """A camera like that of a portrait photo: 380 mm of the object fill the picture."""
    return look_at_origin(0.0, 0.0, distance_mm, distance_mm * size / 380, size, size)


def smooth_texture(size: int) -> np.ndarray:
    """Slow colour waves: nothing in it is finer than a pixel of the views."""
    ys, xs = np.mgrid[:size, :size] / size
    waves = [np.sin(2 * np.pi * (3 * xs + k) + 4 * k * ys) for k in range(3)]
    return (0.5 + 0.4 * np.stack(waves, -1)).astype(np.float32)


def bust(grid: int = 96, size: int = 192, seed: int = 0) -> Portrait:
    """A head with a nose on a neck and shoulders, as a relief over the crop plane of `bust_camera`."""
    camera = bust_camera(size)
    ys, xs = np.mgrid[:grid, :grid] * (size - 1) / (grid - 1)
    x, y = (xs - size / 2) * 380 / size, -(ys - size / 2) * 380 / size
    head = 1 - (x / 85) ** 2 - (y / 115) ** 2
    neck = np.where(y < -60, 1 - (x / 55) ** 2, -1)
    shoulders = 1 - (x / 170) ** 2 - ((y + 190) / 75) ** 2
    nose = 28 * np.exp(-((x / 14) ** 2) - ((y + 40) / 22) ** 2)
    parts = [(head, -70 + nose, 95), (neck, -70, 55), (shoulders, -75, 60)]
    z = np.max([np.where(inside > 0.02, base + bulge * np.sqrt(np.abs(inside)), -np.inf)
                for inside, base, bulge in parts], axis=0)
    known = np.isfinite(z)
    depth = 570 - np.where(known, z, 0)
    pixels = np.stack([xs.ravel(), ys.ravel()], 1)
    points = unproject(camera, pixels, depth.ravel())
    index = np.arange(grid * grid).reshape(grid, grid)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    quads = known[:-1, :-1] & known[:-1, 1:] & known[1:, :-1] & known[1:, 1:]
    faces = np.concatenate([np.stack([a, c, b], -1)[quads], np.stack([b, c, d], -1)[quads]])
    used, faces = np.unique(faces, return_inverse=True)
    uv = np.stack([(pixels[:, 0] + 0.5) / size, 1 - (pixels[:, 1] + 0.5) / size], 1)
    height = y.ravel()[used]
    regions = np.where(height < -110, Region.CLOTH, np.where(height > 55, Region.HAIR, Region.SKIN)).astype(np.uint8)
    mesh = Mesh(points[used], faces.reshape(-1, 3).astype(np.int32), uv[used], smooth_texture(size), regions)
    return Portrait(
        mesh, _landmarks(mesh, seed), camera, smooth_texture(size), np.ones((size, size), np.float32),
        np.ones((size, size), np.uint8), _face(camera, _landmarks(mesh, seed)),
    )


def _landmarks(mesh: Mesh, seed: int) -> np.ndarray:
    """468 vertices of the head's front."""
    x, y = mesh.vertices[:, 0], mesh.vertices[:, 1]
    front = np.nonzero((x / 66) ** 2 + ((y + 15) / 85) ** 2 < 1)[0]
    return mesh.vertices[np.random.default_rng(seed).choice(front, 468, replace=len(front) < 468)]


def _face(camera: Camera, landmarks_xyz: np.ndarray) -> Face:
    pixels = project(camera, landmarks_xyz)[0]
    return Face(np.column_stack([pixels, -landmarks_xyz[:, 2]]), np.eye(3), 0.0, 0.0, 0.0, 1.0, (0.0, 0.0, 1.0, 1.0))
