"""Each measure on a case whose answer is known."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest

from figures import small_figure
from twinbrush.base.camera import Camera
from twinbrush.base.image import to_lab, to_rgb
from twinbrush.base.mesh import Mesh, Region
from twinbrush.evaluate.angles import SIDES, consistency_at
from twinbrush.evaluate.cost import cost_of
from twinbrush.evaluate.figure_numbers import (
    Look,
    mean_palette_distance,
    mean_texture_distance,
    soundness_numbers,
    textures,
)
from twinbrush.evaluate.metrics import METRICS
from twinbrush.evaluate.palette import palette_distance
from twinbrush.evaluate.recognition import calibration, recognition
from twinbrush.evaluate.soundness import crossing_triangles, fold_overs, roughness_degrees
from twinbrush.evaluate.texture import statistics, texture_distance
from twinbrush.sculpt.template import template
from twinbrush.shape.figure import person_head


def ball(rows: int = 24, columns: int = 48) -> Mesh:
    """A sphere of 100 mm with a smooth texture."""
    u, v = np.meshgrid(np.linspace(0, 1, columns + 1), np.linspace(0, 1, rows + 1))
    polar, around = np.pi * v, 2 * np.pi * u
    points = 100 * np.stack([np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], -1)
    corner = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    below = corner + columns + 1
    faces = np.concatenate([np.stack([corner, below, corner + 1], 1), np.stack([corner + 1, below, below + 1], 1)])
    x = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    wave = 0.5 + 0.2 * np.sin(x)[None] * np.sin(x / 2)[:, None]
    texture = np.repeat(wave[..., None], 3, 2).astype(np.float32)
    return Mesh(points.reshape(-1, 3), faces, np.stack([u.ravel(), 1 - v.ravel()], 1), texture)


def test_one_surface_agrees_with_itself_and_a_wrong_view_is_told_exactly() -> None:
    mesh = ball()
    own = consistency_at(mesh, 96)
    assert set(own) == set(SIDES)
    assert all(found["consistency"] < 0.004 and found["points"] > 500 for found in own.values())
    assert all(found["delta_e_above_5"] < 0.001 for found in own.values())

    def flat(level: Callable[[Camera], float]) -> dict[str, dict[str, float]]:
        return consistency_at(mesh, 64, lambda c: np.full((64, 64, 3), level(c), np.float32))

    def on_the_right(camera: Camera) -> float:
        return 0.6 if camera.centre_xyz[0] > 1e-6 else 0.5

    shifted = flat(on_the_right)
    assert shifted["15"]["consistency"] == pytest.approx(0.1, abs=1e-4)
    assert shifted["15"]["delta_e_above_5"] == 1
    assert 0 < shifted["ring"]["consistency"] < 0.1  # only two of its eight neighbourships differ
    assert flat(lambda camera: 0.5)["ring"]["consistency"] == pytest.approx(0, abs=1e-6)


def test_a_palette_moved_by_so_much_is_so_far_away() -> None:
    lab = np.random.default_rng(0).uniform((40, -15, -15), (60, 15, 15), (4000, 3)).astype(np.float32)
    one, other = to_rgb(lab), to_rgb(lab + np.array([10, 0, 0], np.float32))
    assert palette_distance(one, one) == 0
    moved = float(np.linalg.norm((to_lab(other) - to_lab(one)).mean(0)))
    assert moved == pytest.approx(10, abs=0.1)
    assert palette_distance(one, other) == pytest.approx(moved / 2, rel=0.02)
    assert np.isnan(palette_distance(one, one[:0]))
    some = np.repeat(np.array([[40, 0, 0], [50, 0, 0], [50, 0, 0], [60, 0, 0]], np.float32), 500, 0)
    middle = np.array([[50, 0, 0]], np.float32)  # half of it must be carried by 10
    assert palette_distance(to_rgb(some), to_rgb(middle)) == pytest.approx(5 / 2, rel=0.05)


def test_texture_is_nothing_away_from_itself_and_knows_its_region() -> None:
    rng = np.random.default_rng(0)
    maps = [rng.normal(3, 1, (5, 32, 32)), rng.normal(-1, 2, (4, 16, 16))]
    whole, left = np.ones((64, 64), bool), np.zeros((64, 64), bool)
    left[:, :32] = True
    style = statistics(maps, whole)
    assert texture_distance(style, style) == 0
    assert texture_distance(statistics([0 * m for m in maps], whole), style) == pytest.approx(1)
    twice = statistics([2 * m for m in maps], whole)
    assert texture_distance(twice, style) == texture_distance(style, twice) == pytest.approx(1 / 5)
    spoilt = [m.copy() for m in maps]
    for m in spoilt:
        m[..., m.shape[2] // 2 :] = 50  # only the right half
    assert texture_distance(statistics(spoilt, left), statistics(maps, left)) == 0
    assert texture_distance(statistics(spoilt, whole), style) > 0.7
    assert np.isnan(texture_distance(statistics(maps, np.zeros((64, 64), bool)), style))


def test_a_region_that_one_of_two_pictures_lacks_is_left_out_and_the_skin_is_told_alone() -> None:
    regions = np.full((32, 32), Region.SKIN, np.uint8)
    regions[:16] = Region.HAIR
    image = np.where((regions == Region.SKIN)[..., None], np.float32(0.4), np.float32(0.8)).repeat(3, 2)
    style, bare = Look(image, regions), Look(image, np.full((32, 32), Region.SKIN, np.uint8))
    other = Look(np.where((regions == Region.SKIN)[..., None], image, np.float32(0.1)), regions)

    def net(picture: np.ndarray) -> list[np.ndarray]:
        return [picture.transpose(2, 0, 1)]

    skin = (Region.SKIN,)
    assert mean_palette_distance(other, style, skin) == 0
    assert mean_palette_distance(other, style) > 10
    assert mean_palette_distance(bare, style) == mean_palette_distance(bare, style, skin) > 0
    assert mean_texture_distance(textures(other, net), textures(style, net), skin) == 0
    assert mean_texture_distance(textures(other, net), textures(style, net)) > 0.1


def test_recognition_counts_ranks_ties_and_lost_faces() -> None:
    distances = np.array([[0.1, 0.5, 0.9], [0.4, 0.3, 0.2], [0.3, 0.3, 0.3], [np.nan, np.nan, np.nan],
                          [np.nan, 0.2, 0.5]])  # fmt: skip
    found = recognition(distances, np.array([0, 1, 2, 0, 1]))
    assert found.ranks == (1, 2, 3, 3, 1)
    assert found.rate == 0.4
    assert found.chance == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="two candidates"):
        recognition(distances[:, :1], np.zeros(5, int))


def test_the_threshold_lies_where_both_errors_are_the_same() -> None:
    same, other = np.linspace(0.3, 0.6, 101), np.linspace(0.5, 0.8, 101)
    found = calibration(same, other)
    assert found.threshold == pytest.approx(0.55, abs=0.01)
    assert found.error == pytest.approx(1 / 6, abs=0.01)
    assert (found.same, found.other) == pytest.approx((0.45, 0.65))
    assert calibration(np.array([0.1]), np.array([0.9])).error == 0


def grid(bend: float) -> tuple[np.ndarray, np.ndarray]:
    """A sheet of 10 x 10 squares, bent along its middle by so many degrees."""
    x, y = np.meshgrid(np.arange(-5, 6.0), np.arange(11.0))
    angle = np.radians(bend)
    points = np.stack([np.where(x > 0, x * np.cos(angle), x), y, np.where(x > 0, x * np.sin(angle), 0)], -1)
    corner = (np.arange(10)[:, None] * 11 + np.arange(10)).ravel()
    faces = np.concatenate([
        np.stack([corner, corner + 1, corner + 12], 1), np.stack([corner, corner + 12, corner + 11], 1)])
    return points.reshape(-1, 3), faces


def test_roughness_is_the_angle_of_the_only_ridge_shared_among_all_edges() -> None:
    flat, faces = grid(0)
    assert roughness_degrees(flat, faces) == pytest.approx(0, abs=1e-9)
    bent, _ = grid(30)
    inner = 9 * 10 + 9 * 10 + 100 * np.sqrt(2)  # lengths of rows, columns, diagonals that two triangles share
    assert roughness_degrees(bent, faces) == pytest.approx(30 * 10 / inner)


def test_folds_and_crossings_are_counted() -> None:
    flat, faces = grid(0)
    assert fold_overs(flat, flat, faces) == 0
    assert fold_overs(flat, flat * [-1, 1, 1], faces) == 1
    turned, _ = grid(170)
    assert fold_overs(flat, turned, faces) == 0.5
    assert crossing_triangles(flat, faces) == 0
    through = np.array([[2.3, 5.4, -1.0], [2.3, 5.4, 1.0], [2.3, 8, 1.0]])
    pierced = crossing_triangles(np.concatenate([flat, through]), np.concatenate([faces, [[121, 122, 123]]]))
    assert pierced >= 1


def test_a_command_costs_what_it_does() -> None:
    busy = "import time; t = time.process_time()\nwhile time.process_time() - t < 0.3: pass\nx = bytearray(200 << 20)"
    found = cost_of([sys.executable, "-c", busy])
    assert 0.3 <= found.cpu < 5
    assert found.peak > 0.2
    assert found.status == 0
    assert cost_of([sys.executable, "-c", "raise SystemExit(3)"]).status == 3


def test_every_metric_says_what_it_is() -> None:
    for name, metric in METRICS.items():
        assert name == metric.name
        assert metric.title
        assert metric.formula
        assert metric.source
    assert METRICS["sr"].better == METRICS["cr_dlib"].better == "higher"
    assert METRICS["consistency"].better == METRICS["cpu_seconds"].better == "lower"


def test_skin_turned_over_against_the_photos_head_is_counted() -> None:
    figure = small_figure()
    vertices = person_head(template(), figure).vertices
    assert soundness_numbers(figure, vertices)["fold_overs"] == 0
    assert soundness_numbers(figure, vertices * [-1, 1, 1])["fold_overs"] > 0.5  # mirrored: most of it faces back
