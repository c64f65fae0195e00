"""How well views all the way round agree: the numbers of every mesh's manifest."""

from __future__ import annotations

import numpy as np

from twinbrush.base.camera import Camera, project
from twinbrush.base.errors import BadMesh
from twinbrush.base.mesh import Mesh
from twinbrush.base.sampling import texels_per_pixel
from twinbrush.views.consistency import footprint_consistency
from twinbrush.views.render import render_mesh_views
from twinbrush.views.values import ViewSet, joined

LEVEL = 32.5  # degrees: views from higher or lower are left out
MOST_PX = 2048  # of a view in which agreement is measured


def ring_consistency(mesh: Mesh, cameras: tuple[Camera, ...]) -> dict[str, float]:
    """How well neighbouring views of the painted mesh agree on all points both see (`footprint_consistency`: each point
    at the coarser of its two resolutions), mean of all pairs and worst pair.

    cameras: in any order; neighbours are nearest in azimuth, those above and below are left out. The views are rendered
    where the texture shows in full: at about one texel a pixel (the median of a view), MOST_PX at most.
    consistency_painted_size: the worst pair at the size of `cameras`. The same with every point read bilinearly in both
    pictures, whatever their resolution there, is consistency_pointwise_*: the stricter reading, and the older one.
    """
    steepest = np.sin(np.radians(LEVEL))
    level = [camera for camera in cameras if abs(camera.world_to_camera[2, 1]) < steepest]
    azimuth = [float(np.arctan2(-camera.world_to_camera[2, 0], -camera.world_to_camera[2, 2])) for camera in level]
    ring = [level[i] for i in np.argsort(azimuth)]
    factor = full_size(mesh, ring)
    found = all_pairs(mesh, [enlarged(camera, factor) for camera in ring])
    if not found:
        return {}
    painted = found if factor == 1 else all_pairs(mesh, ring)
    return {
        "consistency_mean_absolute": float(np.mean([values["mean_absolute"] for values in found])),
        "consistency_worst_pair": max(values["mean_absolute"] for values in found),
        "consistency_delta_e": float(np.mean([values["delta_e"] for values in found])),
        "consistency_painted_size": max(values["mean_absolute"] for values in painted),
        "consistency_pointwise_mean_absolute": float(np.mean([values["pointwise_mean_absolute"] for values in found])),
        "consistency_pointwise_worst_pair": max(values["pointwise_mean_absolute"] for values in found),
        "consistency_pointwise_painted_size": max(values["pointwise_mean_absolute"] for values in painted),
        "consistency_pixels": float(enlarged(ring[0], factor).width),
    }


def full_size(mesh: Mesh, ring: list[Camera]) -> float:
    """How many times larger the views have to be to show one texel a pixel."""
    assert mesh.uv is not None
    assert mesh.texture is not None
    places = mesh.uv * [mesh.texture.shape[1], mesh.texture.shape[0]]
    steps = [texels_per_pixel(places, project(camera, mesh.vertices)[0], mesh.faces) for camera in ring]
    return float(np.clip(np.median(steps), 1.0, max(1.0, MOST_PX / ring[0].width)))


def all_pairs(mesh: Mesh, ring: list[Camera]) -> list[dict[str, float]]:
    """Agreement of all neighbours, three views in memory at a time."""
    found: list[dict[str, float]] = []
    first = before = _seen(mesh, ring[0])
    for camera in ring[1:]:
        here = _seen(mesh, camera)
        found += _agreement(before, here)
        before = here
    return found + (_agreement(before, first) if len(ring) > 2 else [])


def _seen(mesh: Mesh, camera: Camera) -> ViewSet | None:
    try:
        return render_mesh_views(mesh, np.zeros((0, 3)), (camera,))
    except BadMesh:  # something flat, seen from its edge: there is nothing to compare
        return None


def _agreement(a: ViewSet | None, b: ViewSet | None) -> list[dict[str, float]]:
    if a is None or b is None:
        return []
    views = joined(a, b)
    return [footprint_consistency(views.images, views)]


def enlarged(camera: Camera, factor: float) -> Camera:
    """The same view in about `factor` times as many pixels along each side."""
    width, height = round(camera.width * factor), round(camera.height * factor)
    fx, fy = width / camera.width, height / camera.height
    intrinsics = camera.intrinsics * [[fx, 1, fx], [1, fy, fy], [1, 1, 1]]
    intrinsics[:2, 2] += [(fx - 1) / 2, (fy - 1) / 2]
    return Camera(intrinsics, camera.world_to_camera, width, height)
