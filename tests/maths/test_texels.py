"""Texel by texel: the surface point each one paints, and who sees it."""

from __future__ import annotations

import numpy as np

from rounds import cube_sphere
from twinbrush.base.camera import project
from twinbrush.base.rasterize import rasterize
from twinbrush.maths.texels import seen_texels, texels_of
from twinbrush.views.rig import around


def test_texels_hold_their_own_place() -> None:
    mesh, _ = cube_sphere(grid=7)
    assert mesh.uv is not None
    texels = texels_of(mesh.uv, mesh.faces, 96)
    uv = texels.at(mesh.uv, mesh.faces)
    place = np.stack([texels.place % 96, texels.place // 96], 1)
    found = np.stack([uv[:, 0] * 96 - 0.5, (1 - uv[:, 1]) * 96 - 0.5], 1)
    # inside exactly; in the gutter the triangle is continued, so that the place is right there too
    assert np.abs(found - place)[texels.inside].max() < 1e-3
    assert np.median(np.abs(found - place)[~texels.inside]) < 1e-3


def test_gutters_surround_every_chart_and_no_more() -> None:
    uv = np.array([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75]])
    texels = texels_of(uv, np.array([[0, 1, 2]]), 32, gutter=2.0)
    bare = texels_of(uv, np.array([[0, 1, 2]]), 32, gutter=0.0)
    assert bare.inside.all()
    assert len(texels.place) > len(bare.place) + 60
    picture = np.zeros((32, 32), bool)
    picture.ravel()[texels.place] = True
    assert not picture[:, :5].any()
    assert picture[15, 6]  # two texels left of the chart's left side, at 7.5
    assert not picture[15, 4]


def test_seen_are_only_front_sides_that_nothing_hides() -> None:
    mesh, _ = cube_sphere(grid=9)
    assert mesh.uv is not None
    # a second copy right behind the first is hidden by it
    vertices = np.concatenate([mesh.vertices, mesh.vertices - [0, 0, 200]])
    faces = np.concatenate([mesh.faces, mesh.faces + len(mesh.vertices)])
    uv = np.concatenate([mesh.uv * [0.5, 1], mesh.uv * [0.5, 1] + [0.5, 0]])
    camera = around(vertices, np.zeros(1), np.zeros(1), size=128, distance_mm=1500)[0]
    pixels, depth = project(camera, vertices)
    raster = rasterize(pixels, depth, faces, 128, 128)
    texels = texels_of(uv, faces, 128)
    points = texels.at(vertices, faces)
    normals = points - np.where((texels.face < len(mesh.faces))[:, None], [[0, 0, 0]], [[0, 0, -200]])
    normals = (normals / np.array([100.0, 80, 60]) ** 2).astype(np.float32)
    seen = seen_texels(points, normals, camera, raster.depth)
    first = texels.face < len(mesh.faces)
    forward = (points[:, 2] > 20) & texels.inside
    assert (seen.facing[first & forward] > 0).mean() > 0.97
    assert (seen.facing[points[:, 2] < -25] > 0).sum() == 0
    assert (seen.facing[~first] > 0).mean() < 0.01
    shown = project(camera, points.astype(float))[0]
    np.testing.assert_allclose(seen.pixels_xy, shown, atol=2e-3)
