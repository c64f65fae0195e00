"""What N views are worth: the shape they bring back, what painting one more costs, how well neighbours agree.

    python benchmarks/nview.py MODEL STYLE [--size 512] [--texture 2048] [--views 4 8 16] [--shape-only]

MODEL: any mesh (the numbers in docs/meshes.md: the Stanford bunny), STYLE: any picture. CPU seconds, one thread.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from twinbrush.align.objects.align import StyleObject, align_object
from twinbrush.align.objects.foreground import foreground
from twinbrush.align.objects.matches import Matches
from twinbrush.align.objects.matching import match_object
from twinbrush.base.camera import project
from twinbrush.base.image import load_image
from twinbrush.base.mesh import vertex_normals
from twinbrush.base.rasterize import visible_points
from twinbrush.config import ObjectConfig, StylizeConfig, ViewsConfig
from twinbrush.meshes.read import load_model
from twinbrush.meshes.values import SourceModel
from twinbrush.paint.bake import finish_texture
from twinbrush.paint.round.agreement import ring_consistency
from twinbrush.paint.round.object import cameras_for, paint_object, prepare
from twinbrush.shape.n_view import solve_allround
from twinbrush.shape.solve import Sighting, seen_weight, solve_shape
from twinbrush.views.rig import around
from twinbrush.views.values import ViewSet

NOISE_PX = 0.5
LENGTH = 0.02  # of the diagonal: smoothing of the solve


def bend(points: np.ndarray) -> np.ndarray:
    """A known smooth deformation, some 6% of the diagonal."""
    size = float(np.linalg.norm(np.ptp(points, axis=0)))
    u = points / size
    return size * np.stack([0.06 * np.sin(4 * u[:, 1] + 2 * u[:, 2]), 0.05 * np.cos(5 * u[:, 0]),
                            0.06 * np.sin(4 * u[:, 0] + 3 * u[:, 1])], 1)  # fmt: skip


def shape_errors(model: SourceModel) -> None:
    """Identity and known deformation, by a stereo pair and by eight views around."""
    rest, faces = model.mesh.vertices[model.first], model.welded_faces
    size, normals = float(np.linalg.norm(np.ptp(rest, axis=0))), vertex_normals(rest, faces)
    for name, degrees in (("2 views, +-8 degrees", [-8, 8]), ("8 views around", list(range(0, 360, 45)))):
        for share, noise in ((0.0, 0.0), (1.0, NOISE_PX)):
            truth, rng = share * bend(rest), np.random.default_rng(0)
            cameras = around(np.concatenate([rest, rest + truth]), np.radians(degrees), np.zeros(len(degrees)),
                             size=512, distance_mm=4 * size)  # fmt: skip
            sightings = []
            for camera in cameras:
                pixels, depth = project(camera, rest)
                seen = visible_points(pixels, depth, pixels, depth, faces, 512, 512)
                goal = project(camera, rest + truth)[0] + noise * rng.normal(size=pixels.shape)
                sightings.append(Sighting(camera, goal, seen_weight(rest, normals, camera, seen)))
            start = time.process_time()
            found = solve_shape(rest, faces, lambda s=sightings: s, smooth_length=LENGTH * size)
            spent = time.process_time() - start
            error = np.linalg.norm(found.displacement - truth, axis=1) / size
            what = "identity" if share == 0 else f"known deformation, {noise} px noise"
            print(f"{name}, {what}: RMS {np.sqrt((error**2).mean()):.2e}, max {error.max():.2e} of the diagonal; "
                  f"{found.seen:.0%} of the vertices seen, all solved; {spent:.1f} cpu-s")  # fmt: skip


def painting(model: SourceModel, style: Path, sizes: argparse.Namespace) -> None:
    """Cost per view and agreement of neighbours, by number of views."""
    picture = load_image(style)
    found = foreground(picture.pixels, alpha=picture.alpha)
    subject = StyleObject(picture.pixels, found.mask, found.mask)
    config = ObjectConfig(keypoints="contours")

    def match(views: ViewSet) -> Matches:
        return match_object(views.images[0], views.coverage[0], subject.image, subject.mask, config)

    alignment = align_object(model.mesh, subject, config, match)
    framed = np.concatenate([model.mesh.vertices, alignment.target_xyz])
    for count in sizes.views:
        views = ViewsConfig(size=sizes.size, views=count)
        cameras = cameras_for(framed, views, alignment.azimuth_degrees)
        shape = solve_allround(model.mesh, model.welded, alignment.target_xyz, cameras, 1.0)
        around_it = prepare(shape.mesh, model.welded, alignment, subject, views, coloured=model.coloured)
        start = time.process_time()
        paint, log = paint_object(around_it, StylizeConfig(method="guided"), sizes.texture, seed=0)
        spent = time.process_time() - start
        baked = finish_texture(paint)
        agreement = ring_consistency(shape.mesh.painted(baked.texture), around_it.cameras)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{count} views ({len(cameras)} with caps): {spent:.1f} cpu-s, {spent / len(cameras):.2f} a view; "
            f"neighbours differ by {agreement['consistency_mean_absolute']:.4f}, "
            f"worst pair {agreement['consistency_worst_pair']:.4f} (pointwise "
            f"{agreement['consistency_pointwise_mean_absolute']:.4f}, "
            f"{agreement['consistency_pointwise_worst_pair']:.4f}); borders {log['border_difference']:.4f}, "
            f"seams {baked.metrics['seam_difference']:.4f}; seen {baked.metrics['texels_seen']:.1%}; "
            f"peak memory {memory:.2f} GB",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--texture", type=int, default=2048)
    parser.add_argument("--views", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--shape-only", action="store_true")
    options = parser.parse_args()
    model = load_model(options.model)
    print(f"{platform.machine()}, Python {platform.python_version()}; {options.model.name}: "
          f"{model.welded_count} vertices, {len(model.mesh.faces)} triangles")  # fmt: skip
    shape_errors(model)
    if not options.shape_only:
        painting(model, options.style, options)


if __name__ == "__main__":
    main()
