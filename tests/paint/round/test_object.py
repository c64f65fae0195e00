"""Painting all the way round at small sizes: guide, places, order, what is known stays, the objective's task."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rounds import cube_sphere
from twinbrush.base.camera import project
from twinbrush.base.image import to_lab
from twinbrush.base.mesh import Region, vertex_normals
from twinbrush.base.rasterize import interpolate
from twinbrush.config import StylizeConfig, ViewsConfig
from twinbrush.paint.guided.atlas import build_atlas
from twinbrush.paint.guided.consensus import Known
from twinbrush.paint.round import lead as leading
from twinbrush.paint.round import one_by_one as painting
from twinbrush.paint.round.guide import guide_mesh
from twinbrush.paint.round.object import Surroundings as Everything
from twinbrush.paint.round.object import cameras_for, paint_object, view_angles, wrapped_places
from twinbrush.paint.round.subject import StyleCanvas, Subject
from twinbrush.views.rig import around
from twinbrush.views.surface_paint import SurfacePaint, broad_normals

SIZE = 96


def subject_of(coloured: bool = False, like: bool = True) -> tuple[Subject, StyleCanvas]:
    """The ellipsoid before a canvas that is red on the left, blue on the right, with strokes."""
    mesh, welded = cube_sphere()
    first = np.unique(welded, return_index=True)[1]
    solid, faces = mesh.vertices[first], welded[mesh.faces]
    normals = vertex_normals(solid, faces)
    broad = broad_normals(solid, faces, normals, 20.0)
    front = around(mesh.vertices, np.zeros(1), np.zeros(1), size=SIZE, distance_mm=1000)[0]
    facing = np.abs(broad @ front.world_to_camera[2, :3])[welded]
    if not coloured:
        mesh = mesh.painted(np.full((32, 32, 3), 0.6, np.float32))
    subject = Subject(
        mesh, normals[welded], broad[welded], project(front, mesh.vertices)[0], facing, coloured, like
    )
    rng = np.random.default_rng(0)
    image = np.where(np.arange(SIZE)[None, :, None] < SIZE / 2, [0.75, 0.25, 0.2], [0.2, 0.3, 0.75])
    image = np.clip(image + 0.06 * rng.normal(size=(SIZE, SIZE, 1)), 0, 1).astype(np.float32)
    return subject, StyleCanvas(image, np.ones((SIZE, SIZE), bool), 0.4 * SIZE)


def colours_at(subject: Subject, texture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Colours of the vertices nearest to the given points."""
    assert subject.mesh.uv is not None
    index = [int(np.linalg.norm(subject.mesh.vertices - p, axis=1).argmin()) for p in points]
    place = subject.mesh.uv[index] * texture.shape[0]
    return texture[(texture.shape[0] - 1 - place[:, 1]).astype(int), place[:, 0].astype(int)]


LEFT_RIGHT = np.array([[-45.0, 0, 54], [45.0, 0, 54], [-45.0, 0, -54], [45.0, 0, -54]])


def test_the_guide_shows_the_canvas_in_front_and_mirrored_behind() -> None:
    subject, canvas = subject_of()
    guide = guide_mesh(subject, painting.sheet_of(canvas), 0.5)
    assert guide.texture is not None
    left, right, left_behind, right_behind = colours_at(subject, guide.texture, LEFT_RIGHT)
    assert left[0] > left[2] + 0.2
    assert right[2] > right[0] + 0.2
    assert left_behind[0] > left_behind[2] + 0.2  # the same side of space: through glass
    assert right_behind[2] > right_behind[0] + 0.2


def test_content_with_colours_keeps_more_of_them_in_the_guide() -> None:
    subject, canvas = subject_of(coloured=True)
    sheet = painting.sheet_of(canvas)
    own = guide_mesh(subject, sheet, 1.0).texture
    free = guide_mesh(subject, sheet, 0.0).texture
    canvas_led = guide_mesh(replace(subject, coloured=False), sheet, 0.0).texture
    assert own is not None
    assert free is not None
    assert canvas_led is not None
    assert np.abs(free - canvas_led).mean() < np.abs(own - canvas_led).mean()


def test_a_head_s_back_takes_its_region_s_tone_not_the_face() -> None:
    subject, canvas = subject_of()
    regions = np.where(subject.mesh.vertices[:, 2] < -20, Region.HAIR, Region.SKIN).astype(np.uint8)
    labels = np.full((SIZE, SIZE), Region.SKIN, np.uint8)
    labels[: SIZE // 4] = Region.HAIR
    image = canvas.image.copy()
    image[: SIZE // 4] = [0.05, 0.6, 0.1]
    canvas = replace(canvas, image=image, regions=labels)
    signed = np.where(subject.mesh.vertices[:, 2] > 0, subject.facing, 0.0)
    guide = guide_mesh(replace(subject, regions=regions, facing=signed), painting.sheet_of(canvas), 0.5)
    assert guide.texture is not None
    behind = colours_at(subject, guide.texture, LEFT_RIGHT)[2:]
    assert (behind[:, 1] > behind[:, 0] + 0.1).all()


def test_a_neck_does_not_take_the_collar_that_lies_at_its_place() -> None:
    subject, canvas = subject_of()
    labels = np.full((SIZE, SIZE), Region.SKIN, np.uint8)
    labels[:, SIZE // 2 :] = Region.CLOTH  # the blue half
    skin = np.full(len(subject.mesh.vertices), Region.SKIN, np.uint8)
    sheet = painting.sheet_of(replace(canvas, regions=labels))
    guide = guide_mesh(replace(subject, regions=skin, facing=np.ones(len(skin))), sheet, 0.5)
    assert guide.texture is not None
    right = colours_at(subject, guide.texture, LEFT_RIGHT)[1]
    assert right[0] > right[2] + 0.2  # as red as skin is in this style


def test_a_style_of_something_else_is_bent_around() -> None:
    mesh, _ = cube_sphere()
    front = around(mesh.vertices, np.zeros(1), np.zeros(1), size=SIZE, distance_mm=1000)[0]
    straight = project(front, mesh.vertices)[0]
    places = wrapped_places(mesh.vertices, straight, front)
    here = [int(np.linalg.norm(mesh.vertices - p, axis=1).argmin()) for p in ([0, 0, 60], [100, 0, 0], [0, 0, -60])]
    middle = (straight[:, 0].min() + straight[:, 0].max()) / 2
    assert abs(places[here[0], 0] - middle) < 2
    assert places[here[1], 0] > straight[:, 0].max() - 4
    assert abs(places[here[2], 0] - middle) < 6
    # sideways the places still move along the depth, where the straight view stands still
    side = (mesh.vertices[:, 0] > 88) & (np.abs(mesh.vertices[:, 1]) < 20)
    assert np.ptp(places[side, 0]) > 1.5 * np.ptp(straight[side, 0])


def test_angles_and_order() -> None:
    azimuths, elevations = view_angles(ViewsConfig(), 0.0)
    assert len(azimuths) == 10
    assert (elevations != 0).sum() == 2
    assert view_angles(ViewsConfig(views=2), 30.0)[0].tolist() == [22.0, 38.0]
    assert view_angles(ViewsConfig(angles=(0.0, 90.0)), 10.0)[0].tolist() == [10.0, 100.0]
    mesh, _ = cube_sphere(grid=5)
    cameras = cameras_for(mesh.vertices, ViewsConfig(size=128), 0.0)
    order = painting.painting_order(cameras, cameras[0])
    assert order[0] == 0
    assert order[-1] == 4  # the back comes last


def painted(method: str = "guided", seed: int = 0) -> tuple[Subject, SurfacePaint, dict[str, float]]:
    subject, canvas = subject_of()
    cameras = cameras_for(subject.mesh.vertices, ViewsConfig(size=128, views=4), 0.0)
    small = tuple(replace(c, width=SIZE, height=SIZE, intrinsics=c.intrinsics * [[0.75], [0.75], [1]]) for c in cameras)
    order = painting.painting_order(small, small[0])
    config = StylizeConfig(method=method)  # type: ignore[arg-type]
    paint, log = paint_object(
        Everything(subject, canvas, tuple(small[i] for i in order)), config, 128, seed=seed
    )
    return subject, paint, log


def test_the_whole_surface_is_painted_once_and_reproducibly() -> None:
    subject, paint, log = painted()
    again = painted()[1]
    np.testing.assert_array_equal(paint.layer, again.layer)
    weight = paint.layer[..., 3].ravel()[paint.texels.place][paint.texels.inside]
    assert (weight > 0.05).mean() > 0.97
    assert log["border_difference"] < 0.08
    colours = paint.layer[..., :3] / np.maximum(paint.layer[..., 3:], 1e-6)
    left, right, left_behind, right_behind = colours_at(subject, colours, LEFT_RIGHT)
    assert left[0] > left[2]
    assert right[2] > right[0]
    assert left_behind[0] > left_behind[2]
    assert right_behind[2] > right_behind[0]


def test_what_is_known_is_kept() -> None:
    rng = np.random.default_rng(0)
    picture = rng.random((1, 8, 8, 3)).astype(np.float32)
    own = np.zeros((1, 8, 8), np.float32)
    own[:, :, 4:] = 1
    known = Known(own, picture)
    merged = known.merge(np.ones_like(picture), 1)
    np.testing.assert_array_equal(merged[:, :, :4], picture[:, :, :4])
    assert (merged[:, :, 4:] == 1).all()
    assert known.resized(4, 4).own.shape == (1, 4, 4)


def test_the_atlas_of_an_object_has_its_mirror_image_with_its_own_places() -> None:
    _, canvas = subject_of()
    sheet = painting.sheet_of(canvas)
    atlas = build_atlas(sheet, np.zeros((0, 2)), 3)
    assert atlas.colours.shape == (SIZE, 2 * SIZE, 3)
    mirrored = atlas.xy[:, 0] >= SIZE
    np.testing.assert_allclose(atlas.position_xy[mirrored, 0], 2 * SIZE - 1 - atlas.xy[mirrored, 0])
    np.testing.assert_allclose(atlas.position_xy[~mirrored], atlas.xy[~mirrored])


def test_the_objective_s_task_of_one_view() -> None:
    subject, canvas = subject_of()
    camera = around(subject.mesh.vertices, np.zeros(1), np.zeros(1), size=SIZE, distance_mm=1000)[0]
    paint = SurfacePaint(subject.mesh, 128, subject.normals, subject.broad)
    look = paint.look(camera)
    paint.claim(look)
    sheet = painting.sheet_of(canvas)
    scene, before = painting.view_scene(paint, look, paint.share(look), subject, guide_mesh(subject, sheet, 0.5), sheet)
    assert (before == 0).all()
    problem = leading.problem_of(scene, 48)
    assert problem.content.shape == (1, 3, 48, 48)
    covered = problem.covered[0].numpy()
    # seen by the front camera, a pixel's place in the canvas is the pixel itself
    y, x = np.divmod(covered, 48)
    place = (np.stack([x, y], 1) + 0.5) * 2 - 0.5
    found = problem.position[0].numpy()[covered] * sheet.unit
    assert np.abs(found - place).mean() < 1.0
    points = interpolate(look.raster.face_index, look.raster.barycentric, subject.mesh.faces, subject.mesh.vertices)
    assert np.isfinite(points).all()
    assert float(problem.painted.min()) >= 0
    assert problem.style_position.shape[0] == problem.style_pixels.shape[0] == problem.style_regions.shape[0]


@pytest.mark.parametrize("method", ["guided", "hybrid"])
def test_no_style_strength_keeps_the_content(method: str) -> None:
    subject, canvas = subject_of(coloured=True)
    camera = around(subject.mesh.vertices, np.zeros(1), np.zeros(1), size=SIZE, distance_mm=1000)
    config = StylizeConfig(method=method, style_strength=0.0)  # type: ignore[arg-type]
    paint, _ = paint_object(Everything(subject, canvas, camera), config, 128, seed=0)
    look = paint.look(camera[0])
    layer = paint.shown(look)
    sure = layer[..., 3] > 0.8
    shown = layer[..., :3] / np.maximum(layer[..., 3:], 1e-6)
    wanted = painting._seen(subject.mesh, look)
    assert np.abs(to_lab(shown.astype(np.float32)) - to_lab(wanted))[sure].mean() < 2.0
