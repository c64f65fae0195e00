"""The pictures of the regions' benchmark, which of them are set aside, and their truth."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
SHARED = ROOT.parent / "shared" / "data"
UNSURE = 6
SET_ASIDE = frozenset({
    "12_1313", "22_0232", "45_1373", "dark_skin_locs", "glasses_curls", "grey_beard_laughing", "long_coloured_hair",
    "00016_style", "pearl_earring", "ukiyoe_2", "line_drawing", "terracotta_warrior", "woodcut", "pastel",
})
"""A third of the pictures, chosen before anything was tuned, judged by and never learned from or looked at."""
FACELESS = frozenset({"ukiyoe_profile", "starry_night_no_face"})


@dataclass(frozen=True)
class TruthPicture:
    """One picture: its name, where it lies, and whether it is art."""

    name: str
    path: Path
    art: bool


def picture_list() -> list[TruthPicture]:
    """All pictures of the benchmark that are at hand: photos first, then art, then our own painted styles."""
    photos = [*sorted((SHARED / "photos").glob("*.jpg")), *sorted((SHARED / "people").glob("*.jpg"))]
    art = [p for p in sorted((SHARED / "styles").glob("*")) if p.suffix in {".jpg", ".png"} and p.stem not in FACELESS]
    own = sorted((ROOT / "src" / "twinbrush" / "app" / "demo_styles").glob("*.png"))
    return [
        *(TruthPicture(p.stem, p, False) for p in photos), TruthPicture("astronaut", Path("astronaut"), False),
        *(TruthPicture(p.stem, p, True) for p in (*art, *own)),
    ]


def read_pixels(entry: TruthPicture) -> np.ndarray:
    """The picture as (h, w, 3) float32 RGB in 0..1, as the program reads it."""
    if entry.name == "astronaut":
        from skimage.data import astronaut

        return astronaut().astype(np.float32) / 255
    from twinbrush.base.image import load_image

    return load_image(entry.path).pixels.astype(np.float32)


def read_truth(entry: TruthPicture, folder: Path = FOLDER) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """The picture (h, w, 3), its classes (h, w) uint8 (6: unsure) and its mask of glasses (h, w) uint8 0, 1; None where
    there is no truth."""
    path = folder / f"{entry.name}.png"
    if not path.exists():
        return None
    labels = np.array(Image.open(path))
    beside = path.with_suffix(".glasses.png")
    glasses = (np.array(Image.open(beside)) > 0).astype(np.uint8) if beside.exists() else np.zeros_like(labels)
    pixels = read_pixels(entry)
    if labels.shape != pixels.shape[:2]:
        raise SystemExit(f"{path}: {labels.shape} does not fit its picture of {pixels.shape[:2]}.")
    return pixels, labels, glasses


def painted_truth(name: str, size: int = 768) -> np.ndarray:
    """What our own painter knows of its picture: classes (size, size), exact. Ornaments are headwear from the brows
    up, unsure (jewels) below."""
    sys.path.insert(0, str(ROOT / "examples"))
    import paint_styles
    from painting import values
    from painting.study import build_study

    sitter = paint_styles.STYLES[name][0]()
    study = build_study(sitter, size)
    table = np.zeros(8, np.uint8)
    table[[values.SKIN, values.EYE, values.LIP, values.BROW]] = 1
    table[values.HAIR], table[values.CLOTH] = 2, 4
    labels = table[study.labels]
    _, v = values.frame_of(sitter, size).grid()
    ornament = study.labels == values.ORNAMENT
    return np.where(ornament, np.where(v < -0.2, 5, UNSURE), labels).astype(np.uint8)
