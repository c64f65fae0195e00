"""What the regions' network learns from: the benchmark's tuning pictures with their truth, paintings of our own, and
public-domain photographs and paintings with the labels of `region_labels`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
LABELS = Path(__file__).resolve().parent / "region_labels"
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "examples")]

from truth.pictures import SET_ASIDE, SHARED, TruthPicture, picture_list, read_truth  # noqa: E402
from twinbrush.base.image import load_image  # noqa: E402
from twinbrush.config import DEFAULT  # noqa: E402
from twinbrush.faces.face import find_face_with_warnings  # noqa: E402
from twinbrush.regions.frame import HEAD_HALF_HEIGHT, HEAD_HALF_WIDTH, head_frame, place_maps  # noqa: E402
from twinbrush.regions.mattes import modnet_matte  # noqa: E402

KEPT_OUT = frozenset({
    "casual-010", "casual-030", "casual-034", "casual-045", "casual-048", "casual-058", "casual-065", "casual-071",
    "casual-086", "casual-088", "casual-092", "casual-096", "painting-cavalier", "painting-father", "painting-veil",
})
"""Labelled pictures that nothing is learned from: what is chosen for the engine is chosen by them
(`benchmarks/regions.py --kept-out`)."""


@dataclass
class Source:
    """A picture with its truth in the head's square: image (s, s, 3), labels, glasses, inside (s, s), alpha (MODNet's),
    rival (other heads), points (468, 2), skull_radius (s, s), and the whole picture for use as a ground."""

    name: str
    image: np.ndarray
    labels: np.ndarray
    glasses: np.ndarray
    inside: np.ndarray
    alpha: np.ndarray
    rival: np.ndarray
    points: np.ndarray
    skull_radius: np.ndarray
    picture: np.ndarray


def load_sources(size: int, side: float) -> list[Source]:
    """All tuning pictures whose truth is drawn and whose face is found."""
    entries = [entry for entry in picture_list() if entry.name not in SET_ASIDE]
    found = [source_of(entry, read_truth(entry), size, side) for entry in entries]
    found += [source_of(TruthPicture(path.stem, path, False), bald_head(path), size, side)
              for path in sorted((SHARED / "heads").glob("head1_*.png"))]
    return [source for source in found if source is not None]


def load_labelled(folder: Path, size: int, side: float) -> list[Source]:
    """The pictures of `region_labels`, as far as `folder` has them: folder/photos/NAME.*, folder/casual/NAME.* and
    folder/paintings/NAME.*. (REGIONS_MODEL_CARD.md says where they can be got: they are not in the repository.)"""
    found = []
    for kind, kinds in (("photo", "photos"), ("casual", "casual"), ("painting", "paintings")):
        for path in sorted((LABELS / kinds).glob("*.png")):
            pictures = [p for p in (folder / kinds).glob(f"{path.stem}.*") if p.suffix in {".jpg", ".png"}]
            if pictures and not path.stem.endswith(".glasses") and f"{kind}-{path.stem}" not in KEPT_OUT:
                entry = TruthPicture(path.stem, pictures[0], kind == "painting")
                source = source_of(entry, read_truth(entry, LABELS / kinds), size, side)
                found += [replace(source, name=f"{kind}-{path.stem}")] if source else []
    return found


def bald_head(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A rendered head without hair and clothes, of known geometry: all of it is skin."""
    image = load_image(path).pixels.astype(np.float32)
    with np.load(path.with_suffix(".npz")) as data:
        triangles = np.round(data["pixels_xy"][data["faces"]] * 16).astype(np.int32)
    labels = np.zeros(image.shape[:2], np.uint8)
    for triangle in triangles:
        cv2.fillConvexPoly(labels, triangle, 1, cv2.LINE_8, 4)
    return image, labels, np.zeros_like(labels)


def source_of(
    entry: TruthPicture, truth: tuple[np.ndarray, np.ndarray, np.ndarray] | None, size: int, side: float
) -> Source | None:
    """One picture in its head's square; None without a truth or a face."""
    if truth is None:
        return None
    image, labels, glasses = truth
    config = DEFAULT.style_face if entry.art else DEFAULT.photo_face
    try:
        found = find_face_with_warnings(image, config, where=entry.name, art=entry.art, portrait=DEFAULT.portrait)
    except Exception as error:
        print(f"{entry.name}: left out ({error})")
        return None
    frame = head_frame(found.face, size, side)
    cut_labels = cv2.warpAffine(labels, frame.matrix, (size, size), flags=cv2.INTER_NEAREST, borderValue=(255,))
    cut_glasses = cv2.warpAffine(glasses, frame.matrix, (size, size), flags=cv2.INTER_NEAREST)
    square = frame.cut(image.astype(np.float32))
    maps = place_maps(found.face, found.others, frame, side)
    radius = np.hypot(maps[0] * side / 2 / HEAD_HALF_WIDTH, maps[1] * side / 2 / HEAD_HALF_HEIGHT)
    return Source(
        entry.name, square, cut_labels, cut_glasses, cut_labels != 255, modnet_matte(square), maps[5],
        frame.to_square(found.face.landmarks[:, :2]), radius.astype(np.float32), image.astype(np.float32),
    )
