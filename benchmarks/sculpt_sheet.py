"""Sculpts many photos and shows every head from eight sides, in colour and in clay, on one sheet.

    python benchmarks/sculpt_sheet.py OUT PHOTO_OR_FOLDER [PHOTO_OR_FOLDER ...]

OUT/sheet.png has a row a person (photo, eight sides in colour, eight in clay); OUT/<photo>.png the same large, with the
face close from the front and from the side. A photo that fails is named with its error and makes the exit code 1.
Notes and CPU-seconds are printed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from twinbrush.base.camera import Camera, look_at_origin
from twinbrush.base.errors import TwinbrushError
from twinbrush.base.shade import shade
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.config.sculpt import SculptConfig
from twinbrush.export.figure_outputs import SIDES_DEGREES, eight_sides, figure_mesh
from twinbrush.regions.inputs import read_input
from twinbrush.sculpt.figure import sculpt
from twinbrush.sculpt.values import Figure

SMALL, LARGE, CLOSE = 120, 320, 512  # pixels: the sheet's tiles, a page's, and its close ones
CLOSE_MM, DISTANCE_MM = 250.0, 1500.0  # height of what a close tile shows, and how far its camera stands
CLOSE_MIDDLE_MM = np.array([0.0, -22.0, 20.0])
CLOSE_DEGREES = (0, 40)
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
Picture = np.ndarray


def close_camera(degrees: float, size: int = CLOSE) -> Camera:
    """A camera that sees the face alone."""
    focal = DISTANCE_MM * size / CLOSE_MM
    return look_at_origin(np.radians(degrees), 0.0, DISTANCE_MM, focal, size, size, CLOSE_MIDDLE_MM)


def photo_tile(photo: Picture, face_xy: Picture, size: int) -> Picture:
    """The face as large as in a close tile."""
    width = 63.0 / CLOSE_MM
    eyes = np.array([face_xy[[33, 133]].mean(0), face_xy[[362, 263]].mean(0)])
    side = float(np.linalg.norm(eyes[1] - eyes[0])) / width
    centre = eyes.mean(0) + np.array([0, side * 22 / CLOSE_MM])
    box = tuple(int(v) for v in (*(centre - side / 2), *(centre + side / 2)))
    whole = Image.fromarray((np.clip(photo, 0, 1) * 255).astype(np.uint8))
    return np.asarray(whole.crop(box).resize((size, size), Image.Resampling.LANCZOS), np.float32) / 255


def smaller(picture: Picture, size: int) -> Picture:
    """The square picture at another size."""
    image = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS), np.float32) / 255


def page(figure: Figure, photo: Picture, face_xy: Picture) -> tuple[Picture, Picture]:
    """The person's large page, and the row on the sheet."""
    mesh = figure_mesh(figure)
    stills = eight_sides(mesh, LARGE)
    tile = photo_tile(photo, face_xy, CLOSE)
    close = [tile, *(shade(mesh, close_camera(d), mode=mode) for d in CLOSE_DEGREES for mode in ("textured", "clay"))]
    sides = [[stills[f"{name}_{d}"] for d in SIDES_DEGREES] for name in ("figure", "clay")]
    rows = [np.concatenate(close, 1), *(np.concatenate(row, 1) for row in sides)]
    width = max(row.shape[1] for row in rows)
    whole = np.concatenate([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=1)
                            for row in rows])
    small = [smaller(tile, SMALL), *(smaller(still, SMALL) for row in sides for still in row)]
    return whole, np.concatenate(small, 1)


def save(picture: Picture, path: Path) -> None:
    """Write a PNG."""
    Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)).save(path)


def sculpted(path: Path) -> tuple[Picture, Picture, tuple[str, ...], float]:
    """Page, row, notes and CPU-seconds of one photo. Raises TwinbrushError."""
    given = read_input(path, FaceConfig(), PortraitConfig(), art=False)
    started = time.process_time()
    figure = sculpt(given.picture.pixels, given.face, SculptConfig(), mask=given.mask, labels=given.labels,
                    others=given.others)
    cost = time.process_time() - started
    whole, row = page(figure, given.picture.pixels, given.face.landmarks[:, :2])
    return whole, row, (*given.warnings, *figure.warnings), cost


def main() -> int:
    """Write the sheet; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("given", type=Path, nargs="+")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    photos: list[Path] = []
    for path in arguments.given:
        photos += sorted(p for p in path.iterdir() if p.suffix in SUFFIXES) if path.is_dir() else [path]
    rows, failed = [], 0
    for path in photos:
        try:
            whole, row, notes, cost = sculpted(path)
        except TwinbrushError as error:
            print(f"{path.name}: {error}", flush=True)
            failed += 1
            continue
        print(f"{path.name}: {cost:.1f} CPU-s  {' | '.join(notes)}", flush=True)
        save(whole, arguments.out / f"{path.stem}.png")
        rows.append(row)
        save(np.concatenate(rows), arguments.out / "sheet.png")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
