"""Which pixels teach the colour models of skin, hair and cloth: first by place, then without those that look wrong."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.image import to_lab
from twinbrush.mesh import Region
from twinbrush.portrait.colour_model import fit_colours
from twinbrush.portrait.shape_prior import HeadFrame

LEAST_HAIR = 0.6  # of the hair's labels may look like skin
BALD_ALIKE, BALD_ENERGY = 0.85, 1.5  # of a scalp so much looks like the cheeks; bald: 1.0, ten with hair: 0.01-0.95 ...
BALD_GRAIN, GRAIN_PX = 1.2, 1.5  # ... and its fine contrast is hardly more than theirs; bald: 0.1-0.2, hair: 1.3-4.2


def first_labels(
    frame: HeadFrame, rough: Float[np.ndarray, "h w"], rival: Float[np.ndarray, "h w"]
) -> Int[np.ndarray, "h w"]:
    """Seeds for the colour models: a class, or -1."""
    labels = np.full(rough.shape, -1)
    person = rough > 0.93
    labels[person & (frame.oval < -0.03) & (frame.v < -0.15) & (frame.skull < 1.2)] = Region.HAIR
    labels[(rough > 0.5) & (frame.v > 1.0) & (np.abs(frame.u) < 0.9)] = Region.CLOTH
    labels[(frame.oval > 0.03) & (frame.v > -0.15) & ~frame.features] = Region.SKIN
    far = (frame.skull > 1.45) & (frame.v < 0.6)
    labels[(rough < 0.1) | (far & (rough < 0.4)) | (rival > 0.8)] = Region.BACKGROUND
    return labels


def is_bald(small: Float[np.ndarray, "h w 3"], frame: HeadFrame, labels: Int[np.ndarray, "h w"]) -> bool:
    """Whether what lies where hair is expected has the cheeks' colours and is as even as they are: fair hair has
    strands."""
    lab = to_lab(small)
    cheeks, hair = _cheeks(frame, labels), labels == Region.HAIR
    inner = cv2.erode(hair.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if min(cheeks.sum(), inner.sum()) < 40:
        return False
    energy = fit_colours(lab[cheeks].astype(np.float64)).energy(lab)
    alike = energy[hair] < BALD_ENERGY * np.quantile(energy[cheeks], 0.99)
    grain = np.abs(lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), GRAIN_PX))
    return bool(alike.mean() > BALD_ALIKE and grain[inner].mean() < BALD_GRAIN * grain[cheeks].mean())


def _cheeks(frame: HeadFrame, labels: Int[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Surely skin: cheeks and nose."""
    return (labels == Region.SKIN) & (np.abs(frame.u) < 0.22) & (frame.v > 0.05) & (frame.v < 0.5)


def doubtful_hairline(
    small: Float[np.ndarray, "h w 3"], frame: HeadFrame, labels: Int[np.ndarray, "h w"]
) -> Int[np.ndarray, "h w"]:
    """Nobody knows where the hairline is: high foreheads lie where hair is expected, fringes where skin is. Labels that
    look like the other side don't teach (-1); sure are cheeks and nose, and of the hair what does not look like them
    (fair hair does: then all of it is left as it is)."""
    lab = to_lab(small)
    cheeks, hair = _cheeks(frame, labels), labels == Region.HAIR
    if min(cheeks.sum(), hair.sum()) < 40:
        return labels
    skin_energy = fit_colours(lab[cheeks].astype(np.float64)).energy(lab)
    alike = hair & (skin_energy < np.quantile(skin_energy[cheeks], 0.9))
    if alike.sum() > LEAST_HAIR * hair.sum():
        return labels
    hair_energy = fit_colours(lab[hair & ~alike].astype(np.float64)).energy(lab)
    alike |= hair & (skin_energy < hair_energy)
    fringe = (labels == Region.SKIN) & ~cheeks & (frame.v < 0.1) & (hair_energy + 1 < skin_energy)
    upper = hair & ~alike & (frame.v < 0)
    if upper.sum() > 40:  # beside face and neck, what is unlike the hair on the head is a shadow on the wall
        energy = fit_colours(lab[upper].astype(np.float64)).energy(lab)
        alike |= hair & (frame.v > 0.05) & (energy > np.quantile(energy[upper], 0.98))
    return np.where(alike | fringe, -1, labels)


def doubtful_cloth(small: Float[np.ndarray, "h w 3"], labels: Int[np.ndarray, "h w"]) -> Int[np.ndarray, "h w"]:
    """Long hair and bare shoulders lie where cloth is expected: cloth labels with the hair's or the skin's colours
    don't teach what cloth looks like (-1)."""
    lab = to_lab(small)
    cloth = labels == Region.CLOTH
    for region in (Region.HAIR, Region.SKIN):
        where = labels == region
        if where.sum() >= 40:
            energy = fit_colours(lab[where].astype(np.float64)).energy(lab)
            labels = np.where(cloth & (energy < np.quantile(energy[where], 0.92)), -1, labels)
    return labels
