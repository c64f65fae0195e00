"""The bust: one closed body that swallows the neck's end, with the neckline and shoulders that the photo shows."""

from __future__ import annotations

import numpy as np
import pytest

from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import border_edges, vertex_normals
from twinbrush.maths.crossings import crossings
from twinbrush.maths.filters import smoothstep
from twinbrush.regions.values import Label
from twinbrush.sculpt.base import border_loop
from twinbrush.sculpt.bust import sculpt_bust
from twinbrush.sculpt.neckline import Neckline, seen_neckline, seen_shoulders
from twinbrush.sculpt.template import template
from twinbrush.sculpt.torso import Shoulders
from twinbrush.sculpt.values import Solid, Surroundings

DENSITY, WIDTH, HEIGHT = 1.0, 520, 560


def photo_of(labels: np.ndarray) -> Surroundings:
    """A wide picture, 1 pixel a mm, the eyes at (260, 230), seen from 2 m."""
    camera = Camera(
        np.array([[2000.0, 0, 260], [0, 2000.0, 230], [0, 0, 1]]),
        np.array([[1.0, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 2000]]), WIDTH, HEIGHT)
    everywhere = np.ones(labels.shape, bool)
    grey, sure = np.full((*labels.shape, 3), 0.5), everywhere.astype(float)
    return Surroundings(grey, labels.astype(np.uint8), sure, everywhere, camera, DENSITY)


def dressed_below(height_mm: float, slope: float = 0.0) -> np.ndarray:
    """Labels: skin above, cloth below a line `height_mm` high in the middle, rising to the sides."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    cloth = 230 - y < height_mm + slope * np.abs(x - 260)
    return np.where(np.abs(x - 260) > 225, Label.GROUND, np.where(cloth, Label.CLOTH, Label.SKIN))


@pytest.fixture(scope="module")
def bust() -> Solid:
    model = template()
    return sculpt_bust(model, model.mean, photo_of(dressed_below(-190, 0.5)), socle=True)[0]


def test_it_is_one_closed_body_without_folds_that_stands_flat(bust: Solid) -> None:
    assert len(border_edges(bust.triangles)) == 0
    ends = bust.triangles[:, [0, 1, 1, 2]].reshape(-1, 2)
    from scipy import sparse
    from scipy.sparse import csgraph

    graph = sparse.coo_matrix((np.ones(len(ends)), ends.T), shape=(len(bust.vertices),) * 2)
    assert csgraph.connected_components(graph, directed=False)[0] == 1
    assert len(crossings(bust.vertices, bust.triangles)) == 0
    floor = bust.vertices[:, 1].min()
    assert (bust.vertices[:, 1] == floor).sum() > 40
    a, b, c = bust.vertices[bust.triangles].transpose(1, 0, 2)
    assert np.einsum("ij,ij->", a, np.cross(b, c)) > 0  # counter-clockwise from outside


def test_the_necks_end_lies_inside_it(bust: Solid) -> None:
    from scipy import spatial

    model = template()
    rim = model.mean[border_loop(model)]
    nearest = spatial.KDTree(bust.vertices).query(rim)[1]
    normals = vertex_normals(bust.vertices, bust.triangles)
    away = ((rim - bust.vertices[nearest]) * normals[nearest]).sum(1)
    assert away.max() < 0.5  # mm outside


def test_without_a_socle_it_is_cut_flat_and_stands_broader(bust: Solid) -> None:
    model = template()
    flat, _ = sculpt_bust(model, model.mean, photo_of(dressed_below(-190, 0.5)), socle=False)
    assert flat.vertices[:, 1].min() > bust.vertices[:, 1].min() + 60
    base = [np.ptp(solid.vertices[solid.vertices[:, 1] == solid.vertices[:, 1].min(), 0]) for solid in (flat, bust)]
    assert base[0] > 1.3 * base[1]


def test_bare_skin_above_the_neckline_cloth_below(bust: Solid) -> None:
    assert bust.bare is not None
    front = (bust.vertices[:, 2] > -60) & (np.abs(bust.vertices[:, 0]) < 15)
    y = bust.vertices[:, 1]
    assert bust.bare[front & (y > -180)].min() > 0.9
    assert bust.bare[front & (y < -215)].max() < 0.1


def test_shoulders_show_on_both_sides_alike(bust: Solid) -> None:
    widest = np.abs(bust.vertices[:, 0]).max()
    assert 165 < widest < 215
    assert abs(bust.vertices[:, 0].max() + bust.vertices[:, 0].min()) < 1.5


FRONT = np.stack([a.ravel() for a in np.meshgrid(np.arange(-90.0, 91, 6), np.arange(-300.0, -118, 6), [-40.0])], 1)


@pytest.mark.parametrize(
    ("middle", "slope", "collar"), [(-138, 0.1, "turtle"), (-186, 0.9, "shirt"), (-180, 0.25, "rolled")])
def test_the_neckline_is_read_from_the_labels(middle: float, slope: float, collar: str) -> None:
    found = seen_neckline(FRONT, photo_of(dressed_below(middle, slope)), chin_mm=-105)
    assert abs(found.middle_mm - middle) < 13
    assert found.collar == collar


def test_a_bare_chest_has_no_clothes_and_an_unseen_one_the_usual() -> None:
    bare = np.full((HEIGHT, WIDTH), Label.SKIN)
    assert seen_neckline(FRONT, photo_of(bare), -105).bare
    nothing = np.full((HEIGHT, WIDTH), Label.GROUND)
    usual = seen_neckline(FRONT, photo_of(nothing), -105)
    assert (usual.middle_mm, usual.side_mm) == pytest.approx((-196, -150), abs=10)


def test_clothes_climb_on_the_shoulders_unless_cut_straight_across() -> None:
    far = np.array([120.0])
    assert Neckline(-190, -160, 2.0).front(far)[0] > -130
    assert Neckline(-240, -230, 4.5).front(far)[0] == pytest.approx(-230)


def test_sloping_and_wide_shoulders_are_seen() -> None:
    ridge = np.array([[side * x, -166 - 0.3 * x, -100.0] for side in (-1, 1) for x in range(100, 190, 8)])
    share = smoothstep((np.abs(ridge[:, :1]) - 62) / (1.36 * 95))
    pixels = project(photo_of(dressed_below(-190)).camera, ridge - share * (0, 9, 0))[0]
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    order = np.argsort(pixels[:, 0])
    top = np.interp(np.arange(WIDTH), pixels[order, 0], pixels[order, 1])
    labels = np.where((y > top[None]) & (np.abs(x - 260) < 235), Label.CLOTH, Label.GROUND)
    found = seen_shoulders(ridge, photo_of(labels))
    assert found.drop_mm == pytest.approx(9, abs=4)
    assert found.width > 1.02
    assert seen_shoulders(ridge, photo_of(np.full((HEIGHT, WIDTH), Label.GROUND))) == Shoulders(1.0, 0.0)
