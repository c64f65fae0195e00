"""The square around head, neck and shoulders that becomes the portrait's picture plane."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from twinbrush.faces import indices
from twinbrush.faces.values import Face
from twinbrush.regions.values import RegionMap

SIDE_FACE_HEIGHTS = 2.2  # side of the square in face heights (forehead to chin): hair, neck and some shoulders fit in
CENTRE_BELOW_FACE = 0.02  # its centre below the face's middle, in face heights
TOP_MARGIN = 0.06  # room above the hair, in face heights
MIN_SIDE_PX, MAX_SIDE_PX = 512, 1280


@dataclass(frozen=True)
class Crop:
    """image (S, S, 3), matte and regions (S, S) of the square; inside: the photo reaches here; face in its pixels;
    painted (S, S): the regions by whose paint they take (a beard is hair), or None: as the regions; glasses (S, S): 1
    where they are seen, or None."""

    image: Float[np.ndarray, "s s 3"]
    matte: Float[np.ndarray, "s s"]
    regions: UInt8[np.ndarray, "s s"]
    inside: Bool[np.ndarray, "s s"]
    face: Face
    painted: UInt8[np.ndarray, "s s"] | None = None
    glasses: UInt8[np.ndarray, "s s"] | None = None

    def within(self, pixels: int) -> Bool[np.ndarray, "s s"]:
        """Where the photo reaches, but for that many pixels along its edge."""
        return cv2.erode(self.inside.astype(np.uint8), np.ones((2 * pixels + 1,) * 2, np.uint8)) > 0


def cut_crop(image: Float[np.ndarray, "h w 3"], segmentation: RegionMap, face: Face) -> Crop:
    """Cut the square; where it leaves the photo, the border's colours and labels go on, and `inside` is False."""
    points = face.landmarks
    height = float(np.linalg.norm(points[indices.CHIN] - points[indices.FOREHEAD_TOP]))
    side = SIDE_FACE_HEIGHTS * height
    centre = (points[indices.CHIN, :2] + points[indices.FOREHEAD_TOP, :2]) / 2 + [0, CENTRE_BELOW_FACE * height]
    centre[0] = 0.5 * (centre[0] + points[list(indices.OVAL), 0].mean())
    missing = centre[1] - side / 2 + TOP_MARGIN * height - _head_top(segmentation.matte, centre[0], height)
    if missing > 0:  # high hair: first upward, then larger
        side += 0.5 * missing
        centre[1] -= 0.75 * missing
    size = int(np.clip(round(side), MIN_SIDE_PX, MAX_SIDE_PX))
    scale = size / side
    offset = (size - 1) / 2 - centre * scale
    matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]])
    whole = np.ones(image.shape[:2], np.uint8)
    labels = [cv2.warpAffine(labels, matrix, (size, size), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
              for labels in (segmentation.regions, segmentation.painted, segmentation.glasses.astype(np.uint8))]
    return Crop(
        _cut(image, matrix, size, cv2.BORDER_REPLICATE).astype(np.float32),
        np.clip(_cut(segmentation.matte, matrix, size, cv2.BORDER_REPLICATE), 0, 1).astype(np.float64), labels[0],
        cv2.warpAffine(whole, matrix, (size, size), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT) > 0,
        moved_face(face, scale, offset), labels[1], labels[2],
    )


def _head_top(matte: Float[np.ndarray, "h w"], centre_x: float, face_height: float) -> float:
    """The highest row of the person within half a face's height of the middle."""
    low, high = np.clip([centre_x - 0.5 * face_height, centre_x + 0.5 * face_height], 0, matte.shape[1] - 1).astype(int)
    rows = np.flatnonzero((matte[:, low : high + 1] > 0.5).any(1))
    return float(rows[0]) if len(rows) else 0.0


def moved_face(face: Face, scale: float, offset_xy: Float[np.ndarray, "2"]) -> Face:
    """The face in pixels of a scaled and shifted picture: new = scale * old + offset."""
    landmarks = face.landmarks * scale + np.array([offset_xy[0], offset_xy[1], 0.0])
    x0, y0, x1, y1 = face.box_xyxy
    box = (x0 * scale + offset_xy[0], y0 * scale + offset_xy[1], x1 * scale + offset_xy[0], y1 * scale + offset_xy[1])
    return replace(face, landmarks=landmarks, box_xyxy=tuple(float(v) for v in box))


def resized(crop: Crop, size: int) -> Crop:
    """The same crop at another resolution (pixel centres kept in place)."""
    scale = size / crop.image.shape[0]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return Crop(
        cv2.resize(crop.image, (size, size), interpolation=method),
        cv2.resize(crop.matte, (size, size), interpolation=method),
        cv2.resize(crop.regions, (size, size), interpolation=cv2.INTER_NEAREST),
        cv2.resize(crop.inside.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST) > 0,
        moved_face(crop.face, scale, np.full(2, (scale - 1) / 2)),
    )


def _cut(values: Float[np.ndarray, "h w *c"], matrix: Float[np.ndarray, "2 3"], size: int, border: int) -> (
    Float[np.ndarray, "s s *c"]
):
    """Resample; where the square is coarser than the photo, blur first against aliasing."""
    scale = matrix[0, 0]
    if scale < 0.8:
        values = cv2.GaussianBlur(values, (0, 0), 0.45 / scale)
    return cv2.warpAffine(values, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=border).clip(0, 1)
