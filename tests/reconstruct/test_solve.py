"""The whole shape from N views: exact, noisy and incomplete."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rounds import bent, cube_sphere
from twinbrush.camera import project
from twinbrush.mesh import vertex_normals
from twinbrush.rasterize import visible_points
from twinbrush.reconstruct.solve import Sighting, Solution, seen_weight, solve_shape
from twinbrush.reconstruct.weld import weld
from twinbrush.views.rig import around

DIAGONAL = 250.0
STEREO, RING = (-8.0, 8.0), tuple(range(0, 360, 45))


def solved(angles: Sequence[float], noise_px: float, share: float, **options: object) -> tuple[Solution, np.ndarray]:
    """The solution for an ellipsoid bent by `share`, and the true displacement of its vertices."""
    mesh, _ = cube_sphere(grid=17)
    joined = weld(mesh.vertices, mesh.faces)
    rest, truth = joined.vertices, bent(joined.vertices, share)
    normals = vertex_normals(rest, joined.faces)
    cameras = around(
        np.concatenate([rest, rest + truth]), np.radians(angles), np.zeros(len(angles)), size=512, distance_mm=1000
    )
    rng = np.random.default_rng(0)
    sightings = []
    for camera in cameras:
        pixels, depth = project(camera, rest)
        seen = visible_points(pixels, depth, pixels, depth, joined.faces, 512, 512)
        goal = project(camera, rest + truth)[0]
        goal = goal + noise_px * rng.normal(size=goal.shape)
        sightings.append(Sighting(camera, goal, seen_weight(rest, normals, camera, seen)))
    found = solve_shape(rest, joined.faces, lambda: sightings, smooth_length=4.0, **options)  # type: ignore[arg-type]
    return found, truth


@pytest.mark.parametrize("angles", [STEREO, RING])
def test_an_identity_style_gives_the_shape_back(angles: Sequence[float]) -> None:
    found, _ = solved(angles, 0.0, 0.0)
    assert np.abs(found.displacement).max() < 1e-6 * DIAGONAL


def test_eight_views_are_twice_as_good_as_two_and_complete() -> None:
    error = {}
    for name, angles in (("two", STEREO), ("eight", RING)):
        found, truth = solved(angles, 0.5, 0.06)
        assert np.isfinite(found.displacement).all()
        error[name] = float(np.sqrt(((found.displacement - truth) ** 2).sum(1).mean())) / DIAGONAL
        assert found.seen > (0.85 if name == "eight" else 0.3)
    assert error["eight"] < 0.5 * error["two"]
    assert error["eight"] < 0.006


def test_exact_views_of_a_bent_shape_bring_it_back_where_they_see() -> None:
    found, truth = solved(RING, 0.0, 0.06)
    away = np.linalg.norm(found.displacement - truth, axis=1) / DIAGONAL
    assert np.median(away) < 0.0015
    assert found.skew_px < 1.0


def test_the_prior_fills_what_no_view_sees() -> None:
    mesh, _ = cube_sphere(grid=17)
    joined = weld(mesh.vertices, mesh.faces)
    prior = bent(joined.vertices)
    found, truth = solved(STEREO, 0.0, 0.06, prior=prior)
    assert np.abs(found.displacement - truth).max() < 1e-6 * DIAGONAL  # views and prior say the same


def test_a_wild_view_is_disbelieved() -> None:
    """Pixels that contradict the prior by far must not drag the shape along."""
    mesh, _ = cube_sphere(grid=9)
    joined = weld(mesh.vertices, mesh.faces)
    camera = around(joined.vertices, np.zeros(1), np.zeros(1), size=256, distance_mm=1000)[0]
    pixels = project(camera, joined.vertices)[0] + [60.0, 0.0]
    wild = [Sighting(camera, pixels, np.ones(len(pixels)))]
    calm = [
        solve_shape(
            joined.vertices, joined.faces, lambda: wild, smooth_length=4.0, prior=np.zeros_like(joined.vertices),
            disbelief=limit,
        ).displacement
        for limit in (None, 4.0)
    ]
    assert np.abs(calm[0]).mean() > 10
    assert np.abs(calm[1]).mean() < 0.2 * np.abs(calm[0]).mean()


def test_copies_at_a_seam_stay_together() -> None:
    mesh, welded = cube_sphere(grid=9)
    camera = around(mesh.vertices, np.zeros(1), np.zeros(1), size=256, distance_mm=1000)[0]
    noisy = project(camera, mesh.vertices)[0] + np.random.default_rng(1).normal(size=(len(mesh.vertices), 2))
    found = solve_shape(
        mesh.vertices, mesh.faces, lambda: [Sighting(camera, noisy, np.ones(len(noisy)))], smooth_length=8.0
    )
    first = np.unique(welded, return_index=True)[1]
    np.testing.assert_array_equal(found.displacement, found.displacement[first][welded])


def test_a_stereo_pair_has_a_quarter_s_say_in_depth() -> None:
    """All vertices 8 mm nearer, say the views; not moved, says the prior: a pair sees badly along its line of sight."""
    mesh, _ = cube_sphere(grid=9)
    joined = weld(mesh.vertices, mesh.faces)
    shift = np.array([3.0, 0.0, 8.0])
    cameras = around(joined.vertices, np.radians([-8, 8]), np.zeros(2), size=512, distance_mm=4000)
    seen = np.ones(len(joined.vertices))
    sightings = [Sighting(camera, project(camera, joined.vertices + shift)[0], seen) for camera in cameras]
    found = solve_shape(
        joined.vertices, joined.faces, lambda: sightings, smooth_length=4.0, prior=np.zeros_like(joined.vertices)
    )
    assert found.displacement[:, 0].mean() == pytest.approx(3.0, abs=0.1)
    assert found.displacement[:, 2].mean() == pytest.approx(0.25 * 8.0, abs=0.3)
