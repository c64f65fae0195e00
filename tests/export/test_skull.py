"""The whole head: the predicted skull behind the relief; closed, unfolded, and symmetric when the landmarks are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from scipy import spatial

from twinbrush.export.closed import close_portrait
from twinbrush.export.skull import EYE_Z_MM, on_plane, pushed_back, seen_from_behind
from twinbrush.export.wrap import dense
from twinbrush.mesh import Mesh, Region, vertex_normals
from twinbrush.portrait.head_prior import EAR, SKULL, HeadShape, head_prior, laid_flat
from twinbrush.rasterize import interpolate, rasterize

RIM_Z_MM = -60.0
HALF_MM, STEP_MM = 160, 2
SKULL_Y_MM = -40.0  # above it there is nothing but the skull


@pytest.fixture(scope="module")
def head() -> HeadShape:
    """The mean head, upright: what symmetric landmarks give."""
    prior = head_prior()
    normals = prior.landmarks(vertex_normals(prior.mean, prior.faces))
    return HeadShape(prior.mean, prior.faces, prior.labels, prior.landmarks(prior.mean), normals, prior.smooth, 1.0)


def relief(head: HeadShape, grown_mm: float = 0.0, region: Region = Region.SKIN) -> Mesh:
    """What a photo would give of it: the front half over the silhouette without ears, `grown_mm` wider all around."""
    behind = seen_from_behind(head, head.vertices)
    size = len(behind.z_mm)
    pixels = on_plane(head.vertices) * (1, -1) + size // 2
    raster = rasterize(pixels, EYE_Z_MM - head.vertices[:, 2], head.faces, size, size)
    front = interpolate(raster.face_index, raster.barycentric, head.faces, head.vertices[:, 2:])[..., 0]
    front = np.where(raster.face_index >= 0, np.maximum(front, RIM_Z_MM), RIM_Z_MM)
    x, y = np.meshgrid(np.arange(-HALF_MM, HALF_MM + 1, STEP_MM), np.arange(HALF_MM, -HALF_MM - 1, -STEP_MM))
    cells = (size // 2 - y, size // 2 + x)
    inside = behind.inside_mm[cells] > -grown_mm
    z = front[cells].ravel().astype(float)
    points = np.column_stack([x.ravel(), y.ravel(), np.zeros(x.size)])
    vertices = pushed_back(points, -z)
    number = np.arange(x.size).reshape(x.shape)
    a, b, c, d = number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    faces = without_corners(faces[inside.ravel()[faces].all(1)])
    uv = 0.5 + points[:, :2] / (4 * HALF_MM)
    regions = np.full(x.size, region, np.uint8)
    return Mesh(vertices, faces, uv, np.full((256, 256, 3), 0.5, np.float32), regions)


def without_corners(faces: np.ndarray) -> np.ndarray:
    """Without triangles that hang on by one edge only: a portrait's rim has none."""
    while True:
        edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        _, number, count = np.unique(edges, axis=0, return_inverse=True, return_counts=True)
        held = (count[number.reshape(-1)] == 2).reshape(-1, 3).sum(1)
        if (held > 1).all():
            return faces
        faces = faces[held > 1]


def back_of(closed: Mesh) -> np.ndarray:
    return closed.vertices[int(closed.seam[:, 1].min()) :]


def test_a_profile_is_a_head(head: HeadShape) -> None:
    """As deep behind the eyes as the predicted head, to millimetres, and that is no balloon's depth."""
    mesh = relief(head)
    closed, _ = close_portrait(mesh, head=head)
    back = back_of(closed)
    skull = head.vertices[head.vertices[:, 1] > SKULL_Y_MM]
    assert back[back[:, 1] > SKULL_Y_MM, 2].min() == pytest.approx(skull[:, 2].min(), abs=4)
    ratio = np.ptp(closed.vertices[closed.vertices[:, 1] > SKULL_Y_MM], axis=0)
    assert 0.95 < ratio[2] / np.ptp(skull[:, 2]) < 1.05
    backward = vertex_normals(head.vertices, head.faces)[:, 2] < -0.3
    behind = head.vertices[backward & (head.labels == SKULL) & (head.vertices[:, 1] > SKULL_Y_MM)]
    points, faces = closed.vertices, closed.faces
    for _ in range(2):
        points, faces = trimesh.remesh.subdivide(points, faces)
    assert spatial.KDTree(points).query(behind)[0].mean() < 4


def test_it_is_closed_and_nowhere_folded(head: HeadShape) -> None:
    closed, _ = close_portrait(relief(head), head=head)
    welded = np.arange(len(closed.vertices))
    welded[closed.seam[:, 1]] = closed.seam[:, 0]
    solid = trimesh.Trimesh(closed.vertices, welded[closed.faces], process=False)
    solid.remove_unreferenced_vertices()
    assert solid.is_watertight
    assert solid.is_winding_consistent
    assert solid.euler_number == 2
    assert solid.volume > 0
    behind = closed.faces[(closed.faces >= closed.seam[:, 1].min()).all(1)]
    a, b, c = closed.vertices[behind].transpose(1, 0, 2)
    double_area = np.cross(b - a, c - a)
    points, normals = dense(laid_flat(head, head.labels == EAR).vertices, head.faces)
    on_head = spatial.KDTree(points).query((a + b + c) / 3)[1]
    away = (double_area * normals[on_head]).sum(1)
    above = (a[:, 1] > SKULL_Y_MM) & (np.abs(a[:, 0]) < 60)  # no ears
    # all of it faces as the head does there, but for specks at this relief's rim, which has teeth of 2 mm
    assert -away[above & (away < 0)].sum() < 2e-3 * np.abs(away[above]).sum()


def test_symmetric_landmarks_give_a_symmetric_back(head: HeadShape) -> None:
    back = back_of(close_portrait(relief(head), head=head)[0])
    mirrored = back * (-1, 1, 1)
    pairs = spatial.Delaunay(on_plane(back))
    corner = pairs.simplices[pairs.find_simplex(on_plane(mirrored))]
    inner = np.abs(mirrored[:, 0]) < 50
    inner &= (mirrored[:, 1] > SKULL_Y_MM) & (mirrored[:, 1] < 70)
    weights = np.linalg.norm(back[corner, :2] - mirrored[:, None, :2], axis=2)
    weights = 1 / np.maximum(weights, 1e-6)
    z = (weights * back[corner, 2]).sum(1) / weights.sum(1)
    assert np.abs(z - mirrored[:, 2])[inner].mean() < 0.7


def test_hair_stands_off_the_skull(head: HeadShape) -> None:
    """By about as much as it does beside it; skin does not."""
    least = {
        region: back[back[:, 1] > 0, 2].min()
        for region in (Region.SKIN, Region.HAIR)
        for back in [back_of(close_portrait(relief(head, 20, region), head=head)[0])]
    }
    assert 8 < least[Region.SKIN] - least[Region.HAIR] < 25


def test_a_larger_shape_takes_its_back_along(head: HeadShape) -> None:
    mesh = relief(head)
    closed, before = close_portrait(mesh.moved(mesh.vertices * 1.2), mesh, head)
    deep = [np.ptp(m.vertices[m.vertices[:, 1] > k * SKULL_Y_MM, 2]) for m, k in ((closed, 1.2), (before, 1.0))]
    assert deep[0] == pytest.approx(1.2 * deep[1], rel=0.03)


def test_without_trust_it_is_the_plain_back(head: HeadShape) -> None:
    mesh = relief(head)
    plain, doubted = close_portrait(mesh)[0], close_portrait(mesh, head=replace(head, trust=0.0))[0]
    np.testing.assert_allclose(doubted.vertices, plain.vertices, atol=1e-9)


def test_a_rim_on_pixels_of_the_background_belongs_to_the_person(head: HeadShape) -> None:
    """The matte ends where the labels say background already: hair is hair there too."""
    mesh = relief(head, 20, Region.HAIR)
    edges = np.sort(mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    assert mesh.regions is not None
    labels = mesh.regions.copy()
    labels[unique[count == 1]] = Region.BACKGROUND
    plain, ragged = (back_of(close_portrait(m, head=head)[0]) for m in (mesh, replace(mesh, regions=labels)))
    np.testing.assert_allclose(ragged, plain, atol=1e-6)
