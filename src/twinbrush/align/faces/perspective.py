"""The style seen from each view's angle (paper, Eq. 9): plane-induced homographies from the canvas to the views."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.base.camera import Camera


def best_plane(
    points_xyz: Float[np.ndarray, "n 3"],
) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
    """The least-squares plane through points: (a point on it, its unit normal with z >= 0)."""
    centre = points_xyz.mean(axis=0)
    normal = np.linalg.svd(points_xyz - centre, full_matrices=False)[2][2]
    return centre, normal if normal[2] >= 0 else -normal


def plane_homography(
    source: Camera, target: Camera, point_xyz: Float[np.ndarray, "3"], normal: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "3 3"]:
    """H with `target pixel ~ H @ source pixel` for every point of a plane (world point and unit normal).

    H = K_t (R + t n^T / d) K_s^-1 with R, t from the source's to the target's camera frame, and the plane n.X = d in
    the source's camera frame (Hartley and Zisserman, 13.1). Scaled so that H[2, 2] = 1.
    """
    rotation = target.world_to_camera[:, :3] @ source.world_to_camera[:, :3].T
    translation = target.world_to_camera[:, 3] - rotation @ source.world_to_camera[:, 3]
    normal_camera = source.world_to_camera[:, :3] @ normal
    distance = normal_camera @ (source.world_to_camera[:, :3] @ point_xyz + source.world_to_camera[:, 3])
    homography = (
        target.intrinsics
        @ (rotation + np.outer(translation, normal_camera) / distance)
        @ np.linalg.inv(source.intrinsics)
    )
    return homography / homography[2, 2]


def apply_homography(
    homography: Float[np.ndarray, "3 3"], points_xy: Float[np.ndarray, "n 2"]
) -> Float[np.ndarray, "n 2"]:
    """Pixels through a homography."""
    moved = np.concatenate([points_xy, np.ones((len(points_xy), 1))], axis=1) @ homography.T
    return moved[:, :2] / moved[:, 2:3]


def to_views(
    canvas: Float[np.ndarray, "h w 3"],
    valid: Bool[np.ndarray, "h w"],
    homographies: Float[np.ndarray, "n 3 3"],
) -> tuple[Float[np.ndarray, "n h w 3"], Bool[np.ndarray, "n h w"]]:
    """The canvas and its validity seen from every view (Eq. 9); beyond the canvas the border is repeated, invalid."""
    height, width = valid.shape
    images, masks = [], []
    for homography in homographies:
        image = cv2.warpPerspective(
            canvas.astype(np.float32), homography, (width, height),
            flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        mask = cv2.warpPerspective(valid.astype(np.float32), homography, (width, height), flags=cv2.INTER_LINEAR)
        images.append(np.clip(image, 0, 1))
        masks.append(mask > 0.99)
    return np.stack(images), np.stack(masks)
