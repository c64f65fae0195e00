"""The predicted head under the portrait: outlines brought onto each other, depths at their places, ears, long hair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twinbrush.camera import project
from twinbrush.faces.values import Face
from twinbrush.maths.filters import signed_distance
from twinbrush.mesh import Region, vertex_normals
from twinbrush.portrait.body import GROW_MM
from twinbrush.portrait.crop import Crop
from twinbrush.portrait.geometry import Frame, make_frame
from twinbrush.portrait.head_prior import EAR, HeadShape, ears, head_prior, laid_flat, predict_head
from twinbrush.portrait.silhouette import registered, trace
from twinbrush.portrait.skull import EAR_SLOPE, carried, on_skull, see_head, shown_ears
from twinbrush.rasterize import rasterize

SIZE = 400
CENTRE = np.array([200.0, 170.0])
TOP = -60.0  # mm; above it the tests look (below come neck and shoulders)


@pytest.fixture(scope="module")
def frame() -> Frame:
    points = head_prior().observed_mean * [1, -1, -1] + [*CENTRE, 0]
    return make_frame(Face(points, np.eye(3), 0.0, 0.0, 0.0, 1.0, (0.0, 0.0, 1.0, 1.0)), SIZE, SIZE)


@pytest.fixture(scope="module")
def head() -> HeadShape:
    prior = head_prior()
    normals = prior.landmarks(vertex_normals(prior.mean, prior.faces))
    return HeadShape(prior.mean, prior.faces, prior.labels, prior.landmarks(prior.mean), normals, prior.smooth, 1.0)


def _crop(region: Region, frame: Frame, matte: np.ndarray, regions: np.ndarray | None = None) -> Crop:
    labels = np.where(matte > 0.5, region, Region.BACKGROUND).astype(np.uint8) if regions is None else regions
    everywhere = np.ones((SIZE, SIZE), bool)
    points = frame.landmarks_xyz * [1, -1, -1] + [*CENTRE, 0]
    face = Face(points, np.eye(3), 0.0, 0.0, 0.0, 1.0, (0.0, 0.0, 1.0, 1.0))
    return Crop(np.full((SIZE, SIZE, 3), 0.4, np.float32), matte, labels, everywhere, face)


def _above(frame: Frame, level_mm: float = TOP) -> np.ndarray:
    return (CENTRE[1] - np.mgrid[:SIZE, :SIZE][0]) / frame.pixels_per_mm > level_mm


def _disc(radius: float, centre: tuple[float, float] = (200.0, 200.0)) -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE]
    return radius - np.hypot(x - centre[0], y - centre[1])


def test_a_trace_lies_on_the_contour_and_its_normals_point_outward() -> None:
    outline = trace(_disc(80.0), np.ones((SIZE, SIZE), bool), 1.0)
    assert outline is not None
    away = outline.points_xy - 200
    assert np.abs(np.linalg.norm(away, axis=1) - 80).max() < 0.05
    assert ((away / 80) * outline.normals).sum(1).min() > 0.99
    assert outline.real.all()
    assert trace(np.full((SIZE, SIZE), -1.0), np.ones((SIZE, SIZE), bool), 1.0) is None


@pytest.mark.parametrize(("radius", "shift"), [(80.0, 0.0), (95.0, 0.0), (85.0, 9.0)])
def test_registration_brings_one_outline_onto_the_other(radius: float, shift: float) -> None:
    everywhere = np.ones((SIZE, SIZE), bool)
    source = trace(_disc(radius, (200.0 + shift, 200.0)), everywhere, 1.0)
    target = trace(_disc(80.0), everywhere, 1.0)
    assert source is not None
    assert target is not None
    found = registered(source, target, 1.0)
    assert np.abs(np.linalg.norm(found - 200, axis=1) - 80).max() < 1.0


def test_registration_looks_at_silhouettes_only() -> None:
    """A target's cut edge, nearer though it is, attracts nothing."""
    y = np.mgrid[:SIZE, :SIZE][0]
    target = trace(np.minimum(_disc(80.0), 200.0 - y), y < 196, 1.0)  # cut off flat below its middle
    source = trace(_disc(84.0), np.ones((SIZE, SIZE), bool), 1.0)
    assert target is not None
    assert source is not None
    found = registered(source, target, 1.0)
    below = source.points_xy[:, 1] > 210
    assert np.median(np.linalg.norm(found[below] - 200, axis=1)) > 76  # to the silhouette's ends


def test_the_head_is_seen_where_the_camera_projects_it(head: HeadShape, frame: Frame) -> None:
    seen = see_head(head, frame, SIZE)
    assert seen is not None
    depth = seen.rim_mm + np.sign(seen.square) * np.sqrt(np.abs(seen.square))
    landmarks = head.landmarks_xyz[[1, 4, 9, 151]]  # nose and forehead: on the surface, nothing before them
    pixels = np.round(project(frame.camera, landmarks)[0]).astype(int)
    np.testing.assert_allclose(depth[pixels[:, 1], pixels[:, 0]], landmarks[:, 2], atol=1.5)
    real = seen.outline.points_xy[seen.outline.real]
    inside = project(frame.camera, head.vertices)[0]
    top = inside[:, 1].min()
    assert abs(real[:, 1].min() - top) < 1.5
    silhouette = seen.rim_mm[np.clip(np.round(real[:, 1]).astype(int), 0, SIZE - 1),
                             np.clip(np.round(real[:, 0]).astype(int), 0, SIZE - 1)]
    assert -130 < np.median(silhouette) < -40  # half a head behind the eyes


def _level_mm(head: HeadShape, frame: Frame) -> np.ndarray:
    """Signed distance to the head's outline in the photo, positive inside."""
    seen = rasterize(*project(frame.camera, head.vertices), head.faces, SIZE, SIZE).face_index >= 0
    return signed_distance(seen) / frame.pixels_per_mm


def _on_own_outline(head: HeadShape, frame: Frame, region: Region = Region.SKIN, grown: float = 0.0) -> tuple:
    """`on_skull` of a person who looks just like the head (or `grown` mm wider): depth, hair, the head's own depth."""
    seen = see_head(head, frame, SIZE)
    assert seen is not None
    own = seen.rim_mm + np.sign(seen.square) * np.sqrt(np.abs(seen.square))
    level_mm = _level_mm(head, frame)
    matte = (level_mm > -grown).astype(np.float64)
    face = np.hypot(*(np.mgrid[:SIZE, :SIZE][::-1] - CENTRE[:, None, None])) < 25
    depth, hair = on_skull(
        np.full((SIZE, SIZE), -200.0), head, frame, _crop(region, frame, matte), level_mm + grown, own, face,
        np.ones((SIZE, SIZE)),
    )
    return depth, hair, own, level_mm


def test_a_person_with_the_heads_outline_has_the_heads_depth(head: HeadShape, frame: Frame) -> None:
    bare = laid_flat(head, head.labels == EAR)
    depth, _, own, level = _on_own_outline(bare, frame)
    inside = (level > 6) & _above(frame)
    assert np.abs(depth - own)[inside].mean() < 1.0
    assert np.quantile(np.abs(depth - own)[inside], 0.98) < 5


def test_hair_is_as_thick_as_the_outline_stands_off(head: HeadShape, frame: Frame) -> None:
    bare = laid_flat(head, head.labels == EAR)
    _, hair, _, level = _on_own_outline(bare, frame, Region.HAIR, 12.0 + GROW_MM)
    top = (np.abs(level) < 3) & _above(frame, 60.0)
    assert np.median(hair[top]) == pytest.approx(12.0, abs=2.0)
    depth, _, own, _ = _on_own_outline(bare, frame, Region.HAIR, 12.0 + GROW_MM)
    assert (depth - own)[(level > 2) & (level < 12) & _above(frame, 60.0)].mean() > 5  # the crown has moved outward


def test_without_trust_the_head_has_no_say(head: HeadShape, frame: Frame) -> None:
    depth, _, _, _ = _on_own_outline(replace(head, trust=0.0), frame)
    assert (depth == -200).all()


def test_long_hair_beside_the_neck_is_not_the_heads(head: HeadShape, frame: Frame) -> None:
    """Hair that falls to the shoulders: beside cheek and neck the old depth stays, on top of the head it does not."""
    level_mm = _level_mm(laid_flat(head, head.labels == EAR), frame)
    y, x = np.mgrid[:SIZE, :SIZE]
    curtain = (np.abs(x - CENTRE[0]) < 80) & (y > CENTRE[1] - 20)
    matte = (level_mm > -12) | curtain
    regions = np.where(matte, Region.HAIR, Region.BACKGROUND).astype(np.uint8)
    regions[np.hypot(x - CENTRE[0], y - CENTRE[1] - 30) < 60] = Region.SKIN
    face = np.hypot(x - CENTRE[0], y - CENTRE[1]) < 25
    rest = np.full((SIZE, SIZE), -200.0)
    crop = _crop(Region.HAIR, frame, matte.astype(float), regions)
    depth, _ = on_skull(rest, head, frame, crop, signed_distance(matte) / frame.pixels_per_mm, rest + 200, face,
                        np.ones((SIZE, SIZE)))
    beside = (np.abs(x - CENTRE[0]) > 66) & curtain & (y > CENTRE[1] + 40) & (y < CENTRE[1] + 100)
    assert (depth[beside] + 200).mean() < 20
    crown = (y < CENTRE[1] - 75) & (level_mm > 8)
    assert (depth[crown] + 200).mean() > 80


def test_ears_that_hair_covers_are_laid_flat_and_shown_ones_are_pressed(head: HeadShape, frame: Frame) -> None:
    matte = np.ones((SIZE, SIZE))
    both = ears(head)
    assert len(both) == 2
    covered = shown_ears(head, frame, _crop(Region.HAIR, frame, matte))
    shown = shown_ears(head, frame, _crop(Region.SKIN, frame, matte))
    for ear in both:
        wide, flat, pressed = (float(np.ptp(h.vertices[ear, 0])) for h in (head, covered, shown))
        assert flat < 0.75 * wide
        assert pressed == pytest.approx(wide, rel=1e-6)
        pixels = project(frame.camera, shown.vertices[ear])[0]
        slope = np.ptp(shown.vertices[ear, 2]) * frame.pixels_per_mm / np.ptp(pixels[:, 0])
        assert slope == pytest.approx(EAR_SLOPE, rel=0.1)
    others = head.labels != EAR
    assert (covered.vertices[others] == head.vertices[others]).all()


def test_a_head_fits_the_landmarks_that_were_seen(frame: Frame) -> None:
    """Someone 4% smaller than the mean, whom the regression draws toward it, gets a head of that size."""
    prior = head_prior()
    whole = predict_head(frame)
    smaller = replace(frame, landmarks_xyz=frame.landmarks_xyz * 0.96)
    found = predict_head(smaller)
    assert np.ptp(found.vertices[:, 0]) < 0.99 * np.ptp(whole.vertices[:, 0])
    network = prior.observed_mean - prior.landmarks(prior.mean)
    places = project(frame.camera, found.landmarks_xyz + network)[0]
    goal = project(frame.camera, smaller.landmarks_xyz)[0]
    np.testing.assert_allclose(places.mean(0), goal.mean(0), atol=0.05)
    assert np.linalg.norm(places - places.mean(0)) == pytest.approx(np.linalg.norm(goal - goal.mean(0)), rel=0.02)


def test_values_of_a_curve_are_carried_inward_and_outward() -> None:
    level = _disc(60.0)
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    curve = 200 + 60 * np.stack([np.cos(angle), np.sin(angle)], 1)
    inside, values = level > 0, np.stack([curve[:, 0], np.full(200, 7.0)], 1)
    found = carried(curve, values, ~inside, inside, level.shape)
    x = np.mgrid[:SIZE, :SIZE][1]
    assert np.abs(found[..., 0] - x)[inside].max() < 4  # x is harmonic
    assert np.abs(found[..., 1] - 7).max() < 1e-3
    nothing = np.zeros_like(inside)
    assert np.allclose(carried(curve, values, nothing, ~nothing, level.shape), values.mean(0))
