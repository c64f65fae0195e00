"""The relief's parts: round volume, lattice with a smooth border, carved eyes and mouth."""

from __future__ import annotations

import numpy as np
import pytest

from twinbrush.camera import project
from twinbrush.faces import indices
from twinbrush.faces.face_model import mean_face
from twinbrush.faces.values import Face
from twinbrush.maths.filters import polygon_distance, polygon_mask
from twinbrush.mesh import Region
from twinbrush.portrait import body
from twinbrush.portrait.crop import Crop
from twinbrush.portrait.detail import hair_relief
from twinbrush.portrait.dome import with_dome
from twinbrush.portrait.eyes import EYES, carve_eyes, lowered_lids, smooth_line
from twinbrush.portrait.face_depth import spline_depth
from twinbrush.portrait.geometry import make_frame
from twinbrush.portrait.harmonic import solve_screened
from twinbrush.portrait.lattice import cut_lattice, graded_axis, sample
from twinbrush.portrait.mouth import carve_mouth
from twinbrush.portrait.nose import carve_nose
from twinbrush.regions.values import RegionMap

SIZE, UNIT = 320, 1.0


def _face(mouth_gap_mm: float = 0.0) -> Face:
    points = mean_face() * [1, -1, -1] * UNIT + [SIZE / 2, 0.4 * SIZE, 0]
    for upper, lower in zip(indices.LIPS_INNER_UPPER[1:-1], indices.LIPS_INNER_LOWER[1:-1], strict=True):
        middle = (points[upper] + points[lower]) / 2
        half = np.array([0, mouth_gap_mm / 2, 0])
        points[upper], points[lower] = middle - half, middle + half
    low, high = points.min(0), points.max(0)
    return Face(points, np.eye(3), 0.0, 0.0, 0.0, 1.0, (float(low[0]), float(low[1]), float(high[0]), float(high[1])))


def test_frame_projects_landmarks_back_to_their_pixels() -> None:
    face = _face()
    frame = make_frame(face, SIZE, SIZE)
    pixels, depth = project(frame.camera, frame.landmarks_xyz)
    assert np.allclose(pixels, face.landmarks[:, :2], atol=1e-9)
    assert np.allclose(depth, frame.distance_mm - frame.landmarks_xyz[:, 2])
    assert frame.landmarks_xyz[indices.NOSE_TIP, 2] > 10  # toward the viewer
    assert frame.landmarks_xyz[234, 2] < -20


def test_spline_passes_near_the_landmarks() -> None:
    face = _face()
    frame = make_frame(face, SIZE, SIZE)
    depth = spline_depth(frame, face.landmarks[:, :2], (SIZE, SIZE))
    middle = [i for i in (1, 4, 5, 6, 9, 151, 199, 50, 280)]
    found = sample(np.nan_to_num(depth), face.landmarks[middle, :2])
    assert np.abs(found - frame.landmarks_xyz[middle, 2]).max() < 1.5


def test_screened_solve_matches_a_parabola_and_respects_free_borders() -> None:
    domain = np.zeros((5, 41), bool)
    domain[:, 1:-1] = True
    fixed = np.zeros_like(domain)
    fixed[:, [0, -1]] = True
    u = solve_screened(domain, fixed, np.zeros(domain.shape), np.full(domain.shape, 2.0), 0.0)
    x = np.arange(41.0)
    assert np.allclose(u, np.broadcast_to(x * (40 - x), u.shape), atol=1e-6)
    one_sided = fixed.copy()
    one_sided[:, -1] = False
    v = solve_screened(domain, one_sided, np.where(one_sided, 3.0, 0.0), np.zeros(domain.shape), 0.0)
    assert np.allclose(v[:, 1:-1], 3.0, atol=1e-4)  # nothing pulls it down at the free side


def test_volume_is_round_and_falls_to_the_rim() -> None:
    frame = make_frame(_face(), SIZE, SIZE)
    ys, xs = np.mgrid[:SIZE, :SIZE]
    person = np.hypot((xs - 160) / 80, (ys - 160) / 105) < 1
    nothing = np.zeros_like(person)
    silhouette = body.grown_silhouette(person, frame.pixels_per_mm)
    z = body.volume_depth(silhouette, nothing, np.zeros(person.shape), nothing, np.ones(person.shape), frame)
    assert z[160, 160] - body.RIM_DEPTH_MM > 60
    assert z[160, 160] > z[160, 200] > z[160, 230] > z[160, 238]
    assert abs(z[160, 100] - z[160, 220]) < 1.5
    assert z[160, 239] < body.RIM_DEPTH_MM + 45


def test_lattice_border_lies_on_the_contour_without_slivers() -> None:
    ys, xs = np.mgrid[:100, :100].astype(float)
    level = 36.3 - np.hypot(xs - 49.5, ys - 52.2)
    lattice = cut_lattice(level, graded_axis(100, 60, (30, 70), 1.7), graded_axis(100, 60, (30, 70), 1.7))
    radius = np.hypot(*(lattice.points_xy[lattice.border] - [49.5, 52.2]).T)
    assert np.abs(radius - 36.3).max() < 0.15
    a, b, c = (lattice.points_xy[lattice.faces[:, k]] for k in range(3))
    area = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    assert (area < 0).all()  # counter-clockwise with y up
    assert abs(-area.sum() - np.pi * 36.3**2) < 12
    assert -area.max() > 0.02 * np.median(-area)
    edges = np.sort(np.concatenate([lattice.faces[:, [0, 1]], lattice.faces[:, [1, 2]], lattice.faces[:, [2, 0]]]), 1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert counts.max() == 2


def test_graded_axis_is_denser_in_its_focus_and_covers_everything() -> None:
    axis = graded_axis(200, 100, (80, 120), 2.0)
    steps = np.diff(axis)
    assert axis[0] == -0.5
    assert np.isclose(axis[-1], 199.5)
    assert (steps > 0).all()
    assert steps[50] < 0.65 * steps[0]


def test_eyes_lie_behind_their_lids_and_have_a_pupil() -> None:
    face = _face()
    frame = make_frame(face, SIZE, SIZE)
    flat = np.nan_to_num(spline_depth(frame, face.landmarks[:, :2], (SIZE, SIZE)))
    image = np.full((SIZE, SIZE, 3), 0.8, np.float32)
    centre = face.landmarks[list(indices.EYE_LEFT), :2].mean(0)
    ys, xs = np.mgrid[:SIZE, :SIZE]
    image[np.hypot(xs - centre[0], ys - centre[1]) < 5] = 0.1
    carved = carve_eyes(flat, image, face.landmarks[:, :2], frame)
    x, y = np.round(centre).astype(int)
    lid_y = round(face.landmarks[159, 1])
    assert carved[y, x] < carved[lid_y - 1, x] - 1.0
    assert carved[y, x] < carved[y, x + 4] - 0.4  # pupil deeper than the iris
    assert np.array_equal(carved[-60:], flat[-60:])


@pytest.mark.parametrize(("sides", "lowered"), [((True, True), True), ((True, False), False), ((False, False), False)])
def test_lids_hang_as_far_as_their_skin_is_seen_on_both_eyes(sides: tuple[bool, bool], lowered: bool) -> None:
    face = _face()
    points = face.landmarks[:, :2]
    image = np.full((SIZE, SIZE, 3), (0.8, 0.6, 0.5), np.float32)
    for (upper, lower), hangs in zip(EYES, sides, strict=True):
        top, bottom = smooth_line(points[list(upper)]), smooth_line(points[list(lower)])
        start = top + (0.5 if hangs else 0.0) * (bottom - top)
        eye = polygon_mask((SIZE, SIZE), np.concatenate([start, bottom[::-1]]))
        image[eye] = (0.15, 0.12, 0.1)
    share = lowered_lids(image, points, 1.0)
    assert 0.25 < share < 0.6 if lowered else share == 0


@pytest.mark.parametrize("gap", [0.0, 9.0])
def test_mouth_is_a_groove_or_an_opening(gap: float) -> None:
    face = _face(gap)
    frame = make_frame(face, SIZE, SIZE)
    image = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    carved = carve_mouth(np.zeros((SIZE, SIZE)), image, face.landmarks[:, :2], frame)
    x, y = np.round((face.landmarks[13, :2] + face.landmarks[14, :2]) / 2).astype(int)
    assert carved[y, x] < -1.5
    off = round(gap / 2) + 3
    assert carved[y - off, x] > carved[y, x] + 1.2


def test_teeth_stand_before_the_mouths_inside_and_behind_the_lips() -> None:
    face = _face(18.0)
    frame = make_frame(face, SIZE, SIZE)
    x, y = np.round((face.landmarks[13, :2] + face.landmarks[14, :2]) / 2).astype(int)
    image = np.full((SIZE, SIZE, 3), 0.08, np.float32)
    image[:y] = 0.8  # the upper row shows
    carved = carve_mouth(np.zeros((SIZE, SIZE)), image, face.landmarks[:, :2], frame)
    teeth, inside, lip = carved[y - 4, x], carved[y + 4, x], carved[y + 15, x]
    assert inside < teeth - 2
    assert teeth < lip - 1
    assert carved[y - 8, x] < teeth - 0.15  # a groove parts them from the upper lip


def test_nostrils_are_hollows_where_it_is_dark() -> None:
    face = _face()
    frame = make_frame(face, SIZE, SIZE)
    image = np.full((SIZE, SIZE, 3), 0.7, np.float32)
    carved = carve_nose(np.zeros((SIZE, SIZE)), image, face.landmarks[:, :2], frame)
    rows, columns = np.nonzero(carved < -2)
    assert len(rows) > 10
    assert (columns < face.landmarks[2, 0]).any()
    assert (columns > face.landmarks[2, 0]).any()
    assert np.abs(rows - face.landmarks[2, 1]).max() < 15


def test_a_head_cut_by_the_photo_gets_a_dome() -> None:
    face = _face()
    matte = np.zeros((SIZE, SIZE))
    matte[:200, 100:220] = 1
    part = RegionMap(matte, matte.astype(np.uint8), matte, matte > 2)
    image = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    taller, completed, moved = with_dome(image, part, face)
    added = taller.shape[0] - SIZE
    assert added > 10
    assert np.allclose(moved.landmarks[:, 1], face.landmarks[:, 1] + added)
    assert completed.matte[:added].sum() > 500
    assert completed.warnings
    untouched = RegionMap(np.zeros_like(matte), part.labels, matte, matte > 2)
    assert with_dome(image, untouched, face)[0] is image


THICK = np.full((SIZE, SIZE), np.inf)  # long hair, or hair of which no outline tells


def test_cropped_hair_is_no_cap() -> None:
    face = _face()
    frame = make_frame(face, SIZE, SIZE)
    regions = np.where(np.mgrid[:SIZE, :SIZE][0] < 70, Region.HAIR, Region.SKIN).astype(np.uint8)
    image = np.full((SIZE, SIZE, 3), 0.4, np.float32)
    crop = Crop(image, np.ones((SIZE, SIZE)), regions, np.ones((SIZE, SIZE), bool), face)
    shaved, cropped, full = (
        hair_relief(crop, frame, np.full((SIZE, SIZE), -20.0), np.full((SIZE, SIZE), mm))[30, 160]
        for mm in (0.0, 2.0, 30.0)
    )
    assert shaved == 0
    assert 0.05 * full < cropped < 0.6 * full


def test_hair_rises_from_the_hairline_and_shows_its_strands() -> None:
    face = _face()
    frame = make_frame(face, SIZE, SIZE)
    ys, xs = np.mgrid[:SIZE, :SIZE]
    regions = np.where(ys < 70, Region.HAIR, Region.SKIN).astype(np.uint8)
    stripes = 0.4 + 0.15 * np.sin(xs / 1.6)
    image = np.repeat(stripes[..., None], 3, axis=-1).astype(np.float32)
    everywhere = np.ones((SIZE, SIZE), bool)
    crop = Crop(image, np.ones((SIZE, SIZE)), regions, everywhere, face)
    height = hair_relief(crop, frame, np.full((SIZE, SIZE), -20.0), THICK)
    assert np.abs(height[90:]).max() < 0.05  # none on the skin
    assert height[30].mean() > height[66].mean() + 1.5
    tone = stripes[30, 60:260] - stripes[30, 60:260].mean()
    assert np.corrcoef(height[30, 60:260], tone)[0, 1] > 0.7  # lighter is higher


def test_hair_has_an_edge_only_where_it_hangs_over_the_face() -> None:
    face = _face()
    frame = make_frame(face, SIZE, SIZE)
    regions = np.where(np.mgrid[:SIZE, :SIZE][0] < 70, Region.HAIR, Region.SKIN).astype(np.uint8)
    image = np.full((SIZE, SIZE, 3), 0.4, np.float32)
    crop = Crop(image, np.ones((SIZE, SIZE)), regions, np.ones((SIZE, SIZE), bool), face)
    grown, hanging = (hair_relief(crop, frame, np.full((SIZE, SIZE), place), THICK) for place in (-20.0, 20.0))
    step = [-np.diff(height[:, 160]).min() for height in (grown, hanging)]
    assert step[1] > 0.25
    assert step[0] < 0.5 * step[1]  # no rim of a cap
    assert grown[20, 160] == pytest.approx(hanging[20, 160], abs=0.2)  # on the head both are as thick


def test_volume_has_no_stairs_along_its_silhouette() -> None:
    """Along a slanting straight silhouette the surface at one distance from it must be even."""
    frame = make_frame(_face(), SIZE, SIZE)
    ys, xs = np.mgrid[:SIZE, :SIZE]
    away = (xs - 90) * np.cos(0.05) + (ys - 160) * np.sin(0.05)
    person = (away > 0) & (xs < 290)
    nothing = np.zeros_like(person)
    silhouette = body.grown_silhouette(person, frame.pixels_per_mm)
    z = body.volume_depth(silhouette, nothing, np.zeros(person.shape), nothing, np.ones(person.shape), frame)
    line = np.arange(110, 210)
    column = 90 + (1.0 - (line - 160) * np.sin(0.05)) / np.cos(0.05)
    depth = sample(z, np.column_stack([column, line]).astype(float))
    assert (depth - np.polyval(np.polyfit(line, depth, 3), line)).std() < 0.6


def test_distance_to_a_polygon_is_finer_than_its_pixels() -> None:
    square = np.array([[20.3, 30.0], [90.7, 41.0], [80.0, 100.0], [15.0, 90.0]])
    distance = polygon_distance((128, 128), square)
    edge = square[0] + np.linspace(0.2, 0.8, 40)[:, None] * (square[1] - square[0])
    assert np.abs(sample(distance, edge)).max() < 0.2
    assert distance[60, 50] > 20
    assert distance[5, 5] < -20
