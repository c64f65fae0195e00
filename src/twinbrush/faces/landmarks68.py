"""The 68-point layout (iBUG 300-W): its file, and its place among the 468 points.

Source: Sagonas et al., "300 Faces in-the-Wild Challenge" (2013). The correspondence to MediaPipe's points is ours,
by eye on the mean face.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from twinbrush.base.errors import BadLandmarks
from twinbrush.base.files import read_file

# Index i of the 68 -> index among the 468. Jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, lips 48-59, mouth 60-67.
INDEX_68: tuple[int, ...] = (
    127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,
    168, 197, 5, 4, 98, 97, 2, 326, 327,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,
    78, 82, 13, 312, 308, 317, 14, 87,
)
# Nearly coincide with their neighbours: a spline through all of them folds (nostrils, inner mouth).
CROWDED = (31, 32, 34, 35, 60, 61, 62, 63, 64, 65, 66, 67)
_REMEDY = 'Give a text file of 68 lines "x y", in pixels of the upright picture, in the order of iBUG 300-W.'
_MAX_BYTES = 1 << 20
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_SLACK_PX = 2.0  # points may lie this far outside: annotators round


def read_landmarks68(path: Path | str, width: int, height: int) -> Float[np.ndarray, "68 2"]:
    """Read and check a 68-point file for a picture of this size. Raises BadLandmarks."""
    try:
        text = read_file(path, _MAX_BYTES).decode("utf-8-sig")  # a byte order mark is Windows' way to say UTF-8
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise BadLandmarks(f"{path}: cannot be read ({reason}).", _REMEDY) from error
    rows = [line.replace(",", " ").split() for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    if len(rows) != 68:
        raise BadLandmarks(f"{path}: {len(rows)} points, 68 are needed.", _REMEDY)
    points = np.empty((68, 2))
    for number, row in enumerate(rows):
        if len(row) != 2 or not all(_NUMBER.fullmatch(value) for value in row):
            raise BadLandmarks(f"{path}: point {number + 1} is not two numbers: {' '.join(row)[:60]!r}.", _REMEDY)
        points[number] = [float(value) for value in row]
    check_points(points, width, height, str(path), _REMEDY)
    _check_layout(points, str(path))
    return points


def check_points(points_xy: Float[np.ndarray, "n 2"], width: int, height: int, what: str, remedy: str) -> None:
    """Refuse NaN and points outside the picture. Raises BadLandmarks."""
    if not np.isfinite(points_xy).all():
        number = int(np.flatnonzero(~np.isfinite(points_xy).all(axis=1))[0]) + 1
        raise BadLandmarks(f"{what}: point {number} is not a number.", remedy)
    low, high = -0.5 - _SLACK_PX, np.array([width, height]) - 0.5 + _SLACK_PX
    outside = np.flatnonzero(((points_xy < low) | (points_xy > high)).any(axis=1))
    if len(outside):
        x, y = points_xy[outside[0]]
        more = f"; so do {len(outside) - 1} more" if len(outside) > 1 else ""
        raise BadLandmarks(f"{what}: point {outside[0] + 1} ({x:g}, {y:g}) lies outside the picture "
                           f"({width} x {height}){more}.", remedy)


def _check_layout(points: Float[np.ndarray, "68 2"], what: str) -> None:
    """Refuse sets that are no upright face layout: collapsed, mirrored or shuffled."""
    left, right = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    across, down = right - left, points[8] - (left + right) / 2
    extent = float(np.linalg.norm(np.ptp(points, axis=0)))
    if np.linalg.norm(across) < 0.1 * extent or extent < 8:
        raise BadLandmarks(f"{what}: the points do not spread like a face's.", _REMEDY)
    if across[0] * down[1] - across[1] * down[0] <= 0:
        raise BadLandmarks(f"{what}: left and right are exchanged (37-42 are the eye on the left).", _REMEDY)


def usable_points(points: Float[np.ndarray, "68 2"]) -> Bool[np.ndarray, "68"]:
    """Which points mean what the layout says: some files keep the pupils or nothing at 61-68 (the inner mouth)."""
    usable = np.ones(68, dtype=bool)
    outer = points[48:60]
    low, high = outer.min(axis=0), outer.max(axis=0)
    slack = 0.15 * float((high - low).max())
    inside = ((points[60:] > low - slack) & (points[60:] < high + slack)).all(axis=1)
    opened = points[60:] - outer.mean(axis=0)
    in_order = np.linalg.norm(opened[4] - opened[0]) > 0.4 * np.linalg.norm(outer[6] - outer[0])
    usable[60:] = bool(inside.all() and in_order)
    return usable
