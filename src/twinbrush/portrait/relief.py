"""Depth of the whole portrait over the crop: face, skull and hair joined, a step under the chin, neck, shoulders."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.faces import indices
from twinbrush.maths.filters import blur, calmed, polygon_distance, smoothstep
from twinbrush.mesh import Region
from twinbrush.portrait.body import grown_silhouette, jaw_side, volume_depth
from twinbrush.portrait.crop import Crop
from twinbrush.portrait.detail import cloth_relief, hair_relief, skin_relief
from twinbrush.portrait.eyes import carve_eyes, closed_curve
from twinbrush.portrait.face_depth import spline_depth
from twinbrush.portrait.geometry import Frame
from twinbrush.portrait.head_prior import HeadShape
from twinbrush.portrait.mouth import carve_mouth
from twinbrush.portrait.nose import carve_nose
from twinbrush.portrait.skull import on_skull

JOIN_BLEND_MM = 7.0  # inside its outline the face takes over within this width
SEAM_MM, SEAM_SOFT_MM = 5.0, 2.2  # this band about the join is smoothed by that
HEAD_TO_BODY_MM = 75.0  # head passes into body over this height about the chin
SIDE_MM, SIDE_SMOOTH_MM = 16.0, 3.5  # toward its outline the face is seen at a slant: landmarks' noise is smoothed
JAW_WALL_MM, JAW_OUT_MM = 2.2, 1.7  # softness of the step under the chin; its middle lies so far outside the jaw's edge
JAW_STEP_MM, JAW_SLOPE = 5.0, 0.15  # the neck starts this far behind the jaw's edge and rises at most so steeply
JAW_CURVE_MM, JAW_SOFT_MM = 70.0, 9.0  # ... then freely
HAIR_ON_NECK_MM, CLOTH_ON_NECK_MM = 7.0, 3.0  # hair and cloth lie on the neck, not in it
LAYER_SOFT_MM = 2.5
THROAT_MM = (12.0, 35.0)  # so far below the jaw the neck is not the predicted head's, whose chin ends elsewhere
SIDE_SLOPE, SIDE_SOFT_MM, EDGE_SMOOTH_MM = 2.2, 4.0, 5.0  # depth over width of what is seen of the head's side, at most
STEEP = 0.6  # cosine below which the surface is seen so much at a slant that details become combs: they fade
CALM_MM, FACING_MM = 4.0, 1.5


def relief_depth(
    crop: Crop, frame: Frame, person: Bool[np.ndarray, "s s"], skull: HeadShape
) -> Float[np.ndarray, "s s"]:
    """World z (mm) for every pixel (meaningful on the person and a few pixels around). skull: the head that belongs to
    the face."""
    shape, unit = person.shape, frame.pixels_per_mm
    landmarks = crop.face.landmarks[:, :2]
    face = spline_depth(frame, landmarks, shape)
    face = carve_mouth(carve_eyes(face, crop.image, landmarks, frame), crop.image, landmarks, frame)
    face = carve_nose(face, crop.image, landmarks, frame)
    oval = polygon_distance(shape, closed_curve(landmarks[list(indices.OVAL)])) / unit
    jaw_nearest, outline_xy = jaw_side(landmarks, shape)
    covered = cv2.dilate((crop.regions == Region.HAIR).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    open_jaw = blur((jaw_nearest & ~covered).astype(np.float64), 3.0 * unit)
    face_known = np.isfinite(face)
    face = np.where(face_known, face, -200.0)
    sides = smoothstep((SIDE_MM - oval) / (0.5 * SIDE_MM)) * face_known
    face = face + sides * (calmed(face, face_known, SIDE_SMOOTH_MM * unit) - face)
    attach = face_known & (oval > np.where(open_jaw > 0.5, 9.0, 0.0))
    chin_y = landmarks[indices.CHIN, 1]
    rows = np.mgrid[: shape[0], : shape[1]][0]
    head = smoothstep((chin_y - rows) / (HEAD_TO_BODY_MM * unit) + 0.45)
    person_mm = grown_silhouette(person, unit)
    rest = volume_depth(person_mm, ~crop.inside, face, attach, head, frame)
    throat = open_jaw * (1 - smoothstep((-oval - THROAT_MM[0]) / (THROAT_MM[1] - THROAT_MM[0])))
    rest, hair_mm = on_skull(rest, skull, frame, crop, person_mm, face, attach, 1 - throat)
    edge = _edge_depth(face, rest, outline_xy)
    rest = _shallow(rest, blur(edge, EDGE_SMOOTH_MM * unit), oval, 1 - open_jaw)
    rest = _neck(rest, edge, oval, open_jaw, crop, frame)
    joined = smoothstep(oval / JOIN_BLEND_MM)
    wall = smoothstep(0.5 + (oval + JAW_OUT_MM) / (2 * JAW_WALL_MM))
    weight = np.where(face_known, (1 - open_jaw) * joined + open_jaw * wall, 0)
    depth = weight * face + (1 - weight) * rest
    band = np.clip(1 - np.abs(oval - JOIN_BLEND_MM / 3) / SEAM_MM, 0, 1) * (1 - open_jaw)
    band = smoothstep(2 * band)
    depth = depth + band * (blur(depth, SEAM_SOFT_MM * unit) - depth)
    facing = _facing(depth, unit)
    calm = np.clip(1 - facing / STEEP, 0, 1) * np.clip(-oval / 4, 0, 1) * (1 - open_jaw)
    depth = depth + calm * (blur(depth, CALM_MM * unit) - depth)
    detail = hair_relief(crop, frame, oval, hair_mm) + skin_relief(crop, frame, oval) + cloth_relief(crop, frame)
    return depth + np.clip(facing / STEEP, 0, 1) * detail


def _facing(depth: Float[np.ndarray, "s s"], unit: float) -> Float[np.ndarray, "s s"]:
    """Cosine between the surface's normal and the direction to the camera, smoothed over a few pixels."""
    smooth = blur(depth, FACING_MM * unit)
    slope = np.hypot(*np.gradient(smooth)) * unit
    return blur(1 / np.hypot(1, slope), FACING_MM * unit)


def _edge_depth(
    face: Float[np.ndarray, "s s"], rest: Float[np.ndarray, "s s"], outline_xy: Float[np.ndarray, "s s 2"]
) -> Float[np.ndarray, "s s"]:
    """Depth of the face's outline, at its point nearest to each pixel."""
    x, y = np.moveaxis(outline_xy.astype(np.float32), -1, 0)
    known = np.where(face > -150, face, rest)
    return cv2.remap(known, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _shallow(
    rest: Float[np.ndarray, "s s"], edge: Float[np.ndarray, "s s"], oval: Float[np.ndarray, "s s"],
    beside: Float[np.ndarray, "s s"],
) -> Float[np.ndarray, "s s"]:
    """Beside the face the surface falls at most so steeply that what the photo shows of it is not drawn out into
    streaks; how it goes on is the back's affair. beside: 0 below the jaw, where there is a step."""
    gap = edge - SIDE_SLOPE * np.maximum(-oval, 0) - rest
    raised = np.maximum(0.5 * (gap + np.sqrt(gap**2 + SIDE_SOFT_MM**2)) - 0.25 * SIDE_SOFT_MM, 0)
    return rest + beside * np.where(oval < 0, raised, 0)


def _neck(
    rest: Float[np.ndarray, "s s"], edge: Float[np.ndarray, "s s"], oval: Float[np.ndarray, "s s"],
    open_jaw: Float[np.ndarray, "s s"], crop: Crop, frame: Frame,
) -> Float[np.ndarray, "s s"]:
    """The neck stays behind the jaw's edge; hair and cloth lie on it."""
    unit, size = frame.pixels_per_mm, rest.shape[0]
    away = np.maximum(-oval, 0)
    limit = blur(edge, 6.0 * unit) - JAW_STEP_MM + JAW_SLOPE * away + away**2 / JAW_CURVE_MM
    gap = rest - limit
    lowered = rest - open_jaw * 0.5 * (gap + np.sqrt(gap**2 + JAW_SOFT_MM**2))
    throat = np.clip(away / 6, 0, 1) * np.clip(1.5 - away / 40, 0, 1) * open_jaw
    lowered = lowered + throat * (blur(lowered, 5.0 * unit) - lowered)
    below = np.clip(-oval / 10, 0, 1)
    for region, height in ((Region.HAIR, HAIR_ON_NECK_MM), (Region.CLOTH, CLOTH_ON_NECK_MM)):
        soft = blur((crop.regions == region).astype(np.float64), LAYER_SOFT_MM * unit)
        low = smoothstep((np.mgrid[:size, :size][0] - crop.face.landmarks[indices.CHIN, 1]) / (45 * unit) + 1)
        lowered = lowered + height * soft * low * below
    return lowered
