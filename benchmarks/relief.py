"""What the medium's relief costs, and whether its strokes lie as the paint's do, on folders that `stylize` wrote.

    python benchmarks/relief.py OUT [OUT ...] [--medium oil]

A line a folder: medium; CPU-seconds of the stage, of eight clay and painted stills without and with relief; sizes of
figure.glb without and with its maps, MB; share of the coherently painted surface on which the relief's strokes are
within 15 degrees of the paint's (by texels of the figure but its bust; stones have two directions). The last line:
the process' peak memory.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import tyro

from twinbrush import load_figure
from twinbrush.export.figure_gltf import figure_bytes
from twinbrush.export.figure_outputs import eight_sides, figure_mesh
from twinbrush.export.figure_relief import gltf_detail
from twinbrush.meshes.plain.surface import texture_png
from twinbrush.relief.ground import FLOOR_L, ground_of
from twinbrush.relief.marks import touches_at
from twinbrush.relief.media import MEDIA
from twinbrush.relief.values import Worked
from twinbrush.relief.work import relief_of
from twinbrush.sculpt.values import Figure

STILL, WITHIN_DEGREES, COHERENT, EVERY = 768, 15.0, 0.5, 7
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Returns the CPU-seconds of the second run, and what it made."""
    work()
    start = time.process_time()
    made = work()
    return time.process_time() - start, made


def agreement(figure: Figure, heights: np.ndarray, *, two_ways: bool) -> tuple[float, float]:
    """Returns the share of the coherent surface on which directions agree, and the coherent share of all."""
    paint = ground_of(figure, heights.shape[:2])
    grey = np.repeat((0.5 + 0.25 * heights)[..., None], 3, 2)
    relief = ground_of(replace(figure, texture=grey.astype(np.float32)), heights.shape[:2])
    asked = paint.texels.inside & (paint.gate > 0.5) & (paint.zone == 0)
    texels = np.flatnonzero(asked)[::EVERY].astype(np.int32)
    one, two = (touches_at(ground, texels, 10.0) for ground in (paint, relief))
    coherent = (one.coherence > COHERENT) & (paint.contrast[texels] > FLOOR_L)
    cosine = np.abs((one.across * two.across).sum(1))[coherent]
    degrees = np.degrees(np.arccos(np.clip(cosine, 0, 1)))
    if two_ways:
        degrees = np.minimum(degrees, 90 - degrees)
    return float((degrees < WITHIN_DEGREES).mean()), float(coherent.mean())


def line(folder: Path, medium: str) -> str:
    """Returns a folder's row."""
    figure = load_figure(folder)
    cost, relief = timed(lambda: relief_of(figure, medium, 0))
    worked, mesh = Worked(relief, relief.amplitude_mm), figure_mesh(figure)
    plain, _ = timed(lambda: eight_sides(mesh, STILL))
    stills, _ = timed(lambda: eight_sides(mesh, STILL, worked))
    png = texture_png(mesh)
    assert png is not None
    sizes = [len(figure_bytes(figure, png, detail)) / 1e6 for detail in (None, gltf_detail(figure, mesh, worked))]
    same, coherent = agreement(figure, relief.heights, two_ways=medium == "mosaic")
    return (
        f"| {folder.name} | {medium} | {cost:.1f} | {plain:.1f} -> {stills:.1f} | {sizes[0]:.1f} -> {sizes[1]:.1f} "
        f"| {same:.0%} (of {coherent:.0%}) |")


def main(folders: tyro.conf.Positional[list[Path]], medium: str = "") -> None:
    """Print a line a folder. medium: without it, all of them."""
    print("| folder | medium | relief CPU-s | stills CPU-s | GLB MB | strokes within 15 degrees |\n" + "|---" * 6 + "|")
    for folder in folders:
        for name in [medium] if medium else MEDIA:
            print(line(folder, name), flush=True)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB", file=sys.stderr)


if __name__ == "__main__":
    tyro.cli(main)
