"""CPU seconds and peak memory of a mesh on its way in and out. `python benchmarks/meshes.py --triangles 1000000`

A bumpy subdivided sphere is written in the chosen format, read (welded, unwrapped, coloured), and written back moved.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import trimesh

from twinbrush.meshes.read import load_model
from twinbrush.meshes.write import write_model


def bumpy_sphere(triangles: int) -> trimesh.Trimesh:
    """A sphere of u, v quads with bumps; about `triangles` triangles."""
    side = int(np.ceil(np.sqrt(triangles / 8)))
    mesh = trimesh.creation.uv_sphere(radius=1.0, count=[side, 2 * side])
    x, y, z = np.asarray(mesh.vertices).T
    mesh.vertices *= (1 + 0.05 * np.sin(9 * x) * np.sin(11 * y) * np.cos(7 * z))[:, None]
    return mesh


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triangles", type=int, default=1_000_000)
    parser.add_argument("--format", choices=("obj", "ply", "stl", "glb"), default="ply")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"sphere.{options.format}"
        bumpy_sphere(options.triangles).export(path)
        start = time.process_time()
        model = load_model(path)
        read = time.process_time() - start
        moved = model.mesh.vertices * (1.0, 1.1, 0.9)
        start = time.process_time()
        write_model(model, moved, model.mesh.texture, Path(folder) / "out", "sphere")
        write = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores; {options.format}, "
          f"{len(model.mesh.faces)} triangles: read {read:.1f}, write {write:.1f} CPU seconds, peak {peak:.2f} GB; "
          f"{model.repairs}")


if __name__ == "__main__":
    main()
