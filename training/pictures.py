"""Training crops for the built-in extractor: photographs, paintings, painted patterns, and what an optimiser sees.

An extractor that steers an optimisation meets blends, noise, blur and odd colours as often as finished pictures; the
augmentations here make them. Everything is a function of `rng`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

Picture = np.ndarray  # (h, w, 3) uint8 RGB
SUFFIXES = {".png", ".jpg", ".jpeg", ".tif"}
# scikit-image's own pictures that come with its wheel: photographs, micrographs, textures (licences: its README).
SKIMAGE = (
    "astronaut.png", "brick.png", "camera.png", "coffee.png", "coins.png", "color.png", "grass.png", "gravel.png",
    "hubble_deep_field.jpg", "ihc.png", "moon.png", "motorcycle_left.png", "page.png", "retina.jpg", "rocket.jpg",
    "text.png", "chelsea.png",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Pictures of one kind and how often they are drawn; each picture is a list of halvings (a pyramid)."""

    name: str
    weight: float
    pyramids: list[list[Picture]]


def read(path: Path) -> Picture | None:
    """RGB uint8, at most 1024 pixels on the longer side; None if OpenCV cannot read it or it is tiny."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None or min(image.shape[:2]) < 128:
        return None
    factor = 1024 / max(image.shape[:2])
    if factor < 1:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def pyramid(image: Picture) -> list[Picture]:
    """The picture and its halvings down to 64 pixels."""
    levels = [image]
    while min(levels[-1].shape[:2]) >= 128:
        levels.append(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return levels


def folder_source(name: str, weight: float, paths: Sequence[Path]) -> Source:
    """A source of all readable pictures among `paths`."""
    images = [image for path in sorted(paths) if path.suffix.lower() in SUFFIXES and (image := read(path)) is not None]
    return Source(name, weight, [pyramid(image) for image in images])


def skimage_paths() -> list[Path]:
    """Paths of scikit-image's bundled pictures."""
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    return [folder / name for name in SKIMAGE if (folder / name).exists()]


def crop(pyramids: list[Picture], size: int, rng: np.random.Generator) -> np.ndarray:
    """A random turned, mirrored, scaled square of one picture; float32 (size, size, 3) in [0, 1]."""
    full_h, full_w = pyramids[0].shape[:2]
    # The square covers between `size` source pixels at 1.3x enlargement and 1.3 x the whole short side.
    span = np.exp(rng.uniform(np.log(size / 1.3), np.log(max(size * 1.05, 1.3 * min(full_h, full_w)))))
    level = int(np.clip(np.floor(np.log2(span / size) + 0.3), 0, len(pyramids) - 1))
    source = pyramids[level]
    h, w = source.shape[:2]
    scale = span / size / 2**level
    angle = rng.normal(0, 0.25) if rng.random() < 0.7 else rng.uniform(-np.pi, np.pi)
    mirror = rng.choice([-1.0, 1.0])
    half = min(span / 2**level / 2, min(h, w) / 2)
    centre = rng.uniform([half, half], [max(w - half, half + 1e-3), max(h - half, half + 1e-3)])
    turn = scale * np.array([[np.cos(angle) * mirror, -np.sin(angle)], [np.sin(angle) * mirror, np.cos(angle)]])
    shift = centre - turn @ np.array([(size - 1) / 2, (size - 1) / 2])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(source, np.c_[turn, shift], (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return patch.astype(np.float32) / 255


def smooth_noise(size: int, rng: np.random.Generator, channels: int = 3) -> np.ndarray:
    """Noise with a random power spectrum: a sum over octaves, each with its own strength; about unit deviation."""
    total = np.zeros((size, size, channels), np.float32)
    for octave in range(6):
        n = max(2, size >> octave)
        grain = rng.normal(0, rng.exponential(1.0), (n, n, channels)).astype(np.float32)
        if rng.random() < 0.4:
            grain = np.repeat(grain.mean(2, keepdims=True), channels, 2) * 1.7
        total += cv2.resize(grain, (size, size), interpolation=cv2.INTER_CUBIC).reshape(size, size, channels)
    return total / (total.std() + 1e-6)


def painted(size: int, rng: np.random.Generator) -> np.ndarray:
    """A procedural picture: a soft ground, strokes, polygons, discs and hatching in a small palette."""
    palette = rng.random((rng.integers(2, 8), 3)) * rng.uniform(0.4, 1) + rng.uniform(0, 0.3)
    canvas = np.clip(palette[0] + 0.15 * smooth_noise(size, rng) * rng.random(), 0, 1).astype(np.float32)
    for _ in range(rng.integers(2, 60)):
        colour = tuple(float(c) for c in palette[rng.integers(len(palette))] + rng.normal(0, 0.04, 3))
        points = rng.uniform(-0.1 * size, 1.1 * size, (rng.integers(3, 6), 2))
        layer, kind = canvas.copy(), rng.integers(4)
        thickness = int(rng.integers(1, max(2, size // 10)))
        if kind == 0:
            cv2.fillPoly(layer, [points.astype(np.int32)], colour, cv2.LINE_AA)
        elif kind == 1:
            middle, reach = points[0], rng.uniform(2, size / 5)
            cv2.circle(layer, (int(middle[0]), int(middle[1])), int(reach), colour, -1, cv2.LINE_AA)
        elif kind == 2:
            t = np.linspace(0, 1, 16)[:, None]
            curve = (1 - t) ** 2 * points[0] + 2 * t * (1 - t) * points[1] + t**2 * points[2]
            cv2.polylines(layer, [curve.astype(np.int32)], False, colour, thickness, cv2.LINE_AA)
        else:
            direction = rng.normal(0, size / 6, 2)
            for k in range(int(rng.integers(3, 14))):
                a = points[0] + k * rng.uniform(0.6, 1.4) * np.array([-direction[1], direction[0]]) * 0.2
                b = a + direction
                ends = [tuple(end.astype(int).tolist()) for end in (a, b)]
                cv2.line(layer, *ends, colour, 1 + thickness // 4, cv2.LINE_AA)
        opacity = rng.uniform(0.3, 1)
        canvas = canvas * (1 - opacity) + layer * opacity
    if rng.random() < 0.3:
        canvas = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.4, 2))
    return canvas.astype(np.float32)


def recolour(patch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random linear colour change, gamma, or greys."""
    if rng.random() < 0.15:
        patch = np.repeat(patch.mean(2, keepdims=True), 3, 2)
    if rng.random() < 0.5:
        matrix = np.eye(3) * rng.uniform(0.6, 1.3, 3) + rng.normal(0, 0.12, (3, 3))
        middle = patch.mean((0, 1))
        patch = (patch - middle) @ matrix.T + middle + rng.normal(0, 0.08, 3)
    if rng.random() < 0.3:
        patch = np.clip(patch, 0, 1) ** np.exp(rng.normal(0, 0.4))
    return patch.astype(np.float32)


def transfer(patch: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mean and deviation of each colour channel taken from another crop."""
    deviation = np.clip(other.std((0, 1)) / (patch.std((0, 1)) + 1e-3), 0.3, 3)
    return ((patch - patch.mean((0, 1))) * deviation + other.mean((0, 1))).astype(np.float32)


def disturb(patch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What an optimiser sees on its way: noise of all octaves, blur, over-sharpening, flat patches."""
    size = len(patch)
    draw = rng.random()
    if draw < 0.35:
        patch = patch + smooth_noise(size, rng) * rng.exponential(0.06)
    elif draw < 0.5:
        patch = cv2.GaussianBlur(patch, (0, 0), rng.uniform(0.5, 4))
        patch = patch + smooth_noise(size, rng) * rng.exponential(0.02)
    elif draw < 0.65:
        patch = patch + (patch - cv2.GaussianBlur(patch, (0, 0), rng.uniform(0.7, 3))) * rng.uniform(0.3, 1.5)
    elif draw < 0.72:
        patch = cv2.bilateralFilter(patch, 7, 0.15, 4)
    elif draw < 0.8:
        block = int(rng.integers(4, 17))
        cells = -(-size // block)
        ys, xs = rng.integers(0, size - block + 1, (2, cells, cells))
        tiles = [np.hstack([patch[y : y + block, x : x + block] for y, x in zip(row_y, row_x, strict=True)])
                 for row_y, row_x in zip(ys, xs, strict=True)]  # fmt: skip
        patch = np.vstack(tiles)[:size, :size]
    return patch


def sample(sources: Sequence[Source], size: int, rng: np.random.Generator) -> np.ndarray:
    """One training crop, float32 (size, size, 3), mostly in [0, 1] (an optimiser overshoots too: not all clipped)."""
    weights = np.array([s.weight for s in sources if s.pyramids])
    usable = [s for s in sources if s.pyramids]

    def plain() -> np.ndarray:
        if rng.random() < 0.12:
            return painted(size, rng)
        source = usable[rng.choice(len(usable), p=weights / weights.sum())]
        return crop(source.pyramids[rng.integers(len(source.pyramids))], size, rng)

    patch = plain()
    draw = rng.random()
    if draw < 0.2:
        other = plain()
        patch = transfer(patch, other)
        share = rng.random()
        patch = patch * (1 - share) + other * share
    elif draw < 0.35:
        patch = transfer(patch, plain())
    elif draw < 0.42:
        other, sigma = plain(), rng.uniform(1, 6)
        patch = cv2.GaussianBlur(patch, (0, 0), sigma) + other - cv2.GaussianBlur(other, (0, 0), sigma)
    if rng.random() < 0.6:
        patch = recolour(patch, rng)
    if rng.random() < 0.6:
        patch = disturb(patch, rng)
    patch = np.clip(patch, 0, 1) if rng.random() < 0.7 else np.clip(patch, -0.2, 1.2)
    return np.ascontiguousarray(patch, np.float32)
