"""The finished atlas: right colours, no seams, no holes."""

from __future__ import annotations

import numpy as np

from rounds import colour_of, cube_sphere
from twinbrush.base.mesh import Mesh, vertex_normals
from twinbrush.base.rasterize import interpolate
from twinbrush.paint.bake import bake_views, finish_texture, seam_difference, seam_edges
from twinbrush.shape.weld import weld
from twinbrush.views.rig import around
from twinbrush.views.surface_paint import SurfacePaint, broad_normals


def painted(azimuths: list[float], size: int = 192) -> tuple[Mesh, SurfacePaint]:
    mesh, welded = cube_sphere()
    first = np.unique(welded, return_index=True)[1]
    solid, faces = mesh.vertices[first], welded[mesh.faces]
    normals = vertex_normals(solid, faces)
    paint = SurfacePaint(mesh, size, normals[welded], broad_normals(solid, faces, normals, 20.0)[welded])
    cameras = around(mesh.vertices, np.radians(azimuths), np.zeros(len(azimuths)), size=160, distance_mm=1000)

    def pictures():
        for camera in cameras:
            raster = paint.look(camera).raster
            points = interpolate(raster.face_index, raster.barycentric, mesh.faces, mesh.vertices)
            points[raster.face_index < 0] = points[raster.face_index >= 0].mean(0)
            yield camera, colour_of(points)

    bake_views(paint, pictures)
    return mesh, paint


def test_colours_come_back_and_seams_do_not_show() -> None:
    mesh, paint = painted([0, 45, 90, 135, 180, 225, 270, 315])
    baked = finish_texture(paint)
    inside = paint.texels.inside
    points = paint.texels.at(mesh.vertices, mesh.faces)
    error = np.abs(baked.texture.reshape(-1, 3)[paint.texels.place] - colour_of(points)).mean(1)
    assert error[inside].mean() < 0.012
    assert baked.metrics["texels_seen"] > 0.8
    assert baked.metrics["seam_difference"] < 0.004
    # and the measure sees a seam: the same colours moved by three texels
    moved = np.roll(baked.texture, 3, axis=1)
    assert seam_difference(mesh, weld(mesh.vertices, mesh.faces), moved) > 3 * baked.metrics["seam_difference"]


def test_what_no_view_sees_is_filled_smoothly_over_the_surface() -> None:
    mesh, paint = painted([0, 20])  # the back is unseen, and lies in other charts
    baked = finish_texture(paint)
    assert np.isfinite(baked.texture).all()
    points, inside = paint.texels.at(mesh.vertices, mesh.faces), paint.texels.inside
    flat = baked.texture.reshape(-1, 3)[paint.texels.place]
    back = inside & (points[:, 2] < -20)
    assert back.sum() > 1000
    # near the rim the back takes the rim's colours: continued, not invented
    rim = inside & (np.abs(points[:, 2] + 5) < 6)
    assert np.abs(flat[rim] - colour_of(points)[rim]).mean() < 0.12
    assert flat[back].std(0).mean() < 0.25
    assert baked.metrics["seam_difference"] < 0.01


def test_seam_edges_are_the_cube_s_edges() -> None:
    mesh, _ = cube_sphere(grid=5)
    joined = weld(mesh.vertices, mesh.faces)
    edges = seam_edges(mesh, joined)
    assert len(edges) == 12 * 4
    np.testing.assert_array_equal(mesh.vertices[edges[:, 0]], mesh.vertices[edges[:, 2]])
    np.testing.assert_array_equal(mesh.vertices[edges[:, 1]], mesh.vertices[edges[:, 3]])
    assert (edges[:, :2] != edges[:, 2:]).any(1).all()
