"""Which pixels are the person, and which of them are skin, hair and cloth; paintings go on to `segment_art`.

Four classes compete per pixel: colour mixtures fitted to the picture itself, the shape prior around the landmarks and
the selfie network's matte give energies; a guided filter smooths each along the picture's edges (cost-volume
filtering, Hosni et al. 2013); the models are refitted to the result a few times, as in GrabCut (Rother et al. 2004).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from twinbrush.errors import BadMask
from twinbrush.mesh import Region
from twinbrush.portrait import shape_prior
from twinbrush.portrait.colour_model import class_energies
from twinbrush.portrait.filters import GuidedFilter, box_mean, drop_specks, fill_holes, keep_component
from twinbrush.portrait.matte import beyond_frame, network_matte
from twinbrush.portrait.seeds import doubtful_cloth, doubtful_hairline, first_labels, is_bald
from twinbrush.portrait.segment_art import SOLVE_PIXELS, resolved, segment_painted
from twinbrush.portrait.shape_prior import HeadFrame, head_frame
from twinbrush.portrait.values import Face

WORK_FACE_PX, EDGE_FACE_PX = 150.0, 320.0  # height of the face while labels are found, and while borders are refined
WINDOW = (1.9, -1.35, 2.0)  # |u|, least and greatest v in face heights: beyond, nothing is ever needed
ROUNDS = 4
COLOUR_WEIGHT, COLOUR_CAP = 0.6, 14.0
MATTE_WEIGHT = 2.2
MATTE_EVEN = 0.65  # the network's value that speaks neither for nor against: it says 0.3-0.6 in cast shadows
SMOOTH_RADIUS, SMOOTH_EPSILON = 4, 2e-4
DOUBT = 2.5  # energy taken off the background beside the head
MIRROR, MIRROR_RIVAL, MIRROR_YAW_DEGREES = 3.5, 9.0, 22.0  # and where the other side shows background
THROAT = 3.0  # energy of calling the throat cloth
RIVAL = 9.0  # energy of calling a pixel mine that is nearer to another person's head
CLASSES = (Region.BACKGROUND, Region.SKIN, Region.HAIR, Region.CLOTH)


@dataclass(frozen=True)
class Segmentation:
    """matte (H, W) 0..1: the person; regions (H, W) of `Region`; confidence (H, W) 0..1 of the region label."""

    matte: Float[np.ndarray, "h w"]
    regions: UInt8[np.ndarray, "h w"]
    confidence: Float[np.ndarray, "h w"]
    warnings: tuple[str, ...] = field(default=())


def segment(
    image: Float[np.ndarray, "h w 3"], face: Face, *, mask: Float[np.ndarray, "h w"] | None = None, art: bool = False,
    others: tuple[Face, ...] = (),
) -> Segmentation:
    """Segment the person of `face`. mask: a user's matte (1 = person), taken as it is. art: a painting (`segment_art`).
    others: faces of other people, who are left out.

    Raises BadMask when the mask's size differs from the image's or it misses the face.
    """
    height, width = image.shape[:2]
    if mask is not None:
        check_mask(mask, face, (height, width))
    x0, y0, x1, y1 = _window(face, width, height)
    inner = np.s_[y0:y1, x0:x1]
    shift = np.array([x0, y0, 0.0])
    local = [replace(other, landmarks=other.landmarks - shift) for other in (face, *others)]
    part = _segment_window(np.ascontiguousarray(image[inner]), local, None if mask is None else mask[inner], art)
    matte, confidence = np.zeros((height, width)), np.ones((height, width))
    regions = np.zeros((height, width), np.uint8)
    matte[inner], regions[inner], confidence[inner] = part.matte, part.regions, part.confidence
    if mask is None and not art:
        beyond = beyond_frame(image)
        matte[beyond], regions[beyond] = 0.0, Region.BACKGROUND
    return Segmentation(matte, regions, confidence, part.warnings)


def _window(face: Face, width: int, height: int) -> tuple[int, int, int, int]:
    small = head_frame(replace(face, landmarks=face.landmarks / 8), (height // 8 + 1, width // 8 + 1))
    near = (np.abs(small.u) < WINDOW[0]) & (small.v > WINDOW[1]) & (small.v < WINDOW[2])
    rows, columns = np.flatnonzero(near.any(1)) * 8, np.flatnonzero(near.any(0)) * 8
    return int(columns[0]), int(rows[0]), min(int(columns[-1]) + 8, width), min(int(rows[-1]) + 8, height)


def check_mask(
    mask: Float[np.ndarray, "mask_h mask_w"], face: Face, shape: tuple[int, int], where: str = "The mask"
) -> None:
    """Raise BadMask, naming `where` the mask is from, when its size is not `shape` (height, width) or it misses the
    face."""
    if mask.shape != shape:
        raise BadMask(
            f"{where}: {mask.shape[1]} x {mask.shape[0]} pixels; its picture has {shape[1]} x {shape[0]}.",
            "Give a mask of the picture's size, white where the person is.",
        )
    points = np.clip(np.round(face.landmarks[:, :2]).astype(int), 0, [shape[1] - 1, shape[0] - 1])
    if float(mask[points[:, 1], points[:, 0]].mean()) < 0.5:
        raise BadMask(f"{where}: leaves most of the face out.", "Paint the person white and the background black.")


def _segment_window(
    image: Float[np.ndarray, "h w 3"], faces: list[Face], mask: Float[np.ndarray, "h w"] | None, art: bool
) -> Segmentation:
    """faces: the person's, then other people's."""
    small = _shrunk(image, WORK_FACE_PX / max(faces[0].height_px, 1.0))
    factor = np.array([small.shape[1] / image.shape[1], small.shape[0] / image.shape[0], 1.0])
    factor[2] = factor[:2].mean()
    frames = [head_frame(replace(face, landmarks=face.landmarks * factor), small.shape[:2]) for face in faces]
    frame, warnings = frames[0], []
    if mask is not None:
        rough = cv2.resize(mask.astype(np.float64), small.shape[1::-1], interpolation=cv2.INTER_AREA)
    else:
        rough = _rough_matte(small, frame)
    if art:
        return _painted(image, small, faces[0], rough, mask)
    rival = np.zeros(rough.shape)
    for other in frames[1:]:
        nearer = np.clip((frame.skull / np.maximum(other.skull, 0.2) - 1.0) / 0.15 + 0.5, 0, 1)
        rival = np.maximum(rival, nearer * np.clip((1.7 - other.skull) / 0.3, 0, 1))
    if mask is None and (rough * (rival > 0.5)).sum() > 0.02 * frame.unit_px**2:
        warnings.append("Another person stands beside the face and was left out; a mask would draw the border better.")
    frontal = float(np.clip((MIRROR_YAW_DEGREES - abs(np.degrees(faces[0].yaw_radians))) / 10, 0, 1))
    lopsided = frontal * (MIRROR_RIVAL if rival.max() > 0.5 else MIRROR) * shape_prior.lopsided(frame, rough)
    energies = _solve(small, frame, rough, rival, lopsided, mask is not None)
    return _finish(image, small, frame, energies, mask, tuple(warnings))


def _painted(
    image: Float[np.ndarray, "h w 3"], small: Float[np.ndarray, "hs ws 3"], face: Face,
    rough: Float[np.ndarray, "hs ws"], mask: Float[np.ndarray, "h w"] | None,
) -> Segmentation:
    scale = min(1.0, (SOLVE_PIXELS / rough.size) ** 0.5)
    smaller = _shrunk(small, scale)
    factor = np.array([smaller.shape[1] / image.shape[1], smaller.shape[0] / image.shape[0], 1.0])
    factor[2] = factor[:2].mean()
    frame = head_frame(replace(face, landmarks=face.landmarks * factor), smaller.shape[:2])
    rough = cv2.resize(rough, smaller.shape[1::-1], interpolation=cv2.INTER_AREA)
    odds, agreement = segment_painted(smaller, frame, rough, given=mask is not None)
    matte, regions = resolved(image, odds, EDGE_FACE_PX / max(face.height_px, 1.0))
    if mask is not None:
        matte = mask.astype(np.float64)
        regions = np.where(matte > 0.5, np.maximum(regions, Region.SKIN), 0).astype(np.uint8)
    ordered = np.sort(odds, axis=0)
    confidence = np.clip(1.5 * (ordered[-1] - ordered[-2]), 0, 1) * agreement
    return Segmentation(matte, regions, cv2.resize(confidence, image.shape[1::-1], interpolation=cv2.INTER_LINEAR))


def _shrunk(image: Float[np.ndarray, "h w 3"], scale: float) -> Float[np.ndarray, "h2 w2 3"]:
    scale = min(1.0, scale)
    size = (max(8, round(image.shape[1] * scale)), max(8, round(image.shape[0] * scale)))
    return np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)


def _rough_matte(small: Float[np.ndarray, "h w 3"], frame: HeadFrame) -> Float[np.ndarray, "h w"]:
    """The network's matte: the whole window, and again a square about head and shoulders."""
    near = (np.abs(frame.u) < 1.1) & (frame.v > -1.0) & (frame.v < 1.4)
    rows, columns = np.flatnonzero(near.any(1)), np.flatnonzero(near.any(0))
    closer = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    rough = network_matte(small)
    rough[closer] = 0.5 * rough[closer] + 0.5 * network_matte(np.ascontiguousarray(small[closer]))
    return rough


def _solve(
    small: Float[np.ndarray, "h w 3"], frame: HeadFrame, rough: Float[np.ndarray, "h w"],
    rival: Float[np.ndarray, "h w"], lopsided: Float[np.ndarray, "h w"], given: bool,
) -> Float[np.ndarray, "4 h w"]:
    """Smoothed energies of the four classes."""
    weight = 20.0 if given else MATTE_WEIGHT
    even = 0.5 if given else MATTE_EVEN
    certain = np.clip(rough, 0.02, 0.98)
    person, nobody = -weight * np.log(certain / even), -weight * np.log((1 - certain) / (1 - even))
    person = person + RIVAL * rival
    prior = np.stack([
        nobody, shape_prior.skin_penalty(frame) + person, shape_prior.hair_penalty(frame) + person,
        shape_prior.cloth_penalty(frame) + THROAT * shape_prior.throat(frame) + person,
    ])
    if not given:
        prior[0] += 0.7 * shape_prior.background_penalty(frame) * (1 - rival)
        # beside the head, below the ears, is where shadows and neighbours are: there the picture must be sure
        prior[0] -= lopsided
        prior[0] -= DOUBT * np.clip((frame.skull - 1.02) / 0.15, 0, 1) * np.clip((0.6 - frame.v) / 0.1, 0, 1)
    labels = first_labels(frame, rough, rival)
    if is_bald(small, frame, labels):  # then what lies where hair is expected is skin
        prior[Region.SKIN] = np.minimum(prior[Region.SKIN], prior[Region.HAIR])
    labels = doubtful_cloth(small, doubtful_hairline(small, frame, labels))
    smooth = GuidedFilter(small, SMOOTH_RADIUS, SMOOTH_EPSILON)
    energies = prior
    for _ in range(ROUNDS):
        colour = class_energies(small, labels, len(CLASSES), shadows_of=Region.BACKGROUND)
        colour = COLOUR_WEIGHT * np.minimum(colour - colour.min(0), COLOUR_CAP)
        energies = np.stack([smooth(energy) for energy in prior + colour]).astype(np.float64)
        labels = energies.argmin(0)
        labels[_margin(energies) < 1.0] = -1
        labels[frame.features] = -1
        labels = doubtful_cloth(small, doubtful_hairline(small, frame, labels))
    return energies


def _margin(energies: Float[np.ndarray, "4 h w"]) -> Float[np.ndarray, "h w"]:
    ordered = np.sort(energies, axis=0)
    return ordered[1] - ordered[0]


def _finish(
    image: Float[np.ndarray, "h w 3"], small: Float[np.ndarray, "hs ws 3"], frame: HeadFrame,
    energies: Float[np.ndarray, "4 hs ws"], mask: Float[np.ndarray, "h w"] | None, warnings: tuple[str, ...],
) -> Segmentation:
    """Components, then everything at the image's own resolution."""
    height, width = image.shape[:2]

    def full(values: Float[np.ndarray, "a b"]) -> Float[np.ndarray, "h w"]:
        return cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)

    person = _solid(energies[1:].min(0) < energies[0], frame)
    labels = _tidy(np.where(person, energies[1:].argmin(0) + 1, 0), frame)
    confidence = 1 - np.exp(-0.5 * _margin(energies))
    odds = np.clip(energies[0] - energies[1:].min(0), -8, 8)
    odds = np.where(person, np.maximum(odds, 0.5), np.minimum(odds, -0.5))
    matte = 1 / (1 + np.exp(-1.5 * odds))
    fine = mask.astype(np.float64) if mask is not None else full(_refined(image, small, matte))
    votes = np.stack([full(box_mean((labels == region).astype(np.float64), 1)) for region in CLASSES[1:]])
    regions = np.where(fine > 0.5, votes.argmax(0) + 1, 0).astype(np.uint8)
    return Segmentation(fine, regions, np.clip(full(confidence), 0, 1), warnings)


def _solid(person: Bool[np.ndarray, "h w"], frame: HeadFrame) -> Bool[np.ndarray, "h w"]:
    """The component of the face, without what hangs on it by a thread, holes filled."""
    core = keep_component(cv2.erode(person.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0, frame.oval > 0.02)
    grown = cv2.dilate(core.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    person = keep_component(person & grown, frame.oval > 0)
    return fill_holes(person, 0.02 * frame.unit_px**2)


def _refined(
    image: Float[np.ndarray, "h w 3"], small: Float[np.ndarray, "hs ws 3"], matte: Float[np.ndarray, "hs ws"]
) -> Float[np.ndarray, "h2 w2"]:
    """The matte along the photo's own edges, at up to EDGE_FACE_PX."""
    middle = _shrunk(image, max(small.shape[1] / image.shape[1] * EDGE_FACE_PX / WORK_FACE_PX, 1e-3))
    matte = cv2.resize(matte, middle.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    radius = max(2, round(3 * middle.shape[1] / small.shape[1]))
    fine = GuidedFilter(middle, radius, 1e-4)(matte).astype(np.float64)
    return np.clip((fine - 0.1) / 0.8, 0, 1)


def _tidy(labels: Int[np.ndarray, "h w"], frame: HeadFrame) -> Int[np.ndarray, "h w"]:
    """Small islands of a class, and hair apart from the head's, go to the class around them."""
    unsure = np.zeros(labels.shape, bool)
    for region in CLASSES[1:]:
        part = labels == region
        unsure |= part & ~drop_specks(part, 0.01 * frame.unit_px**2)
    hair = (labels == Region.HAIR) & ~unsure
    thick = cv2.erode(hair.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    own = keep_component(thick, (frame.v < 0.1) & (frame.skull < 1.25))
    unsure |= hair & ~(cv2.dilate(own.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0)
    if not unsure.any():
        return labels
    votes = np.stack([cv2.GaussianBlur(((labels == region) & ~unsure).astype(np.float64), (0, 0), 4.0)
                      for region in CLASSES[1:]])
    votes[Region.HAIR - 1] = np.where(frame.v > 0.2, 0.5, 1.0) * votes[Region.HAIR - 1]
    return np.where(unsure & (labels > 0), votes.argmax(0) + 1, labels)
