"""From warped views back to 3D, in all modes, on a motion that is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from synthetic import aligned_to, bust, stereo_views, widened
from twinbrush.camera import project
from twinbrush.config import ReconstructConfig
from twinbrush.correspond.values import AlignedStyle
from twinbrush.portrait.values import Portrait
from twinbrush.reconstruct.shape import flipped_faces, reconstruct, reshape
from twinbrush.stylize.geometry import warp_to_targets
from twinbrush.views.render import warp_views
from twinbrush.views.values import ViewSet

Mode = Literal["blend", "paper", "direct"]


@pytest.fixture(scope="module")
def scene() -> tuple[Portrait, ViewSet, AlignedStyle, ViewSet]:
    portrait = bust()
    views = stereo_views(portrait)
    aligned = aligned_to(views, widened(views.landmarks_xyz))
    return portrait, views, aligned, warp_to_targets(views, aligned).warped


@pytest.mark.parametrize("mode", ["blend", "paper", "direct"])
def test_every_mode_brings_the_landmarks_home(scene: tuple, mode: Mode) -> None:
    portrait, views, aligned, warped = scene
    shape = reconstruct(portrait, views, aligned, warped, ReconstructConfig(shape=mode))
    # the landmarks of the bust are vertices
    index = [int(np.linalg.norm(portrait.mesh.vertices - p, axis=1).argmin()) for p in portrait.landmarks_xyz]
    before = np.linalg.norm(portrait.landmarks_xyz - aligned.moved_xyz, axis=1).mean()
    after = np.linalg.norm(shape.mesh.vertices[index] - aligned.moved_xyz, axis=1).mean()
    assert after < (0.25 if mode == "paper" else 0.15) * before
    assert shape.metrics["flipped_faces"] == 0
    assert shape.metrics["degenerate_faces"] == 0


def test_triangulation_alone_finds_a_rigid_motion_of_the_solid(scene: tuple) -> None:
    """Views of the moved solid, given as warps: the paper's mode must return the moved solid."""
    portrait, views, aligned, _ = scene
    shift = np.array([3.0, -2.0, 4.0])
    moved = portrait.mesh.vertices + shift
    pixels = np.stack([project(camera, moved)[0] for camera in views.cameras])
    warped = warp_views(views, pixels)
    still = replace(aligned, moved_xyz=portrait.landmarks_xyz + shift)
    shape = reconstruct(portrait, views, still, warped, ReconstructConfig(shape="blend", depth_from_triangulation=1.0))
    seen = (views.vertex_visible & warped.vertex_visible).all(0)
    assert seen.mean() > 0.95
    face = seen & (portrait.mesh.vertices[:, 1] > -60)
    error = np.linalg.norm(shape.displacement[face] - shift, axis=1)
    assert np.median(error) < 0.02
    assert np.quantile(error, 0.97) < 0.4  # near hidden parts it leans on the deformation of the landmarks


def test_reshape_scales_and_returns_to_the_person(scene: tuple) -> None:
    portrait, views, aligned, warped = scene
    shape = reconstruct(portrait, views, aligned, warped, ReconstructConfig())
    np.testing.assert_allclose(reshape(portrait, shape, 0.0).mesh.vertices, portrait.mesh.vertices)
    np.testing.assert_allclose(reshape(portrait, shape, 1.0).displacement, shape.displacement, atol=1e-9)
    stronger = reshape(portrait, shape, 1.5)
    np.testing.assert_allclose(stronger.displacement, 1.5 * shape.displacement, atol=0.5)
    assert stronger.strength_factor == pytest.approx(1.5)


def test_a_shape_that_would_turn_faces_over_is_reduced_and_reported(scene: tuple) -> None:
    portrait, views, aligned, warped = scene
    shape = reconstruct(portrait, views, aligned, warped, ReconstructConfig())
    torn = replace(shape, displacement=-1.9 * portrait.mesh.vertices * [1, 0, 0])
    result = reshape(portrait, torn, 1.0)
    assert result.strength_factor < 0.6
    assert len(result.warnings) == 1


def test_the_wrong_way_round_is_noticed() -> None:
    """Swapped views mirror the depth: the test of agreement must fail for them."""
    portrait = bust()
    views = stereo_views(portrait)
    aligned = aligned_to(views, widened(views.landmarks_xyz))
    warped = warp_to_targets(views, aligned).warped
    swapped = replace(warped, vertex_pixels=warped.vertex_pixels[::-1].copy())
    shape = reconstruct(portrait, views, aligned, swapped, ReconstructConfig())
    assert shape.metrics["triangulated_minus_direct_mm"] > 20


def test_flips_are_seen() -> None:
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    faces = np.array([[0, 1, 2]])
    assert not flipped_faces(vertices, vertices * 2, faces)[0]
    assert flipped_faces(vertices, vertices * [-1, 1, 1], faces)[0]
