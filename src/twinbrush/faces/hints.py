"""Landmarks where the user said where the face is: by 68 points, five clicks or a box.

The landmark network is asked at that place, without any threshold. Where its answer agrees with the user's points it
is bent to them; where not, the mean face is posed by the user's points and bent to them, and a warning says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import least_squares

from twinbrush.base.errors import BadLandmarks
from twinbrush.faces import detect as detector
from twinbrush.faces.face_model import MOUTH_CORNER_LEFT, MOUTH_CORNER_RIGHT, eye_centres, mean_face
from twinbrush.faces.landmarks import Fit, Roi, fit_landmarks, fit_many, roi_from_eyes, roi_from_landmarks
from twinbrush.faces.landmarks68 import CROWDED, INDEX_68, check_points, usable_points
from twinbrush.faces.pose import rotation_from_angles, shape_residual
from twinbrush.faces.refine import refine_on_art

Levels = list[Float[np.ndarray, "_ _ 3"]]
_CLICK_REMEDY = ("Give ten numbers: x y of left eye, right eye, nose tip, left and right mouth corner, in pixels "
                 "(left and right as seen in the picture).")
_BOX_REMEDY = "Give x0 y0 x1 y1 of the face in pixels, with x0 < x1 and y0 < y1, inside the picture."
_AGREE_68 = 0.35  # inter-ocular distances, mean: the network found this face, though not every point
_AGREE_CLICKS = 0.3
_TRUST_NETWORK = 0.08  # nearer than people click: the network's own points are the better ones
_NOSE_TIP = 4  # the foremost point, and point 31 of the 68; indices.NOSE_TIP lies a little below it
_MIN_FLAG, _MAX_RESIDUAL = 0.5, 0.14
_PRIOR_RADIANS = np.radians(25.0)  # how far heads turn; steadies the pose when few points are given


def fit_to_68(levels: Levels, points: Float[np.ndarray, "68 2"], art: bool) -> tuple[Fit, list[str]]:
    """468 landmarks that pass through 68 given ones (checked by `read_landmarks68`). Raises ModelFileError."""
    usable = usable_points(points)
    chosen = np.flatnonzero(usable)
    index = np.array(INDEX_68)[chosen]
    posed = pose_mean_face(index, points[chosen])
    fit = _ask(levels, roi_from_landmarks(posed), art)
    warnings = [] if usable.all() else ["points 61-68 are no inner mouth and were not used"]
    answer = fit.landmarks
    agrees = _plausible(fit) and _distance(answer[index, :2], points[chosen], posed) < _AGREE_68
    if not agrees:
        warnings.append("the landmark network does not see this face; depth and the points between are an average's")
    firm = np.array([i for i in chosen if i not in CROWDED])
    bent = bend_to(answer if agrees else posed, np.array(INDEX_68)[firm], points[firm], smoothing=1e-4)
    return Fit(bent, fit.flag, fit.spread), warnings


def fit_to_clicks(
    levels: Levels, clicks: Sequence[float], where: str, art: bool
) -> tuple[Fit, list[str]]:
    """468 landmarks from five clicks. Raises BadLandmarks and ModelFileError."""
    points = check_clicks(clicks, levels[0].shape[1], levels[0].shape[0], where)
    posed = pose_mean_face(None, points)
    fit = _ask(levels, roi_from_landmarks(posed), art)
    apart = _distance(click_points(fit.landmarks)[:, :2], points, posed)
    if _plausible(fit) and apart < _TRUST_NETWORK:
        return fit, []
    if _plausible(fit) and apart < _AGREE_CLICKS:
        return Fit(_bend_to_clicks(fit.landmarks, points), fit.flag, fit.spread), []
    warning = "the landmark network does not see a face at the clicks; an average face was fitted to them"
    return Fit(_bend_to_clicks(posed, points), fit.flag, fit.spread), [warning]


def fit_to_box(
    levels: Levels, box_xyxy: tuple[float, float, float, float], where: str, art: bool
) -> tuple[Fit, list[str]]:
    """468 landmarks in a box around the face (or the whole head). Raises BadLandmarks and ModelFileError."""
    height, width = levels[0].shape[:2]
    x0, y0, x1, y1 = box_xyxy
    corners = np.array([[x0, y0], [x1, y1]], float)
    check_points(corners, width, height, f"{where}: the box", _BOX_REMEDY)
    if x1 - x0 < 8 or y1 - y0 < 8:
        raise BadLandmarks(f"{where}: the box {x0:g} {y0:g} {x1:g} {y1:g} is empty or tiny.", _BOX_REMEDY)
    fits = fit_many(levels, _box_rois(levels, box_xyxy))
    best = min(fits, key=lambda f: (f.flag < _MIN_FLAG, shape_residual(f.landmarks) + f.spread))
    fit = _ask(levels, roi_from_landmarks(best.landmarks), art)
    centre = fit.landmarks[:, :2].mean(axis=0)
    if _plausible(fit) and (centre > corners[0]).all() and (centre < corners[1]).all():
        return fit, []
    mean = mean_face() * [1.0, -1.0, -1.0]
    low, high = mean.min(axis=0), mean.max(axis=0)
    scale = min((x1 - x0) / (high - low)[0], (y1 - y0) / (high - low)[1])
    placed = (mean - (low + high) / 2) * scale + [(x0 + x1) / 2, (y0 + y1) / 2, 0.0]
    warning = "the landmark network does not see a face in the box; an average face was put there: better give clicks"
    return Fit(placed, fit.flag, fit.spread), [warning]


def check_clicks(clicks: Sequence[float], width: int, height: int, where: str) -> Float[np.ndarray, "5 2"]:
    """Ten numbers -> five points that can be a face's. Raises BadLandmarks."""
    if len(clicks) != 10:
        raise BadLandmarks(f"{where}: {len(clicks)} numbers for the clicks, 10 are needed.", _CLICK_REMEDY)
    points = np.array(clicks, float).reshape(5, 2)
    check_points(points, width, height, f"{where}: clicks", _CLICK_REMEDY)
    across, down = points[1] - points[0], points[3:].mean(axis=0) - points[:2].mean(axis=0)
    if np.linalg.norm(across) < 4 or np.linalg.norm(down) < 4:
        raise BadLandmarks(f"{where}: the clicks coincide.", _CLICK_REMEDY)
    if across[0] * down[1] - across[1] * down[0] <= 0:
        raise BadLandmarks(f"{where}: the clicks are in the wrong order (left and right exchanged?).", _CLICK_REMEDY)
    return points


def click_points(landmarks: Float[np.ndarray, "468 c"]) -> Float[np.ndarray, "5 c"]:
    """Eyes, nose tip and mouth corners of 468 landmarks, in the order of the clicks."""
    left, right = eye_centres(landmarks)
    return np.stack([left, right, landmarks[_NOSE_TIP], landmarks[MOUTH_CORNER_LEFT], landmarks[MOUTH_CORNER_RIGHT]])


def pose_mean_face(
    index: Int[np.ndarray, "n"] | None, points_xy: Float[np.ndarray, "n 2"]
) -> Float[np.ndarray, "468 3"]:
    """The mean face turned, scaled and placed (weak perspective, least squares) so that its points `index` (None: the
    five of the clicks) come to lie on points_xy; in pixels, x and y as in the picture, z smaller = nearer."""
    mean = mean_face()
    marked = click_points(mean) if index is None else mean[index]
    flip = np.array([1.0, -1.0, -1.0])
    size = float(np.linalg.norm(points_xy.std(axis=0)) / np.linalg.norm(marked[:, :2].std(axis=0)))
    across = points_xy[1] - points_xy[0] if index is None else points_xy[45] - points_xy[36]
    roll = float(np.arctan2(across[1], across[0]))

    def place(values: Float[np.ndarray, "6"], shape: Float[np.ndarray, "m 3"]) -> Float[np.ndarray, "m 3"]:
        rotation = rotation_from_angles(values[0], values[1], values[2])
        return np.exp(values[3]) * size * (shape @ rotation.T) * flip + np.array([values[4], values[5], 0.0])

    def residuals(values: Float[np.ndarray, "6"]) -> Float[np.ndarray, "_"]:
        off = (place(values, marked)[:, :2] - points_xy) / (size * 63.0)  # inter-ocular distances
        prior = values[:2] / _PRIOR_RADIANS * 0.05 * np.sqrt(len(points_xy))
        return np.concatenate([off.ravel(), prior])

    start = np.array([0.0, 0.0, roll, 0.0, *points_xy.mean(axis=0)])
    scale = np.array([1.0, 1.0, 1.0, 1.0, size * 63, size * 63])
    solved = least_squares(residuals, start, x_scale=scale, loss="soft_l1", f_scale=0.15)
    return place(solved.x, mean)


def bend_to(
    landmarks: Float[np.ndarray, "468 3"], index: Int[np.ndarray, "n"], points_xy: Float[np.ndarray, "n 2"],
    smoothing: float,
) -> Float[np.ndarray, "468 3"]:
    """Carry landmarks[index] to points_xy and the others along, by a thin-plate spline; z stays."""
    unit = float(np.ptp(landmarks[:, 1]))
    moved = points_xy - landmarks[index, :2]
    from scipy.interpolate import RBFInterpolator

    spline = RBFInterpolator(landmarks[index, :2] / unit, moved, kernel="thin_plate_spline", smoothing=smoothing)
    return np.concatenate([landmarks[:, :2] + spline(landmarks[:, :2] / unit), landmarks[:, 2:]], axis=1)


def _bend_to_clicks(
    landmarks: Float[np.ndarray, "468 3"], points: Float[np.ndarray, "5 2"]
) -> Float[np.ndarray, "468 3"]:
    unit = float(np.ptp(landmarks[:, 1]))
    marked = click_points(landmarks)[:, :2]
    from scipy.interpolate import RBFInterpolator

    spline = RBFInterpolator(marked / unit, points - marked, kernel="linear", degree=0)
    return np.concatenate([landmarks[:, :2] + spline(landmarks[:, :2] / unit), landmarks[:, 2:]], axis=1)


def _ask(levels: Levels, roi: Roi, art: bool) -> Fit:
    fit = fit_landmarks(levels, roi, passes=3)
    return refine_on_art(levels, fit) if art and _plausible(fit) else fit


def _plausible(fit: Fit) -> bool:
    return bool(fit.flag >= _MIN_FLAG and shape_residual(fit.landmarks) < _MAX_RESIDUAL)


def _distance(
    a_xy: Float[np.ndarray, "n 2"], b_xy: Float[np.ndarray, "n 2"], posed: Float[np.ndarray, "468 3"]
) -> float:
    """Mean distance in inter-ocular distances of the posed mean face."""
    left, right = eye_centres(posed)
    return float(np.linalg.norm(a_xy - b_xy, axis=1).mean() / np.linalg.norm(right - left))


def _box_rois(levels: Levels, box_xyxy: tuple[float, float, float, float]) -> list[Roi]:
    """Crops to try in a box: what the detectors see in it at any score, and upright and tilted squares."""
    x0, y0, x1, y1 = box_xyxy
    side = max(x1 - x0, y1 - y0)
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    windows = [detector.Window(cx - m * side / 2, cy - m * side / 2, m * side) for m in (1.2, 1.8, 2.6)]
    names = (detector.SHORT_RANGE, detector.FULL_RANGE)
    inside = [c for c in detector.detect(levels[0], windows, names, 0.1) if _overlap(c.box_xyxy, box_xyxy) > 0.2]
    rois = [roi_from_eyes(c.points_xy[0], c.points_xy[1], c.box_xyxy) for c in inside[:3]]
    return rois + [Roi((cx, cy), m * side, np.radians(roll)) for m in (1.0, 1.25, 1.5) for roll in (-25.0, 0.0, 25.0)]


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    return float(detector.overlap(np.array(a), np.array(b)[None])[0])
