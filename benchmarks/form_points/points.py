"""The hand-placed points: which portraits have them, how they are read, and how they come from an enlarged picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import KDTree

from twinbrush.base.camera import Camera, look_at_origin, project
from twinbrush.base.mesh import vertex_normals
from twinbrush.sculpt.values import FACE, Template

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
SHARED = ROOT.parent / "shared" / "data"
DEMO = ("ink", "mosaic", "oil", "pastel", "woodcut")
TUNED = (*DEMO, "00016_style", "doll_woman", "lady_in_black", "ukiyoe_1")
SET_ASIDE = ("toon_boy", "picasso_selfport1907", "terracotta_warrior", "line_drawing", "mona_lisa", "fauve_woman",
             "pearl_earring")
"""Portraits that nothing was tuned on; the first two are caricatures."""
WEAK = ("ukiyoe_2", "ink_sketch")
"""Portraits whose points are too few or too doubtful to judge by."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
ZOOM_PX, ZOOM_SHARE = 1000, 1.6  # side of the enlarged square, and its side in sizes of the network's face
CLAY_PX, CLAY_MM, CLAY_DISTANCE_MM = 1000, 240.0, 1500.0
CLAY_MIDDLE_MM = np.array([0.0, -30.0, 0.0])
FRONT_MM = -75.0  # of the mean head: what lies farther behind has no points


def style_path(name: str) -> Path:
    """Where the portrait lies. Raises FileNotFoundError."""
    return _first(name, (ROOT / "src" / "twinbrush" / "app" / "demo_styles", SHARED / "styles"))


def photo_path(name: str) -> Path:
    """Where the photo lies. Raises FileNotFoundError."""
    return _first(name, (SHARED / "photos", SHARED / "people"))


def _first(name: str, folders: tuple[Path, ...]) -> Path:
    for folder in folders:
        for suffix in SUFFIXES:
            path = folder / (name + suffix)
            if path.is_file():
                return path
    raise FileNotFoundError(f"{name}: in none of {', '.join(str(folder) for folder in folders)}")


def read_points(name: str, folder: Path = FOLDER) -> np.ndarray:
    """A portrait's points (68, 2) in its pixels; nan where a point is hidden."""
    points = np.loadtxt(folder / f"{name}.txt")
    if points.shape != (68, 2):
        raise SystemExit(f"{folder / name}.txt: {points.shape} numbers instead of 68 points.")
    return points


def write_points(path: Path, points: np.ndarray) -> None:
    """Write points as `x y` a line, as the program's --landmarks reads them where none is nan."""
    np.savetxt(path, points, fmt="%.2f")


def zoom_matrix(landmarks_xy: np.ndarray) -> np.ndarray:
    """The affine matrix (2, 3) from a picture's pixels to those of the enlarged square about its face."""
    low, high = landmarks_xy.min(0), landmarks_xy.max(0)
    half = (high - low).max() * ZOOM_SHARE / 2
    corner = np.round((low + high) / 2 - half).astype(int)
    scale = ZOOM_PX / round(2 * half)
    return np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])


def from_zoom(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Points of the enlarged square in the picture's own pixels; nan stays nan."""
    return np.linalg.solve(matrix[:, :2], (points - matrix[:, 2]).T).T


def clay_camera() -> Camera:
    """The camera of the picture of the mean head on which points were placed."""
    focal = CLAY_DISTANCE_MM * CLAY_PX / CLAY_MM
    return look_at_origin(0.0, 0.0, CLAY_DISTANCE_MM, focal, CLAY_PX, CLAY_PX, CLAY_MIDDLE_MM)


@dataclass(frozen=True)
class ClayPoints:
    """What the 68 points are on the template: vertices (68,) and how far beside them, x and y, mm (68, 2)."""

    vertices: np.ndarray
    beside: np.ndarray

    def on(self, head: np.ndarray) -> np.ndarray:
        """The points (68, 2) of a head (n, 3), seen from the front: x and y, mm."""
        return head[self.vertices, :2] + self.beside


def attached(points: np.ndarray, camera: Camera, head: np.ndarray, model: Template) -> ClayPoints:
    """Points placed on a picture of the head, each held by the vertex of the face's front that is nearest to it."""
    pixels, depth = project(camera, head)
    facing = vertex_normals(head, model.triangles)[:, 2] > 0
    front = np.flatnonzero((model.labels == FACE) & facing & (head[:, 2] > FRONT_MM))
    nearest = front[KDTree(pixels[front]).query(points)[1]]
    scale = depth[nearest] / camera.intrinsics[0, 0]
    return ClayPoints(nearest, (points - pixels[nearest]) * scale[:, None] * [1, -1])


def read_clay(path: Path = FOLDER / "clayhead.txt") -> ClayPoints:
    """The points of the mean head: `vertex dx_mm dy_mm` a line."""
    rows = np.loadtxt(path)
    return ClayPoints(rows[:, 0].astype(int), rows[:, 1:])


def write_clay(path: Path, points: ClayPoints) -> None:
    """Write what `read_clay` reads."""
    np.savetxt(path, np.c_[points.vertices, points.beside], fmt=["%d", "%.3f", "%.3f"])
