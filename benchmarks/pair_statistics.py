"""What the manifests of many finished pairs say together.

    python benchmarks/pair_statistics.py FOLDER [--csv]

FOLDER: that of benchmarks/contact_sheet.py (one folder a pair). Consistency: mean |colour difference| of corresponding
points of the two stylized views. Sharpness: mean |Laplacian| of a view's luminance; left over right. CPU: all stages.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

LIMIT = 0.10  # sharpness of one view may differ by this share from the other's


def sharpness(path: Path) -> float:
    """Mean |Laplacian| of the luminance, 0..255."""
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise SystemExit(f"{path}: not a picture")
    return float(np.abs(cv2.Laplacian(grey.astype(np.float32), cv2.CV_32F)).mean())


def row(folder: Path) -> tuple[float, float, float, float]:
    """Consistency, sharpness left over right, CPU-seconds, folds in the views of one pair."""
    page: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    metrics, timings = page["metrics"], page["volatile"]["timings"]
    if any(stage["resumed"] for stage in timings):
        print(f"{folder.name}: resumed; its CPU-seconds are not those of a whole run")
    return (
        metrics["consistency_after_mean_absolute"],
        sharpness(folder / "view_left.png") / sharpness(folder / "view_right.png"),
        sum(stage["cpu_seconds"] for stage in timings),
        metrics.get("fold_overs", 0.0),  # only the paper's method warps
    )


def main() -> None:
    """Print the table's last lines, or all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--csv", action="store_true", help="one line for every pair")
    options = parser.parse_args()
    folders = sorted(path.parent for path in options.folder.glob("*/manifest.json"))
    if not folders:
        raise SystemExit(f"{options.folder}: no finished pairs")
    rows = np.array([row(folder) for folder in folders])
    if options.csv:
        print("pair,consistency,sharpness left/right,cpu seconds,folds")
        for folder, values in zip(folders, rows, strict=True):
            print(folder.name, *(f"{value:.4f}" for value in values), sep=",")
    names = ("consistency", "sharpness left/right", "CPU-seconds", "folds")
    for name, values in zip(names, rows.T, strict=True):
        print(f"{name}: mean {values.mean():.4f}, least {values.min():.4f}, most {values.max():.4f}")
    print(f"{len(folders)} pairs; sharpness within {LIMIT:.0%}: {int((np.abs(rows[:, 1] - 1) <= LIMIT).sum())}")


if __name__ == "__main__":
    main()
