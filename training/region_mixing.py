"""Parts of one picture on another: hair, hats, clothes and beards; and the same parts in other colours.

All pictures are in their head's square, so that parts lie where they belong.
"""

from __future__ import annotations

import cv2
import numpy as np
from region_sources import Source
from region_styles import BEARD, CLOTH, GROUND, HAIR, HEADWEAR, SKIN, UNSURE, kind_of

from twinbrush.base.image import to_lab

LEAST_BEARD = 0.001  # of the square: smaller ones are goatees that fit nobody else


def another(sources: list[Source], rng: np.random.Generator) -> Source:
    """One of the pictures; the photographs that networks labelled, however many, every other time only."""
    photos = [source for source in sources if kind_of(source.name) == "photo"]
    drawn = [source for source in sources if kind_of(source.name) != "photo"]
    chosen = photos if photos and rng.random() < 0.5 else drawn
    return chosen[rng.integers(len(chosen))]


def alpha_of(source: Source) -> np.ndarray:
    """0..1 the person, soft by a pixel, and as MODNet sees it where the hand-drawn truth is unsure."""
    person = ((source.labels != GROUND) & (source.labels != UNSURE)).astype(np.float32)
    soft = cv2.GaussianBlur(person, (0, 0), 1.2)
    unsure = cv2.dilate((source.labels == UNSURE).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.where(unsure, source.alpha, soft)


def recoloured(image: np.ndarray, where: np.ndarray, rng: np.random.Generator, reach: tuple[float, float, float]) -> (
    np.ndarray
):
    """The part `where` (0..1) moved in Lab by up to `reach`, its contrast kept or lowered."""
    lab = to_lab(image)
    inside = lab[where > 0.5]
    if len(inside) < 50:
        return image
    mean = inside.mean(0)
    target = mean + rng.uniform(-1, 1, 3) * reach
    target[0] = np.clip(target[0], 8, 92)
    moved = (lab - mean) * [rng.uniform(0.6, 1.1), 1, 1] + target
    rgb = cv2.cvtColor(np.clip(moved, [0, -100, -100], [100, 100, 100]).astype(np.float32), cv2.COLOR_LAB2RGB)
    return (image + (np.clip(rgb, 0, 1) - image) * where[..., None]).astype(np.float32)


def repainted(image: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hair, clothes and skin in other colours, each now and then."""
    soft = {k: cv2.GaussianBlur((labels == k).astype(np.float32), (0, 0), 2.0) for k in (SKIN, HAIR, BEARD, CLOTH)}
    for share, where, reach in (
        (0.5, soft[HAIR] + soft[BEARD], (45, 15, 25)), (0.6, soft[CLOTH], (60, 50, 50)), (0.5, soft[SKIN], (30, 8, 10)),
    ):
        if rng.random() < share:
            image = recoloured(image, where, rng, reach)
    return image


def transplanted(source: Source, sources: list[Source], rng: np.random.Generator) -> (
    tuple[np.ndarray, np.ndarray, np.ndarray]
):
    """The person with another's hair (and hat), and now and then another's clothes: both are in their head's square, so
    that they fit about. Image, labels, alpha."""
    image, labels, alpha = source.image.copy(), source.labels.copy(), alpha_of(source)
    if rng.random() < 0.4:  # from below the chin on: another's body
        other = another(sources, rng)
        body = ((other.labels == CLOTH) & (labels != HAIR)).astype(np.float32)
        own = (labels == CLOTH) & (body < 0.5)
        labels, alpha = np.where(own, GROUND, labels).astype(np.uint8), np.where(own, 0, alpha)
        image, labels, alpha = laid_over((image, labels, alpha), other.image, body, CLOTH)
    other = another(sources, rng)
    if not (other.labels == HAIR).any():
        return image, labels, alpha
    theirs, size = other.image, (image.shape[1], image.shape[0])
    kinds, fine = other.labels, other.alpha
    if rng.random() < 0.5:
        theirs, kinds, fine = theirs[:, ::-1], kinds[:, ::-1], fine[:, ::-1]
    zoom, middle = rng.uniform(0.92, 1.12), (image.shape[1] / 2, 0.42 * image.shape[0])
    matrix = cv2.getRotationMatrix2D(middle, float(rng.normal(0, 4)), zoom)
    theirs = cv2.warpAffine(np.ascontiguousarray(theirs), matrix, size, borderMode=cv2.BORDER_REPLICATE)
    kinds = cv2.warpAffine(np.ascontiguousarray(kinds), matrix, size, flags=cv2.INTER_NEAREST, borderValue=(255,))
    fine = cv2.warpAffine(np.ascontiguousarray(fine), matrix, size)
    bald = (labels == HAIR) | (labels == HEADWEAR) | (labels == UNSURE)
    scalp = bald & (source.skull_radius < 0.97)
    skin = image[labels == SKIN]
    tone = np.median(skin, 0) if len(skin) else np.full(3, 0.6)
    grain = cv2.GaussianBlur(rng.standard_normal(labels.shape).astype(np.float32), (0, 0), 2.0)[..., None]
    bare = np.clip(tone * (1.05 - 0.25 * source.skull_radius[..., None] ** 2) + 0.03 * grain, 0, 1)
    soft = cv2.GaussianBlur(scalp.astype(np.float32), (0, 0), 2.0)[..., None]
    image = image * (1 - soft) + bare * soft
    labels = np.where(scalp, SKIN, np.where(bald, GROUND, labels)).astype(np.uint8)
    alpha = np.where(scalp, 1.0, np.where(bald, 0.0, alpha))
    if rng.random() < 0.1:  # stays bald
        return image.astype(np.float32), labels, alpha
    for kind in (HAIR, HEADWEAR):
        image, labels, alpha = laid_over((image, labels, alpha), theirs, (kinds == kind).astype(np.float32), kind)
    rim = (kinds == UNSURE) & (cv2.dilate((kinds == HAIR).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0)
    weight = (rim * fine)[..., None]
    labels = np.where(rim, UNSURE, labels).astype(np.uint8)
    return (image * (1 - weight) + theirs * weight).astype(np.float32), labels, np.maximum(alpha, rim * fine)


def bearded(below: tuple[np.ndarray, np.ndarray, np.ndarray], sources: list[Source], rng: np.random.Generator) -> (
    tuple[np.ndarray, np.ndarray, np.ndarray]
):
    """image, labels and alpha with another's beard, where it lies in that head's square, on the skin; its rim, where it
    fades, is unsure."""
    image, labels, alpha = below
    owners = [source for source in sources if (source.labels == BEARD).sum() > LEAST_BEARD * labels.size]
    if not owners:
        return below
    other = owners[rng.integers(len(owners))]
    mirror = rng.random() < 0.5
    theirs, kinds = (other.image[:, ::-1], other.labels[:, ::-1]) if mirror else (other.image, other.labels)
    beard = (kinds == BEARD) & np.isin(labels, (SKIN, UNSURE, CLOTH))
    rim = (cv2.dilate(beard.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0) & ~beard & (labels == SKIN)
    image, labels, alpha = laid_over(below, theirs, beard.astype(np.float32), BEARD)
    return image, np.where(rim, UNSURE, labels).astype(np.uint8), alpha


def laid_over(below: tuple[np.ndarray, np.ndarray, np.ndarray], picture: np.ndarray, mask: np.ndarray, label: int) -> (
    tuple[np.ndarray, np.ndarray, np.ndarray]
):
    """image, labels and alpha with a part of another picture over them."""
    image, labels, alpha = below
    soft = cv2.GaussianBlur(mask, (0, 0), 1.2)
    image = image * (1 - soft[..., None]) + picture * soft[..., None]
    return image.astype(np.float32), np.where(mask > 0.5, label, labels).astype(np.uint8), np.maximum(alpha, soft)
