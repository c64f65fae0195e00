"""The head's own frame in a picture: an upright square of fixed size in face heights, and maps that say where in it
the face's parts lie.

Units are face heights (forehead's top, landmark 10, to chin, 152, in three dimensions); u points to the picture's
right and v down along the face's own axes; the origin lies between the eyes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from twinbrush.faces import indices
from twinbrush.faces.values import Face
from twinbrush.maths.filters import polygon_mask, signed_distance

SIDE = 3.6  # of the square, face heights: shoulders and the highest hair fit in
ORIGIN_V = 1.4  # the eyes lie so far below its upper edge, face heights
HEAD_HALF_WIDTH, HEAD_HALF_HEIGHT = 0.50, 0.66  # half axes of a skull with short hair about the origin, face heights
NEAR_RADII, HAIR_RADII = 1.7, 2.6  # of another's skull: the head with short hair, and with long hair
CHIN_V = 0.62  # the chin lies so far below the eyes, face heights
OVAL_REACH = 0.5  # face heights: beyond, the distance to the face's outline says nothing more


@dataclass(frozen=True)
class HeadFrame:
    """A similarity from the picture's pixels (x, y; centres at whole numbers) to pixels of the square.

    matrix: (2, 3). size: the square's side, pixels. scale: square pixels a picture pixel.
    """

    matrix: Float[np.ndarray, "2 3"]
    size: int
    scale: float

    @property
    def unit_px(self) -> float:
        """A face height in pixels of the square."""
        return self.size / SIDE

    def to_square(self, points_xy: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        """Picture pixels -> pixels of the square."""
        return points_xy @ self.matrix[:, :2].T + self.matrix[:, 2]

    def cut(self, values: Float[np.ndarray, "h w *c"], border: int = cv2.BORDER_REPLICATE) -> (
        Float[np.ndarray, "s s *c"]
    ):
        """The square out of a picture; blurred first where it is coarser than the picture, against aliasing."""
        if self.scale < 0.8:
            values = cv2.GaussianBlur(values, (0, 0), 0.45 / self.scale)
        return cv2.warpAffine(values, self.matrix, (self.size, self.size), flags=cv2.INTER_LINEAR, borderMode=border)

    def paste(self, values: Float[np.ndarray, "s s"], shape: tuple[int, int], beyond: float) -> (
        Float[np.ndarray, "h w"]
    ):
        """The square's values at the pixels of a picture of `shape`; `beyond` outside of the square."""
        return cv2.warpAffine(
            values, self.matrix, (shape[1], shape[0]), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT, borderValue=(beyond,),
        )


def head_frame(face: Face, size: int, side: float = SIDE) -> HeadFrame:
    """The frame of `face` with a square of `size` pixels, `side` face heights wide."""
    points = face.landmarks[:, :2]
    origin = (points[list(indices.EYE_LEFT)].mean(0) + points[list(indices.EYE_RIGHT)].mean(0)) / 2
    down = points[indices.CHIN] - points[indices.FOREHEAD_TOP]
    down = down / np.linalg.norm(down)
    right = np.array([down[1], -down[0]])
    scale = size / side / face.height_px
    rotation = scale * np.stack([right, down])
    centre = np.array([side / 2, ORIGIN_V + (side - SIDE) / 2]) * size / side - 0.5
    return HeadFrame(np.concatenate([rotation, (centre - rotation @ origin)[:, None]], 1), size, scale)


PLACES = ("u", "v", "oval", "eyes and brows", "lips", "another's head")
"""What the channels of `place_maps` are."""


def place_maps(face: Face, others: tuple[Face, ...], frame: HeadFrame, side: float = SIDE) -> (
    Float[np.ndarray, "6 s s"]
):
    """Where a pixel of the square lies in the head's frame: the channels of PLACES, each about -1..1.

    others: faces of other people in the picture (in its pixels).
    """
    size, unit = frame.size, frame.size / side
    points = frame.to_square(face.landmarks[:, :2])
    u = (np.arange(size) + 0.5) / unit - side / 2
    v = (np.arange(size) + 0.5) / unit - ORIGIN_V - (side - SIDE) / 2
    oval = signed_distance(polygon_mask((size, size), points[list(indices.OVAL)])) / unit
    features = np.zeros((size, size), bool)
    for part in (indices.EYE_LEFT, indices.EYE_RIGHT, indices.BROW_LEFT, indices.BROW_RIGHT):
        features |= polygon_mask((size, size), points[list(part)])
    lips = polygon_mask((size, size), points[list(indices.LIPS_OUTER)])
    uu, vv = np.meshgrid(u, v)
    own = np.hypot(uu / HEAD_HALF_WIDTH, vv / HEAD_HALF_HEIGHT)
    rival = np.zeros((size, size))
    for other in others:
        rival = np.maximum(rival, _nearer(own, other, frame, NEAR_RADII))
    return np.stack([
        uu / (side / 2), vv / (side / 2), np.clip(oval / OVAL_REACH, -1, 1), features, lips, rival,
    ]).astype(np.float32)


def others_side(others: tuple[Face, ...], frame: HeadFrame) -> Float[np.ndarray, "s s"]:
    """0..1 where a pixel above the chin is on another's side: nearer to that head, in radii of either skull, as far out
    as long hair hangs."""
    place = (np.arange(frame.size) + 0.5) / frame.unit_px
    uu, vv = np.meshgrid(place - SIDE / 2, place - ORIGIN_V)
    own = np.hypot(uu / HEAD_HALF_WIDTH, vv / HEAD_HALF_HEIGHT)
    side = np.zeros((frame.size, frame.size))
    for other in others:
        side = np.maximum(side, _nearer(own, other, frame, HAIR_RADII))
    return side * np.clip((CHIN_V - vv) / 0.1, 0, 1)


def _nearer(own: Float[np.ndarray, "s s"], other: Face, frame: HeadFrame, reach: float) -> Float[np.ndarray, "s s"]:
    """0..1: how much nearer a pixel is to another's head than to the own one, in radii of either skull, as far as
    `reach` of the other's."""
    theirs = head_frame(other, frame.size)
    whole = np.vstack([theirs.matrix, [0, 0, 1]]) @ np.linalg.inv(np.vstack([frame.matrix, [0, 0, 1]]))
    y, x = np.mgrid[: frame.size, : frame.size].astype(np.float64)
    xs = whole[0, 0] * x + whole[0, 1] * y + whole[0, 2]
    ys = whole[1, 0] * x + whole[1, 1] * y + whole[1, 2]
    u, v = (xs + 0.5) / theirs.unit_px - SIDE / 2, (ys + 0.5) / theirs.unit_px - ORIGIN_V
    radius = np.hypot(u / HEAD_HALF_WIDTH, v / HEAD_HALF_HEIGHT)
    return np.clip((own / np.maximum(radius, 0.2) - 1.0) / 0.15 + 0.5, 0, 1) * np.clip((reach - radius) / 0.3, 0, 1)
