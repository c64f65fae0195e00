"""CPU seconds of the views room: z-buffer, visibility, rendering, stills, by size. `python benchmarks/rasterize.py`

`--embree` (needs `pip install embreex`) compares the z-buffer at one size with Embree's ray caster: both are given the
same triangles and one pinhole camera and answer which triangle every pixel's centre sees; Embree also has to build its
tree, which is listed apart. `python benchmarks/rasterize.py --rings 500 --embree`
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable

import numpy as np

from twinbrush.base.camera import look_at_origin, project, unproject
from twinbrush.base.mesh import Mesh
from twinbrush.base.rasterize import rasterize, visible_points
from twinbrush.base.shade import shade
from twinbrush.views.render import render_mesh_views


def bumpy_head(rings: int) -> Mesh:
    """An open, bumpy half ellipsoid with about 4 rings^2 faces, textured with noise."""
    v, u = np.mgrid[: rings + 1, : 2 * rings + 1] / rings
    u = (u - 1) * np.pi / 2  # -90 to 90 degrees around
    v = (v - 0.5) * np.pi * 0.98
    radius = 1 + 0.03 * np.sin(9 * u) * np.sin(11 * v)
    axes = [85 * np.sin(u) * np.cos(v), -115 * np.sin(v), 95 * np.cos(u) * np.cos(v)]
    points = np.stack(axes, -1) * radius[..., None]
    index = np.arange(points.size // 3).reshape(u.shape)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    faces = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])
    uv = np.stack([(u / np.pi + 0.5).ravel(), (v / np.pi + 0.5).ravel()], 1)
    texture = np.random.default_rng(0).random((1024, 1024, 3), np.float32)
    return Mesh(points.reshape(-1, 3), faces, uv, texture)


def cost(work: Callable[[], object], repeats: int) -> float:
    """Best CPU seconds of several runs, after one that compiles."""
    work()
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rings", type=int, default=224, help="about 4 rings^2 faces")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--embree", action="store_true", help="compare with embreex at 1024 pixels, nothing else")
    options = parser.parse_args()
    mesh = bumpy_head(options.rings)
    if options.embree:
        beside_embree(mesh, 1024, options.repeats)
        return
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {len(mesh.faces)} faces")
    print(f"{'size':>6} {'z-buffer':>10} {'visibility':>11} {'2 views':>9} {'clay':>7} {'textured':>9}   CPU seconds")
    for size in (512, 768, 1024, 2048):
        print("{:>6} {:>10.3f} {:>11.3f} {:>9.2f} {:>7.2f} {:>9.2f}".format(size, *costs(mesh, size, options.repeats)))


def costs(mesh: Mesh, size: int, repeats: int) -> tuple[float, ...]:
    """One row of the table."""
    cameras = tuple(look_at_origin(a, 0.0, 560.0, 2.1 * size, size, size) for a in np.radians([-8.0, 8.0]).tolist())
    pixels, depth = project(cameras[0], mesh.vertices)
    work: tuple[Callable[[], object], ...] = (
        lambda: rasterize(pixels, depth, mesh.faces, size, size),
        lambda: visible_points(pixels, depth, pixels, depth, mesh.faces, size, size),
        lambda: render_mesh_views(mesh, mesh.vertices[:468], cameras),
        lambda: shade(mesh, cameras[0], mode="clay"),
        lambda: shade(mesh, cameras[0], mode="textured"),
    )
    return tuple(cost(one, repeats) for one in work)


def beside_embree(mesh: Mesh, size: int, repeats: int) -> None:
    """Milliseconds of CPU time of both, and how many pixels they disagree on."""
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    camera = look_at_origin(0.0, 0.0, 560.0, 2.1 * size, size, size)
    pixels, depth = project(camera, mesh.vertices)
    ys, xs = np.mgrid[:size, :size].reshape(2, -1).astype(float)
    rays = unproject(camera, np.stack([xs, ys], 1), np.ones(size * size)) - camera.centre_xyz
    directions = (rays / np.linalg.norm(rays, axis=1, keepdims=True)).astype(np.float32)
    origins = np.tile(camera.centre_xyz.astype(np.float32), (size * size, 1))
    corners = mesh.vertices[mesh.faces].astype(np.float32)

    def tree() -> EmbreeScene:
        scene = EmbreeScene()
        TriangleMesh(scene, corners)
        scene.run(origins[:1], directions[:1])  # the tree is built when the first ray is cast
        return scene

    scene = tree()
    ours = rasterize(pixels, depth, mesh.faces, size, size).face_index.ravel()
    theirs = scene.run(origins, directions)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {len(mesh.faces)} triangles, "
          f"{size} x {size} pixels, {np.mean(ours >= 0):.0%} covered; milliseconds of CPU time, best of {repeats}")
    print(f"twinbrush z-buffer (float64, one thread, with barycentrics and depth): "
          f"{1e3 * cost(lambda: rasterize(pixels, depth, mesh.faces, size, size), repeats):.0f}")
    cast, build = cost(lambda: scene.run(origins, directions), repeats), cost(tree, repeats)
    print(f"embreex: one ray a pixel, triangle numbers only: {1e3 * cast:.0f} (+ {1e3 * build:.0f} to build the tree)")
    print(f"pixels on which they name different triangles: {np.mean(ours != theirs):.3%} "
          f"(one sees nothing: {np.mean((ours >= 0) != (theirs >= 0)):.3%})")


if __name__ == "__main__":
    main()
