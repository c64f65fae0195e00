"""CPU seconds and bytes of every file of the export, for a finished figure or for a made-up surface.

    python benchmarks/export.py [OUT]      (OUT: a folder with a figure)
"""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import twinbrush
from twinbrush.config import DEFAULT
from twinbrush.export.figure_gltf import write_figure
from twinbrush.export.figure_print import figure_solid
from twinbrush.export.gltf import glb_bytes
from twinbrush.export.obj import obj_files, write_obj
from twinbrush.export.ply import ply_bytes, write_ply
from twinbrush.export.stills import framed_cameras, write_stills
from twinbrush.export.surface import texture_png
from twinbrush.export.viewer import viewer_html, write_viewer
from twinbrush.figure_outputs import SIDES_DEGREES, all_targets, eight_sides, figure_mesh
from twinbrush.mesh import Mesh
from twinbrush.views.shade import shade


def made_up(grid: int = 290, texture: int = 2048) -> Mesh:
    """About 150,000 triangles of a wavy egg, with a texture as hard to compress as brushwork."""
    u, v = np.meshgrid(np.linspace(0, 1, grid), np.linspace(1, 0, grid))
    x, y = 200 * (u - 0.5), 260 * (v - 0.5)
    z = 90 * np.sqrt(np.clip(1 - (x / 120) ** 2 - (y / 160) ** 2, 0.05, None)) + 2 * np.sin(x / 4) * np.sin(y / 5)
    number = np.arange(grid * grid).reshape(grid, grid)
    a, b, c, d = number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    noise = np.random.default_rng(0).normal(0.5, 0.1, (texture, texture, 3))
    vertices = np.stack([x, y, z], -1).reshape(-1, 3)
    return Mesh(vertices, faces, np.stack([u, v], -1).reshape(-1, 2), np.clip(noise, 0, 1).astype(np.float32))


def measure_figure(out: Path) -> None:
    """Print one line a part of a figure's export."""
    figure = twinbrush.load_figure(out)
    mesh = figure_mesh(figure)
    eight_sides(mesh, 32)  # compile first
    size = DEFAULT.export.still_size
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder)
        stills: dict[str, np.ndarray] = {}
        works: dict[str, Callable[[], object]] = {
            "texture as PNG": lambda: texture_png(mesh),
            "figure.glb": lambda: write_figure(figure, to / "figure.glb", texture_png(mesh)),
            "figure.obj": lambda: write_obj(mesh, to, name="figure", png=texture_png(mesh)),
            "figure.ply": lambda: write_ply(mesh, to / "figure.ply", texture_file="figure.png"),
            "viewer.html": lambda: write_viewer(
                mesh, to / "viewer.html", title="Figure", expressions=all_targets(figure)),
            "sixteen stills": lambda: stills.update(eight_sides(mesh, size)),
            "the same one by one": lambda: [
                shade(mesh, camera, mode=mode) for mode in ("textured", "clay")
                for camera in framed_cameras(mesh, SIDES_DEGREES, size)],
            "sixteen stills as PNG": lambda: write_stills(stills, to),
            "solid for printing": lambda: figure_solid(figure, DEFAULT.export.print_height_mm),
        }
        for name, work in works.items():
            start = time.process_time()
            work()
            print(f"{name:24s} {time.process_time() - start:6.2f} cpu-s")


def main() -> None:
    """Print one line a file."""
    if len(sys.argv) > 1:
        measure_figure(Path(sys.argv[1]))
        return
    mesh = made_up()
    shade(mesh, framed_cameras(mesh, (0,), 32)[0])  # compile first

    def measure(name: str, work: Callable[[], object]) -> object:
        start = time.process_time()
        result = work()
        size = f"{len(result) / 1e6:8.2f} MB" if isinstance(result, bytes) else ""
        print(f"{name:24s} {time.process_time() - start:6.2f} cpu-s {size}")
        return result

    git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    print(f"{len(mesh.faces)} triangles; {platform.machine()}; Python {platform.python_version()}; {git.stdout[:7]}")
    png = measure("texture as PNG", lambda: texture_png(mesh))
    measure("x.glb", lambda: glb_bytes(mesh, name="x", before=mesh, png=png))
    measure("x.obj", lambda: obj_files(mesh, name="x", png=png)["x.obj"])
    measure("x.ply", lambda: ply_bytes(mesh))
    measure("viewer.html", lambda: viewer_html(mesh, title="x", before=mesh))


if __name__ == "__main__":
    main()
