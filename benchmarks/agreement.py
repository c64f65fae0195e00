"""How well the neighbouring views of painted meshes agree, and what the numbers become when one view is truly wrong.

    python benchmarks/agreement.py OUT/spot.glb [...] [--size 512] [--views 8] [--wrong]

Any textured mesh. For every size: mean of all pairs / worst pair, each point at the coarser of its two resolutions, and
pointwise (docs/meshes.md, 3). --wrong: the worst pair again, with one of its views shifted in colour, moved or blurred.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np

from twinbrush.align.objects.align import DISTANCE
from twinbrush.meshes.read import load_model
from twinbrush.paint.round.agreement import all_pairs, enlarged, full_size
from twinbrush.views.consistency import footprint_consistency
from twinbrush.views.render import render_mesh_views
from twinbrush.views.rig import around


def spoilt(image: np.ndarray) -> dict[str, np.ndarray]:
    """A view that is wrong in several ways."""
    return {
        "0.01 brighter": np.minimum(image + 0.01, 1),
        "0.02 brighter": np.minimum(image + 0.02, 1),
        "1 px aside": np.roll(image, 1, axis=1),
        "2 px aside": np.roll(image, 2, axis=1),
        "1 px down": np.roll(image, 1, axis=0),
        "blurred, sigma 1 px": cv2.GaussianBlur(image, (0, 0), 1.0),
        "blurred, sigma 2 px": cv2.GaussianBlur(image, (0, 0), 2.0),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--size", type=int, default=512, help="of the painted views")
    parser.add_argument("--views", type=int, default=8)
    parser.add_argument("--wrong", action="store_true")
    options = parser.parse_args()
    for path in options.models:
        mesh = load_model(path).mesh
        turns = np.arange(options.views) * 2 * np.pi / options.views
        distance = DISTANCE * float(np.linalg.norm(np.ptp(mesh.vertices, axis=0)))
        ring = list(around(mesh.vertices, turns, 0 * turns, size=options.size, distance_mm=distance))
        full = round(options.size * full_size(mesh, ring))
        print(path)
        for size in sorted({options.size, full, 2 * options.size, 2048}):
            views = [enlarged(camera, size / options.size) for camera in ring]
            found = all_pairs(mesh, views)
            new = np.array([pair["mean_absolute"] for pair in found])
            old = np.array([pair["pointwise_mean_absolute"] for pair in found])
            print(f"  {size} px: {new.mean():.4f} / {new.max():.4f}; pointwise {old.mean():.4f} / {old.max():.4f}"
                  f"{'   (one texel a pixel)' if size == full else ''}", flush=True)  # fmt: skip
            if options.wrong and size == full:
                worst = int(new.argmax())
                pair = render_mesh_views(mesh, np.zeros((0, 3)), (views[worst], views[(worst + 1) % len(views)]))
                for name, image in spoilt(pair.images[1].astype(np.float32)).items():
                    wrong = footprint_consistency(np.stack([pair.images[0], image]), pair)
                    print(f"    worst pair, one view {name}: {wrong['mean_absolute']:.4f}; "
                          f"pointwise {wrong['pointwise_mean_absolute']:.4f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
