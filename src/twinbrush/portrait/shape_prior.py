"""Where skin, hair, cloth and background are likely, from the face's landmarks alone (units of the face's height)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.portrait import indices
from twinbrush.portrait.filters import polygon_mask, signed_distance
from twinbrush.portrait.values import Face

HEAD_CENTRE_V, HEAD_HALF_WIDTH, HEAD_HALF_HEIGHT = -0.02, 0.50, 0.66  # skull with short hair, eyes at v = 0


@dataclass(frozen=True)
class HeadFrame:
    """Coordinates of the head in the picture: (u, v) = (right, down) along the face's own axes, in face heights,
    origin between the eyes; the chin lies at v of about 0.62."""

    u: Float[np.ndarray, "h w"]
    v: Float[np.ndarray, "h w"]
    oval: Float[np.ndarray, "h w"]  # signed distance to the face's outline, positive inside, face heights
    skull: Float[np.ndarray, "h w"]  # radius in the skull's ellipse: 1 on its outline
    features: Bool[np.ndarray, "h w"]  # eyes, brows, lips
    unit_px: float


def head_frame(face: Face, shape: tuple[int, int]) -> HeadFrame:
    """The head's frame over an image of `shape`, in whose pixels `face` is."""
    points = face.landmarks[:, :2]
    eyes = points[list(indices.EYE_LEFT)].mean(0), points[list(indices.EYE_RIGHT)].mean(0)
    origin = (eyes[0] + eyes[1]) / 2
    down = points[indices.CHIN] - points[indices.FOREHEAD_TOP]
    unit = float(np.linalg.norm(face.landmarks[indices.CHIN] - face.landmarks[indices.FOREHEAD_TOP]))
    down = down / np.linalg.norm(down)
    right = np.array([down[1], -down[0]])
    ys, xs = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    u = ((xs - origin[0]) * right[0] + (ys - origin[1]) * right[1]) / unit
    v = ((xs - origin[0]) * down[0] + (ys - origin[1]) * down[1]) / unit
    oval = signed_distance(polygon_mask(shape, points[list(indices.OVAL)])) / unit
    centre_u = float(np.mean((points[list(indices.OVAL)] - origin) @ right)) / unit
    skull = np.hypot((u - centre_u) / HEAD_HALF_WIDTH, (v - HEAD_CENTRE_V) / HEAD_HALF_HEIGHT)
    features = np.zeros(shape, bool)
    for part in (indices.EYE_LEFT, indices.EYE_RIGHT, indices.BROW_LEFT, indices.BROW_RIGHT, indices.LIPS_OUTER):
        features |= polygon_mask(shape, points[list(part)])
    return HeadFrame(u - centre_u, v, oval, skull, features, unit)


def skin_penalty(frame: HeadFrame) -> Float[np.ndarray, "h w"]:
    """Energy of calling a pixel skin: 0 in the face, little on ears and neck, high elsewhere."""
    outside = np.maximum(0, -frame.oval)
    anywhere = np.minimum(1.5 + 14 * outside, 7)
    ears = 1.0 + 30 * np.maximum(0, np.abs(frame.v - 0.13) - 0.20) + 25 * np.maximum(0, outside - 0.14)
    width = 0.30 + 0.25 * np.maximum(0, frame.v - 0.80)
    neck = 0.6 + 12 * np.maximum(0, np.abs(frame.u) - width) + 6 * np.maximum(0, frame.v - 1.15)
    neck = neck + 30 * np.maximum(0, 0.35 - frame.v)
    return np.where(frame.oval > 0, 0.0, np.minimum(anywhere, np.minimum(ears, neck)))


def hair_penalty(frame: HeadFrame) -> Float[np.ndarray, "h w"]:
    """Energy of calling a pixel hair: low around the upper face and on its sides, high in its middle, in its lower part
    and under the chin."""
    sides = np.clip(np.abs(frame.u) / 0.12 - 1.5, 0, 1) * np.clip((0.42 - frame.v) / 0.1, 0, 1)
    depth = np.clip(frame.oval / (0.03 + 0.15 * sides), 0, 1)
    inside = np.where(frame.v > -0.13, 8.0 - 2.5 * sides, 1.0) * depth + 4.0 * frame.features
    under_chin = 14 * np.maximum(0, frame.v - 0.55) * np.clip((0.30 - np.abs(frame.u)) / 0.14, 0, 1)
    far = 2.0 * np.maximum(0, frame.skull - 1.3)
    aside = 9 * np.maximum(0, np.abs(frame.u) - 0.52) * np.clip((frame.v - 0.45) / 0.2, 0, 1)
    low = 1.6 * np.maximum(0, frame.v - 0.6)
    return inside + np.minimum(under_chin, 6) + far + aside + low


def cloth_penalty(frame: HeadFrame) -> Float[np.ndarray, "h w"]:
    """Energy of calling a pixel cloth: only below the chin, or beside the neck."""
    reach = 0.56 + 0.25 * np.clip(0.5 - np.abs(frame.u), 0, 0.5)
    return 9 * np.maximum(0, reach - frame.v) + 8 * np.clip(frame.oval / 0.03, 0, 1)


def throat(frame: HeadFrame) -> Float[np.ndarray, "h w"]:
    """0..1: in the middle below the chin, where photos show skin more often than cloth."""
    return np.clip((0.24 - np.abs(frame.u)) / 0.1, 0, 1) * np.clip((1.05 - frame.v) / 0.2, 0, 1)


def background_penalty(frame: HeadFrame) -> Float[np.ndarray, "h w"]:
    """Energy of calling a pixel background: impossible in the face, unlikely in the skull and the neck."""
    head = 7 * np.clip((1.0 - frame.skull) / 0.25, 0, 1)
    neck = 5 * np.clip((0.26 - np.abs(frame.u)) / 0.1, 0, 1) * np.clip((frame.v - 0.3) / 0.2, 0, 1)
    bust = 3 * np.clip((0.25 + 0.9 * (frame.v - 0.75) - np.abs(frame.u)) / 0.2, 0, 1) * (frame.v > 0.75)
    return np.maximum.reduce([np.where(frame.oval > -0.01, 20.0, 0), head, neck, bust])


def lopsided(frame: HeadFrame, matte: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """0..1: beside the head, where the mirrored place is surely not the person. Cast shadows and neighbours are on one
    side only; a face seen from the front has hair, ears and jaw on both."""
    slope_y, slope_x = np.gradient(frame.u)
    right = np.array([slope_x.mean(), slope_y.mean()]) * frame.unit_px
    ys, xs = np.mgrid[: matte.shape[0], : matte.shape[1]]
    shift = 2 * frame.u * frame.unit_px
    mirrored = cv2.remap(matte, (xs - shift * right[0]).astype(np.float32), (ys - shift * right[1]).astype(np.float32),
                         cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=1.0)
    empty = np.clip((0.25 - mirrored) / 0.2, 0, 1)
    return empty * np.clip((frame.skull - 0.98) / 0.1, 0, 1) * np.clip((0.62 - frame.v) / 0.06, 0, 1)
