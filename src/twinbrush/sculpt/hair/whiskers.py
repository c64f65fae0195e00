"""A beard grows from what the regions found of it to all that looks alike about the mouth and the chin."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float
from scipy import spatial

from twinbrush.base.camera import project
from twinbrush.faces import indices
from twinbrush.maths.filters import hull_mask, morphed
from twinbrush.regions.values import Label
from twinbrush.sculpt.values import FACE, Surroundings, Template

LEAST_CM2 = 3.0  # of beard found by the regions: less grows nothing
HIGHEST_MM = ((18.0, 26.0, 40.0, 48.0), (-40.0, -32.0, -26.0, -12.0))
"""Where a beard may be: |x| and the height of its upper border, below the nose and up to the ears."""
SKIN_MM = (-30.0, 55.0)  # where skin surely is bare, from the nose to the forehead
MOUTH_MM = 1.0  # lips, and so far about them, are none
CALM_MM, TEXTURE_MM, SPREAD_MM = 1.2, (0.5, 2.5), 2.2  # blur of colours; scales of the texture; blur of the evidence
SURE = 1.5  # log of how much likelier beard must be than skin
OTHER_SIDE = 4.0  # what a beard on the face's other side adds to it: light seldom falls on both alike
SHRINK = np.array([9.0, 4.0, 4.0, 0.04])  # added variance of L, a, b (CIELAB) and of the log of the texture
ON_FACE_MM = 2.5  # the two sides are compared on the face alone
LEAST_GROWTH = 1.6  # less is no beard that was overlooked: a moustache's shadow
LEAST_MISSED = 1.1  # of what the other side has: less is nothing
OPEN_MM, CLOSE_MM = 2.5, 5.0
SIDE_TOP_MM, SIDE_Z_MM = -10.0, -60.0  # before the ears it ends at this height, at this depth
BESIDE_MM, LONGER = 9.0, 1.1  # it stands out so far beyond the fitted face, the more the more was found there
ROUNDS = 3  # the beard's look is measured again on what has grown


def grown_beard(template: Template, vertices: Float[np.ndarray, "n 3"], seen: Surroundings) -> Surroundings:
    """Returns the photo with BEARD also where skin about the mouth looks more like the beard than like bare skin.

    vertices: of the fitted head, mm. The same photo when the regions found no beard.
    """
    beard = (seen.labels == Label.BEARD) & seen.inside
    density = seen.pixels_per_mm
    if beard.sum() < LEAST_CM2 * 100 * density**2:
        return seen
    zone, bare = _zones(template, vertices, seen)
    bare &= (seen.labels == Label.SKIN) & seen.inside
    if bare.sum() < LEAST_CM2 * 100 * density**2:
        return seen
    free = zone & seen.inside & (seen.labels == Label.SKIN)
    features = _features(seen)
    grown = beard
    for _ in range(ROUNDS):
        likelier = _log_density(features, features[grown]) - _log_density(features, features[bare])
        likelier = cv2.GaussianBlur(likelier.astype(np.float32), (0, 0), SPREAD_MM * density)
        likelier += OTHER_SIDE * other_side(template, vertices, seen, free, grown)
        like = morphed(free & (likelier > SURE) | beard, cv2.MORPH_OPEN, OPEN_MM * density) | beard
        grown = _joined(morphed(like, cv2.MORPH_CLOSE, CLOSE_MM * density) & (free | beard), beard)
    if grown.sum() < LEAST_GROWTH * beard.sum():
        grown = beard
    whole = _symmetric(grown, free, other_side(template, vertices, seen, free, grown, ON_FACE_MM), density)
    if whole.sum() > LEAST_MISSED * beard.sum():
        grown = whole
    elif grown is beard:
        return seen
    return replace(seen, labels=np.where(grown, np.uint8(Label.BEARD), seen.labels))


def _symmetric(
    grown: Bool[np.ndarray, "h w"], free: Bool[np.ndarray, "h w"], other: Float[np.ndarray, "h w"], density: float
) -> Bool[np.ndarray, "h w"]:
    """The beard with what the other side (1 where it has one) has of it: half a moustache was overlooked."""
    like = cv2.GaussianBlur(np.where(free, other, grown).astype(np.float32), (0, 0), CALM_MM * density) > 0.5
    both = morphed(grown | free & like, cv2.MORPH_OPEN, OPEN_MM * density)
    return grown | _joined(both & (grown | free), grown)


def other_side(
    template: Template, vertices: Float[np.ndarray, "n 3"], seen: Surroundings, free: Bool[np.ndarray, "h w"],
    grown: Bool[np.ndarray, "h w"], reach: float = np.inf,
) -> Float[np.ndarray, "h w"]:
    """1 where the face's other side has a beard, 0 elsewhere and farther than `reach` (mm) from the face."""
    own = np.flatnonzero(template.labels == FACE)
    pixels, _ = project(seen.camera, vertices[own])
    other, _ = project(seen.camera, vertices[template.mirror[own]])
    height, width = grown.shape
    at = np.clip(np.rint(other).astype(int), 0, (width - 1, height - 1))
    places = np.argwhere(free)[:, ::-1]
    away, nearest = spatial.KDTree(pixels).query(places)
    out = np.zeros(grown.shape, np.float32)
    out[free] = grown[at[:, 1], at[:, 0]][nearest] & (away < reach * seen.pixels_per_mm)
    return out


def _joined(grown: Bool[np.ndarray, "h w"], beard: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """What hangs together with the beard that was found."""
    _, pieces = cv2.connectedComponents(grown.astype(np.uint8))
    mine = np.unique(np.asarray(pieces)[beard])
    return np.isin(pieces, mine[mine > 0])


def _zones(
    template: Template, vertices: Float[np.ndarray, "n 3"], seen: Surroundings
) -> tuple[Bool[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]:
    """Where a beard may be, and where the face is surely bare."""
    mean = template.mean
    top = np.interp(np.abs(mean[:, 0]), *HIGHEST_MM)
    low = (template.labels == FACE) & (mean[:, 1] < top)
    high = (template.labels == FACE) & (mean[:, 1] > SKIN_MM[0]) & (mean[:, 1] < SKIN_MM[1]) & (
        np.abs(mean[:, 0]) < 48) & (mean[:, 2] > -25)
    mouth = template.landmarks(vertices)[list(indices.LIPS_OUTER)]
    zone, bare, lips = (hull_mask(seen.labels.shape, project(seen.camera, points)[0]) > 0 for points in (
        vertices[low], vertices[high], mouth))
    lips = morphed(lips, cv2.MORPH_DILATE, MOUTH_MM * seen.pixels_per_mm)
    beyond = cv2.distanceTransform((~zone).astype(np.uint8), cv2.DIST_L2, 5)
    known = beyond[seen.labels == Label.BEARD]
    beside = BESIDE_MM * seen.pixels_per_mm + (LONGER * float(np.quantile(known, 0.9)) if len(known) else 0.0)
    top = project(seen.camera, np.array([[0.0, SIDE_TOP_MM, SIDE_Z_MM]]))[0][0, 1]
    below = np.arange(len(beyond))[:, None] > top
    return (beyond <= beside) & ~lips & ~bare & below, bare


def _features(seen: Surroundings) -> Float[np.ndarray, "h w 4"]:
    """Colour (CIELAB) and the log of the fine texture's strength, of every pixel."""
    lab = cv2.cvtColor(seen.image.astype(np.float32), cv2.COLOR_RGB2LAB)
    density = seen.pixels_per_mm
    calm = cv2.GaussianBlur(lab, (0, 0), CALM_MM * density)
    fine = lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), TEXTURE_MM[0] * density * 2)
    power = cv2.GaussianBlur(fine * fine, (0, 0), TEXTURE_MM[1] * density)
    return np.concatenate([calm, 0.5 * np.log(power + 0.05)[..., None]], -1)


def _log_density(features: Float[np.ndarray, "h w 4"], own: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "h w"]:
    """Log of a normal distribution's density."""
    covariance = np.cov(own.T) + np.diag(SHRINK)
    away = features - own.mean(0)
    return -0.5 * np.einsum("hwi,ij,hwj->hw", away, np.linalg.inv(covariance), away, optimize=True) - (
        0.5 * np.linalg.slogdet(covariance)[1])
