"""The portrait with a back: closed, one texture, untouched in front, and hair behind hair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from scipy import spatial

from twinbrush.errors import BadMesh
from twinbrush.export.back import unfolded
from twinbrush.export.chart import Chart, best_rectangle, painted
from twinbrush.export.closed import _colours, _layout, _shapes, _sheet, close_portrait
from twinbrush.export.surface import sample_texture, surface_of
from twinbrush.mesh import Mesh


def front_count(closed: Mesh) -> int:
    """The front's vertices come first; the back begins with the rim's copies."""
    return int(closed.seam[:, 1].min())


def test_it_is_closed_in_space_with_one_texture(small: Mesh) -> None:
    closed, none = close_portrait(small)
    assert none is None
    welded = np.arange(len(closed.vertices))
    welded[closed.seam[:, 1]] = closed.seam[:, 0]
    edges = welded[closed.faces][:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    assert sorted(edges.tolist()) == sorted(edges[:, ::-1].tolist())  # every edge is walked both ways equally often
    solid = trimesh.Trimesh(closed.vertices, closed.faces, process=False)
    assert solid.volume > 0.15 * np.prod(solid.extents)
    assert closed.texture.shape == small.texture.shape
    assert closed.uv.min() >= 0
    assert closed.uv.max() <= 1
    assert len(closed.regions) == len(closed.vertices)


def test_the_face_does_not_change(small: Mesh) -> None:
    closed, _ = close_portrait(small)
    count = front_count(closed)
    inner = np.abs(small.vertices[:, 0]) < 30
    inner &= np.abs(small.vertices[:, 1]) < 40
    where = {tuple(uv): i for i, uv in enumerate(closed.uv[:count].tolist())}
    index = [where[tuple(uv)] for uv in small.uv[inner].tolist()]
    np.testing.assert_array_equal(closed.vertices[index], small.vertices[inner])
    np.testing.assert_allclose(
        sample_texture(closed.texture, small.uv), sample_texture(small.texture, small.uv), atol=1e-6
    )


def test_light_shows_no_crease_at_the_seam(small: Mesh) -> None:
    closed, _ = close_portrait(small)
    surface = surface_of(closed)
    assert len(surface.seam) > 50
    np.testing.assert_array_equal(closed.vertices[closed.seam[:, 0]], closed.vertices[closed.seam[:, 1]])
    np.testing.assert_allclose(surface.normals[surface.seam[:, 0]], surface.normals[surface.seam[:, 1]])
    np.testing.assert_allclose(np.linalg.norm(surface.normals, axis=1), 1)


def test_the_back_of_the_head_is_hair(small: Mesh) -> None:
    closed, _ = close_portrait(small)
    count = front_count(closed)
    colours = sample_texture(closed.texture, closed.uv[count:])
    height = closed.vertices[count:, 1]
    hair, cloth = np.array([0.25, 0.16, 0.1]), np.array([0.15, 0.2, 0.45])
    middle = (height > 0) & (height < 40) & (np.abs(closed.vertices[count:, 0]) < 20)
    skin = np.array([0.75, 0.66, 0.55])  # beside it, in front, the rim is skin
    assert np.linalg.norm(colours[middle].mean(0) - hair) < 0.4 * np.linalg.norm(colours[middle].mean(0) - skin)
    assert np.linalg.norm(colours[height < -140].mean(0) - cloth) < 0.25


def test_hairs_strokes_end_at_the_neck(small: Mesh) -> None:
    """Neck and clothes have the brush's strokes faintly, hair in full."""
    sheet = _sheet([small])
    layout = _layout(sheet)
    backs, _, _ = _shapes(sheet, layout, None)
    _, strokes = _colours(sheet, layout, backs[0], [sample_texture(small.texture, sheet.uv)])
    height = backs[0][:, 1]
    assert strokes[(height > -20) & (np.abs(backs[0][:, 0]) < 30)].min() > 0.95
    assert strokes[height < -130].max() < 0.25


def test_strokes_are_painted_as_strong_as_told() -> None:
    rng = np.random.default_rng(0)
    texture = np.full((256, 256, 3), 0.5, np.float32)
    texture[:96, :96] += 0.2 * rng.standard_normal((96, 96, 1)).astype(np.float32)
    corners = np.array([[0.5, 0.1], [0.7, 0.1], [0.7, 0.4], [0.5, 0.4], [0.9, 0.1], [0.9, 0.4]])
    chart = Chart(corners, (0.5, 0.1, 0.9, 0.4), 1.0, (0.0, 0.65, 0.35, 1.0))
    faces = np.array([[0, 1, 2], [0, 2, 3], [1, 4, 5], [1, 5, 2]])
    strokes = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    found = painted(texture, chart, faces, np.full((6, 3), 0.5), strokes)[160:225]
    in_full, none = found[:, 130:138].std(), found[:, 182:228].std()
    assert in_full > 0.05
    assert none < 0.02 * in_full


def test_before_and_after_stay_one_topology(small: Mesh) -> None:
    before = small.moved(small.vertices * (1, 1.1, 1)).painted(1 - small.texture[::2, ::2])
    closed, closed_before = close_portrait(small, before)
    np.testing.assert_array_equal(closed.faces, closed_before.faces)
    np.testing.assert_array_equal(closed.uv, closed_before.uv)
    assert closed_before.texture.shape == before.texture.shape
    assert np.ptp(closed_before.vertices[:, 1]) == pytest.approx(1.1 * np.ptp(closed.vertices[:, 1]), rel=0.02)


def test_skin_at_the_rim_does_not_run_over_the_back(small: Mesh) -> None:
    """Nor does it end at a hard line: near the seam the back has the rim's colours, a little behind it hair's."""
    closed, _ = close_portrait(small)
    count = front_count(closed)
    hair, skin = np.array([0.25, 0.16, 0.1]), np.array([0.75, 0.66, 0.55])
    places, colours = closed.vertices[count:], sample_texture(closed.texture, closed.uv[count:])
    beside = np.isin(np.arange(count, len(closed.vertices)), closed.seam[:, 1])
    beside &= (places[:, 1] > -10) & (places[:, 1] < 20)
    assert np.linalg.norm(colours[beside].mean(0) - skin) < 0.35
    rim = places[beside]
    away = np.abs(places[:, None] - rim).max(2).min(1)
    behind = (away > 25) & (places[:, 1] > -10) & (places[:, 1] < 20)
    assert np.linalg.norm(colours[behind].mean(0) - hair) < 0.2


def test_unfolding_gives_a_deep_bowl_room_without_folds() -> None:
    """A half sphere over its disc: seen from above its rim has no width; unfolded, scales differ by about two."""
    radius = np.concatenate([[0.0], np.repeat(np.linspace(0.1, 1, 10), 60)])
    angle = np.concatenate([[0.0], np.tile(np.linspace(0, 2 * np.pi, 60, endpoint=False), 10)])
    plane = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    faces = spatial.Delaunay(plane).simplices.astype(np.int64)
    a, b, c = plane[faces].transpose(1, 0, 2)
    clockwise = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0] < 0
    faces[clockwise] = faces[clockwise][:, ::-1]
    bowl = np.column_stack([plane, np.sqrt(np.maximum(1 - radius**2, 0))])
    flat = unfolded(plane, faces, np.flatnonzero(radius > 0.999), bowl)
    a, b, c = flat[faces].transpose(1, 0, 2)
    assert ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).min() > 0
    ring = np.flatnonzero(np.isclose(radius, 0.9))
    depth = np.linalg.norm(bowl[ring + 60] - bowl[ring], axis=1).mean()
    stretch = [depth / (1 - np.linalg.norm(layout[ring], axis=1).mean()) for layout in (plane, flat)]
    assert stretch[0] > 4
    assert stretch[1] < 2


def test_another_shape_leaves_the_texture_as_it_is(small: Mesh) -> None:
    before = small.moved(small.vertices * (1, 1.1, 1))
    textures = [close_portrait(small.moved(small.vertices * (1 + k, 1, 1)), before)[0].texture for k in (0, 0.3)]
    np.testing.assert_array_equal(*textures)


def test_same_input_same_result(small: Mesh) -> None:
    first, second = close_portrait(small)[0], close_portrait(small)[0]
    np.testing.assert_array_equal(first.vertices, second.vertices)
    np.testing.assert_array_equal(first.texture, second.texture)


def test_refusals(bust: Mesh, small: Mesh) -> None:
    with pytest.raises(BadMesh, match="textured"):
        close_portrait(Mesh(bust.vertices, bust.faces))
    with pytest.raises(BadMesh, match="topologies"):
        close_portrait(small, replace(small, faces=small.faces[:-1]))
    with pytest.raises(BadMesh, match="already closed"):
        close_portrait(close_portrait_welded(small))
    corner = (bust.uv - bust.uv.min(0)) / np.ptp(bust.uv, axis=0)
    full = np.stack([corner[:, 0], corner[:, 1]], 1)
    square = np.clip(0.5 + (full - 0.5) * 6, 0, 1)  # a layout that fills the texture to its corners
    with pytest.raises(BadMesh, match="no room"):
        close_portrait(replace(bust, uv=square))


def close_portrait_welded(mesh: Mesh) -> Mesh:
    ball = trimesh.creation.icosphere(2, 80.0)
    vertices = np.array(ball.vertices)
    return Mesh(vertices, np.array(ball.faces), np.abs(vertices[:, :2]) / 80, mesh.texture)


def test_best_rectangle_is_the_best() -> None:
    rng = np.random.default_rng(1)
    for aspect in (0.5, 1.0, 1.7):
        empty = rng.random((12, 12)) > 0.2
        x0, y0, x1, y1 = best_rectangle(empty, aspect)
        assert empty[y0:y1, x0:x1].all()
        best = max(
            min(b - a, (d - c) * aspect)
            for a in range(12) for b in range(a + 1, 13) for c in range(12) for d in range(c + 1, 13)
            if empty[c:d, a:b].all()
        )
        assert min(x1 - x0, (y1 - y0) * aspect) == pytest.approx(best)
