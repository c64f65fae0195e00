"""Which pixels are the person, and which of them are skin, hair and cloth; for photos and for painted portraits.

Four classes compete per pixel: colour mixtures fitted to the picture itself, the shape prior around the landmarks and
the selfie network's matte give energies; a guided filter smooths each along the picture's edges (cost-volume
filtering, Hosni et al. 2013); the models are refitted to the result a few times, as in GrabCut (Rother et al. 2004).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from twinbrush.errors import BadMask
from twinbrush.mesh import Region
from twinbrush.portrait import shape_prior
from twinbrush.portrait.colour_model import fit_colours, to_lab
from twinbrush.portrait.filters import box_mean, drop_specks, fill_holes, guided_filter, keep_component
from twinbrush.portrait.matte import network_matte
from twinbrush.portrait.shape_prior import HeadFrame, head_frame
from twinbrush.portrait.values import Face

WORK_FACE_PX = 150.0  # height of the face while labels are found: about 1.2 mm a pixel; finer borders come from the photo
ROUNDS = 4
COLOUR_WEIGHT, COLOUR_CAP = 0.45, 14.0
MATTE_WEIGHT, ART_MATTE_WEIGHT = 2.2, 0.5
SMOOTH_RADIUS, SMOOTH_EPSILON = 4, 2e-4
CLASSES = (Region.BACKGROUND, Region.SKIN, Region.HAIR, Region.CLOTH)


@dataclass(frozen=True)
class Segmentation:
    """matte (H, W) 0..1: the person; regions (H, W) of `Region`; confidence (H, W) 0..1 of the region label."""

    matte: Float[np.ndarray, "h w"]
    regions: UInt8[np.ndarray, "h w"]
    confidence: Float[np.ndarray, "h w"]
    warnings: tuple[str, ...] = field(default=())


def segment(
    image: Float[np.ndarray, "h w 3"], face: Face, *, mask: Float[np.ndarray, "h w"] | None = None, art: bool = False
) -> Segmentation:
    """Segment the person of `face`. mask: a user's matte (1 = person), taken as it is. art: trust the network less.

    Raises BadMask when the mask's size differs from the image's or it misses the face.
    """
    height, width = image.shape[:2]
    _check_mask(mask, face, (height, width))
    scale = min(1.0, WORK_FACE_PX / max(face.height_px, 1.0))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)
    factor = np.array([size[0] / width, size[1] / height])
    frame = head_frame(_scaled(face, factor), small.shape[:2])
    warnings: list[str] = []
    if mask is not None:
        rough = cv2.resize(mask.astype(np.float64), size, interpolation=cv2.INTER_AREA)
    else:
        rough = _rough_matte(small, frame)
    energies = _solve(small, frame, rough, art, mask is not None)
    return _finish(image, small, frame, energies, mask, tuple(warnings))


def _check_mask(mask: Float[np.ndarray, "h w"] | None, face: Face, shape: tuple[int, int]) -> None:
    if mask is None:
        return
    if mask.shape != shape:
        raise BadMask(f"The mask is {mask.shape[1]} x {mask.shape[0]}, the image {shape[1]} x {shape[0]} pixels.",
                      "Give a mask of the image's size, white where the person is.")
    points = np.clip(np.round(face.landmarks[:, :2]).astype(int), 0, [shape[1] - 1, shape[0] - 1])
    if float(mask[points[:, 1], points[:, 0]].mean()) < 0.5:
        raise BadMask("The mask leaves most of the face out.", "Paint the person white and the background black.")


def _scaled(face: Face, factor: Float[np.ndarray, "2"]) -> Face:
    from dataclasses import replace

    return replace(face, landmarks=face.landmarks * np.array([factor[0], factor[1], factor.mean()]))


def _rough_matte(small: Float[np.ndarray, "h w 3"], frame: HeadFrame) -> Float[np.ndarray, "h w"]:
    """The network's matte over the surroundings of the face: a square about head and shoulders."""
    near = (np.abs(frame.u) < 1.6) & (frame.v > -1.3) & (frame.v < 1.9)
    rows, columns = np.flatnonzero(near.any(1)), np.flatnonzero(near.any(0))
    window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    rough = network_matte(small)
    rough[window] = 0.3 * rough[window] + 0.7 * network_matte(np.ascontiguousarray(small[window]))
    return rough


def _solve(
    small: Float[np.ndarray, "h w 3"], frame: HeadFrame, rough: Float[np.ndarray, "h w"], art: bool, given: bool
) -> Float[np.ndarray, "4 h w"]:
    """Smoothed energies of the four classes."""
    lab = to_lab(small)
    matte_weight = 20.0 if given else ART_MATTE_WEIGHT if art else MATTE_WEIGHT
    certain = np.clip(rough, 0.02, 0.98)
    person, nobody = -matte_weight * np.log(certain), -matte_weight * np.log(1 - certain)
    prior_weight = 1.0 if art else 0.7
    prior = np.stack([
        (0.0 if given else prior_weight) * shape_prior.background_penalty(frame) + nobody,
        shape_prior.skin_penalty(frame) + person,
        shape_prior.hair_penalty(frame) + person,
        shape_prior.cloth_penalty(frame) + person,
    ])
    if art and not given:
        prior[0] -= 2.0 * np.clip(frame.skull - 1.3, 0, 1.5) * (frame.v < 0.7)
    labels = _first_labels(frame, rough, art)
    energies = prior
    for _ in range(ROUNDS):
        colour = np.stack([_colour_energy(lab, labels == region) for region in CLASSES])
        colour = np.minimum(colour - colour.min(0), COLOUR_CAP)
        energies = np.stack([guided_filter(small, energy, SMOOTH_RADIUS, SMOOTH_EPSILON)
                             for energy in prior + COLOUR_WEIGHT * colour]).astype(np.float64)
        labels = energies.argmin(0)
        labels[_margin(energies) < 1.0] = -1
        labels[frame.features] = -1
    return energies


def _first_labels(frame: HeadFrame, rough: Float[np.ndarray, "h w"], art: bool) -> Float[np.ndarray, "h w"]:
    """Seeds for the colour models: a class, or -1."""
    labels = np.full(rough.shape, -1)
    person = (frame.skull < 1.0) if art else (rough > 0.7)
    labels[person & (frame.oval < -0.03) & (frame.v < -0.15) & (frame.skull < 1.2)] = Region.HAIR
    labels[(rough > 0.5) & (frame.v > 1.0) & (np.abs(frame.u) < 0.9)] = Region.CLOTH
    labels[(frame.oval > 0.03) & (frame.v > -0.15) & ~frame.features] = Region.SKIN
    far = (frame.skull > 1.45) & (frame.v < 0.6)
    labels[far if art else (rough < 0.1) | (far & (rough < 0.4))] = Region.BACKGROUND
    return labels


def _colour_energy(lab: Float[np.ndarray, "h w 3"], where: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    if where.sum() < 40:  # nothing known about this class's colours: neither likely nor excluded
        return np.full(where.shape, 12.0)
    return fit_colours(lab[where].astype(np.float64)).energy(lab)


def _margin(energies: Float[np.ndarray, "4 h w"]) -> Float[np.ndarray, "h w"]:
    ordered = np.sort(energies, axis=0)
    return ordered[1] - ordered[0]


def _finish(
    image: Float[np.ndarray, "h w 3"], small: Float[np.ndarray, "h w 3"], frame: HeadFrame,
    energies: Float[np.ndarray, "4 h w"], mask: Float[np.ndarray, "h w"] | None, warnings: tuple[str, ...],
) -> Segmentation:
    """Components, then everything at the image's own resolution."""
    height, width = image.shape[:2]
    unit = frame.unit_px**2
    person = energies[1:].min(0) < energies[0]
    person = fill_holes(keep_component(person, frame.oval > 0), 0.02 * unit)
    labels = np.where(person, energies[1:].argmin(0) + 1, 0)
    labels = _tidy(labels, frame)
    confidence = 1 - np.exp(-0.5 * _margin(energies))
    odds = np.clip(energies[0] - energies[1:].min(0), -8, 8)
    odds = np.where(person, np.maximum(odds, 0.5), np.minimum(odds, -0.5))
    matte = 1 / (1 + np.exp(-1.5 * odds))
    full = lambda values: cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)  # noqa: E731
    if mask is not None:
        fine = mask.astype(np.float64)
    else:
        radius = max(2, round(0.02 * frame.unit_px * width / small.shape[1]))
        fine = guided_filter(image, full(matte), radius, 1e-4).astype(np.float64)
        fine = np.clip((fine - 0.1) / 0.8, 0, 1)
    votes = np.stack([full(box_mean((labels == region).astype(np.float64), 1)) for region in CLASSES[1:]])
    regions = np.where(fine > 0.5, votes.argmax(0) + 1, 0).astype(np.uint8)
    return Segmentation(fine, regions, np.clip(full(confidence), 0, 1), warnings)


def _tidy(labels: Float[np.ndarray, "h w"], frame: HeadFrame) -> Float[np.ndarray, "h w"]:
    """Small islands of a class go to the class around them."""
    small = 0.01 * frame.unit_px**2
    unsure = np.zeros(labels.shape, bool)
    for region in CLASSES[1:]:
        part = labels == region
        unsure |= part & ~drop_specks(part, small)
    if not unsure.any():
        return labels
    votes = np.stack([cv2.GaussianBlur(((labels == region) & ~unsure).astype(np.float64), (0, 0), 4.0)
                      for region in CLASSES[1:]])
    return np.where(unsure, votes.argmax(0) + 1, labels)
