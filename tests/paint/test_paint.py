"""A figure is painted all the way round: every part in its own region's paint, the pair continued by the ring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures import HAIR, SKIN, small_figure
from twinbrush.align.values import AlignedStyle
from twinbrush.base.camera import project
from twinbrush.base.image import to_lab
from twinbrush.base.mesh import Region
from twinbrush.config import FAST, ViewsConfig
from twinbrush.config.painting import RingConfig
from twinbrush.faces.facemap import face_height
from twinbrush.maths.texels import Texels, texels_of
from twinbrush.meshes.plain.surface import sample_texture
from twinbrush.paint import palette, tone
from twinbrush.paint.accents import ridges, with_accents
from twinbrush.paint.figure import paint_figure
from twinbrush.paint.front import aligned_style, pair_cameras, pair_views, wide_style
from twinbrush.paint.round import contact, ring
from twinbrush.paint.stylization import Stylization
from twinbrush.paint.surface import FigureSurface, surface_of_figure
from twinbrush.paint.values import PaintedPair, WideStyle
from twinbrush.views.rig import mean_camera
from twinbrush.views.surface_paint import SurfacePaint
from twinbrush.views.values import ViewSet

SIZE = 128
INK, STRAW, LEAF = (0.75, 0.2, 0.2), (0.9, 0.8, 0.3), (0.2, 0.55, 0.25)  # the style's skin, hair, cloth


@pytest.fixture(scope="module")
def surface() -> FigureSurface:
    return surface_of_figure(small_figure())


@pytest.fixture(scope="module")
def views(surface: FigureSurface) -> ViewSet:
    return pair_views(surface, ViewsConfig(size=SIZE))


@pytest.fixture(scope="module")
def aligned(views: ViewSet) -> AlignedStyle:
    """A style in other colours, as if its portrait were the left view itself, with some grain."""
    regions = np.where(views.coverage[0], views.regions[0], np.uint8(Region.BACKGROUND)).astype(np.uint8)
    regions[-20:] = np.where(regions[-20:] == Region.SKIN, regions[-20:], np.uint8(Region.CLOTH))
    colours = np.array([(0.5, 0.5, 0.5), INK, STRAW, LEAF], np.float32)[regions]
    grain = np.random.default_rng(0).normal(0, 0.02, (*regions.shape, 1)).astype(np.float32)
    canvas = np.clip(colours + grain, 0, 1).astype(np.float32)
    count = len(views.cameras)
    return AlignedStyle(
        canvas, np.ones(regions.shape, bool), regions, np.ones(regions.shape, np.float32), views.landmarks_xy[0],
        np.tile(np.eye(3), (count, 1, 1)), np.stack([canvas] * count), np.ones((count, *regions.shape), bool),
        np.stack([views.landmarks_xy[0]] * count), views.landmarks_xyz, views.landmarks_xyz, views.landmarks_xy, 0.0)


def test_parts_seams_and_regions_of_the_surface(surface: FigureSurface) -> None:
    mesh = surface.mesh
    assert mesh.regions is not None
    assert mesh.seam is not None
    assert set(mesh.regions[surface.of("Hair")]) == {Region.HAIR}
    assert set(mesh.regions[surface.of("Head")]) == {Region.SKIN}
    assert (surface.place[mesh.seam[:, 0]] == surface.place[mesh.seam[:, 1]]).all()
    np.testing.assert_array_equal(surface.normals[mesh.seam[:, 0]], surface.normals[mesh.seam[:, 1]])
    assert 0 < surface.plinth.mean() < 0.5
    assert not surface.plinth[~surface.of("Bust")].any()


def test_the_pair_holds_the_head_and_its_hair(surface: FigureSurface) -> None:
    for camera in pair_cameras(surface, ViewsConfig(size=SIZE)):
        for name in ("Hair", "Head"):
            held = surface.of(name) & (surface.mesh.vertices[:, 1] > -150)
            pixels = project(camera, surface.mesh.vertices[held])[0]
            assert pixels.min() > 0
            assert pixels.max() < SIZE - 1
    low = surface.mesh.vertices[surface.of("Bust")][:, 1].min()
    assert project(pair_cameras(surface, ViewsConfig(size=SIZE))[0], np.array([[0, low, 0.0]]))[0][0, 1] > SIZE


def test_ring_cameras_hold_the_whole_figure_at_one_scale(surface: FigureSurface, views: ViewSet) -> None:
    middle = mean_camera(views.cameras)
    vertices = surface.mesh.vertices
    for camera in ring.ring_cameras(vertices, middle, ((70, 0), (0, 62), (150, 0)), 0.8):
        pixels, _ = project(camera, vertices)
        depth = project(camera, (vertices.min(0) + vertices.max(0))[None] / 2)[1][0]
        assert pixels.min() > 0
        assert (pixels.max(0) < [camera.width - 1, camera.height - 1]).all()
        per_mm = camera.intrinsics[0, 0] / depth
        pair = middle.intrinsics[0, 0] / np.linalg.norm(middle.centre_xyz)
        assert per_mm == pytest.approx(0.8 * pair, rel=0.05)
    huge = ring.ring_cameras(20 * vertices, middle, ((0, 0),), 0.8)[0]
    assert max(huge.width, huge.height) <= ring.MOST_PX + 64


def test_a_crop_sees_what_the_whole_look_sees(surface: FigureSurface, views: ViewSet) -> None:
    paint = SurfacePaint(surface.mesh, (64, 128), surface.normals, surface.broad)
    look = paint.look(ring.ring_cameras(surface.mesh.vertices, mean_camera(views.cameras), ((70, 0),), 0.8)[0])
    share = np.where((look.seen.facing > 0.3) & (look.seen.pixels_xy[:, 1] < 60), 1, 0).astype(np.float32)
    part = ring.cropped(look, share)
    assert part.camera.width * part.camera.height < 0.8 * look.camera.width * look.camera.height
    mine = part.seen.pixels_xy[share > 0]
    assert mine.min() >= 0
    assert (mine.max(0) <= [part.camera.width - 1, part.camera.height - 1]).all()
    again = paint.look(part.camera)
    np.testing.assert_array_equal(again.raster.face_index, part.raster.face_index)
    np.testing.assert_allclose(again.seen.pixels_xy, part.seen.pixels_xy, atol=1e-3)


def test_the_pair_s_bids_fade_to_the_borders_of_its_pictures(surface: FigureSurface, views: ViewSet) -> None:
    paint = SurfacePaint(surface.mesh, (64, 128), surface.normals, surface.broad)
    look = paint.look(views.cameras[0])
    faded = ring.faded(look)
    y = look.seen.pixels_xy[:, 1]
    seen = look.score > 0.1
    low = seen & (y > SIZE - 3)
    assert low.any()
    assert faded.score[low].max() < 0.2 * look.score[low].max()
    middle = seen & (np.abs(look.seen.pixels_xy - SIZE / 2) < SIZE / 6).all(1)
    np.testing.assert_allclose(faded.score[middle], ring.PREFERRED * look.score[middle], rtol=1e-5)


def test_every_part_takes_its_own_region_s_paint(views: ViewSet, aligned: AlignedStyle) -> None:
    figure = small_figure()
    pair = Stylization(np.stack([aligned.canvas] * 2), views, "guided")
    waves = (((0, 0), (80, 0), (-80, 0)), ((180, 0),))
    config = replace(
        FAST, reconstruct=replace(FAST.reconstruct, texture_size=256),
        stylize=replace(FAST.stylize, method="guided", skin="style", ring=RingConfig(waves=waves)))
    painted = paint_figure(figure, PaintedPair(aligned, pair, WideStyle(aligned, 1.0, 0)), config)
    assert painted.texture.shape == (128, 256, 3)
    surface = surface_of_figure(figure)
    assert surface.mesh.uv is not None
    colours = sample_texture(painted.texture, surface.mesh.uv)
    cloth = surface.of("Bust") & (surface.plinth == 0)
    for chosen, wanted in ((surface.of("Head"), INK), (surface.of("Hair"), STRAW), (cloth, LEAF)):
        for part in (chosen & (surface.normals[:, 2] > 0.3), chosen & (surface.normals[:, 2] < -0.3)):
            away = np.linalg.norm(to_lab(colours[part][None].astype(np.float32))[0]
                                  - to_lab(np.array([[wanted]], np.float32))[0, 0], axis=1)
            assert np.median(away) < 12, wanted
            assert np.quantile(away, 0.9) < 35, wanted
    again = paint_figure(figure, PaintedPair(aligned, pair, WideStyle(aligned, 1.0, 0)), config)
    np.testing.assert_array_equal(again.texture, painted.texture)


levels = st.floats(0, 1)


@given(levels, levels, levels, levels, levels)
def test_levels_move_no_farther_than_they_must(
        style_skin: float, style_hair: float, skin: float, hair: float, fair: float) -> None:
    style, person = tone.Levels(style_skin, style_hair), tone.Levels(skin, hair, fair)
    wanted = tone.wanted_levels(style, person)
    assert wanted.hair is not None
    assert -tone.LEVEL - 1e-9 <= wanted.skin - skin <= tone.most_lighter(fair) + 1e-9
    assert abs(wanted.hair - hair) <= tone.LEVEL + 1e-9
    assert abs((wanted.skin - wanted.hair) - (skin - hair)) <= tone.APART + 1e-9
    close = -tone.LEVEL <= style_skin - skin <= tone.most_lighter(fair) and abs(style_hair - hair) <= tone.LEVEL
    if close and abs((style_skin - style_hair) - (skin - hair)) <= tone.APART:
        assert (wanted.skin, wanted.hair) == (style.skin, style.hair)


def test_a_fair_skin_may_be_lightened_a_dark_one_hardly() -> None:
    assert tone.most_lighter(1.0) == tone.LEVEL
    assert tone.most_lighter(0.0) < 0.3 * tone.LEVEL
    paper = tone.Levels(0.95, 0.1)
    assert tone.wanted_levels(paper, tone.Levels(0.75, 0.0)).skin > 0.8
    assert tone.wanted_levels(paper, tone.Levels(0.4, 0.0, fair=0.0)).skin < 0.5


def test_a_fair_skin_in_a_dim_photo_is_no_dark_one() -> None:
    dim_fair, tan, brown = (np.array([[lab]] * 400, np.float32)[:, 0] for lab in (
        (58.0, 27.0, 12.0), (58.0, 18.0, 28.0), (45.0, 19.0, 22.0)))
    assert tone.fairness(dim_fair) == 1
    assert tone.fairness(tan) == 0
    assert tone.fairness(brown) == 0


def test_a_dark_skin_darkens_the_style_s(views: ViewSet, aligned: AlignedStyle) -> None:
    skin = views.regions[0] == Region.SKIN
    seen = views.coverage[0]

    def lightness(style: AlignedStyle) -> float:
        return float(np.median(to_lab(style.canvas)[..., 0][skin & seen]))

    pale = replace(aligned, canvas=np.where(skin[..., None], np.float32(0.9) + 0 * aligned.canvas, aligned.canvas))
    dark = replace(views, images=views.images * np.float32(0.25))
    assert lightness(tone.like_person(pale, dark)) < lightness(pale) - 15
    hair = (views.regions[0] == Region.HAIR) & seen
    grey = replace(views, images=np.where((views.regions == Region.HAIR)[..., None], np.float32(0.8), views.images))
    raised = to_lab(tone.like_person(replace(aligned, canvas=np.where(
        hair[..., None], np.float32(0.1), aligned.canvas)), grey).canvas)[..., 0][hair]
    assert np.median(raised) > 25


def test_a_style_without_clothes_gets_a_garment_and_others_colours_are_no_cloth(aligned: AlignedStyle) -> None:
    regions = aligned.canvas_regions
    cloth = regions == Region.CLOTH
    valid = aligned.canvas_valid & ~cloth
    valid[-12:] = False
    bare = replace(aligned, canvas_valid=valid, canvas_regions=np.where(cloth, np.uint8(0), regions))
    dressed = palette.with_clothes(bare)
    made = (dressed.canvas_regions == Region.CLOTH) & dressed.canvas_valid
    assert made.sum() > 300
    colour = np.median(dressed.canvas[made], axis=0)
    assert min(np.abs(colour - np.array(c)).max() for c in (INK, STRAW)) > 0.1
    kept = bare.canvas_valid
    np.testing.assert_array_equal(dressed.canvas[kept], bare.canvas[kept])
    # a lock of hair over the clothes, called cloth by the labels
    wide = cloth.copy()
    wide[-30:] = True
    canvas = np.where((wide & ~cloth)[..., None], np.array(LEAF, np.float32), aligned.canvas)
    canvas[-30:, 40:52] = STRAW
    all_cloth = replace(aligned, canvas=canvas, canvas_regions=np.where(wide, np.uint8(Region.CLOTH), regions))
    clean = palette.with_clothes(all_cloth)
    assert (clean.canvas_regions[-24:-4, 43:49] == Region.BACKGROUND).mean() > 0.8
    assert (clean.canvas_regions[-24:-4, 60:100] == Region.CLOTH).mean() > 0.8


def test_a_collar_tells_the_garment_s_colour_and_a_stain_does_not(aligned: AlignedStyle) -> None:
    unit = face_height(aligned.canvas_landmarks_xy)
    cloth = aligned.canvas_regions == Region.CLOTH
    blue = np.array([0.1, 0.2, 0.8], np.float32)
    rows, columns = np.nonzero(cloth)
    for share, told in ((2.5 * palette.SCRAP, True), (0.5 * palette.SCRAP, False)):
        seen = np.zeros_like(cloth)
        seen[rows.min() : rows.min() + 4, columns.min() :][:, : round(share * unit**2 / 4)] = True
        seen &= cloth
        valid = aligned.canvas_valid & (~cloth | seen)
        valid[-12:] = False
        style = replace(
            aligned, canvas=np.where(seen[..., None], blue, aligned.canvas), canvas_valid=valid,
            canvas_regions=np.where(cloth & ~seen, np.uint8(Region.BACKGROUND), aligned.canvas_regions),
            canvas_confidence=np.ones_like(aligned.canvas_confidence))
        dressed = palette.with_clothes(style)
        made = (dressed.canvas_regions == Region.CLOTH) & ~valid
        assert made.sum() > 300
        assert (np.abs(np.median(dressed.canvas[made], axis=0) - blue).max() < 0.15) == told
        assert ((dressed.canvas_regions == Region.CLOTH) & seen).any() == told


def test_skin_that_is_burnt_out_comes_back_in_its_hue_and_paper_stays_paper(
        views: ViewSet, aligned: AlignedStyle) -> None:
    skin = (aligned.canvas_regions == Region.SKIN) & aligned.canvas_valid
    rows = np.nonzero(skin)[0]
    lit = np.zeros_like(skin)
    lit[rows.min() : np.percentile(rows, 25).astype(int)] = True
    lit &= skin
    for own, burnt in (((0.95, 0.75, 0.55), True), ((0.93, 0.93, 0.93), False)):
        canvas = np.where(skin[..., None], np.array(own, np.float32), aligned.canvas)
        canvas = np.where(lit[..., None], np.float32(1.0), canvas)
        fair = replace(views, images=np.ones_like(views.images))
        found = to_lab(tone.like_person(replace(aligned, canvas=canvas), fair).canvas)[lit]
        assert (np.median(found[:, 0]) < 95) == burnt
        assert (np.hypot(*np.median(found[:, 1:], axis=0)) > 5) == burnt


def test_the_ring_s_canvas_leaves_jewels_out(aligned: AlignedStyle) -> None:
    hair = aligned.canvas_regions == Region.HAIR
    rows, columns = np.nonzero(hair)
    jewel = np.zeros_like(hair)
    jewel[rows.min() + 3 : rows.min() + 8, columns.min() + 10 : columns.max() - 10] = True
    jewel &= hair
    canvas = np.where(jewel[..., None], np.array([0.1, 0.2, 0.9], np.float32), aligned.canvas)
    canvas_with = palette.ring_canvas(replace(aligned, canvas=canvas))
    assert jewel.sum() > 30
    assert canvas_with.usable[jewel].mean() < 0.1
    assert canvas_with.usable[hair & ~jewel].mean() > 0.4


def test_the_pair_s_hair_and_skin_lend_no_jewels_and_no_stubble(views: ViewSet, aligned: AlignedStyle) -> None:
    hair, skin = aligned.canvas_regions == Region.HAIR, aligned.canvas_regions == Region.SKIN
    rows, columns = np.indices(hair.shape)
    top = int(np.nonzero(hair)[0].min())
    jewel = hair & (rows > top + 3) & (rows < top + 9)
    x, y = np.round(views.landmarks_xy[0][152]).astype(int)  # the chin
    stubble = skin & (abs(rows - y) < 7) & (abs(columns - x) < 9)
    lips = np.round(views.landmarks_xy[0][13]).astype(int)
    mouth = skin & (abs(rows - lips[1]) < 2) & (abs(columns - lips[0]) < 4)
    assert min(jewel.sum(), stubble.sum(), mouth.sum()) > 5
    canvas = aligned.canvas.copy()
    canvas[jewel], canvas[stubble], canvas[mouth] = (0.1, 0.2, 0.9), (0.1, 0.1, 0.1), (0.1, 0.1, 0.1)
    plain = palette.with_plain_skin(palette.with_plain_hair(replace(aligned, canvas=canvas))).canvas_regions
    assert (plain[jewel] == Region.BACKGROUND).mean() > 0.9
    assert (plain[stubble] == Region.BACKGROUND).mean() > 0.7
    assert (plain[mouth] == Region.SKIN).all()  # a feature keeps its own colours
    assert (plain[hair & ~jewel] == Region.HAIR).mean() > 0.4
    assert (plain[skin & ~stubble] == Region.SKIN).mean() > 0.7


def test_big_hair_does_not_make_the_pair_s_face_small(surface: FigureSurface) -> None:
    config = ViewsConfig(size=SIZE)
    wide = surface.mesh.vertices.copy()
    wide[surface.of("Hair") & (np.abs(wide[:, 0]) > 60), 0] *= 3
    bigger = replace(surface, mesh=replace(surface.mesh, vertices=wide))
    plain, big = (pair_cameras(each, config)[0].intrinsics[0, 0] for each in (surface, bigger))
    assert big > 0.75 * plain


def test_the_ring_s_skin_is_open_skin(views: ViewSet, aligned: AlignedStyle) -> None:
    canvas = palette.ring_canvas(aligned)
    skin = aligned.canvas_regions == Region.SKIN
    eyes = np.round(views.landmarks_xy[0][[33, 133, 263, 362, 159, 386]]).astype(int)
    assert not canvas.usable[eyes[:, 1], eyes[:, 0]].any()
    forehead = np.round(views.landmarks_xy[0][151]).astype(int)
    assert canvas.usable[forehead[1], forehead[0]]
    beside = skin & (np.roll(~skin, 1, axis=1) | np.roll(~skin, -1, axis=1))
    assert beside.sum() > 30
    assert canvas.usable[beside].mean() < 0.05


def test_a_contact_sheet_keeps_the_views_apart(surface: FigureSurface, views: ViewSet, aligned: AlignedStyle) -> None:
    from twinbrush.paint.guided.synthesis import resized_scene
    from twinbrush.paint.round.guide import guide_mesh
    from twinbrush.paint.round.one_by_one import sheet_of, view_scene
    from twinbrush.paint.round.waves import subject_of

    pair = Stylization(np.stack([aligned.canvas] * 2), views, "guided")
    painted = PaintedPair(aligned, pair, WideStyle(aligned, 1.0, 0))
    subject, sheet = subject_of(surface, painted), sheet_of(palette.ring_canvas(aligned))
    guide = guide_mesh(subject, sheet, 0.5)
    paint = SurfacePaint(surface.mesh, (64, 128), surface.normals, surface.broad)
    scenes = []
    for camera in ring.ring_cameras(surface.mesh.vertices, mean_camera(views.cameras), ((70, 0), (0, 62)), 0.5):
        look = paint.look(camera)
        paint.claim(look)
        scenes.append(view_scene(paint, look, paint.share(look), subject, guide, sheet)[0])
        height, width = scenes[-1].coverage.shape[1:]
        level = resized_scene(scenes[-1], (height // 2, width // 2))  # a stroke stays as long as it is wide
        assert max(abs(2 * a - b) for a, b in zip(level.sheet.usable.shape, sheet.usable.shape, strict=True)) <= 4
    problem, slots = contact.packed(scenes, 64)
    height, width = problem.content.shape[-2:]
    assert max(h for _, h, _ in slots) == height == 64
    assert slots[-1][0] + slots[-1][2] == width
    assert slots[1][0] >= slots[0][2] + contact.GAP_PX
    between = problem.content[..., slots[0][2] : slots[1][0]]
    assert (between == contact.GREY).all()
    count = 0
    for scene, (left, h, w) in zip(scenes, slots, strict=True):
        alone, _ = contact.packed([scene], h)
        np.testing.assert_array_equal(problem.content[..., :h, left : left + w], alone.content[..., :h, :w])
        count += len(alone.covered[0])
    assert len(problem.covered[0]) == count


def test_accents_follow_the_form_and_the_socle_is_dark(surface: FigureSurface, aligned: AlignedStyle) -> None:
    texture = np.full((128, 256, 3), 0.6, np.float32)
    done = with_accents(texture, surface, aligned, texels(surface, texture))
    assert surface.mesh.uv is not None
    grey = sample_texture(done, surface.mesh.uv).mean(1)
    socle = surface.plinth > 0.9
    assert np.median(grey[socle]) < 0.45
    face = surface.of("Head") & (surface.mesh.vertices[:, 2] > -20)
    np.testing.assert_allclose(np.quantile(grey[face], (0.01, 0.99)), 0.6, atol=0.02)
    dented = surface.of("Hair") & (np.arange(len(surface.normals)) % 7 == 0)
    moved = surface.mesh.vertices - 2.0 * surface.normals * dented[:, None]
    first = np.unique(surface.place, return_index=True)[1]
    furrowed = replace(surface, mesh=surface.mesh.moved(moved[first][surface.place]))
    light = ridges(furrowed)
    down = np.abs(furrowed.mesh.vertices - surface.mesh.vertices).sum(1) > 1
    assert light[down].mean() < light[surface.of("Hair") & ~down].mean() - 0.1


def test_the_style_is_turned_to_a_figure_that_looks_straight_ahead(surface: FigureSurface, views: ViewSet) -> None:
    from twinbrush.config import AlignConfig
    from twinbrush.faces.values import Face
    from twinbrush.regions.values import RegionMap

    pixels = views.landmarks_xy[0]
    depth = -surface.landmarks_xyz[:, 2] * 0.3
    face = Face(np.column_stack([pixels, depth]), np.eye(3), 0.0, 0.0, 0.0, 1.0, (0.0, 0.0, 1.0, 1.0))
    labels = np.where(views.coverage[0], np.uint8(1), np.uint8(0))
    regions = RegionMap(
        views.coverage[0].astype(float), labels, np.ones(labels.shape), np.zeros(labels.shape, bool))
    aligned = aligned_style(views.images[0], face, regions, surface, views, AlignConfig())
    np.testing.assert_array_equal(aligned.moved_xyz, surface.landmarks_xyz)
    expected = project(mean_camera(views.cameras), surface.landmarks_xyz)[0]
    assert np.linalg.norm(aligned.canvas_landmarks_xy - expected, axis=1).mean() < 0.05 * np.ptp(expected[:, 1])
    # a style of which the pair's frame cannot hold the upper and lower half
    tall = np.pad(views.images[0], ((SIZE // 2, SIZE // 2), (0, 0), (0, 0)), mode="edge")
    lower = replace(face, landmarks=face.landmarks + np.array([0, SIZE // 2, 0]))
    shown = RegionMap(*(
        np.pad(part, ((SIZE // 2, SIZE // 2), (0, 0)), mode="edge")
        for part in (regions.matte, regions.labels, regions.confidence, regions.glasses)))
    wide = wide_style(tall, lower, shown, surface, views, AlignConfig(), 0.5)
    beside, margin = wide.style, wide.margin_px
    assert beside.canvas.shape[:2] == (SIZE // 2 + 2 * margin, SIZE // 2 + 2 * margin)
    np.testing.assert_allclose(wide.placed(aligned.canvas_landmarks_xy), beside.canvas_landmarks_xy, atol=0.5)
    assert beside.canvas_valid[-margin:, margin:-margin].mean() > 0.5


def test_levels_are_those_of_the_lit_face_and_the_hair(views: ViewSet) -> None:
    low, high = tone.PHOTO_RANGE
    wanted = [(to_lab(np.array([[c]], np.float32))[0, 0, 0] - low) / (high - low) for c in (SKIN, HAIR)]
    shaded = views.images.copy()  # more than half of the face lies in shadow
    for image, regions in zip(shaded, views.regions, strict=True):
        columns = np.flatnonzero((regions == Region.SKIN).any(0))
        image[:, : int(np.quantile(columns, 0.6))] *= 0.5
    for images, hair in ((views.images, wanted[1]), (shaded, None)):
        found = tone.levels_of_person(replace(views, images=images))
        assert found is not None
        assert found.skin == pytest.approx(wanted[0], abs=0.03)
        if hair is not None:
            assert found.hair == pytest.approx(hair, abs=0.03)


def test_a_darkened_skin_is_brown_in_colour_and_grey_in_a_grey_style(views: ViewSet, aligned: AlignedStyle) -> None:
    skin = (views.regions[0] == Region.SKIN) & views.coverage[0]
    dark = replace(views, images=np.where(
        (views.regions == Region.SKIN)[..., None], np.float32([0.35, 0.2, 0.1]), views.images))
    pale = np.where((aligned.canvas_regions == Region.SKIN)[..., None], np.float32(0.9), aligned.canvas)

    def chroma(canvas: np.ndarray) -> float:
        painted = tone.like_person(replace(aligned, canvas=canvas.astype(np.float32)), dark).canvas
        return float(np.median(np.hypot(*np.moveaxis(to_lab(painted)[skin][:, 1:], -1, 0))))

    assert chroma(pale) > 12
    assert chroma(np.repeat(pale.mean(-1, keepdims=True), 3, -1)) < 4


def test_dark_hair_made_light_is_grey_for_grey_hair_and_not_blond_for_blond(
    views: ViewSet, aligned: AlignedStyle
) -> None:
    hair = (aligned.canvas_regions == Region.HAIR) & aligned.canvas_valid
    purple = np.where(hair[..., None], np.float32([0.13, 0.07, 0.14]), aligned.canvas).astype(np.float32)

    def painted(colour: tuple[float, float, float]) -> np.ndarray:
        """a* and b* of the style's hair, made fit for a person with hair of that colour."""
        images = np.where((views.regions == Region.HAIR)[..., None], np.float32(colour), views.images)
        canvas = tone.like_person(replace(aligned, canvas=purple), replace(views, images=images)).canvas
        return np.median(to_lab(canvas)[hair], axis=0)

    grey, blond = painted((0.7, 0.7, 0.7)), painted((0.85, 0.7, 0.35))
    assert grey[0] > to_lab(purple)[hair][:, 0].mean() + 10  # lighter than the style's
    assert np.hypot(*grey[1:]) < 0.6 * np.hypot(*blond[1:])
    assert blond[2] < 0  # a purple still


def test_a_shaven_crown_lends_no_hair_and_hair_as_fair_as_the_skin_does(aligned: AlignedStyle) -> None:
    hair = aligned.canvas_regions == Region.HAIR
    skin = np.median(aligned.canvas[aligned.canvas_regions == Region.SKIN], axis=0)
    crown = hair & (np.arange(SIZE)[:, None] < np.quantile(np.nonzero(hair)[0], 0.7))
    kept = {}
    for name, where in (("crown", crown), ("fair", hair)):
        canvas = np.where(where[..., None], skin, aligned.canvas).astype(np.float32)
        found = palette.with_plain_hair(replace(aligned, canvas=canvas)).canvas_regions == Region.HAIR
        kept[name] = float(found[where].mean())
    assert kept["crown"] < 0.2
    assert kept["fair"] > 0.4


def texels(surface: FigureSurface, texture: np.ndarray) -> Texels:
    assert surface.mesh.uv is not None
    return texels_of(surface.mesh.uv, surface.mesh.faces, (texture.shape[0], texture.shape[1]))
