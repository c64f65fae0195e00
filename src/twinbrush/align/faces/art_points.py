"""Where the style's portrait has the template's 468 landmarks: upright, in the template's millimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from twinbrush.align.faces.features import LIDS_LEFT, LIDS_RIGHT, LIPS, landmark_weights
from twinbrush.align.faces.limits import keep_mouth_opening
from twinbrush.align.faces.named_points import beside_landmarks
from twinbrush.base.camera import Camera, project
from twinbrush.faces import indices
from twinbrush.faces.face_model import mirror_indices
from twinbrush.faces.landmarks68 import INDEX_68
from twinbrush.maths.similarity import Similarity, fit_similarity
from twinbrush.sculpt.bias import landmark_bias
from twinbrush.sculpt.correct import visibility
from twinbrush.sculpt.fit import FLIP, Coefficients, fit_head, lip_roll, seen_points
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.portrait.geometry import make_frame
from twinbrush.sculpt.values import Template

# The landmark network draws art toward a normal face. Against hand-made landmarks of nine portraits, differences from
# the mean face came out so many times too small; and eyes, whatever their size, smaller and higher than painted.
UNSHRINK = 1.4
DEPTH = 0.5  # of the depth that the fitted head has: no painting shows it, and noses stood out as beaks
EYE_WIDTH, EYE_HEIGHT, EYE_DOWN_MM = 1.15, 1.10, 1.0
LIP_HEIGHT = 1.2  # painted lips are fuller than the network's
ASYMMETRY, GIVEN_ASYMMETRY = 0.4, 1.0  # of the style's left-right difference: on art much of the landmarks' is noise
STILL = ("brow", "cheek", "eye", "mouth", "nose", "jawForward", "jawLeft", "jawRight")
"""Expressions that the fit leaves alone: a painted face's pursed lips are its form. An open mouth is not."""
BELIEVED, GUESSED = 1.0, 0.12  # weights of the user's 68 points and of those that are warped after them


@dataclass(frozen=True)
class ArtPoints:
    """points (468, 3): landmarks on the template's surface as the style has them, mm. weights (468,): 0..1, how well
    each is known. similarity: from the fitted head's frame (63 mm between ITS eyes) to the template's millimetres.
    camera: the portrait's, in the fitted head's frame. found: the fit. given: the points are the user's own."""

    points: Float[np.ndarray, "468 3"]
    weights: Float[np.ndarray, "468"]
    similarity: Similarity
    camera: Camera
    found: Coefficients
    pixels_per_mm: float
    given: bool

    def pixels(self, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
        """Returns where points in the template's millimetres lie in the crop."""
        return project(self.camera, self.similarity.inverse().apply(points))[0]


def art_points(model: Template, crop: Crop) -> ArtPoints:
    """Returns the landmarks of the style portrait's face in the square about it."""
    frame = make_frame(crop.face, len(crop.image), len(crop.image))
    given = crop.face.source == "file68"
    bias = landmark_bias()
    found, pose = fit_head(model, frame, bias, STILL)
    camera = pose.camera_of_head(frame.camera)
    head = found.head(model)
    seen = seen_points(frame)
    beside = model.regression.offset + bias + lip_roll(float(np.linalg.norm(seen[13] - seen[14])))
    if given:  # points are put on what they name
        beside = beside_landmarks(model.landmarks(model.mean))
    surface = model.landmarks(head)
    pixels, _ = project(frame.camera, frame.landmarks_xyz)
    places, depth = project(camera, surface + np.c_[beside, np.zeros(468)])
    gap = (pixels - places) * (depth / camera.intrinsics[0, 0])[:, None]
    right, down = camera.world_to_camera[0, :3], camera.world_to_camera[1, :3]
    closed = model.landmarks(Coefficients(found.identity, np.zeros_like(found.expression)).head(model))
    lifted = closed + gap[:, :1] * right + gap[:, 1:] * down
    weights = np.maximum(visibility(model, head, camera), 0.05)
    mean = model.landmarks(model.mean)
    similarity = fit_similarity(lifted, mean, landmark_weights() * weights)
    change = calmed(similarity.apply(lifted) - mean, weights, GIVEN_ASYMMETRY if given else ASYMMETRY)
    change = keep_mouth_opening(mean, mean + change, 1.0, 1.0) - mean
    if given:
        own = np.full(468, GUESSED)
        own[list(INDEX_68)] = BELIEVED
        weights = weights * own
    else:
        change = enlarged_features(mean, np.array([UNSHRINK, UNSHRINK, DEPTH]) * change)
    known = np.maximum(weights, weights[mirror_indices()])
    return ArtPoints(mean + change, known, similarity, camera, found, frame.pixels_per_mm, given)


def calmed(
    change: Float[np.ndarray, "468 3"], weights: Float[np.ndarray, "468"], kept: float = ASYMMETRY
) -> Float[np.ndarray, "468 3"]:
    """Returns the change with so much of its difference between left and right kept, the better seen side leading."""
    twins = mirror_indices()
    other = change[twins] * FLIP
    share = (weights / (weights + weights[twins]))[:, None]
    even = share * change + (1 - share) * other
    return even + kept * np.minimum(weights, weights[twins])[:, None] * (change - other) / 2


def enlarged_features(
    mean: Float[np.ndarray, "468 3"], change: Float[np.ndarray, "468 3"]
) -> Float[np.ndarray, "468 3"]:
    """Returns the change with eyes as large, and lips as full, as painted."""
    out = mean + change
    for ring, lids in ((indices.EYE_LEFT, LIDS_LEFT), (indices.EYE_RIGHT, LIDS_RIGHT)):
        members = list(dict.fromkeys(ring + lids))
        centre = out[list(ring), :2].mean(0)
        out[members, :2] = centre + (out[members, :2] - centre) * [EYE_WIDTH, EYE_HEIGHT] - [0, EYE_DOWN_MM]
    line = np.interp(out[list(LIPS), 0], *_mouth_line(out))
    out[list(LIPS), 1] = line + LIP_HEIGHT * (out[list(LIPS), 1] - line)
    return out - mean


def _mouth_line(points: Float[np.ndarray, "468 3"]) -> tuple[Float[np.ndarray, "11"], Float[np.ndarray, "11"]]:
    """x and y of the line where the lips meet, left to right."""
    upper, lower = points[list(indices.LIPS_INNER_UPPER)], points[list(indices.LIPS_INNER_LOWER)]
    middle = (upper + lower) / 2
    order = np.argsort(middle[:, 0])
    return middle[order, 0], middle[order, 1]
