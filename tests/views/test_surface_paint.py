"""Paint laid on a surface view by view: complete, owned once, the same from everywhere."""

from __future__ import annotations

import numpy as np

from rounds import colour_of, cube_sphere
from twinbrush.base.mesh import Mesh, vertex_normals
from twinbrush.base.rasterize import interpolate
from twinbrush.views.rig import around
from twinbrush.views.surface_paint import SurfacePaint, broad_normals


def paint_of(mesh: Mesh, welded: np.ndarray, size: int = 192) -> SurfacePaint:
    first = np.unique(welded, return_index=True)[1]
    solid, faces = mesh.vertices[first], welded[mesh.faces]
    normals = vertex_normals(solid, faces)
    return SurfacePaint(mesh, size, normals[welded], broad_normals(solid, faces, normals, 20.0)[welded])


def ring(mesh: Mesh, count: int = 8, size: int = 128) -> tuple:
    azimuths = np.append(np.arange(count) * 2 * np.pi / count, [0, 0])
    elevations = np.append(np.zeros(count), np.radians([65, -65]))
    return around(mesh.vertices, azimuths, elevations, size=size, distance_mm=1000)


def test_every_texel_has_one_owner_and_a_narrow_border() -> None:
    mesh, welded = cube_sphere()
    paint = paint_of(mesh, welded)
    looks = [paint.look(camera) for camera in ring(mesh)]
    for look in looks:
        paint.claim(look)
    shares = np.stack([paint.share(look) for look in looks])
    assert (shares.max(0) > 0.99).mean() > 0.98
    assert ((shares > 0.02).sum(0) > 1).mean() < 0.35
    assert (shares.max(1) > 0.99).all()  # every view owns something


def test_a_painted_surface_looks_the_same_from_everywhere() -> None:
    mesh, welded = cube_sphere()
    paint = paint_of(mesh, welded)
    cameras = ring(mesh)
    for camera in cameras:
        paint.claim(paint.look(camera))
    for camera in cameras:
        look = paint.look(camera)
        points = interpolate(look.raster.face_index, look.raster.barycentric, mesh.faces, mesh.vertices)
        paint.add(look, colour_of(points), paint.share(look))
    for camera in cameras:
        look = paint.look(camera)
        layer = paint.shown(look)
        points = interpolate(look.raster.face_index, look.raster.barycentric, mesh.faces, mesh.vertices)
        sure = layer[..., 3] > 0.5
        assert sure[look.raster.face_index >= 0].mean() > 0.9
        shown = layer[..., :3] / np.maximum(layer[..., 3:], 1e-6)
        assert np.abs(shown - colour_of(points))[sure].mean() < 0.01


def test_broad_normals_forget_roughness() -> None:
    mesh, welded = cube_sphere(grid=21)
    first = np.unique(welded, return_index=True)[1]
    faces = welded[mesh.faces]
    smooth = mesh.vertices[first]
    rough = smooth * (1 + 0.03 * np.random.default_rng(0).normal(size=(len(smooth), 1)))
    wanted, found = vertex_normals(smooth, faces), vertex_normals(rough, faces)
    broad = broad_normals(rough, faces, found, 25.0)
    assert (broad * wanted).sum(1).mean() > 0.97
    assert (broad * wanted).sum(1).mean() > (found * wanted).sum(1).mean() + 0.05
