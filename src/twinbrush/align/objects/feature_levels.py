"""Two pictures as pyramids of feature maps: cut to their objects, on one ground, down to a map small enough to search
as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float

Features = Callable[[Float[np.ndarray, "h w 3"]], Sequence[Float[np.ndarray, "_ _ _"]]]
"""A picture, RGB in [0, 1] -> maps (c, h', w'), shallow to deep, none larger than the one before."""

SIZE = 224  # side of the pictures the features are taken from
COARSEST = 18  # the search over whole pictures is made on a map of at most this side
MARGIN = 0.08  # around the object, in its longer side
GROUND = np.float32(0.5)
FINE_FROM = 100  # maps of at least this side are fine ones
DEEP_STRIDE = 8  # pixels per neuron from which features are more than texture


@dataclass(frozen=True)
class Level:
    """maps (c, h, w), activation (h, w) 0..1 and the object's pixels of both pictures."""

    content: Float[np.ndarray, "c h w"]
    style: Float[np.ndarray, "c a b"]
    content_active: Float[np.ndarray, "h w"]
    style_active: Float[np.ndarray, "a b"]
    content_mask: Bool[np.ndarray, "h w"]
    style_mask: Bool[np.ndarray, "a b"]

    @property
    def fine(self) -> bool:
        return max(self.content.shape[1:]) >= FINE_FROM


@dataclass(frozen=True)
class Cut:
    """A square of a picture, brought to SIZE x SIZE."""

    image: Float[np.ndarray, "s s 3"]
    mask: Bool[np.ndarray, "s s"]
    origin: Float[np.ndarray, "2"]
    side: float

    def to_picture(self, places: Float[np.ndarray, "n 2"], size: tuple[int, int]) -> Float[np.ndarray, "n 2"]:
        """(x, y) on a map of the cut with (width, height) -> pixels of the picture."""
        return self.origin + (places + 0.5) / np.array(size) * self.side - 0.5

    def from_picture(self, pixels: Float[np.ndarray, "n 2"], size: tuple[int, int]) -> Float[np.ndarray, "n 2"]:
        return (pixels + 0.5 - self.origin) / self.side * np.array(size) - 0.5


def map_size(maps: Float[np.ndarray, "c h w"]) -> tuple[int, int]:
    return maps.shape[2], maps.shape[1]


def cut_out(image: Float[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"] | None) -> Cut:
    height, width = image.shape[:2]
    if mask is None or not mask.any():
        mask = np.ones((height, width), bool)
        low, high = np.zeros(2), np.array([width, height], float)
        side = float(max(width, height))
    else:
        ys, xs = np.nonzero(mask)
        low, high = np.array([xs.min(), ys.min()], float), np.array([xs.max(), ys.max()], float) + 1
        side = float((high - low).max()) * (1 + 2 * MARGIN)
    origin = (low + high) / 2 - side / 2
    scale = SIZE / side
    # Pixel centres: new = (old + 0.5 - origin) scale - 0.5.
    matrix = np.array([[scale, 0, (0.5 - origin[0]) * scale - 0.5], [0, scale, (0.5 - origin[1]) * scale - 0.5]])
    pixels = np.ascontiguousarray(image, np.float32)
    if scale < 0.8:
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.5 * float(np.sqrt(1 / scale**2 - 1)))
    cut = cv2.warpAffine(pixels, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(mask.astype(np.float32), matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR)
    if not mask.all():  # one ground for both pictures: then the outlines look alike too
        cut = cut * inside[..., None] + GROUND * (1 - inside[..., None])
    return Cut(cut, inside > 0.5, origin, side)


def feature_levels(cuts: tuple[Cut, Cut], features: Features) -> list[Level]:
    """Fine to coarse; pooled on until the coarsest is small enough for a search over all of it."""
    maps = [[np.asarray(m, np.float32) for m in features(cut.image)] for cut in cuts]
    while max(maps[0][-1].shape[1:]) > COARSEST:
        for pyramid in maps:
            _, height, width = pyramid[-1].shape
            pyramid.append(
                np.stack([cv2.resize(m, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
                          for m in pyramid[-1]])
            )
    levels: list[Level] = []
    for a, b in zip(*maps, strict=True):
        inside = [
            cv2.resize(cut.mask.astype(np.float32), map_size(m), interpolation=cv2.INTER_AREA) > 0.4
            for cut, m in zip(cuts, (a, b), strict=True)
        ]
        levels.append(Level(a, b, _response(a), _response(b), inside[0], inside[1]))
    return levels


def _response(maps: Float[np.ndarray, "c h w"]) -> Float[np.ndarray, "h w"]:
    """H of the paper: the norm of every neuron's features, 0 at the picture's weakest, 1 at its strongest."""
    norm = np.linalg.norm(maps, axis=0).astype(np.float64)
    return (norm - norm.min()) / max(float(np.ptp(norm)), 1e-12)


def is_deep(features: Features) -> bool:
    """Whether an extractor sees more than texture: its last map has a neuron for every 8 x 8 pixels or fewer."""
    last = features(np.full((SIZE, SIZE, 3), GROUND, np.float32))[-1]
    return max(last.shape[1:]) * DEEP_STRIDE <= SIZE
