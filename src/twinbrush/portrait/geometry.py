"""From pixels to millimetres: the photo's camera and the landmarks as points in space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from twinbrush.camera import INTERPUPILLARY_MM, Camera
from twinbrush.faces import indices
from twinbrush.faces.face_model import mean_face
from twinbrush.faces.pose import RIGID
from twinbrush.faces.values import Face

CAMERA_DISTANCE_IPD = 14.0  # camera's distance in inter-pupillary distances: measured best on heads with known geometry
DEPTH_SCALE = 1.05  # the network's z is a little too flat: measured on heads with known geometry


@dataclass(frozen=True)
class Frame:
    """The photo's camera over an image and the scale at the eyes' depth.

    camera: looks along -z; the ray through the middle between the eyes is its axis. distance_mm: to the world origin.
    pixels_per_mm: at the origin's depth. landmarks_xyz: (468, 3) world mm, perspective undone.
    """

    camera: Camera
    distance_mm: float
    pixels_per_mm: float
    landmarks_xyz: Float[np.ndarray, "468 3"]

    def lift(self, pixels_xy: Float[np.ndarray, "n 2"], z_mm: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n 3"]:
        """World points that lie on the pixels' rays at the world depth z (mm, toward the viewer)."""
        along = (self.distance_mm - z_mm) / self.camera.intrinsics[0, 0]
        x = (pixels_xy[:, 0] - self.camera.intrinsics[0, 2]) * along
        y = -(pixels_xy[:, 1] - self.camera.intrinsics[1, 2]) * along
        return np.stack([x, y, z_mm], axis=1)


def eye_centres(points: Float[np.ndarray, "468 d"]) -> tuple[Float[np.ndarray, "d"], Float[np.ndarray, "d"]]:
    """Middle of each eye's corners, left and right in the picture."""
    left = (points[indices.EYE_LEFT_UPPER[0]] + points[indices.EYE_LEFT_UPPER[-1]]) / 2
    right = (points[indices.EYE_RIGHT_UPPER[0]] + points[indices.EYE_RIGHT_UPPER[-1]]) / 2
    return left, right


def make_frame(face: Face, width: int, height: int) -> Frame:
    """The frame of an image of width x height pixels, in whose pixels `face` is."""
    left, right = eye_centres(face.landmarks)
    pixels_per_mm = float(np.linalg.norm(right - left)) / INTERPUPILLARY_MM
    origin = (left + right) / 2
    distance = CAMERA_DISTANCE_IPD * INTERPUPILLARY_MM
    focal = pixels_per_mm * distance
    intrinsics = np.array([[focal, 0, origin[0]], [0, focal, origin[1]], [0, 0, 1.0]])
    pose = np.concatenate([np.diag([1.0, -1.0, -1.0]), np.array([[0.0], [0.0], [distance]])], axis=1)
    z = -(face.landmarks[:, 2] - origin[2]) * DEPTH_SCALE / pixels_per_mm
    frame = Frame(Camera(intrinsics, pose, width, height), distance, pixels_per_mm, np.zeros((468, 3)))
    return Frame(frame.camera, distance, pixels_per_mm, frame.lift(face.landmarks[:, :2], z))


def observe(frame: Frame) -> tuple[Float[np.ndarray, "468 3"], Float[np.ndarray, "3 3"]]:
    """Returns the frame's landmarks turned upright (mm, origin between the eyes), and the head-to-world rotation that
    they were turned back by: Procrustes (Kabsch 1976) on the points that hardly move with expression."""
    posed, straight = frame.landmarks_xyz[list(RIGID)], mean_face()[list(RIGID)]
    u, _, vt = np.linalg.svd((posed - posed.mean(axis=0)).T @ (straight - straight.mean(axis=0)))
    rotation = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
    return frame.landmarks_xyz @ rotation, rotation
