"""Region labels of a style, checked against the picture itself.

A matte network trained on photos takes painted walls for hair and painted hair for walls. But a painter gives hair,
skin, cloth and ground their own colours, and the landmarks say where each must be: skin fills the face, hair is what is
frequent around the top of the head and rare in face and surroundings, cloth likewise below the chin. So: colour
histograms (CIELAB) of those zones, energies with mild penalties for place, smoothed along edges, the least energy wins.
What is not sure keeps its old label.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import ndimage

from twinbrush.correspond.features import LIPS
from twinbrush.image import to_lab
from twinbrush.mesh import Region
from twinbrush.portrait.filters import GuidedFilter, fill_holes
from twinbrush.portrait.indices import BROW_LEFT, BROW_RIGHT, CHIN, EYE_LEFT, EYE_RIGHT, FOREHEAD_TOP, OVAL
from twinbrush.portrait.segment import Segmentation
from twinbrush.portrait.values import Face

FACE_PX = 170.0  # labels are found at this height of the face, their borders at the picture's own size
BINS = 24
EPSILON = 3e-4  # of a colour that was never seen
CONTRAST = 2.2  # weight of the colours against the penalties of place
HAIR_EXCESS, CLOTH_EXCESS = 1.6, 1.2  # how many times more frequent than elsewhere a colour must be
HAIR_SPREAD = 28.0  # Lab units: a second piece of hair farther from the largest one's colour is a wall or a hat
LEAST_HAIR, LEAST_CLOTH = 0.06, 0.1  # share of such colours in their zone, below which there is none
WITNESS = 3.5  # energy of disagreeing with a label of full confidence
UNKNOWN = 3.0  # energy of a region that has no colours of its own (less than WITNESS: a sure old label stays)
LARGEST_HOLE = 0.01  # of the picture: ground seen through curls or between arm and body is larger
SURE = 0.7  # difference of energies from which a new label is believed


@dataclass(frozen=True)
class _Places:
    """Every pixel in the head's own frame: radius over the oval's in its direction; height in the picture's plane (0:
    chin, 1: top of the forehead); distance from the midline in face heights."""

    radius: Float[np.ndarray, "h w"]
    height: Float[np.ndarray, "h w"]
    aside: Float[np.ndarray, "h w"]
    brow: float
    mouth: float
    features: Bool[np.ndarray, "h w"]


def checked_labels(
    image: Float[np.ndarray, "h w 3"], face: Face, segmentation: Segmentation, *, keep_matte: bool = False
) -> Segmentation:
    """The segmentation of a style (in pixels of `image`) with labels and confidence mended; the matte follows them.

    keep_matte: the matte is the user's own; only skin, hair and cloth are told apart inside it.
    """
    height, width = image.shape[:2]
    scale = min(1.0, FACE_PX / face.height_px)
    size = (max(round(width * scale), 8), max(round(height * scale), 8))
    small = cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    ratio = np.array([size[0] / width, size[1] / height])
    places = _places(face.landmarks[:, :2] * ratio + (ratio - 1) / 2, size)
    energies = _energies(small, places)
    smooth = GuidedFilter(small, 4, 1e-3)
    fine = np.stack([cv2.resize(smooth(e), (width, height), interpolation=cv2.INTER_LINEAR) for e in energies])
    for region in Region:  # the old label is a witness, too
        fine[region] += WITNESS * np.where(segmentation.regions == region, 0.0, segmentation.confidence)
    if keep_matte:
        fine[Region.BACKGROUND] = np.where(segmentation.matte < 0.5, -1e3, 1e3)
    heights = cv2.resize(places.height, (width, height))
    return _decided(fine, segmentation, heights, image.astype(np.float32), scale, keep_matte)


def _places(landmarks_xy: Float[np.ndarray, "468 2"], size: tuple[int, int]) -> _Places:
    x, y = np.meshgrid(np.arange(size[0], dtype=float), np.arange(size[1], dtype=float))
    centre = (landmarks_xy[FOREHEAD_TOP] + landmarks_xy[CHIN]) / 2
    up = landmarks_xy[FOREHEAD_TOP] - landmarks_xy[CHIN]
    face_height = float(np.linalg.norm(up))
    up = up / face_height
    away = np.stack([x - centre[0], y - centre[1]], axis=-1)
    oval = landmarks_xy[list(OVAL)] - centre
    angle = np.arctan2(oval[:, 1], oval[:, 0])
    order = np.argsort(angle)
    reach = np.interp(
        np.arctan2(away[..., 1], away[..., 0]), angle[order], np.linalg.norm(oval, axis=1)[order], period=2 * np.pi
    )
    features = np.zeros((size[1], size[0]), np.uint8)
    for points in (EYE_LEFT, EYE_RIGHT, BROW_LEFT, BROW_RIGHT, LIPS):
        hull = cv2.convexHull(np.round(landmarks_xy[list(points)]).astype(np.int32))
        cv2.fillConvexPoly(features, hull, (1.0,))

    def level(points: tuple[int, ...]) -> float:
        return float((landmarks_xy[list(points)].mean(axis=0) - centre) @ up) / face_height + 0.5

    return _Places(
        radius=np.linalg.norm(away, axis=-1) / reach,
        height=(away @ up) / face_height + 0.5,
        aside=np.abs(away @ np.array([-up[1], up[0]])) / face_height,
        brow=level(BROW_LEFT + BROW_RIGHT),
        mouth=level((13, 14)),
        features=cv2.dilate(features, np.ones((7, 7), np.uint8)) > 0,
    )


def _energies(small: Float[np.ndarray, "h w 3"], places: _Places) -> Float[np.ndarray, "4 h w"]:
    """Energies of the four regions, by their order in `Region`: colour and place."""
    lab = cv2.bilateralFilter(to_lab(small), 5, 12.0, 3.0)
    low, span = np.array([0.0, -60.0, -60.0]), np.array([100.0, 120.0, 120.0])
    colour = np.clip((lab - low) / span * (BINS - 1), 0, BINS - 1)
    height, width = small.shape[:2]
    y, x = np.mgrid[:height, :width]
    r, v, u = places.radius, places.height, places.aside
    side = (x < 0.08 * width) | (x > 0.92 * width)
    ground = _histogram(
        colour, (side & (v > 0.15) & (r > 1.15)) | ((y < 0.06 * height) & (r > 1.55)) | ((r > 1.7) & (v > 0.4))
    )
    skin = _histogram(colour, (r < 0.9) & (v < places.brow + 0.05) & (v > places.mouth) & ~places.features)
    crown = _histogram(colour, (r > 0.97) & (r < 1.45) & (v > 0.55))
    hair, hair_share = _excess(crown, HAIR_EXCESS * np.maximum(skin, ground), LEAST_HAIR)
    below = _histogram(colour, (v < -0.12) & (v > -1.0) & (u < 1.0) & ((u > 0.36) | (v < -0.3)))
    # Black hair does not forbid a black coat: hair counts as much as there is of it.
    elsewhere = np.maximum.reduce([ground, 0.8 * skin, 0.6 * hair_share * hair])
    cloth, _ = _excess(below, CLOTH_EXCESS * elsewhere, LEAST_CLOTH)
    models = (ground, skin, hair, cloth)
    likely = np.stack([ndimage.map_coordinates(model, colour.reshape(-1, 3).T, order=1) for model in models])
    energies = -CONTRAST * np.log(np.maximum(likely, 0) + EPSILON).reshape(4, height, width)
    energies = energies - energies.min(axis=0)
    for region, model in enumerate(models):
        if not model.any():
            energies[region] = UNKNOWN
    return energies + _place_penalties(places)


def _histogram(colour: Float[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "b b b"]:
    """Smoothed frequencies of colours in a zone; all zero where the zone is all but empty."""
    if mask.sum() < 60:
        return np.zeros((BINS, BINS, BINS))
    counts = np.histogramdd(colour[mask], bins=BINS, range=[(-0.5, BINS - 0.5)] * 3)[0]
    smooth = ndimage.gaussian_filter(counts, (1.3, 0.75, 0.75))
    return smooth / smooth.sum()


def _excess(
    here: Float[np.ndarray, "b b b"], elsewhere: Float[np.ndarray, "b b b"], least: float
) -> tuple[Float[np.ndarray, "b b b"], float]:
    """The colours that are over-represented here, as frequencies, and their share; none when that is negligible."""
    rest = np.maximum(here - elsewhere, 0)
    share = float(rest.sum())
    return (rest / share, share) if share > least else (np.zeros_like(rest), 0.0)


def _ramp(low: float, high: float, values: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    return np.clip((values - low) / (high - low), 0, 1)


def _place_penalties(places: _Places) -> Float[np.ndarray, "4 h w"]:
    """Where a region is unlikely whatever its colour; by eye over the benchmark's styles."""
    r, v, u = places.radius, places.height, places.aside
    below, down = v < 0, -v
    neck = (1 - _ramp(0.2, 0.36, u)) * below
    ground = 14 * (1 - _ramp(1.0, 1.2, r)) + below * (
        6 * (1 - _ramp(0.35, 0.6, u)) + 3 * _ramp(0.1, 0.5, down) * (1 - _ramp(0.8, 1.2, u))
    )
    ground += 2 * neck * (1 - _ramp(0.3, 0.6, down))
    skin = 12 * _ramp(1.05, 1.35, r) * ~(below & (u < 0.5))
    skin += below * (10 * _ramp(0.3, 0.5, u) + 6 * _ramp(0.35, 0.7, down))
    hair = 14 * _ramp(1.5, 2.0, r) + 18 * (1 - _ramp(0.7, 0.95, r + 0.4 * (v > places.brow)))
    hair += below * (3 + 8 * (1 - _ramp(0.15, 0.35, u)) + 8 * _ramp(0.3, 0.9, down))
    cloth = 16 * _ramp(-0.12, 0.08, v) + 5 * _ramp(0.9, 1.3, u) + 5 * neck * (1 - _ramp(0.2, 0.6, down))
    return np.stack([ground, skin, hair, cloth])


def _decided(
    energies: Float[np.ndarray, "4 h w"],
    old: Segmentation,
    height: Float[np.ndarray, "h w"],
    image: Float[np.ndarray, "h w 3"],
    scale: float,
    keep_matte: bool,
) -> Segmentation:
    """Labels of least energy where they are sure; hair hangs on the head; confidence from the margin."""
    ordered = np.sort(energies, axis=0)
    margin = ordered[1] - ordered[0]
    labels = np.where(margin > SURE, energies.argmin(axis=0), old.regions).astype(np.uint8)
    if keep_matte:
        labels[old.matte < 0.5] = Region.BACKGROUND
    for _ in range(max(round(1 / scale), 1)):  # 5 pixels wide where the labels were found: repeated, a median grows
        labels = cv2.medianBlur(labels, 5)
    if not keep_matte:
        person = labels != Region.BACKGROUND
        holes = fill_holes(person, LARGEST_HOLE * person.size) & ~person
        labels[holes] = (1 + energies[1:].argmin(axis=0))[holes]
    hair = labels == Region.HAIR
    _, parts = cv2.connectedComponents(hair.astype(np.uint8), connectivity=4)
    on_head = np.unique(parts[hair & (height > 0.35)])
    loose = hair & ~np.isin(parts, _of_one_colour(parts, on_head, image))
    others = np.array([Region.BACKGROUND, Region.SKIN, Region.CLOTH])
    labels[loose] = others[energies[others].argmin(axis=0)][loose]
    confidence = 1 - np.exp(-margin / 2.5)
    matte = old.matte if keep_matte else (labels != Region.BACKGROUND).astype(np.float64)
    return Segmentation(matte, labels, confidence, old.warnings)


def _of_one_colour(
    parts: Int[np.ndarray, "h w"], wanted: Int[np.ndarray, "n"], image: Float[np.ndarray, "h w 3"]
) -> Int[np.ndarray, "m"]:
    """Those of the `wanted` parts whose colour is not foreign to the largest of them."""
    if len(wanted) < 2:
        return wanted
    order = wanted[np.argsort([-int((parts == part).sum()) for part in wanted], kind="stable")]
    medians = [np.median(to_lab(image[parts == part]), axis=0) for part in order]
    return np.array([part for part, median in zip(order, medians, strict=True)
                     if np.linalg.norm(median - medians[0]) < HAIR_SPREAD])
