"""What in a style picture is not the style: frames, black or white borders, photographs set into a corner."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

FLAT = 3 / 255  # a border of one colour, give or take JPEG noise
INSET_STEP = 0.05  # colour step (0..1) that counts as an edge of an inset
INSET_SHARE = 0.9  # share of each inner side of an inset that must be an edge
INSET_SIDE = (0.08, 0.45)  # sides of an inset, in sides of the picture
RIM = 0.008  # scans and crops of paintings have dark or light lines along their sides
FRAME_LARGEST = 0.25  # a frame is at most this share of the picture on each side


def trustworthy(
    image: Float[np.ndarray, "h w 3"], landmarks_xy: Float[np.ndarray, "468 2"]
) -> Bool[np.ndarray, "h w"]:
    """True where the picture can be taken for the style. The face's own box is never taken out."""
    height, width = image.shape[:2]
    keep = ~(flat_border(image) | corner_insets(image, landmarks_xy))
    rim = max(2, round(RIM * min(height, width)))
    keep[:rim], keep[-rim:], keep[:, :rim], keep[:, -rim:] = False, False, False, False
    low = np.clip(np.floor(landmarks_xy.min(axis=0)).astype(int), 0, [width - 1, height - 1])
    high = np.clip(np.ceil(landmarks_xy.max(axis=0)).astype(int) + 1, 1, [width, height])
    keep[low[1] : high[1], low[0] : high[0]] = True
    return keep


def flat_border(image: Float[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "h w"]:
    """Black or white bands of one flat colour along the picture's sides, and black corners of a turned picture.

    White paper is part of a drawing: a white band counts only when a straight edge ends it.
    """
    mask = np.zeros(image.shape[:2], bool)
    for turns in range(4):  # the band along the top of the picture turned by quarter turns
        turned = np.rot90(image, turns)
        rows = _band_rows(turned)
        np.rot90(mask, turns)[:rows] = True
    return mask | _black_corners(image)


def _band_rows(image: Float[np.ndarray, "h w 3"]) -> int:
    """Number of rows at the top that are one flat black or white, ended by an edge along most of the width."""
    spread = np.percentile(image, 95, axis=1) - np.percentile(image, 5, axis=1)
    level = image.mean(axis=1)
    flat = (spread.max(axis=1) < 4 * FLAT) & ((level.max(axis=1) < 0.06) | (level.min(axis=1) > 0.94))
    rows = int(np.argmin(flat)) if not flat.all() else 0
    if rows == 0 or rows > FRAME_LARGEST * len(image):
        return 0
    beyond = image[min(rows + 2, len(image) - 1)]
    edge = np.abs(beyond - level[0]).max(axis=1) > INSET_STEP
    # One more row: the edge of a band is blurred by resampling and JPEG.
    return rows + 2 if edge.mean() > 0.7 else 0


def _black_corners(image: Float[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "h w"]:
    """Flat black that fills a corner of the picture (as a turned scan has)."""
    black = (image.max(axis=2) < 2 * FLAT).astype(np.uint8)
    count, labels = cv2.connectedComponents(black, connectivity=4)
    mask = np.zeros(black.shape, bool)
    corners = {int(labels[y, x]) for y in (0, -1) for x in (0, -1)} - {0}
    for label in sorted(corners) if count > 1 else []:
        part = labels == label
        if part.mean() > 0.0003:
            mask |= part
    return cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0 if mask.any() else mask


def corner_insets(
    image: Float[np.ndarray, "h w 3"], landmarks_xy: Float[np.ndarray, "468 2"]
) -> Bool[np.ndarray, "h w"]:
    """Rectangles set into a corner of the picture: both inner sides are straight, sharp edges all along."""
    mask = np.zeros(image.shape[:2], bool)
    height, width = image.shape[:2]
    for flip_y in (False, True):
        for flip_x in (False, True):
            flipped = image[:: -1 if flip_y else 1, :: -1 if flip_x else 1]
            points = landmarks_xy.copy()
            if flip_x:
                points[:, 0] = width - 1 - points[:, 0]
            if flip_y:
                points[:, 1] = height - 1 - points[:, 1]
            rows, columns = _inset_at_origin(flipped, points)
            mask[:: -1 if flip_y else 1, :: -1 if flip_x else 1][:rows, :columns] = True
    return mask


def _inset_at_origin(image: Float[np.ndarray, "h w 3"], points_xy: Float[np.ndarray, "n 2"]) -> tuple[int, int]:
    """(rows, columns) of an inset in the top-left corner, (0, 0) when there is none."""
    height, width = image.shape[:2]
    # Share of edge pixels on the side from the border to (row, column), for every corner position at once.
    across = np.abs(np.diff(image, axis=1)).max(axis=2)
    down = np.abs(np.diff(image, axis=0)).max(axis=2)
    right_side = np.cumsum(across > INSET_STEP, axis=0) / np.arange(1, height + 1)[:, None]
    lower_side = np.cumsum(down > INSET_STEP, axis=1) / np.arange(1, width + 1)[None, :]
    score = np.minimum(right_side[:-1, :], lower_side[:, :-1])
    low, high = INSET_SIDE
    score[: int(low * height)], score[int(high * height) :] = 0, 0
    score[:, : int(low * width)], score[:, int(high * width) :] = 0, 0
    for x, y in points_xy:  # no rectangle that holds a landmark of the face
        score[max(int(y), 0) :, max(int(x), 0) :] = 0
    row, column = np.unravel_index(np.argmax(score), score.shape)
    if score[row, column] < INSET_SHARE or not _is_line(across, down, int(row), int(column)):
        return 0, 0
    return int(row) + 3, int(column) + 3


def _is_line(
    across: Float[np.ndarray, "h w1"], down: Float[np.ndarray, "h1 w"], row: int, column: int
) -> bool:
    """The inset's sides stand out from the lines on one side of them (hatching is full of edges everywhere)."""

    def busy(lines: Float[np.ndarray, "..."]) -> float:
        return float((lines > INSET_STEP).mean())

    inside = max(
        busy(across[:row, max(column - 14, 0) : max(column - 4, 1)]),
        busy(down[max(row - 14, 0) : max(row - 4, 1), :column]),
    )
    outside = max(busy(across[:row, column + 4 : column + 14]), busy(down[row + 4 : row + 14, :column]))
    return min(inside, outside) < 0.8 * min(busy(across[:row, column]), busy(down[row, :column]))
