"""Training pictures of the regions' network: the benchmark's tuning pictures, set before other grounds, recoloured,
relit, turned into art, with glasses, hats, beards and other people added.

    python training/region_pictures.py -o FOLDER [--pictures FOLDER]

Each is a square of 4.5 face heights (640 pixels; `twinbrush.regions.frame`), with labels drawn by hand
(benchmarks/truth), and the mattes that the runtime would see. Written as one npz a variant, of 240 pixels.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from region_mixing import alpha_of, another, bearded, repainted, transplanted
from region_sources import Source, load_labelled, load_sources
from region_styles import (
    BEARD,
    HAIR,
    HEADWEAR,
    KINDS,
    SKIN,
    add_beard,
    add_glasses,
    add_headwear,
    kind_of,
    relit,
    stylized,
)

from twinbrush.regions.mattes import modnet_matte, selfie_matte

STORED_SIDE, LARGE, STORED = 4.5, 640, 240  # face heights; pixels while made; pixels when kept


@dataclass
class Scene:
    """A picture in the making: image (s, s, 3), labels (s, s), glasses (s, s), where the photo reaches (s, s)."""

    image: np.ndarray
    labels: np.ndarray
    glasses: np.ndarray
    inside: np.ndarray
    rival: np.ndarray


def random_ground(source: Source, sources: list[Source], rng: np.random.Generator) -> np.ndarray:
    """Another picture (with its people), a wall of one colour (often the hair's or the skin's own), or strokes."""
    size, kind = source.image.shape[0], rng.random()
    if kind < 0.45:
        other = another(sources, rng).picture
        scale = rng.uniform(1.0, 2.5) * size / min(other.shape[:2])
        big = cv2.resize(other, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        y, x = rng.integers(0, big.shape[0] - size + 1), rng.integers(0, big.shape[1] - size + 1)
        big = big[y:y + size, x:x + size]
        blur = rng.choice([0, 0, 2, 8])
        big = cv2.GaussianBlur(big, (0, 0), float(blur)) if blur else big
        return big[:, ::-1] if rng.random() < 0.5 else big
    own = source.image[source.labels == (HAIR if rng.random() < 0.6 else SKIN)]
    if len(own) > 100 and rng.random() < 0.5:
        colour = np.clip(np.quantile(own, rng.uniform(0.2, 0.9), axis=0) + rng.normal(0, 0.06, 3), 0, 1)
    else:
        colour = rng.uniform(0, 1, 3) if rng.random() < 0.6 else np.full(3, rng.choice([0.02, 0.5, 0.9, 1.0]))
    y, x = np.mgrid[:size, :size].astype(np.float32) / size - 0.5
    slope = rng.normal(0, 0.2, 2)
    noise = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), float(rng.uniform(1, 25)))
    noise *= rng.uniform(0, 0.12) / max(float(noise.std()), 1e-6)
    return np.clip(colour + (slope[0] * x + slope[1] * y + noise)[..., None], 0, 1).astype(np.float32)


def variant(source: Source, sources: list[Source], rng: np.random.Generator) -> Scene:
    """One random variant of a picture."""
    image, labels, alpha = source.image.copy(), source.labels.copy(), alpha_of(source)
    changed = rng.random() < 0.65
    if changed:
        image, labels, alpha = transplanted(source, sources, rng)
    glasses, rival = source.glasses.copy(), source.rival.copy()
    if rng.random() < 0.2 and not (labels == BEARD).any():
        image, labels, alpha = bearded((image, labels, alpha), sources, rng)
    image = repainted(image, labels, rng)
    texture = random_ground(source, sources, rng)
    if rng.random() < 0.22 and not (labels == HEADWEAR).any():
        image, labels = add_headwear(image, labels, source.points, texture, rng)
        alpha = np.maximum(alpha, cv2.GaussianBlur((labels == HEADWEAR).astype(np.float32), (0, 0), 1.0))
    if rng.random() < 0.1 and not (labels == BEARD).any():
        image, labels = add_beard(image, labels, source.points, rng)
        alpha = np.maximum(alpha, cv2.GaussianBlur((labels == BEARD).astype(np.float32), (0, 0), 1.0))
    if rng.random() < 0.3 and not glasses.any():
        image, glasses = add_glasses(image, source.points, rng)
    if changed or rng.random() < 0.6:  # after a transplant the old ground shows the old hair
        ground = random_ground(source, sources, rng)
        if rng.random() < 0.2:
            ground, rival = with_neighbour(ground, rival, sources, rng)
        image = image * alpha[..., None] + ground * (1 - alpha[..., None])
    if rng.random() < 0.38:
        image = stylized(image, rng)
    inside = cropped(source.inside, rng)
    image = replicated(relit(image, rng), inside)
    return Scene(image, np.where(inside, labels, 255).astype(np.uint8), glasses, inside, rival)


def with_neighbour(ground: np.ndarray, rival: np.ndarray, sources: list[Source], rng: np.random.Generator) -> (
    tuple[np.ndarray, np.ndarray]
):
    """Another person behind, at one side; now and then the face detector knows of her (`rival`)."""
    other = another(sources, rng)
    size, scale = ground.shape[0], rng.uniform(0.7, 1.2)
    shift = np.array([rng.choice([-1, 1]) * rng.uniform(0.22, 0.4), rng.uniform(-0.1, 0.2)]) * size
    matrix = np.array([[scale, 0, shift[0] + (1 - scale) * size / 2], [0, scale, shift[1] + (1 - scale) * size / 2]])
    alpha = cv2.warpAffine(alpha_of(other).astype(np.float32), matrix, (size, size))[..., None]
    picture = cv2.warpAffine(other.image, matrix, (size, size))
    if rng.random() < 0.6:
        theirs = cv2.warpAffine(other.skull_radius, matrix, (size, size), borderValue=9.0)
        own = other.skull_radius
        nearer = np.clip((own / np.maximum(theirs, 0.2) - 1.0) / 0.15 + 0.5, 0, 1) * np.clip((1.7 - theirs) / 0.3, 0, 1)
        rival = np.maximum(rival, nearer.astype(np.float32))
    return (ground * (1 - alpha) + picture * alpha).astype(np.float32), rival


def cropped(inside: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Where the photo reaches, cut on some sides as photos are: never into the face."""
    size, out = inside.shape[0], inside.copy()
    if rng.random() < 0.5:
        margin = (rng.uniform([0.2, 0.0, 0.62, 0.62], [0.38, 0.3, 1.0, 1.0]) * size).astype(int)
        for k in np.flatnonzero(rng.random(4) < 0.5):
            (out[:, :margin[0]], out[:margin[1]], out[:, margin[2]:], out[margin[3]:])[k][...] = False
    return out


def replicated(image: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The picture with the nearest inside row and column continued outside, as the runtime does."""
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    part = image[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    size = image.shape[0]
    return cv2.copyMakeBorder(part, rows[0], size - 1 - rows[-1], columns[0], size - 1 - columns[-1],
                              cv2.BORDER_REPLICATE)


def mattes(image: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """MODNet's reading and the older network's, (2, s, s), as the runtime gets them: of the part inside."""
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    where = np.s_[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    part, out = np.ascontiguousarray(image[where]), np.zeros((2, *image.shape[:2]), np.float32)
    out[0][where] = modnet_matte(part)
    out[1][where] = selfie_matte(part)
    return out


def save(path: Path, scene: Scene, source: Source) -> None:
    """The variant at its stored size."""
    small = (STORED, STORED)
    votes = np.stack([cv2.resize((scene.labels == k).astype(np.float32), small, interpolation=cv2.INTER_AREA)
                      for k in range(6)])
    known = votes.sum(0) > 0.6
    labels = np.where(known, votes.argmax(0), 255).astype(np.uint8)
    glasses = cv2.resize(scene.glasses, small, interpolation=cv2.INTER_NEAREST)
    readings = (*mattes(scene.image, scene.inside), scene.rival)
    maps = [cv2.resize(m, small, interpolation=cv2.INTER_AREA) for m in readings]
    image = cv2.resize(scene.image, small, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(scene.inside.astype(np.uint8), small, interpolation=cv2.INTER_NEAREST)
    np.savez(path, image=(image * 255).round().astype(np.uint8), labels=labels, glasses=glasses, inside=inside,
             maps=(np.stack(maps) * 255).round().astype(np.uint8), points=source.points * STORED / LARGE)


def main() -> None:
    """Parse the command line and write the variants."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--variants", type=int, default=32, help="of each picture")
    parser.add_argument("--first", type=int, default=0, help="number of the first variant (0: the picture itself)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pictures", type=Path, help="where the pictures of region_labels are: photos/, paintings/")
    parser.add_argument("--kinds", nargs="*", default=KINDS, choices=KINDS, help="of pictures, to make variants of")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    sources = load_sources(LARGE, STORED_SIDE)
    sources += load_labelled(options.pictures, LARGE, STORED_SIDE) if options.pictures else []
    for number in range(options.first, options.first + options.variants):
        for index, source in enumerate(sources):
            path = options.out / f"{source.name}.{number:03d}.npz"
            if path.exists() or kind_of(source.name) not in options.kinds:
                continue
            if number == 0:
                labels = np.where(source.inside, source.labels, 255).astype(np.uint8)
                scene = Scene(source.image, labels, source.glasses, source.inside, source.rival)
            else:
                scene = variant(source, sources, np.random.default_rng([options.seed, number, index]))
            save(path, scene, source)
        print(f"variant {number} of {len(sources)} pictures", flush=True)


if __name__ == "__main__":
    main()
