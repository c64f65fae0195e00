"""The painting stage on real pairs: agreement of the views, sharpness, CPU seconds, and the pictures to look at.

    python benchmarks/paint.py PHOTO STYLE [PHOTO STYLE ...] [--size 512] [--method guided] [--out FOLDER]

consistency: mean absolute colour difference (0..1) over all points that both views see. sharpness: mean gradient of the
lightness inside each view. The first pair is painted twice, so that compiling is not measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np

from twinbrush.config import DEFAULT, FaceConfig, PortraitConfig, StylizeConfig, ViewsConfig
from twinbrush.image import save_png
from twinbrush.inputs import read_input
from twinbrush.paint.front import aligned_style, pair_views
from twinbrush.paint.surface import surface_of_figure
from twinbrush.progress import ignore
from twinbrush.regions.engine import find_regions
from twinbrush.road import sculpted
from twinbrush.stylize import stylize
from twinbrush.views.consistency import view_consistency


def prepare(photo: Path, style: Path, size: int) -> tuple:
    """Views and aligned style of one pair (the best face of each)."""
    content = read_input(photo, FaceConfig(face=0), PortraitConfig(), art=False)
    art = read_input(style, FaceConfig(face=0), PortraitConfig(), art=True)
    surface = surface_of_figure(sculpted(content, DEFAULT, ignore))
    views = pair_views(surface, ViewsConfig(size=size))
    picture = art.picture.pixels
    parts = find_regions(picture, art.face, others=art.others)
    align = DEFAULT.align
    return views, aligned_style(picture, art.face, parts, surface, views, align, strength=align.strength)


def sharpness(image: np.ndarray, covered: np.ndarray) -> float:
    """Mean gradient magnitude of the lightness (0..1), away from the silhouette."""
    grey = cv2.cvtColor(image.astype(np.float32), cv2.COLOR_RGB2GRAY)
    gradient = np.hypot(np.diff(grey, axis=1)[:-1], np.diff(grey, axis=0)[:, :-1])
    inside = cv2.erode(covered.astype(np.uint8), np.ones((9, 9)))[:-1, :-1] > 0
    return float(gradient[inside].mean())


def main() -> None:
    """Print one line a pair and the mean consistency."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--method", default="guided")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    config = StylizeConfig(method=options.method)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    print(f"{platform.machine()}, {os.cpu_count()} cores, commit {commit}, {options.size} px, {options.method}")
    found = []
    for n, (photo, style) in enumerate(zip(options.pictures[::2], options.pictures[1::2], strict=True)):
        views, aligned = prepare(photo, style, options.size)
        if n == 0:
            stylize(views, aligned, config, seed=0)
        start = time.process_time()
        result = stylize(views, aligned, config, seed=0)
        seconds = time.process_time() - start
        found.append(view_consistency(result.images, result.warped)["mean_absolute"])
        sharp = " / ".join(
            f"{sharpness(image, covered):.4f}"
            for image, covered in zip(result.images, result.warped.coverage, strict=True)
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        pair = f"{photo.stem} x {style.stem}"
        print(f"| {pair} | {found[-1]:.4f} | {sharp} | {seconds:.1f} | {peak:.1f} GB |", flush=True)
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            shown = np.where(result.warped.coverage[..., None], result.images, 0.93)
            save_png(options.out / f"{photo.stem}_{style.stem}.png", np.concatenate(list(shown), axis=1))
    print(f"mean consistency {np.mean(found):.4f}")


if __name__ == "__main__":
    main()
