"""468 landmarks of one face: a turned square crop -> landmark network -> image pixels, with mirror averaging.

Source: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs" (2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from twinbrush.base import networks
from twinbrush.faces.face_model import eye_centres, mirror_indices

SIDE = 192  # of the network's input, pixels
_MARGIN = 1.5  # side of the crop over the longer side of the landmarks' box, as the network was trained


@dataclass(frozen=True)
class Roi:
    """A turned square of the image: centre and side in pixels; `roll_radians` > 0 turns clockwise in the picture."""

    centre_xy: tuple[float, float]
    side: float
    roll_radians: float

    def to_image(self) -> Float[np.ndarray, "2 3"]:
        """Affine map from continuous network coordinates (0..192) to image pixels."""
        c, s = np.cos(self.roll_radians), np.sin(self.roll_radians)
        linear = np.array([[c, -s], [s, c]]) * (self.side / SIDE)
        shift = np.array(self.centre_xy) - linear @ np.full(2, SIDE / 2)
        return np.concatenate([linear, shift[:, None]], axis=1)


@dataclass(frozen=True)
class Fit:
    """landmarks (468, 3): pixels, z in pixel units, smaller = nearer. flag 0..1: how sure the network is that this is
    a face. spread: mean distance between the plain and the mirrored answer, in inter-ocular distances."""

    landmarks: Float[np.ndarray, "468 3"]
    flag: float
    spread: float


def halvings(image: Float[np.ndarray, "h w 3"]) -> list[Float[np.ndarray, "_ _ 3"]]:
    """The image and its successive halvings, for crops without aliasing; the last is smaller than 256 pixels."""
    levels: list[Float[np.ndarray, "_ _ 3"]] = [np.ascontiguousarray(image, np.float32)]
    while max(levels[-1].shape[:2]) >= 256 and min(levels[-1].shape[:2]) >= 4:
        height, width = levels[-1].shape[:2]
        half = cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        levels.append(np.asarray(half, np.float32))
    return levels


def roi_from_eyes(
    left_xy: Float[np.ndarray, "2"], right_xy: Float[np.ndarray, "2"], box_xyxy: tuple[float, float, float, float]
) -> Roi:
    """The crop for a detector's box (which spans brows to chin) and its eye points."""
    x0, y0, x1, y1 = box_xyxy
    eye_line = right_xy - left_xy
    side = _MARGIN * max(x1 - x0, y1 - y0)
    return Roi(((x0 + x1) / 2, (y0 + y1) / 2), side, float(np.arctan2(eye_line[1], eye_line[0])))


def roi_from_landmarks(landmarks: Float[np.ndarray, "468 c"], margin: float = _MARGIN) -> Roi:
    """The crop around known landmarks, its x axis along the line between the eyes."""
    left, right = eye_centres(landmarks[:, :2])
    roll = float(np.arctan2(right[1] - left[1], right[0] - left[0]))
    c, s = np.cos(roll), np.sin(roll)
    turn = np.array([[c, s], [-s, c]])
    upright = landmarks[:, :2] @ turn.T
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = turn.T @ ((low + high) / 2)
    return Roi((float(x), float(y)), margin * float((high - low).max()), roll)


def fit_landmarks(levels: list[Float[np.ndarray, "_ _ 3"]], roi: Roi, passes: int = 2) -> Fit:
    """Run the network in `roi`, then again in the crop that its answer asks for, `passes` times in all.

    levels: `halvings(image)`. Raises ModelFileError.
    """
    fit = _fit_once(levels, roi)
    for _ in range(passes - 1):
        fit = _fit_once(levels, roi_from_landmarks(fit.landmarks))
    return fit


def fit_many(levels: list[Float[np.ndarray, "_ _ 3"]], rois: list[Roi]) -> list[Fit]:
    """One pass in each of several crops."""
    return [_fit_once(levels, roi) for roi in rois]


def _fit_once(levels: list[Float[np.ndarray, "_ _ 3"]], roi: Roi) -> Fit:
    network = networks.interpreter("face_landmark")
    crop = crop_roi(levels, roi)
    plain, flag = run_network(network, crop)
    other, other_flag = run_network(network, crop[:, ::-1])
    other = other[mirror_indices()] * [-1, 1, 1] + [SIDE, 0, 0]
    left, right = eye_centres(plain[:, :2])
    unit = max(float(np.linalg.norm(right - left)), 1.0)
    spread = float(np.linalg.norm((plain - other)[:, :2], axis=1).mean()) / unit
    points = (plain + other) / 2
    to_image = roi.to_image()
    xy = points[:, :2] @ to_image[:, :2].T + to_image[:, 2]
    z = points[:, 2:] * (roi.side / SIDE)
    return Fit(np.concatenate([xy, z], axis=1), (flag + other_flag) / 2, spread)


def crop_roi(levels: list[Float[np.ndarray, "_ _ 3"]], roi: Roi) -> Float[np.ndarray, "192 192 3"]:
    """The crop, from the level that is just fine enough; outside the image the border is repeated."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5  # pixel centres in continuous network coordinates
    to_image = roi.to_image()
    return sample(levels, np.stack([x, y], axis=-1) @ to_image[:, :2].T + to_image[:, 2], roi.side)


def sample(
    levels: list[Float[np.ndarray, "_ _ 3"]], positions_xy: Float[np.ndarray, "h w 2"], side: float
) -> Float[np.ndarray, "h w 3"]:
    """The image at pixel positions of its full size, from the level that suits a crop of `side` pixels."""
    source = levels[int(np.clip(np.floor(np.log2(max(side / SIDE, 1.0))), 0, len(levels) - 1))]
    shrink = np.array([source.shape[1] / levels[0].shape[1], source.shape[0] / levels[0].shape[0]])
    shrunk = ((positions_xy + 0.5) * shrink - 0.5).astype(np.float32)
    sampled = cv2.remap(source, shrunk[..., 0], shrunk[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.float32)


def run_network(
    network: networks.Network, crop: Float[np.ndarray, "192 192 3"]
) -> tuple[Float[np.ndarray, "468 3"], float]:
    """Landmarks in continuous crop coordinates (0..192), and the probability that this is a face."""
    output = network(np.ascontiguousarray(crop[None], np.float32))
    flag = float(1.0 / (1.0 + np.exp(-float(output["conv2d_31"].reshape(())))))
    return output["conv2d_21"].reshape(468, 3).astype(float), flag
