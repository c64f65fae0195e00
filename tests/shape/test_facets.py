"""A figure cut in planes: flat pieces, spared features, no new crossing, nothing at 0."""

from __future__ import annotations

import numpy as np
import pytest

from figures import small_figure
from twinbrush.base.mesh import Mesh
from twinbrush.faces import indices
from twinbrush.maths.crossings import crossings
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure, Part
from twinbrush.shape.facets import MOST_MM, NO_PLANE, in_planes

PLANES = 80


@pytest.fixture(scope="module")
def cut() -> Figure:
    return in_planes(template(), small_figure(), PLANES)


def part(figure: Figure, name: str) -> Part:
    return next(part for part in figure.parts if part.name == name)


def spread(own: Part, facets: np.ndarray) -> float:
    """Mean angle in degrees between a triangle's normal and its plane's, by area, over triangles in planes."""
    points, faces = own.mesh.vertices, own.mesh.faces
    a, b, c = (points[faces[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    inside = facets != NO_PLANE
    sums = np.stack([np.bincount(facets[inside], column, minlength=facets.max() + 1) for column in cross[inside].T], 1)
    sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    area = np.linalg.norm(cross[inside], axis=1)
    cosine = (cross[inside] * sums[facets[inside]]).sum(1) / np.maximum(area, 1e-12)
    return float(np.degrees((np.arccos(np.clip(cosine, -1, 1)) * area).sum() / area.sum()))


def test_nothing_is_cut_at_none() -> None:
    figure = small_figure()
    assert in_planes(template(), figure, 0) is figure


@pytest.mark.parametrize("name", ["Head", "Hair"])
def test_pieces_become_flatter(cut: Figure, name: str) -> None:
    own = part(cut, name)
    assert own.facets is not None
    assert len(own.facets) == len(own.mesh.faces)
    assert spread(own, own.facets) < 0.75 * spread(part(small_figure(), name), own.facets)


def test_features_stay_and_nothing_goes_far(cut: Figure) -> None:
    before, after = part(small_figure(), "Head").mesh.vertices, part(cut, "Head").mesh.vertices
    moved = np.linalg.norm(after - before, axis=1)
    assert 1 < moved.max() <= MOST_MM["Head"] + 1e-6
    figure = small_figure()
    for ring in (indices.EYE_LEFT, indices.EYE_RIGHT, indices.LIPS_OUTER):
        for point in figure.landmarks_xyz[list(ring)]:
            assert moved[np.argmin(np.linalg.norm(before - point, axis=1))] < 0.2
    assert np.abs(cut.landmarks_xyz - figure.landmarks_xyz).max() > 0.3  # cheeks and jaw move with the skin


def test_seams_stay_closed_and_no_crossing_is_added(cut: Figure) -> None:
    for own in cut.parts:
        if own.mesh.seam is not None and len(own.mesh.seam):
            a, b = own.mesh.vertices[own.mesh.seam.T]
            np.testing.assert_allclose(a, b, atol=1e-9)
    for name in ("Head", "Hair", "Bust"):
        mesh = part(cut, name).mesh
        assert mesh.seam is not None
        first = np.arange(len(mesh.vertices))
        first[mesh.seam[:, 1]] = mesh.seam[:, 0]
        assert len(crossings(mesh.vertices, first[mesh.faces])) == 0


def test_triangles_keep_their_side(cut: Figure) -> None:
    for name in ("Head", "Hair", "Bust"):
        before, after = part(small_figure(), name).mesh, part(cut, name).mesh
        turned = (crosses(before) * crosses(after)).sum(1)
        assert (turned < 0).mean() < 0.002


def crosses(mesh: Mesh) -> np.ndarray:
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    return np.cross(b - a, c - a)
