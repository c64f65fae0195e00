"""Face candidates: the two BlazeFace detectors, decoded, merged, and searched for over windows of the image.

Source: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs" (2019): single-shot
anchors, blended (weighted) suppression; the anchor layout is that of the published network files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float

from twinbrush.base import networks

# name -> input side; (stride, anchors per cell) of each grid, in the order of the output; output names (boxes, scores)
_DETECTORS = {
    "face_detection_short_range": (128, ((8, 2), (16, 6)), "regressors", "classificators"),
    "face_detection_full_range_sparse": (192, ((4, 1),), "Identity", "Identity_1"),
}
SHORT_RANGE, FULL_RANGE = _DETECTORS
CERTAIN = 0.5  # a candidate of this score is looked at first
DOUBTFUL = 0.2  # below this nothing is a candidate
_OVERLAP = 0.3  # intersection over union from which two boxes are the same face


@dataclass(frozen=True)
class Candidate:
    """One detected face: box (x0, y0, x1, y1) and six points, in image pixels, in the order of the network:
    eye on the picture's left, eye on its right, nose tip, mouth centre, ear on the left, ear on the right."""

    score: float
    box_xyxy: tuple[float, float, float, float]
    points_xy: Float[np.ndarray, "6 2"]


@dataclass(frozen=True)
class Window:
    """A square of the image (it may stick out): top-left corner in continuous pixels, side in pixels."""

    x: float
    y: float
    side: float


def whole_image(width: int, height: int) -> Window:
    """The smallest centred square around the image."""
    side = float(max(width, height))
    return Window((width - side) / 2, (height - side) / 2, side)


def search_windows(width: int, height: int) -> list[Window]:
    """Overlapping squares from 1.7 times the image (for faces that fill it) down by factors of 0.7."""
    long, short = max(width, height), min(width, height)
    windows: list[Window] = []
    for side in (1.7 * long, 1.3 * long, *(short * 0.7**k for k in range(3))):
        xs, ys = _starts(width, side), _starts(height, side)
        windows += [Window(x, y, side) for y in ys for x in xs]
    return windows


def _starts(length: int, side: float) -> list[float]:
    if side >= length:
        return [(length - side) / 2]
    count = int(np.ceil((length - side) / (0.5 * side))) + 1
    return [float(s) for s in np.linspace(0, length - side, count)]


def detect(
    image: Float[np.ndarray, "h w 3"], windows: Iterable[Window], names: Iterable[str], threshold: float
) -> list[Candidate]:
    """All faces seen in any of the windows by any of the named detectors, plain and mirrored, best score first.

    image: RGB in 0..1. Boxes of one face are blended, weighted by their scores. Raises ModelFileError.
    """
    rows: list[Float[np.ndarray, "n 17"]] = []
    loaded = [(name, networks.interpreter(name)) for name in names]
    for window in windows:
        for name, network in loaded:
            side = network.input_shape[1]
            crop = _crop(image, window, side)
            scale = window.side / side
            offset = np.array([window.x, window.y]) - 0.5  # from continuous corner coordinates to pixel centres
            for mirrored in (False, True):
                found = _decode(network, name, crop[:, ::-1] if mirrored else crop, threshold)
                rows.append(_placed(_mirrored(found, side) if mirrored else found, scale, offset))
    return _blend(np.concatenate(rows)) if rows else []


def _crop(image: Float[np.ndarray, "h w 3"], window: Window, side: int) -> Float[np.ndarray, "side side 3"]:
    """The window resampled to side x side, in -1..1, black outside the image."""
    height, width = image.shape[:2]
    x0, y0 = max(0, int(np.floor(window.x))), max(0, int(np.floor(window.y)))
    x1, y1 = (min(n, int(np.ceil(s + window.side))) for n, s in ((width, window.x), (height, window.y)))
    part, scale = image[y0:y1, x0:x1], side / window.side
    target = (max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale)))
    shrunk = cv2.resize(part, target, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    fx, fy = target[0] / (x1 - x0), target[1] / (y1 - y0)
    shift = np.array([[1.0, 0, (x0 - window.x) * scale], [0, 1.0, (y0 - window.y) * scale]])
    shift[0, 0], shift[1, 1] = scale / fx, scale / fy
    shift[:, 2] += (np.array([scale / fx, scale / fy]) - 1) / 2
    placed = cv2.warpAffine(shrunk, shift, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return placed * 2.0 - 1.0


@lru_cache(maxsize=4)
def _anchors(side: int, grids: tuple[tuple[int, int], ...]) -> Float[np.ndarray, "n 2"]:
    """Anchor centres (x, y) in network input pixels."""
    centres: list[Float[np.ndarray, "n 2"]] = []
    for stride, per_cell in grids:
        cells = side // stride
        y, x = np.mgrid[:cells, :cells]
        grid = (np.stack([x, y], -1).reshape(-1, 2) + 0.5) * stride
        centres.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(centres)


def _decode(
    network: networks.Network, name: str, crop: Float[np.ndarray, "side side 3"], threshold: float
) -> Float[np.ndarray, "n 17"]:
    """Rows (score, x0, y0, x1, y1, six points) in network input coordinates, above the threshold."""
    side, grids, boxes, scores = _DETECTORS[name]
    output = network(np.ascontiguousarray(crop[None], np.float32))
    score = 1.0 / (1.0 + np.exp(-np.clip(output[scores].reshape(-1).astype(float), -100, 100)))
    keep = np.flatnonzero(score >= threshold)
    raw = output[boxes].reshape(-1, 16)[keep].astype(float)
    anchors = _anchors(side, grids)[keep]
    centre, size = raw[:, :2] + anchors, raw[:, 2:4]
    points = raw[:, 4:].reshape(-1, 6, 2) + anchors[:, None]
    return np.concatenate([score[keep, None], centre - size / 2, centre + size / 2, points.reshape(-1, 12)], axis=1)


def _mirrored(rows: Float[np.ndarray, "n 17"], side: int) -> Float[np.ndarray, "n 17"]:
    """Rows found in a mirrored crop, told in the upright crop (left and right points change places)."""
    result = rows.copy()
    result[:, 1], result[:, 3] = side - rows[:, 3], side - rows[:, 1]
    points = rows[:, 5:].reshape(-1, 6, 2)[:, [1, 0, 2, 3, 5, 4]]
    points[..., 0] = side - points[..., 0]
    result[:, 5:] = points.reshape(-1, 12)
    return result


def _placed(
    rows: Float[np.ndarray, "n 17"], scale: float, offset_xy: Float[np.ndarray, "2"]
) -> Float[np.ndarray, "n 17"]:
    result = rows * scale
    result[:, 0] = rows[:, 0]
    result[:, 1:] += np.tile(offset_xy, 8)
    return result


def _blend(rows: Float[np.ndarray, "n 17"]) -> list[Candidate]:
    """Weighted suppression: each group of overlapping boxes becomes their score-weighted mean."""
    rows = rows[np.argsort(-rows[:, 0], kind="stable")]
    candidates: list[Candidate] = []
    while len(rows):
        same = overlap(rows[0, 1:5], rows[:, 1:5]) > _OVERLAP
        same[0] = True
        # Only the best of a group are blended: windows far from the face's own scale place it badly.
        group = rows[same][:8]
        mean = np.average(group[:, 1:], axis=0, weights=group[:, 0] ** 2)
        x0, y0, x1, y1 = (float(v) for v in mean[:4])
        candidates.append(Candidate(float(rows[0, 0]), (x0, y0, x1, y1), mean[4:].reshape(6, 2)))
        rows = rows[~same]
    return candidates


def overlap(box_xyxy: Float[np.ndarray, "4"], boxes_xyxy: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n"]:
    """Intersection over union of one box with each of several."""
    low = np.maximum(box_xyxy[:2], boxes_xyxy[:, :2])
    high = np.minimum(box_xyxy[2:], boxes_xyxy[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    area = np.prod(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], axis=1) + np.prod(box_xyxy[2:] - box_xyxy[:2])
    return shared / np.maximum(area - shared, 1e-9)
