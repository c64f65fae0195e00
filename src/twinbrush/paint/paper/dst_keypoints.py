"""Source and target keypoints of every view (paper, Eq. 6 and 9-10), and which of them the ablation leaves out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from twinbrush.align.faces.perspective import apply_homography
from twinbrush.align.values import AlignedStyle
from twinbrush.base.camera import project
from twinbrush.config import PaperConfig
from twinbrush.faces.landmarks68 import CROWDED, INDEX_68
from twinbrush.maths.similarity import weighted_similarity
from twinbrush.maths.thin_plate import merge_close
from twinbrush.paint.paper.control import LANDMARK_SPACING, ControlPoints, control_points
from twinbrush.views.render import carried
from twinbrush.views.rig import mean_camera
from twinbrush.views.values import ViewSet

# The 68 points of the paper without those that fold a spline.
LANDMARKS = tuple(index for number, index in enumerate(INDEX_68) if number not in CROWDED)
_BETWEEN = 60  # more points of the face: where only landmarks steer them, the views' splines disagree between the rows


@dataclass(frozen=True)
class Keypoints:
    """P and P' of every view, pixels: first the face's landmarks, then points on hair, ears, neck and shoulders and
    (solid) between the landmarks, whose targets follow the face (control.py). control: the same motion in space, for
    vertices that a view does not see. start_px: the displacements that are learned first (None: none)."""

    source_xy: Float[np.ndarray, "n k 2"]
    target_xy: Float[np.ndarray, "n k 2"]
    control: ControlPoints
    start_px: Float[np.ndarray, "n k 2"] | None = None


def keypoints(views: ViewSet, aligned: AlignedStyle, config: PaperConfig, *, perspective: bool) -> Keypoints:
    """P and P' with P' at the configured strength.

    perspective: the targets are seen from each view's angle (Eq. 9-10). Without it one set of targets, that of the
    middle frame, is laid on every view by the similarity that fits it best, as DST does with its one style picture.
    """
    seen = np.logical_and.reduce(views.vertex_visible)
    control = control_points(views.mesh.vertices, seen, views.landmarks_xyz, aligned.moved_xyz)
    chosen = _chosen(views)
    height = float(np.ptp(views.landmarks_xyz[:, 1]))
    merged = len(merge_close(views.landmarks_xyz, aligned.moved_xyz, LANDMARK_SPACING * height, axes=2)[0])
    some = _BETWEEN if config.keypoints == "solid" else 0
    between_from, between_to = (points[len(control.source_xyz) :][:some] for points in control.dense())
    source = np.concatenate([views.landmarks_xyz[chosen], control.source_xyz[merged:], between_from])
    target = np.concatenate([aligned.moved_xyz[chosen], control.target_xyz[merged:], between_to])
    camera = mean_camera(views.cameras)
    flat, strength = project(camera, target)[0], asked_strength(views, aligned)
    if config.keypoints == "style":
        flat[: len(chosen)] = aligned.canvas_landmarks_xy[chosen]
    sources, targets = [], []
    for number, view in enumerate(views.cameras):
        here, goal = project(view, source)[0], project(view, target)[0]
        face = slice(0, len(chosen))
        if not perspective:
            fit = weighted_similarity(flat[face], here[face], np.ones(len(chosen)))
            goal = fit.apply(flat)
        elif config.keypoints == "style":
            goal[face] = apply_homography(aligned.homographies[number], flat[face])
        if config.keypoints == "style":
            goal[face] = here[face] + strength * (goal[face] - here[face])
        sources.append(here)
        targets.append(goal)
    return Keypoints(np.stack(sources), np.stack(targets), control, _start(views, aligned, source))


def _start(
    views: ViewSet, aligned: AlignedStyle, source: Float[np.ndarray, "k 3"]
) -> Float[np.ndarray, "n k 2"] | None:
    """How far the keypoints move in each view when the mesh takes the shape to start from, pixels."""
    if aligned.start_xyz is None:
        return None
    vertices = views.mesh.vertices
    moved = source + carried(vertices, source, aligned.start_xyz - vertices)
    return np.stack([project(view, moved)[0] - project(view, source)[0] for view in views.cameras])


def asked_strength(views: ViewSet, aligned: AlignedStyle) -> float:
    """The strength that `moved_xyz` was made with."""
    full, moved = aligned.target_xyz - views.landmarks_xyz, aligned.moved_xyz - views.landmarks_xyz
    size = float((full**2).sum())
    return float((full * moved).sum()) / size if size > 1e-12 else 0.0


def _chosen(views: ViewSet) -> list[int]:
    """The 68-point subset of a face's 468 landmarks; all points of anything else."""
    count = len(views.landmarks_xyz)
    return list(LANDMARKS) if count == 468 else list(range(count))
