"""Keypoints of objects: which side of each mesh looks like each style, and the matched points, as a sheet and a table.

    python benchmarks/keypoints.py MESH [MESH ...] --styles STYLE [STYLE ...] -o OUT [--keypoints contours]
                                   [--keypoint-weights VGG19]

OUT/keypoints.png: a row a pair: the object in clay from its best side and the style, matched points in the same colour;
then the silhouette bent to the matches (strength 1). OUT/keypoints.md: the table. cost: unlikeness of the silhouettes
(0 to 0.45). bend: mean distance of the matched points from where they shall go, in object sizes.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from twinbrush.align.objects.align import view_from
from twinbrush.align.objects.foreground import Foreground, foreground
from twinbrush.align.objects.matches import Matches
from twinbrush.align.objects.matching import best_view, match_object
from twinbrush.base.camera import project
from twinbrush.base.image import load_image
from twinbrush.base.mesh import Mesh
from twinbrush.base.rasterize import rasterize
from twinbrush.base.shade import shade
from twinbrush.config import MeshConfig, ObjectConfig
from twinbrush.export.sheet import contact_sheet, write_sheet
from twinbrush.meshes.read import load_model
from twinbrush.paint.features.arrays import as_arrays
from twinbrush.paint.features.vgg19 import load_vgg19

SIZE, SMALL = 512, 200
SIDES = sorted(range(-165, 181, 15), key=abs)


@dataclass(frozen=True)
class Style:
    name: str
    image: np.ndarray
    found: Foreground
    seconds: float


def silhouette(mesh: Mesh, degrees: float, size: int) -> np.ndarray:
    camera = view_from(mesh.vertices, degrees, size)
    pixels, depth = project(camera, mesh.vertices)
    return rasterize(pixels, depth, mesh.faces, size, size).face_index >= 0


def dotted(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points numbered by colour."""
    out = np.ascontiguousarray(image, np.float32).copy()
    radius = max(3, round(0.011 * image.shape[0]))
    for number, (x, y) in enumerate(points):
        hue = np.array([[[360 * number / len(points), 0.95, 1.0]]], np.float32)
        colour = tuple(float(c) for c in cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0])
        cv2.circle(out, (round(x), round(y)), radius + 2, (0.05,) * 3, -1, cv2.LINE_AA)
        cv2.circle(out, (round(x), round(y)), radius, colour, -1, cv2.LINE_AA)
    return out


def bent(image: np.ndarray, matches: Matches) -> np.ndarray:
    """The picture resampled so that every matched point is where it shall go."""
    height, width = image.shape[:2]
    ys, xs = np.mgrid[:height, :width]
    grid = np.stack([xs.ravel(), ys.ravel()], axis=1) / 100
    back = RBFInterpolator(matches.target_xy / 100, matches.content_xy, kernel="thin_plate_spline", smoothing=1e-2)
    places = back(grid).reshape(height, width, 2).astype(np.float32)
    return cv2.remap(image, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def compare(name: str, mesh: Mesh, style: Style, config: ObjectConfig, features: object) -> tuple[list, str]:
    """A row of the sheet and of the table."""
    start = time.process_time()
    best = best_view(np.stack([silhouette(mesh, side, SMALL) for side in SIDES]), style.found.mask, config)
    side = SIDES[best.index] if best.alike else 0
    choosing = time.process_time() - start
    mask, clay = silhouette(mesh, side, SIZE), shade(mesh, view_from(mesh.vertices, side, SIZE), mode="clay")
    start = time.process_time()
    matches = match_object(clay, mask, style.image, style.found.mask, config, features=features)  # type: ignore[arg-type]
    matching = time.process_time() - start
    moved = np.linalg.norm(matches.target_xy - matches.content_xy, axis=1).mean() / np.sqrt(mask.sum())
    row = [
        (f"{name} from {side} degrees", dotted(clay, matches.content_xy)),
        (f"{style.name}: {len(matches)} by {matches.source}", dotted(style.image, matches.style_xy)),
        ("bent", bent(clay, matches)),
    ]
    notes = " ".join((*style.found.warnings, *matches.warnings)) or "-"
    cells = (
        name, style.name, f"{side}", f"{best.cost:.3f}", matches.source, f"{len(matches)}", f"{moved:.3f}",
        f"{style.seconds:.2f} + {choosing:.2f} + {matching:.2f}", notes,
    )
    return row, "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("meshes", nargs="+", type=Path)
    parser.add_argument("--styles", nargs="+", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--keypoints", choices=["auto", "contours", "buddies"], default="auto")
    parser.add_argument("--keypoint-weights", type=Path)
    options = parser.parse_args()
    config = ObjectConfig(keypoints=options.keypoints)
    features = as_arrays(load_vgg19(options.keypoint_weights)) if options.keypoint_weights else None
    styles = []
    for path in options.styles:
        image, start = load_image(path).pixels, time.process_time()
        styles.append(Style(path.stem, image, foreground(image), time.process_time() - start))
    rows, lines = [], []
    for path in options.meshes:
        mesh = load_model(path, MeshConfig()).mesh
        for style in styles:
            row, line = compare(path.stem, mesh, style, config, features)
            rows.append(row)
            lines.append(line)
    header = (
        "| object | style | side | cost | source | pairs | bend | cpu-s: foreground + side + pairs | warnings |",
        "|---|---|---|---|---|---|---|---|---|",
    )
    options.out.mkdir(parents=True, exist_ok=True)
    write_sheet(contact_sheet(rows), options.out / "keypoints.png")
    table = "\n".join([*header, *lines]) + "\n"
    (options.out / "keypoints.md").write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
