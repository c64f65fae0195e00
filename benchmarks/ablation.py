"""The four columns of the paper's Fig. 3: which of its two ideas does what, as one picture and one table.

    python benchmarks/ablation.py PHOTO STYLE [PHOTO STYLE ...] -o OUT [--size 256] [--steps 60 50 40] [--seed 0]

OUT/ablation.png: a row a pair, left and right view in each of the four forms of `--method paper`, and below them the
eyes of both views, enlarged. OUT/ablation.md: the table.

consistency: mean absolute colour difference (0..1) of the two views as pictures of ONE solid: the surface points that
are triangulated from what was learned, projected into both views. colour only: the same at the places the two learned
warps give, even where no solid explains them. skew: RMS disagreement that no depth explains, pixels at 512. palette:
sliced Wasserstein distance of the figure's Lab colours to the style's. sharpness: mean gradient of the lightness.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import torch

from paint import prepare, sharpness
from twinbrush.align.values import AlignedStyle
from twinbrush.base.camera import project
from twinbrush.base.image import load_image
from twinbrush.base.mesh import Region
from twinbrush.config import PaperConfig, StylizeConfig
from twinbrush.evaluate.palette import palette_distance
from twinbrush.export.sheet import contact_sheet, write_sheet
from twinbrush.paint.engine import stylize
from twinbrush.paint.paper.dst_warp import sample, to_units
from twinbrush.paint.stylization import Stylization
from twinbrush.views.consistency import view_consistency
from twinbrush.views.triangulate import triangulate

FORMS = {
    "none": "neither (DST twice)", "perspective": "perspective only", "disparity": "disparity only", "both": "both",
}  # fmt: skip
EYES = (33, 263, 159, 386, 145, 374, 70, 300, 2)  # landmarks that the enlarged part shows


def solid_consistency(result: Stylization) -> float:
    """Mean |colour difference| of the views at the projections of the triangulated surface (vertices all views see)."""
    warped = result.warped
    seen = np.logical_and.reduce(warped.vertex_visible)
    points = triangulate(warped.cameras, warped.vertex_pixels[:, seen])
    colours = []
    for camera, image in zip(warped.cameras, result.images, strict=True):
        places = torch.from_numpy(to_units(project(camera, points)[0], image.shape[0]))
        colours.append(sample(torch.from_numpy(image).permute(2, 0, 1).double(), places).numpy())
    return float(np.abs(colours[0] - colours[1]).mean())


def palette_to(result: Stylization, aligned: AlignedStyle) -> float:
    """Distance of the Lab colours of the views and of the style."""
    trusted = aligned.canvas_valid & (aligned.canvas_confidence >= 0.4)
    trusted &= aligned.canvas_regions != int(Region.BACKGROUND)
    return palette_distance(result.images[result.warped.coverage], aligned.canvas[trusted])


def measure(result: Stylization, aligned: AlignedStyle) -> dict[str, float]:
    """The table's numbers for one form and one pair."""
    sharp = [sharpness(i, c) for i, c in zip(result.images, result.warped.coverage, strict=True)]
    return {
        "consistency": solid_consistency(result),
        "colour only": view_consistency(result.images, result.warped)["mean_absolute"],
        "skew": result.log["skew_px"] * 512 / result.images.shape[1],
        "palette": palette_to(result, aligned),
        "sharpness": float(np.mean(sharp)),
    }


def shown(result: Stylization) -> np.ndarray:
    """Both views side by side on light grey, cut to the surface and padded to the sheet's widest format."""
    views = np.where(result.warped.coverage[..., None], result.images, 0.93)
    rows, columns = (np.flatnonzero(result.warped.coverage.any((0, axis))) for axis in (2, 1))
    cut = views[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    pair = np.concatenate(list(cut), axis=1)
    missing = max(0, round(pair.shape[1] / 1.5) - pair.shape[0])
    return np.pad(pair, ((missing - missing // 2, missing // 2), (0, 0), (0, 0)), constant_values=0.93)


def enlarged(result: Stylization) -> np.ndarray:
    """The eyes of the left view above those of the right."""
    cuts = []
    for image, landmarks in zip(result.images, result.warped.landmarks_xy, strict=True):
        points = landmarks[list(EYES)]
        x, y = points.mean(0)
        half = 0.6 * np.ptp(points[:, 0])
        place = np.array([[1, 0, x - half], [0, 1, y - 0.7 * half]]) * np.array([[half / 128, half / 128, 1]])
        cuts.append(cv2.warpAffine(image, place, (256, 180), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP))
    return np.clip(np.concatenate(cuts, axis=0), 0, 1)


def table(found: dict[str, dict[str, dict[str, float]]], head: str) -> str:
    """Markdown: all pairs, then the means."""
    names = ("consistency", "colour only", "skew", "palette", "sharpness")
    places = (4, 4, 2, 2, 4)
    lines = [head, "", f"| pair | form | {' | '.join(names)} |", "|---|---|" + "---|" * len(names)]
    means = {form: {n: float(np.mean([pair[form][n] for pair in found.values()])) for n in names} for form in FORMS}
    for pair, forms in [*found.items(), ("**mean**", means)]:
        for form in FORMS:
            cells = " | ".join(f"{forms[form][n]:.{p}f}" for n, p in zip(names, places, strict=True))
            lines.append(f"| {pair} | {form} | {cells} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, nargs="+", default=list(PaperConfig().steps))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--extractor", default="student")
    options = parser.parse_args()
    paper = replace(PaperConfig(), steps=tuple(options.steps))
    config = StylizeConfig(method="paper", paper=paper, extractor=options.extractor)
    rows: list[list[tuple[str, np.ndarray]]] = []
    found: dict[str, dict[str, dict[str, float]]] = {}
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    start = time.process_time()
    for photo, style in zip(options.pictures[::2], options.pictures[1::2], strict=True):
        views, aligned = prepare(photo, style, options.size)
        pair = f"{photo.stem} x {style.stem}"
        found[pair], details = {}, []
        row = [("Photo", load_image(photo).pixels), ("Style", load_image(style).pixels)]
        for form, title in FORMS.items():
            result = stylize(views, aligned, replace(config, ablation=form), seed=options.seed)
            found[pair][form] = measure(result, aligned)
            print(pair, form, {k: round(v, 4) for k, v in found[pair][form].items()}, flush=True)
            row.append((title, shown(result)))
            details.append((f"{title}: eyes of the left and the right view", enlarged(result)))
        rows += [row, details]
        head = (
            f"{platform.machine()}, {os.cpu_count()} cores, commit {commit}; {options.size} px, steps {options.steps}, "
            f"extractor {options.extractor}, seed {options.seed}; {time.process_time() - start:.0f} CPU-s"
        )
        options.out.mkdir(parents=True, exist_ok=True)  # after every pair: a long run may be cut short
        (options.out / "ablation.md").write_text(table(found, head))
        write_sheet(contact_sheet(rows, width=3200), options.out / "ablation.png")
    print((options.out / "ablation.md").read_text())


if __name__ == "__main__":
    main()
