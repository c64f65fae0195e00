"""Triangles, texture coordinates, tiles, axes: what the working mesh is made of."""

from __future__ import annotations

import sys
from pathlib import Path

import makers
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from twinbrush.config import MeshConfig
from twinbrush.maths import charts as charts_of
from twinbrush.maths.overlap import overlap_share
from twinbrush.meshes import tiles
from twinbrush.meshes import unwrap as unwrapping
from twinbrush.meshes.orient import axes
from twinbrush.meshes.read import load_model
from twinbrush.meshes.triangulate import cut_polygon, weld
from twinbrush.meshes.unwrap import unwrap


def area2(points: np.ndarray) -> float:
    """Signed area of a polygon in the plane."""
    x, y = points[:, 0], points[:, 1]
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


@settings(max_examples=60, deadline=None)
@given(st.integers(5, 14), st.integers(0, 10_000), st.booleans(), st.integers(0, 2))
def test_ears_cover_a_concave_polygon_once(count: int, seed: int, reverse: bool, axis: int) -> None:
    rng = np.random.default_rng(seed)
    angle = np.arange(count) * 2 * np.pi / count
    flat = rng.uniform(0.3, 1, (count, 1)) * np.stack([np.cos(angle), np.sin(angle)], 1)  # a star: often concave
    flat = flat[::-1] if reverse else flat
    points = np.insert(flat, axis, 0.5, axis=1)
    triangles = cut_polygon(points)
    assert len(triangles) == count - 2
    areas = np.array([area2(flat[t]) for t in triangles])
    assert (areas * area2(flat) > 0).all()  # none faces the other way, so none lies outside
    np.testing.assert_allclose(areas.sum(), area2(flat))


def test_a_concave_quad_is_cut_through_its_dent(tmp_path: Path) -> None:
    points = np.array([[0, 0, 0], [2, 0, 0], [0.3, 0.3, 0], [0, 2, 0]])
    model = load_model(makers.plain_obj(tmp_path / "a.obj", points, [[0, 1, 2, 3]]))
    assert {tuple(sorted(f)) for f in model.source.vertex_position[model.mesh.faces].tolist()} == {(0, 1, 2), (0, 2, 3)}


@given(st.lists(st.tuples(*[st.sampled_from([0.0, -0.0, 1.0, 1.0 + 1e-15])] * 3), min_size=1, max_size=20))
def test_welding_joins_equal_places_only(rows: list[tuple[float, float, float]]) -> None:
    points = np.array(rows)
    number = weld(points)
    same = (points[:, None] == points[None]).all(2)
    np.testing.assert_array_equal(number[:, None] == number[None], same)
    assert number[0] == 0


@pytest.mark.parametrize("method", ["xatlas", "box"])
def test_charts_never_overlap_and_fill_a_third(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if method == "box":
        monkeypatch.setattr(unwrapping, "BOX_FROM", 0)
    torus = trimesh.creation.torus(80, 30)
    faces = np.asarray(torus.faces, np.int64)
    charts = unwrap(np.asarray(torus.vertices, np.float64), faces)
    assert charts.method == method
    np.testing.assert_array_equal(charts.vertex[charts.faces], faces)
    assert overlap_share(charts.uv[charts.faces]) < 1e-4
    a, b = (charts.uv[charts.faces[:, k]] - charts.uv[charts.faces[:, 0]] for k in (1, 2))
    assert 0.33 < np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / 2 < 1
    # triangles of equal size on the surface have about equal size in the texture
    stretch = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / (2 * torus.area_faces)
    assert np.percentile(stretch, 95) < 4 * np.percentile(stretch, 5)


def test_folded_charts_are_peeled_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A spiral ramp lies over itself seen from above: one connected piece of one direction, several charts."""
    monkeypatch.setattr(unwrapping, "BOX_FROM", 0)
    turn = np.linspace(0, 6 * np.pi, 300)
    rows = [np.stack([r * np.cos(turn), 3 * turn, r * np.sin(turn)], 1) for r in (40, 60)]
    points = np.concatenate(rows)
    k = np.arange(299)
    faces = np.concatenate([np.stack([k, k + 1, k + 300], 1), np.stack([k + 1, k + 301, k + 300], 1)])
    charts = unwrap(points, faces)
    assert overlap_share(charts.uv[charts.faces]) < 0.002


def _slivers(count: int, longer: float) -> tuple[np.ndarray, np.ndarray]:
    """Triangles apart from each other, `longer` times as long as wide."""
    rng = np.random.default_rng(0)
    along, other = rng.normal(size=(2, count, 3))
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, other)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    corners = np.stack([0 * along, along * longer**0.5, across / longer**0.5], 1) + rng.normal(size=(count, 1, 3)) * 100
    return corners.reshape(-1, 3), np.arange(3 * count).reshape(-1, 3)


@pytest.mark.parametrize("far", [3.0, 1e3, 1e9])
def test_a_corner_far_away_makes_no_chart_of_millions_of_texels(far: float) -> None:
    """xatlas took 6 CPU-seconds to place charts of 3 million x 26 texels."""
    points = makers.CUBE.copy()
    points[-1, 0] = far
    atlas = unwrapping._atlas(points, makers.TRIANGLES)
    assert max(atlas.width, atlas.height) <= unwrapping.LONGEST + unwrapping.SIZE
    assert unwrap(points, makers.TRIANGLES).method == "xatlas"


def test_slivers_do_not_kill_xatlas_and_many_are_kept_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = _slivers(300, 1e8), _slivers(3000, 1e6)
    assert np.isfinite(unwrap(*few).uv).all()  # the process died here
    asked: list[int] = []
    monkeypatch.setattr(unwrapping, "_packing", lambda: asked.append(1))
    assert unwrap(*many).method == "box"
    assert not asked
    assert unwrapping.padding_work(*many) > unwrapping.MOST_WORK
    torus = trimesh.creation.torus(80, 30, major_sections=100, minor_sections=100)  # the most that xatlas is given
    assert len(torus.faces) == unwrapping.BOX_FROM
    assert unwrapping.padding_work(torus.vertices, torus.faces) < unwrapping.MOST_WORK / 2


def test_pieces_find_room_when_gaps_alone_would_fill_the_texture(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 000 triangles apart from each other never did: 5 texels between them are more than a texture has."""
    monkeypatch.setattr(charts_of, "PADDING", 400)
    sizes = np.random.default_rng(0).uniform(1, 2, (60, 2))
    origin, side = charts_of._packed(sizes)
    assert (origin >= 0).all()
    assert (origin + sizes <= side).all()
    for a in range(60):
        apart = (origin[a] >= origin + sizes) | (origin >= origin[a] + sizes[a])
        assert np.delete(apart.any(1), a).all()


def test_a_hundred_thousand_pieces_are_looked_at_in_their_own_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unwrapping, "BOX_FROM", 0)
    sides: list[int] = []
    whole = charts_of.hidden_in

    def noted(triangles: np.ndarray, side: int, covered: np.ndarray) -> np.ndarray:
        sides.append(side)
        return whole(triangles, side, covered)

    monkeypatch.setattr(charts_of, "hidden_in", noted)
    quads = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]) + 3.0 * np.arange(50)[:, None, None]
    faces = 4 * np.arange(50)[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    charts = unwrap(quads.reshape(-1, 3), faces.reshape(-1, 3))
    assert sides == [128] * 50
    assert overlap_share(charts.uv[charts.faces]) == 0


def test_faces_are_sorted_by_piece() -> None:
    piece = np.array([3, 1, 3, 0, 1, 1, 7])
    assert [part.tolist() for part in charts_of._members(piece)] == [[1, 4, 5], [0, 2]]


def test_overlap_is_counted_and_touching_is_not() -> None:
    square = np.array([[[0, 0], [0.5, 0], [0.5, 0.5]], [[0, 0], [0.5, 0.5], [0, 0.5]]])
    assert overlap_share(square) == 0
    assert overlap_share(np.concatenate([square, square[:1]])) == pytest.approx(0.5, abs=0.01)
    assert overlap_share(np.concatenate([square, square[:1, ::-1]])) == pytest.approx(0.5, abs=0.01)


def uv_obj(path: Path, uv: np.ndarray, uv_faces: list[list[int]]) -> Path:
    """The cube with given texture coordinates."""
    rows = [f"v {x:g} {y:g} {z:g}" for x, y, z in makers.CUBE] + [f"vt {u!r} {v!r}" for u, v in uv.tolist()]
    for quad, corners in zip(makers.QUADS, uv_faces, strict=True):
        rows.append("f " + " ".join(f"{v + 1}/{t + 1}" for v, t in zip(quad, corners, strict=True)))
    path.write_text("\n".join(rows) + "\n")
    return path


def test_good_coordinates_are_kept_in_any_unit_square(tmp_path: Path) -> None:
    uv, faces = makers.cross_uv()
    model = load_model(uv_obj(tmp_path / "a.obj", uv + np.array((3, -2)), faces))
    (tile,) = model.source.tiles
    assert tile.kept
    assert tile.cell == (3, -2)
    assert model.mesh.uv is not None
    np.testing.assert_allclose(tile.to_file(model.mesh.uv).min(0), uv.min(0) + np.array((3, -2)))


def test_coordinates_a_little_beyond_are_scaled_in(tmp_path: Path) -> None:
    uv, faces = makers.cross_uv()
    model = load_model(uv_obj(tmp_path / "a.obj", uv * 1.2 - 0.1, faces))
    assert not model.source.tiles[0].kept
    assert len(model.mesh.vertices) == 24
    assert any("scaled into it" in note for note in model.repairs)


@pytest.mark.parametrize(("change", "why"), [
    (lambda uv: uv * 5, "repeat the texture"), (lambda uv: uv * 0 + 0.5, "no area"),
    (lambda uv: np.tile(uv[:4], (6, 1)), "overlaps"),
])
def test_unusable_coordinates_are_replaced(change: object, why: str, tmp_path: Path) -> None:
    uv, faces = makers.cross_uv()
    model = load_model(uv_obj(tmp_path / "a.obj", change(uv), faces))  # type: ignore[operator]
    assert not model.source.tiles[0].kept
    assert why in " ".join(model.repairs)


def test_two_textures_become_two_tiles_without_mixing(tmp_path: Path) -> None:
    model = load_model(makers.cube_obj(tmp_path))
    first, second = model.source.tiles
    assert first.kept
    assert second.kept
    assert first.materials != second.materials
    low, high = first.origin[0] + first.size[0], second.origin[0]
    assert low < high


@pytest.mark.parametrize("up", ["x", "-x", "y", "-y", "z", "-z"])
@pytest.mark.parametrize("forward", ["x", "-x", "y", "-y", "z", "-z"])
def test_axes_are_rotations(up: str, forward: str) -> None:
    if up[-1] == forward[-1]:
        return
    turn = axes(up, forward)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3))
    assert np.linalg.det(turn) == pytest.approx(1)
    named = {"x": np.eye(3)[0], "y": np.eye(3)[1], "z": np.eye(3)[2]}
    sign = -1 if up[0] == "-" else 1
    np.testing.assert_array_equal(turn @ (sign * named[up[-1]]), [0, 1, 0])


@pytest.mark.parametrize(("make", "unit", "real"), [
    (makers.cube_stl, "auto", 1.0), (makers.cube_stl, "cm", 10.0), (makers.cube_ply, "auto", 1000.0),
    (makers.cube_ply, "mm", 1.0),
])
def test_units(make: object, unit: str, real: float, tmp_path: Path) -> None:
    model = load_model(make(tmp_path), MeshConfig(unit=unit))  # type: ignore[operator, arg-type]
    side = np.ptp(model.mesh.vertices[:, 1]) * model.real_mm_per_mm
    assert side == pytest.approx(real)


def test_z_up_is_seen_where_the_mesh_stands_on_it(tmp_path: Path) -> None:
    points = makers.CUBE * [1, 1, 3] - [0.5, 0.5, 0]  # a pillar on z = 0, centred
    model = load_model(makers.plain_obj(tmp_path / "a.obj", points, makers.QUADS))
    assert np.ptp(model.mesh.vertices, axis=0).argmax() == 1
    assert any("z up" in warning for warning in model.warnings)
    assert not any("up because" in w for w in load_model(tmp_path / "a.obj", MeshConfig(up="z")).warnings)


def test_nothing_to_colour_is_clay_with_light(tmp_path: Path) -> None:
    model = load_model(makers.plain_obj(tmp_path / "a.obj", makers.CUBE, makers.QUADS))
    assert not model.coloured
    assert model.mesh.texture is not None
    grey = model.mesh.texture.reshape(-1, 3)
    assert np.ptp(grey, axis=1).max() < 0.15
    assert np.ptp(grey.mean(1)) > 0.1


def test_the_hash_covers_what_the_file_names(tmp_path: Path) -> None:
    path = makers.cube_obj(tmp_path)
    first = load_model(path).sha256
    makers.picture(tmp_path / "red.png", seed=77)
    assert load_model(path).sha256 != first


def test_strips_of_a_ply_alternate(tmp_path: Path) -> None:
    """Two strips over a flat grid: every triangle faces the same way."""
    path = tmp_path / "a.ply"
    rows = [f"{x} {y} 0" for y in range(3) for x in range(4)]
    strip = [v for y in range(2) for v in [*(k + 4 * (y + up) for k in range(4) for up in (0, 1)), -1]]
    header = ["ply", "format ascii 1.0", "element vertex 12", *(f"property float {a}" for a in "xyz"),
              "element tristrips 1", "property list int int vertex_indices", "end_header"]
    path.write_text("\n".join([*header, *rows, " ".join(map(str, [len(strip), *strip])), ""]))
    model = load_model(path)
    a, b, c = (model.mesh.vertices[model.mesh.faces[:, k]] for k in range(3))
    assert len(model.mesh.faces) == 12
    assert np.ptp(np.sign(np.cross(b - a, c - a)[:, 2])) == 0


def test_without_xatlas_charts_are_of_a_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some machines have no wheel of it: nothing asks for it, and that is told."""
    monkeypatch.setitem(sys.modules, "xatlas", None)  # importing it fails
    ball = trimesh.creation.icosphere(2, 80.0)
    faces = np.asarray(ball.faces)
    with pytest.raises(ImportError):
        unwrap(np.asarray(ball.vertices), faces)
    monkeypatch.setattr(unwrapping, "XATLAS", False)
    monkeypatch.setattr(tiles, "XATLAS", False)
    charts = unwrap(np.asarray(ball.vertices), faces)
    assert charts.method == "box"
    assert overlap_share(charts.uv[charts.faces]) < 1e-3
    model = load_model(makers.plain_obj(tmp_path / "ball.obj", np.asarray(ball.vertices), faces))
    assert any("xatlas is not installed" in note for note in model.repairs)
