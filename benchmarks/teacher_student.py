"""The built-in extractor beside its teacher: the hybrid engine with each, on the same pairs.

    python benchmarks/teacher_student.py TEACHER.safetensors [PHOTO STYLE ...] [--size 384] [--out PICTURE.jpg]

TEACHER: conv1-3 of the Oxford VGG-19 (training/MODEL_CARD.md). Without pairs: the demo's photo in every bundled style.
One row a pair: style, student, teacher, left views. Printed a row: CPU-seconds of both, mean absolute colour difference
of the two pictures (0..1), and the consistency of the views.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from paint import prepare
from twinbrush.app import demo
from twinbrush.base.image import load_image
from twinbrush.config import StylizeConfig
from twinbrush.paint.engine import stylize
from twinbrush.paint.stylization import Stylization
from twinbrush.views.consistency import view_consistency

TILE = 300
QUALITY = 82


def tile(picture: np.ndarray, covered: np.ndarray | None = None) -> np.ndarray:
    """A square of TILE pixels, cut to what the view covers, on light grey."""
    if covered is not None:
        picture = np.where(covered[..., None], picture, 0.93)
        rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
        picture = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = picture.shape[:2]
    factor = TILE / max(height, width)
    shape = round(width * factor), round(height * factor)
    small = cv2.resize(picture.astype(np.float32), shape, interpolation=cv2.INTER_AREA)
    square = np.full((TILE, TILE, 3), 0.93, np.float32)
    top, left = (TILE - small.shape[0]) // 2, (TILE - small.shape[1]) // 2
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    return square


def paint(views: object, aligned: object, config: StylizeConfig) -> tuple[Stylization, float]:
    """The painting and its CPU-seconds."""
    began = time.process_time()
    return stylize(views, aligned, config, seed=0), time.process_time() - began  # type: ignore[arg-type]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("teacher", type=Path)
    parser.add_argument("pictures", type=Path, nargs="*")
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--out", type=Path, default=Path("teacher_student.jpg"))
    options = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    print(f"{platform.machine()}, {os.cpu_count()} cores, commit {commit}, {options.size} px", flush=True)
    student = StylizeConfig()
    teacher = replace(student, extractor="vgg19-low", weights=options.teacher)
    rows: list[np.ndarray] = []
    with tempfile.TemporaryDirectory() as folder:
        pictures = options.pictures
        if not pictures:
            photo = demo.write_photo(Path(folder))
            pictures = [p for style in demo.bundled_styles().values() for p in (photo, style)]
        for photo, style in zip(pictures[::2], pictures[1::2], strict=True):
            views, aligned = prepare(photo, style, options.size)
            runs = [paint(views, aligned, config) for config in (student, teacher)]
            shown = [tile(load_image(style).pixels)]
            shown += [tile(run.images[0], run.warped.coverage[0]) for run, _ in runs]
            rows.append(np.concatenate(shown, axis=1))
            covered = runs[0][0].warped.coverage
            difference = np.abs(runs[0][0].images - runs[1][0].images)[covered].mean()
            agreement = [view_consistency(run.images, run.warped)["mean_absolute"] for run, _ in runs]
            print(
                f"| {photo.stem} x {style.stem} | {runs[0][1]:.1f} | {runs[1][1]:.1f} | {difference:.3f} | "
                f"{agreement[0]:.4f} / {agreement[1]:.4f} |", flush=True,
            )  # fmt: skip
            columns = 2 if len(rows) > 3 else 1
            _save(rows, columns, options.out)


def _save(rows: list[np.ndarray], columns: int, path: Path) -> None:
    """The rows in one or two columns."""
    empty = np.full_like(rows[0], 0.93)
    filled = [*rows, *[empty] * (-len(rows) % columns)]
    lines = [np.concatenate(filled[k : k + columns], axis=1) for k in range(0, len(filled), columns)]
    whole = np.concatenate(lines, axis=0)
    Image.fromarray(np.round(np.clip(whole, 0, 1) * 255).astype(np.uint8)).save(path, quality=QUALITY)


if __name__ == "__main__":
    main()
