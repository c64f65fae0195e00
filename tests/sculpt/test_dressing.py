"""Solids join the figure: no texel is shared, seen colours are the photo's, unseen ones continue them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from twinbrush.base.camera import Camera
from twinbrush.base.mesh import Mesh, Region
from twinbrush.maths.overlap import overlap_share
from twinbrush.regions.values import Label
from twinbrush.sculpt.dressing import dressed, laid_out
from twinbrush.sculpt.roots import with_roots
from twinbrush.sculpt.solid_colours import STONE, continued, lent, membrane, own_colour, strand_contrast
from twinbrush.sculpt.strand_lines import drawn_out, in_texture, texture_maps
from twinbrush.sculpt.values import Figure, HeadFit, Part, Solid, Surroundings

BROWN, SKIN, RED, GREEN = (0.4, 0.25, 0.1), (0.8, 0.6, 0.5), (0.8, 0.1, 0.1), (0.0, 0.6, 0.0)
SIZE = 256


def ball(name: str, radius: float, y: float, **more: np.ndarray) -> Solid:
    mesh = trimesh.creation.icosphere(4, radius)
    return Solid(name, np.add(mesh.vertices, (0, y, 0)), np.asarray(mesh.faces, np.int64), **more)


def camera() -> Camera:
    """1 pixel a mm; the eyes at (150, 150)."""
    return Camera(
        np.array([[1000.0, 0, 150], [0, 1000.0, 150], [0, 0, 1]]),
        np.array([[1.0, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 1000]]), 300, 300)


@pytest.fixture(scope="module")
def photo() -> Surroundings:
    """Brown hair above, red cloth below, both only left of x = 20 mm; green ground."""
    y, x = np.mgrid[:300, :300]
    labels = np.where(y < 150, Label.HAIR, Label.CLOTH)
    labels = np.where((np.hypot(x - 150, y - 90) < 58) | (np.hypot(x - 150, y - 215) < 68), labels, Label.GROUND)
    labels = np.where(x < 170, labels, Label.GROUND).astype(np.uint8)
    image = np.zeros((300, 300, 3)) + GREEN
    image[labels == Label.HAIR], image[labels == Label.CLOTH] = BROWN, RED
    image[labels == Label.HAIR] *= (1 + 0.1 * np.sin(x[labels == Label.HAIR] * 1.5))[:, None]
    inside = np.ones((300, 300), bool)
    return Surroundings(image, labels, inside.astype(float), inside, camera(), 1.0)


@pytest.fixture(scope="module")
def figure() -> Figure:
    mesh = trimesh.creation.icosphere(2, 20)
    points = np.add(mesh.vertices, (0, 0, -40))
    uv = np.random.default_rng(0).uniform(0.1, 0.9, (len(points), 2))
    head = Mesh(points, np.asarray(mesh.faces, np.int64), uv, seam=np.zeros((0, 2), np.int64),
                regions=np.full(len(points), Region.SKIN, np.uint8))
    fit = HeadFit(camera(), np.zeros(1), np.zeros(1), points, points, np.ones(468), np.zeros((468, 2)), 1.0)
    texture = np.tile(np.array(SKIN, np.float32), (SIZE, SIZE, 1))
    return Figure((Part("Head", head, np.array([0.0, -30, 0])),), texture, np.zeros((468, 3)), camera(), fit)


@pytest.fixture(scope="module")
def solids() -> tuple[Solid, ...]:
    hair = ball("Hair", 55, 60)
    strands = np.cross(hair.vertices - (0, 60, 0), (0, 0, 1.0))
    strands /= np.maximum(np.linalg.norm(strands, axis=1, keepdims=True), 1e-9)
    bust = ball("Bust", 65, -65)
    return (
        replace(hair, strands=strands, relief=np.sin(hair.vertices[:, 0])),
        replace(bust, bare=(bust.vertices[:, 1] > -20) * 1.0, plinth=(bust.vertices[:, 1] < -115) * 1.0))


@pytest.fixture(scope="module")
def whole(figure: Figure, solids: tuple[Solid, ...], photo: Surroundings) -> Figure:
    return dressed(figure, solids, photo)


def colours_at(whole: Figure, number: int, points: np.ndarray) -> np.ndarray:
    """The texture at the vertices nearest to points."""
    from scipy import spatial

    mesh = whole.parts[number].mesh
    assert mesh.uv is not None
    uv = mesh.uv[spatial.KDTree(mesh.vertices).query(points)[1]]
    height, width = whole.texture.shape[:2]
    return whole.texture[((1 - uv[:, 1]) * height - 0.5).round().astype(int),
                         (uv[:, 0] * width - 0.5).round().astype(int)]


def test_the_atlas_is_twice_as_wide_and_nothing_overlaps(whole: Figure, figure: Figure) -> None:
    assert [part.name for part in whole.parts] == ["Head", "Hair", "Bust"]
    assert whole.texture.shape == (SIZE, 2 * SIZE, 3)
    same = (whole.texture[:, :SIZE] == figure.texture).all(-1)  # but for the roots about the hair
    assert same.mean() > 0.3
    triangles = [part.mesh.uv[part.mesh.faces] for part in whole.parts[1:] if part.mesh.uv is not None]
    together = np.concatenate(triangles) * (2, 1) - (1, 0)
    assert together.min() >= 0
    assert overlap_share(together) < 2e-3


def test_meshes_stay_closed_over_their_seams(whole: Figure, solids: tuple[Solid, ...]) -> None:
    for part, solid in zip(whole.parts[1:], solids, strict=True):
        assert part.mesh.seam is not None
        one = np.arange(len(part.mesh.vertices))
        one[part.mesh.seam[:, 1]] = part.mesh.seam[:, 0]
        assert len(np.unique(one)) == len(solid.vertices)
        assert len(part.mesh.faces) == len(solid.triangles)


def test_hair_is_brown_all_round_never_green(whole: Figure) -> None:
    around = np.array([[0, 60, 55], [-40, 60, 30], [40, 60, 30], [0, 60, -55], [30, 100, -20.0]])
    found = colours_at(whole, 1, around)
    np.testing.assert_allclose(found, np.tile(BROWN, (5, 1)), atol=0.13)
    assert (found[:, 0] > found[:, 1] + 0.03).all()


def test_unseen_hair_has_lines_and_seen_hair_the_photos_own(whole: Figure, photo: Surroundings) -> None:
    rng = np.random.default_rng(1)
    behind = rng.normal(size=(400, 3)) * (0.3, 0.3, 0.1) + (0, 0, -1)
    behind = behind / np.linalg.norm(behind, axis=1, keepdims=True) * 55 + (0, 60, 0)
    grey = colours_at(whole, 1, behind).mean(1)
    assert 0.04 < grey.std() / grey.mean() < 0.3


def test_cloth_skin_and_stone_are_told_apart(whole: Figure) -> None:
    cloth, skin, stone = colours_at(whole, 2, np.array([[-20, -65, 60], [0, -2, 10.0], [0, -130, 5]]))
    np.testing.assert_allclose(cloth, RED, atol=0.08)
    np.testing.assert_allclose(skin, SKIN, atol=0.08)
    np.testing.assert_allclose(stone, STONE, atol=0.02)


def test_no_solids_leave_the_figure_alone(figure: Figure, photo: Surroundings) -> None:
    assert dressed(figure, (), photo) is figure


def test_charts_keep_each_solids_triangles(solids: tuple[Solid, ...]) -> None:
    layout = laid_out(solids)
    count = len(solids[0].triangles)
    np.testing.assert_array_equal(layout.face_starts, [0, count])
    np.testing.assert_array_equal(layout.vertex[layout.faces[:count]], solids[0].triangles)


def test_the_membrane_keeps_what_is_seen_and_tends_to_its_own_colour() -> None:
    solid = ball("Hair", 60, 0)
    front = solid.vertices[:, 2] > 50
    aim = np.tile((0.9, 0.2, 0.2), (len(front), 1))
    found = membrane(solid, aim, 3e-2 * front, np.array((0.2, 0.2, 0.9)))
    seen = found[solid.vertices[:, 2] > 57]
    np.testing.assert_allclose(seen, np.tile(aim[0], (len(seen), 1)), atol=0.06)
    behind = found[solid.vertices[:, 2] < -55]
    assert (behind[:, 2] > 0.5).all()


def test_patterned_cloth_has_its_commonest_colour(photo: Surroundings) -> None:
    image = photo.image.copy()
    y, _ = np.mgrid[:300, :300]
    image[(photo.labels == Label.CLOTH) & (y % 10 < 3)] = (1, 1, 1)
    striped = replace(photo, image=image)
    lending = (photo.labels == Label.CLOTH).astype(np.float32)
    np.testing.assert_allclose(own_colour(striped, Label.CLOTH, lending), RED, atol=0.03)


def test_contrast_is_measured_and_bounded(photo: Surroundings) -> None:
    lending = (photo.labels == Label.HAIR).astype(np.float32)
    smooth = replace(photo, image=np.full_like(photo.image, 0.4))
    assert strand_contrast(photo, lending) > 0.06 > strand_contrast(smooth, lending)


def test_lines_run_along_their_direction() -> None:
    direction = np.zeros((96, 96, 2), np.float32)
    direction[..., 0] = 1
    found = drawn_out(direction, np.ones((96, 96), np.int64))
    along, across = np.diff(found, axis=1).std(), np.diff(found, axis=0).std()
    assert along < 0.35 * across
    assert found.mean() == pytest.approx(0, abs=1e-4)
    assert found.std() == pytest.approx(1, abs=1e-3)


def test_directions_go_through_their_triangle_into_the_texture() -> None:
    corners = np.array([[[0, 0, 0], [2, 0, 0], [0, 0, 4.0]]])
    places = np.array([[[5, 5], [5, 9], [13, 5.0]]])
    maps, one = texture_maps(corners, places), np.zeros(1, np.int64)
    for strand, found in (((1, 0, 0), (0, 1)), ((0, 0, -1), (-1, 0)), ((0, 0, 0), (0, 0))):
        np.testing.assert_allclose(in_texture(np.array([strand], float), maps, one), [found], atol=1e-6)


def test_a_beard_moves_with_the_face_and_hair_does_not(figure: Figure, photo: Surroundings) -> None:
    head = figure.parts[0]
    moved = np.flatnonzero(head.mesh.vertices[:, 1] < 0)
    opened = replace(head, targets={"jawOpen": (moved, np.tile([0.0, -5, 0], (len(moved), 1)))})
    beard = ball("Beard", 21.0, -2.0)
    beard = replace(beard, vertices=np.add(beard.vertices, (0, 0, -40)))
    dressed_up = dressed(replace(figure, parts=(opened,)), (beard, ball("Hair", 25.0, 60.0)), photo)
    parts = {part.name: part for part in dressed_up.parts}
    assert parts["Hair"].targets == {}
    rows, offsets = parts["Beard"].targets["jawOpen"]
    places = parts["Beard"].mesh.vertices[rows]
    assert np.allclose(offsets[places[:, 1] < -12], (0, -5, 0))
    assert places[:, 1].max() < 8


def test_skin_beside_hair_takes_its_colour_and_lips_do_not() -> None:
    head = trimesh.creation.icosphere(4, 50)
    points = np.asarray(head.vertices)
    uv = np.stack([np.arctan2(points[:, 0], points[:, 2]) / 7 + 0.5, points[:, 1] / 120 + 0.5], 1)
    front = points[:, 2] > 5
    faces = np.asarray(head.faces)
    mesh = Mesh(points, faces[front[faces].all(1)], uv)
    texture = np.tile(np.array(SKIN, np.float32), (SIZE, SIZE, 1))
    cap = points[points[:, 1] > 25] * 1.02
    grown = Part("Hair", Mesh(cap, np.zeros((0, 3), np.int64), np.full((len(cap), 2), 0.5)), np.zeros(3))
    brown = np.tile(np.array(BROWN, np.float32), (SIZE, SIZE, 1))

    def painted(lips: tuple[float, float, float]) -> np.ndarray:
        found = with_roots(texture, mesh, np.tile(np.array(lips, float), (468, 1)), (grown,), brown)
        place = np.stack([np.zeros(2), (22.0, -20.0), np.sqrt(2500 - np.array([22.0, -20.0]) ** 2)], 1)
        column = (np.arctan2(place[:, 0], place[:, 2]) / 7 + 0.5) * SIZE - 0.5
        row = (0.5 - place[:, 1] / 120) * SIZE - 0.5
        return found[row.round().astype(int), column.round().astype(int)]

    near, far = painted((0, -40, 20))
    assert near[0] < SKIN[0] - 0.05
    np.testing.assert_allclose(far, SKIN, atol=1e-6)
    np.testing.assert_allclose(painted((0, 22, 45))[0], SKIN, atol=0.03)


def test_the_photo_goes_on_mirrored_beyond_its_border_and_fades(photo: Surroundings) -> None:
    inside = photo.inside.copy()
    inside[200:] = False
    further = continued(replace(photo, inside=inside))
    np.testing.assert_array_equal(further.labels[203], photo.labels[195])
    np.testing.assert_array_equal(further.image[:200], photo.image[:200])
    cloth = lent(further, Label.CLOTH)
    assert cloth[197, 130] > 0.9 > cloth[215, 130] > 0.1
    assert cloth[250, 130] == 0


def test_what_is_unsure_lends_nothing(photo: Surroundings) -> None:
    doubted = photo.confidence.copy()
    doubted[:, :120] = 0.5
    hair = lent(replace(photo, confidence=doubted), Label.HAIR)
    assert hair[90, 110] == 0 < hair[90, 140] == lent(photo, Label.HAIR)[90, 140]
    painting = replace(photo, confidence=0.4 * photo.confidence)
    np.testing.assert_array_equal(lent(painting, Label.CLOTH), lent(photo, Label.CLOTH))
