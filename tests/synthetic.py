"""Small surfaces with known answers, for the tests of the geometry rooms."""

from __future__ import annotations

import numpy as np

from twinbrush.camera import Camera, look_at_origin, project, unproject
from twinbrush.correspond.values import AlignedStyle
from twinbrush.faces.values import Face
from twinbrush.mesh import Mesh, Region
from twinbrush.portrait.values import Portrait
from twinbrush.views.render import render_mesh_views
from twinbrush.views.rig import ring
from twinbrush.views.values import ViewSet


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


def rig(portrait: Portrait, size: int = 128, half_degrees: float = 8.0, count: int = 2) -> tuple[Camera, ...]:
    """The paper's rig: cameras on an arc from left to right, as far away as the photo's."""
    half = np.radians(half_degrees)
    distance = float(np.linalg.norm(portrait.camera.centre_xyz))
    return ring(portrait.mesh.vertices, np.linspace(-half, half, count), size=size, distance_mm=distance)


def stereo_views(portrait: Portrait, size: int = 128, half_degrees: float = 8.0) -> ViewSet:
    """The portrait's stereo pair."""
    return render_mesh_views(portrait.mesh, portrait.landmarks_xyz, rig(portrait, size, half_degrees))


def _landmarks(mesh: Mesh, seed: int) -> np.ndarray:
    """468 vertices of the head's front."""
    x, y = mesh.vertices[:, 0], mesh.vertices[:, 1]
    front = np.nonzero((x / 66) ** 2 + ((y + 15) / 85) ** 2 < 1)[0]
    return mesh.vertices[np.random.default_rng(seed).choice(front, 468, replace=len(front) < 468)]


def _face(camera: Camera, landmarks_xyz: np.ndarray) -> Face:
    pixels = project(camera, landmarks_xyz)[0]
    return Face(np.column_stack([pixels, -landmarks_xyz[:, 2]]), np.eye(3), 0.0, 0.0, 0.0, 1.0, (0.0, 0.0, 1.0, 1.0))


def aligned_to(views: ViewSet, moved_xyz: np.ndarray) -> AlignedStyle:
    """A style whose only use is to say where the landmarks go."""
    count, height, width, _ = views.images.shape
    return AlignedStyle(
        canvas=views.images[0],
        canvas_valid=np.ones((height, width), bool),
        canvas_regions=views.regions[0],
        canvas_confidence=np.ones((height, width), np.float32),
        canvas_landmarks_xy=views.landmarks_xy[0],
        homographies=np.tile(np.eye(3), (count, 1, 1)),
        view_images=views.images,
        view_valid=np.ones((count, height, width), bool),
        view_landmarks_xy=views.landmarks_xy,
        target_xyz=moved_xyz,
        moved_xyz=moved_xyz,
        target_xy=np.stack([project(camera, moved_xyz)[0] for camera in views.cameras]),
        pose_gap_degrees=0.0,
    )


def widened(landmarks_xyz: np.ndarray, share: float = 0.2) -> np.ndarray:
    """A broader face with a longer chin."""
    x, y, z = landmarks_xyz.T
    return np.column_stack([x * (1 + share), y + np.minimum(y, 0) * 0.5 * share, z + 0.1 * share * np.abs(x)])
