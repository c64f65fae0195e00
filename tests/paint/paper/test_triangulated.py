"""The paper's shape on a figure: exact correspondence, exact warps bring the motion back, what is unseen follows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.ndimage import minimum_filter

from figures import small_figure
from heads import crop_of
from synthetic import aligned_to
from twinbrush.base.camera import project
from twinbrush.config import ViewsConfig
from twinbrush.config.sculpt import SculptConfig
from twinbrush.paint.front import pair_views
from twinbrush.paint.paper.triangulated import displaced_figure, displaced_shapes, triangulated
from twinbrush.paint.stylization import Stylization
from twinbrush.paint.surface import FigureSurface, surface_of_figure
from twinbrush.paint.values import PaintedPair, Triangulated, WideStyle
from twinbrush.sculpt import figure as room
from twinbrush.sculpt.figure import sculpt_crop
from twinbrush.sculpt.values import Figure
from twinbrush.shape.figure import named
from twinbrush.views.render import warp_views
from twinbrush.views.values import ViewSet


def bent(points: np.ndarray) -> np.ndarray:
    """A smooth motion of space, as a style's proportions give one: wider, and a longer chin."""
    x, y, _ = points.T
    low = np.clip(-y / 100, 0, 1) ** 2
    return np.column_stack([0.08 * x, -6.0 * low, 0.02 * np.abs(x)])


@dataclass(frozen=True)
class Scene:
    """A figure, its pair, and the pair as its warps would leave it had they been learned without error."""

    figure: Figure
    surface: FigureSurface
    views: ViewSet
    front: PaintedPair


@pytest.fixture(scope="module")
def scene() -> Scene:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "landmark_bias", lambda: np.zeros((468, 2)))
        bare = sculpt_crop(crop_of(1, 0.5, 0.3), SculptConfig(texture_size=256))
    figure = replace(bare, parts=(*bare.parts, named(small_figure(), "Hair"), named(small_figure(), "Bust")))
    surface = surface_of_figure(figure)
    views = pair_views(surface, ViewsConfig(size=256))
    vertices, landmarks = surface.mesh.vertices, figure.landmarks_xyz
    moved, faces = vertices + bent(vertices), landmarks + bent(landmarks)
    pixels = np.stack([project(camera, moved)[0] for camera in views.cameras])
    warped = warp_views(views, pixels, np.stack([project(camera, faces)[0] for camera in views.cameras]))
    pair = Stylization(views.images, warped, "paper", {"strength_factor": 1.0})
    aligned = aligned_to(views, faces)
    return Scene(figure, surface, views, PaintedPair(aligned, pair, WideStyle(aligned, 1.0, 0)))


@pytest.fixture(scope="module")
def found(scene: Scene) -> Triangulated:
    return triangulated(scene.surface, scene.views, scene.front, 1.0, plain=False)


@pytest.mark.parametrize("name", ["Head", "Eye", "Teeth", "Hair", "Bust"])
def test_correspondence_is_exact_on_every_part_and_stops_at_what_hides_it(scene: Scene, name: str) -> None:
    """Eq. 2: each pixel's surface point, seen from the other camera, lies on the surface there or behind it."""
    views, mesh = scene.views, scene.surface.mesh
    left, right = views.cameras
    mine = scene.surface.of(name)[mesh.faces[:, 0]]
    rows, columns = np.nonzero((views.face_index[0] >= 0) & mine[views.face_index[0]])
    assert len(rows) > 20
    face = views.face_index[0][rows, columns]
    points = np.einsum("nk,nkc->nc", views.barycentric[0][rows, columns], mesh.vertices[mesh.faces[face]])
    np.testing.assert_allclose(project(left, points)[0], np.column_stack([columns, rows]), atol=1e-4)
    there, depth = project(right, points)
    at = np.round(there).astype(int)
    inside = (at >= 0).all(1) & (at < 256).all(1)
    around = minimum_filter(views.depth[1], 3)  # the surface slopes within a pixel
    behind = depth[inside] - around[at[inside, 1], at[inside, 0]]
    assert np.median(depth[inside] - views.depth[1][at[inside, 1], at[inside, 0]]) < 0.5
    assert np.quantile(behind, 0.005) > (-2.0 if name == "Bust" else -0.3)  # a bust's top is seen at a grazing angle
    if name == "Head":
        assert (behind > 5).any()  # the far side of nose and jaw is hidden there


@pytest.mark.parametrize("plain", [False, True])
def test_exact_warps_bring_the_motion_back(scene: Scene, plain: bool) -> None:
    shape = triangulated(scene.surface, scene.views, scene.front, 1.0, plain=plain)
    truth = bent(scene.surface.mesh.vertices)
    seen = scene.views.vertex_visible.all(0) & scene.front.pair.warped.vertex_visible.all(0)
    away = np.linalg.norm(shape.displacement - truth, axis=1)
    for name in ("Head", "Hair"):
        mine = seen & scene.surface.of(name)
        assert mine.any()
        assert np.median(away[mine]) < 0.4, name
    assert np.median(away[scene.surface.of("Head") & ~seen]) < 2.5
    assert shape.metrics["flipped_faces"] == 0
    assert shape.metrics["skew_px"] < 0.5
    assert 0.1 < shape.metrics["seen_by_views"] < 0.9
    np.testing.assert_array_equal(
        shape.displacement, shape.displacement[np.unique(scene.surface.place, return_index=True)[1]][
            scene.surface.place])


def test_swapped_views_are_noticed(scene: Scene) -> None:
    """They mirror the depth: the test of exact warps must fail for them."""
    warped = scene.front.pair.warped
    swapped = replace(warped, vertex_pixels=warped.vertex_pixels[::-1].copy())
    wrong = replace(scene.front, pair=replace(scene.front.pair, warped=swapped))
    shape = triangulated(scene.surface, scene.views, wrong, 1.0, plain=True)
    assert shape.metrics["displacement_max_mm"] > 40


def test_the_figure_follows_with_rigid_eyes_and_steady_socle(scene: Scene, found: Triangulated) -> None:
    shaped = displaced_figure(scene.figure, found, 1.0)
    for name in ("EyeRight", "EyeLeft"):
        before, after = named(scene.figure, name).mesh.vertices, named(shaped, name).mesh.vertices
        sizes = [np.linalg.norm(points[1:] - points[0], axis=1) for points in (before, after)]
        ratio = sizes[1] / np.maximum(sizes[0], 1e-9)
        np.testing.assert_allclose(ratio[sizes[0] > 1], np.median(ratio), rtol=1e-6)
        assert np.linalg.norm(after.mean(0) - before.mean(0) - bent(before.mean(0)[None])[0]) < 4
    wanted = scene.figure.landmarks_xyz + bent(scene.figure.landmarks_xyz)
    before = np.linalg.norm(wanted - scene.figure.landmarks_xyz, axis=1).mean()
    assert np.linalg.norm(wanted - shaped.landmarks_xyz, axis=1).mean() < 0.25 * before
    assert np.ptp(named(shaped, "Hair").mesh.vertices[:, 0]) > 1.05 * np.ptp(
        named(scene.figure, "Hair").mesh.vertices[:, 0])
    assert shaped.parts[0].targets.keys() == scene.figure.parts[0].targets.keys()


def test_strength_scales_the_displacement(scene: Scene, found: Triangulated) -> None:
    person = np.concatenate([part.mesh.vertices for part in scene.figure.parts])
    (none, half, full) = (
        np.concatenate(shape.parts) for shape, _ in displaced_shapes(scene.figure, found, (0.0, 0.5, 1.0)))
    assert np.abs(none - person).max() < 1e-9
    skin = slice(0, len(scene.figure.parts[0].mesh.vertices))
    assert np.abs(half - (person + full) / 2)[skin].mean() < 0.1
    again = displaced_figure(scene.figure, found, 1.0)
    np.testing.assert_array_equal(np.concatenate([part.mesh.vertices for part in again.parts]), full)
    still = replace(found, displacement=0 * found.displacement, strength=0.0)
    np.testing.assert_allclose(np.concatenate(displaced_shapes(scene.figure, still, (1.5,))[0][0].parts), person)


def test_a_shape_that_would_turn_faces_over_is_reduced_and_told(scene: Scene, found: Triangulated) -> None:
    torn = replace(found, displacement=-1.2 * scene.surface.mesh.vertices * [1, 0, 0], strength=0.5)
    _, notes = displaced_shapes(scene.figure, torn, (1.0,))[0]
    assert any("would turn over" in note for note in notes)
