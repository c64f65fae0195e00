"""Landmarks on art: bend the picture toward a natural face, ask the network again, bend its answer back, repeat.

The landmark network was trained on photos and pulls exaggerated features toward a natural face: on a painting with a
long nose it puts the mouth too high. Shown the same painting bent so that its present estimate has natural
proportions, it sees what is left of the exaggeration, and the next estimate goes farther. The bend is a smoothed
thin-plate spline, so that single wild points do not take part; a few rounds converge (measured on a painting with
hand-set points: nose 0.075 -> 0.052, mouth 0.061 -> 0.051, jaw 0.113 -> 0.088 inter-ocular distances). Photos gain
nothing (0.100 -> 0.100) and are not refined.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float
from scipy.interpolate import RBFInterpolator

from twinbrush.base import networks
from twinbrush.faces import face_model, indices
from twinbrush.faces.landmarks import SIDE, Fit, Roi, roi_from_landmarks, run_network, sample
from twinbrush.faces.pose import posed_mean_face

_ROUNDS = 6
_STEP = 0.7  # share of each round's change that is taken: full steps oscillate on ink drawings
_SMOOTHING = 0.1  # of the spline, coordinates in crops; 0.01 lets brows wander, 1 hardly bends
_CONVERGED = 0.003  # mean change, inter-ocular distances
_GRID = 6  # the spline is evaluated at every 6th pixel and interpolated: it is smooth
# Points that carry the bend: features and outline, evenly spread.
_CONTROL = sorted({
    *indices.EYE_LEFT[::2], *indices.EYE_RIGHT[::2], *indices.BROW_LEFT[:5], *indices.BROW_RIGHT[:5],
    *indices.LIPS_OUTER[::2], *indices.NOSE, *indices.OVAL[::2],
    50, 280, 205, 425, 151, 9, 200,
})


@dataclass(frozen=True)
class _Bend:
    """A crop of the picture bent toward the natural face: crop position -> crop position in the unbent picture."""

    roi: Roi
    spline: RBFInterpolator

    def unbent(self, crop_xy: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        """Positions in image pixels."""
        to_image = self.roi.to_image()
        return (crop_xy + self.spline(crop_xy / SIDE)) @ to_image[:, :2].T + to_image[:, 2]


def refine_on_art(levels: list[Float[np.ndarray, "_ _ 3"]], fit: Fit) -> Fit:
    """Better landmarks for a painted or drawn face; the given ones if the network loses the face on the way.

    levels: `halvings(image)`. Raises ModelFileError.
    """
    landmarks, flag, spread = fit.landmarks, fit.flag, fit.spread
    for _ in range(_ROUNDS):
        bend = _bend(landmarks)
        points, flag, spread = _ask(_crop(levels, bend))
        if flag < 0.5 * fit.flag:
            return fit
        answer = np.concatenate([bend.unbent(points[:, :2]), points[:, 2:] * (bend.roi.side / SIDE)], axis=1)
        unit = face_model.interocular(landmarks)
        change = float(np.linalg.norm((answer - landmarks)[:, :2], axis=1).mean()) / unit
        landmarks = landmarks + _STEP * (answer - landmarks)
        if change < _CONVERGED:
            break
    return Fit(landmarks, flag, spread)


def _bend(landmarks: Float[np.ndarray, "468 3"]) -> _Bend:
    natural = posed_mean_face(landmarks)
    roi = roi_from_landmarks(natural)
    to_image = roi.to_image()
    inverse = np.linalg.inv(to_image[:, :2])
    there = (landmarks[_CONTROL, :2] - to_image[:, 2]) @ inverse.T
    here = (natural[_CONTROL, :2] - to_image[:, 2]) @ inverse.T
    return _Bend(roi, RBFInterpolator(here / SIDE, there - here, kernel="thin_plate_spline", smoothing=_SMOOTHING))


def _crop(levels: list[Float[np.ndarray, "_ _ 3"]], bend: _Bend) -> Float[np.ndarray, "192 192 3"]:
    """The bent crop."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    coarse = np.stack([x[::_GRID, ::_GRID], y[::_GRID, ::_GRID]], axis=-1) + (_GRID - 1) / 2
    shift = bend.spline(coarse.reshape(-1, 2) / SIDE).reshape(*coarse.shape).astype(np.float32)
    fine = cv2.resize(shift, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    to_image = bend.roi.to_image()
    return sample(levels, (np.stack([x, y], axis=-1) + fine) @ to_image[:, :2].T + to_image[:, 2], bend.roi.side)


def _ask(crop: Float[np.ndarray, "192 192 3"]) -> tuple[Float[np.ndarray, "468 3"], float, float]:
    """The median answer over renderings of the crop, plain and mirrored; the mean flag; the mean spread."""
    network = networks.interpreter("face_landmark")
    mirror = face_model.mirror_indices()
    answers: list[Float[np.ndarray, "468 3"]] = []
    flags: list[float] = []
    for rendering in _renderings(crop):
        plain, flag = run_network(network, rendering)
        other, other_flag = run_network(network, rendering[:, ::-1])
        answers += [plain, other[mirror] * [-1, 1, 1] + [SIDE, 0, 0]]
        flags += [flag, other_flag]
    middle = np.median(answers, axis=0)
    spread = float(np.linalg.norm((np.array(answers) - middle)[..., :2], axis=-1).mean())
    return middle, float(np.mean(flags)), spread / max(face_model.interocular(middle), 1.0)


def _renderings(crop: Float[np.ndarray, "192 192 3"]) -> Iterator[Float[np.ndarray, "192 192 3"]]:
    """The same crop as it is, softened (brush and pen strokes), grey, and with full contrast."""
    yield crop
    yield np.asarray(cv2.GaussianBlur(crop, (0, 0), 1.2), np.float32)
    yield np.repeat(crop.mean(axis=2, keepdims=True), 3, axis=2)
    low, high = np.percentile(crop, [2, 98])
    yield np.clip((crop - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)
