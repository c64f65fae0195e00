"""A hatched style of a broader face, as the paper's method takes it: seen from each view's angle, too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synthetic import aligned_to, widened
from twinbrush.align.faces.perspective import apply_homography, best_plane, plane_homography, to_views
from twinbrush.align.values import AlignedStyle
from twinbrush.base.camera import project
from twinbrush.base.mesh import Region
from twinbrush.views.rig import mean_camera
from twinbrush.views.values import ViewSet


@pytest.fixture(scope="module")
def aligned(views: ViewSet) -> AlignedStyle:
    """A hatched style with skin, hair and cloth, in the middle frame, and a broader face."""
    plain = aligned_to(views, widened(views.landmarks_xyz))
    camera = mean_camera(views.cameras)
    size = views.images.shape[1]
    y, x = np.mgrid[:size, :size]
    hatch = (0.5 + 0.4 * np.sign(np.sin((x + y) * 0.9))[..., None] * np.array([1.0, 0.6, 0.2])).astype(np.float32)
    regions = np.full((size, size), int(Region.SKIN), np.uint8)
    regions[: size // 4], regions[3 * size // 4 :] = int(Region.HAIR), int(Region.CLOTH)
    plane = best_plane(views.landmarks_xyz)
    homographies = np.stack([plane_homography(camera, view, *plane) for view in views.cameras])
    landmarks = project(camera, widened(views.landmarks_xyz))[0]
    images, valid = to_views(hatch, np.ones((size, size), bool), homographies)
    return replace(
        plain, canvas=hatch, canvas_regions=regions, canvas_landmarks_xy=landmarks, homographies=homographies,
        view_images=images, view_valid=valid,
        view_landmarks_xy=np.stack([apply_homography(h, landmarks) for h in homographies]),
    )  # fmt: skip
