"""Where the content's landmarks go: the style's proportions, as 3D points, made fit for a face.

The two views' warps must agree, or their disagreement becomes depth error. So landmarks are never moved in a picture:
they are moved in the head's own frame, where pose plays no part, and projected into every view afterwards.

What the style's landmarks say is noisy (they were found on art) and partly expression. In order: both faces turned to
look straight ahead; the style fitted to the content by a robust similarity; the mouth's opening kept near the content's
(limits.py); left-right differences damped; every feature's change kept within what a feature survives (limits.py); the
whole smoothed as a field (field.py), more and more until it neither folds nor pinches; depth from two sources: the
style's own (damped), and the rule that what grows also rises.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from twinbrush.align.faces.features import landmark_weights
from twinbrush.align.faces.limits import keep_mouth_opening, limit_features
from twinbrush.faces.face_model import interocular, mirror_indices
from twinbrush.faces.values import Face
from twinbrush.maths.field import Field, fit_field
from twinbrush.maths.similarity import fit_similarity

# The landmark network draws art toward a normal face. Against hand-made landmarks of a painting, differences of nose,
# brows and jaw from a photo's came out 1.1 to 2 times too small.
UNSHRINK = 1.15
UNSHRINK_EYES = 1.3  # more for the size of eyes: its contours stay inside the huge eyes of dolls
ASYMMETRY_KEPT = 0.25  # of the style's left-right difference: much of it is noise of landmarks on art
NOISE_FEATURE, NOISE_ELSEWHERE = 0.02, 0.05  # inter-ocular distances: contours are seen, cheeks are guessed
NOISE_DEPTH = 0.12
DEPTH_KEPT = 0.5  # of the depth difference that the landmark network sees
RISE_KEPT = 0.6  # of the relief's growth with a feature's size
STRONGEST = 1.5  # the strength at which the field must still be sound
SMALLEST_AREA = 0.25  # of any small patch of the face, at the strongest
STEEPEST = 1.2  # largest derivative of the displacement at the strongest
ROUNDS = 12  # of smoothing what is unsound


def head_frame(face: Face) -> Float[np.ndarray, "468 3"]:
    """Landmarks in the head's own frame: looking straight ahead, x right, y up, z toward the viewer, pixel units."""
    return (face.landmarks * [1.0, -1.0, -1.0]) @ face.rotation


def proportions(content: Face, style: Face) -> Float[np.ndarray, "468 3"]:
    """Displacements that give the content the style's proportions at strength 1: head frame, content's pixel units.

    Zero when both faces are one up to pose, place and scale.
    """
    here = head_frame(content)
    weights = landmark_weights()
    fitted = fit_similarity(head_frame(style), here, weights).apply(head_frame(style))
    fitted = keep_mouth_opening(here, fitted)
    found = style.source != "file68"
    raw = (UNSHRINK if found else 1.0) * calmed(fitted - here)
    limited = calmed(limit_features(here, here + raw, UNSHRINK_EYES if found else 1.0) - here)
    field = sound_field(here, limited[:, :2], interocular(here))
    flat = field.at(here[:, :2])
    return np.concatenate([flat, depth_change(here, raw[:, 2], field)[:, None]], axis=1)


def calmed(displacements: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "468 3"]:
    """Most of the difference between the left and the right half taken out: eyes stay level, mouths straight."""
    other = displacements[mirror_indices()] * [-1.0, 1.0, 1.0]
    return (displacements + other) / 2 + ASYMMETRY_KEPT * (displacements - other) / 2


def sound_field(
    points: Float[np.ndarray, "468 3"], displacements: Float[np.ndarray, "468 2"], unit: float
) -> Field:
    """The smooth field in the plane of the face, smoothed until it is sound at the strongest.

    Sound: no small patch shrinks below `SMALLEST_AREA`, no derivative is above `STEEPEST`.
    """
    noise = np.where(landmark_weights() > 0, NOISE_FEATURE, NOISE_ELSEWHERE)
    flat = points[:, :2]
    field = fit_field(flat, displacements, noise, unit)
    for _ in range(ROUNDS):
        bad = unsound(field, flat)
        if not bad.any():
            return field
        # Only where it is unsound, and around: the other features keep their shape.
        near = np.linalg.norm(flat[:, None] - flat[None, bad], axis=2).min(axis=1) < 0.35 * unit
        noise = np.where(near, 1.5 * noise, noise)
        field = fit_field(flat, displacements, noise, unit)
    while unsound(field, flat).any():  # landmarks of no face at all: less of everything
        field = Field(field.centres, 0.8 * field.coefficients, unit)
    return field


def unsound(field: Field, points_xy: Float[np.ndarray, "n 2"]) -> Bool[np.ndarray, "n"]:
    """Where the field, at the strongest, shrinks a small patch below `SMALLEST_AREA` or is steeper than `STEEPEST`."""
    gradient = STRONGEST * field.gradient(points_xy)
    area = np.linalg.det(gradient + np.eye(2))
    return (area < SMALLEST_AREA) | (np.abs(gradient).max(axis=(1, 2)) > STEEPEST)


def depth_change(
    points: Float[np.ndarray, "468 3"], seen: Float[np.ndarray, "468"], field: Field
) -> Float[np.ndarray, "468"]:
    """Depth displacement: the style's own, damped and smooth, and relief that grows with the size of its feature."""
    unit = field.unit
    noise = np.full(len(points), NOISE_DEPTH)
    smooth = fit_field(points[:, :2], seen[:, None], noise, unit).at(points[:, :2])[:, 0]
    growth = np.sqrt(np.clip(np.linalg.det(field.gradient(points[:, :2]) + np.eye(2)), 0.4, 2.5)) - 1
    # The relief is what stands out of the face's broad shape.
    broad = np.full(len(points), 0.6)
    depth = points[:, 2] - points[:, 2].mean()
    base = fit_field(points[:, :2], depth[:, None], broad, unit).at(points[:, :2])[:, 0]
    rise = fit_field(points[:, :2], (growth * (depth - base))[:, None], noise / 3, unit).at(points[:, :2])[:, 0]
    return DEPTH_KEPT * smooth + RISE_KEPT * rise
