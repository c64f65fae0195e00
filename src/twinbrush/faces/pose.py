"""Head pose from the landmarks: rotation by orthogonal Procrustes on points that hardly move with expression."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.faces.face_model import interocular, mean_face

# 26 points on forehead, nose, eye corners, temples and cheekbones: bone lies close beneath them.
RIGID = (10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 33, 133, 362, 263, 129, 358, 2, 109, 338, 54, 284, 127, 356, 234, 454,
         1)


def head_rotation(landmarks: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "3 3"]:
    """Head-to-world rotation (identity: looking straight at the viewer) of landmarks in pixels (x, y, z as in Face).

    Procrustes (Kabsch 1976) against the mean face. Source of the frames: base/camera.py.
    """
    posed = landmarks[list(RIGID)] * np.array([1.0, -1.0, -1.0])  # picture axes -> world axes
    straight = mean_face()[list(RIGID)]
    u, _, vt = np.linalg.svd((posed - posed.mean(axis=0)).T @ (straight - straight.mean(axis=0)))
    return u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt


def rotation_from_angles(
    yaw_radians: float, pitch_radians: float, roll_radians: float
) -> Float[np.ndarray, "3 3"]:
    """R = Ry(yaw) Rx(-pitch) Rz(-roll): roll first, then pitch, then yaw; signs as in base/camera.py."""
    cy, sy = np.cos(yaw_radians), np.sin(yaw_radians)
    cp, sp = np.cos(pitch_radians), np.sin(pitch_radians)
    cr, sr = np.cos(roll_radians), np.sin(roll_radians)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    about_z = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


def angles_from_rotation(rotation: Float[np.ndarray, "3 3"]) -> tuple[float, float, float]:
    """(yaw, pitch, roll) in radians; the inverse of `rotation_from_angles` for |pitch| < 90 degrees."""
    forward = rotation[:, 2]
    yaw = float(np.arctan2(forward[0], forward[2]))
    pitch = float(np.arcsin(np.clip(forward[1], -1, 1)))
    rest = rotation_from_angles(yaw, pitch, 0.0).T @ rotation
    return yaw, pitch, float(np.arctan2(rest[0, 1], rest[0, 0]))


def posed_mean_face(landmarks: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "468 3"]:
    """The mean face posed, scaled and placed like these landmarks (least squares), in their own frame and units.

    Raises ValueError when the landmarks are so odd that no scale > 0 fits.
    """
    flip = np.array([1.0, -1.0, -1.0])
    centre = landmarks.mean(axis=0)
    straight = mean_face()
    turned = (straight - straight.mean(axis=0)) @ head_rotation(landmarks).T * flip
    scale = float(((landmarks - centre) * turned).sum() / (turned**2).sum())
    if not scale > 0:
        raise ValueError("these landmarks are no face")
    return scale * turned + centre


def shape_residual(landmarks: Float[np.ndarray, "468 3"]) -> float:
    """Mean distance (x, y) to the mean face posed like these landmarks, in inter-ocular distances: how odd they are."""
    try:
        natural = posed_mean_face(landmarks)
    except ValueError:
        return float("inf")
    return float(np.linalg.norm((landmarks - natural)[:, :2], axis=1).mean() / interocular(natural))
