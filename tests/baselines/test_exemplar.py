"""The rival in the manner of EPS: its deformation and its texture on cases with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_nmr import FEW, globe, stripes

from twinbrush.baselines.exemplar import deformed, paint_texture, wanted_landmarks
from twinbrush.faces.face import make_face
from twinbrush.faces.landmarks import Fit
from twinbrush.faces.values import Face
from twinbrush.maths.crossings import crossings
from twinbrush.paint.features import load_extractor
from twinbrush.paint.paper.dst_keypoints import LANDMARKS
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Template
from twinbrush.shape.unfold import kept_apart


@pytest.fixture(scope="module")
def model() -> Template:
    return template()


@pytest.fixture(scope="module")
def mean(model: Template) -> np.ndarray:
    return np.asarray(model.mean, float)


def face_of(upright: np.ndarray) -> Face:
    """A face that was found looking straight ahead, three pixels a millimetre."""
    points = 3 * upright * [1, -1, -1] + [200, 200, 0]
    return replace(make_face(Fit(points, 1.0, 0.0), 1.0), rotation=np.eye(3))


def test_an_average_face_asks_for_no_change(model: Template, mean: np.ndarray) -> None:
    own = model.landmarks(mean)
    style = face_of(np.asarray(model.regression.observed_mean, float))
    np.testing.assert_allclose(wanted_landmarks(model, own, style), own, atol=1e-6)
    wide = face_of(np.asarray(model.regression.observed_mean, float) * [1.2, 1, 1])
    wanted = wanted_landmarks(model, own, wide)
    ratio = [np.ptp(points[:, 0]) / np.ptp(points[:, 1]) for points in (wanted, own)]
    assert ratio[0] > 1.15 * ratio[1]
    np.testing.assert_array_equal(wanted[:, 2], own[:, 2])


def test_the_head_follows_its_landmarks_and_keeps_its_back(model: Template, mean: np.ndarray) -> None:
    own = model.landmarks(mean)
    np.testing.assert_allclose(deformed(model, mean, own), mean, atol=1e-6)
    wanted = own + np.where(own[:, :1] > 0, [[6.0, 0, 0]], [[-6.0, 0, 0]])  # a wider face
    found = deformed(model, mean, wanted)
    chosen = list(LANDMARKS)
    missed = np.linalg.norm(model.landmarks(found)[chosen] - wanted[chosen], axis=1)
    assert np.median(missed) < 0.6  # of 6 mm
    back = mean[:, 2] < -120
    assert np.linalg.norm(found - mean, axis=1)[back].mean() < 3
    assert len(crossings(found, kept_apart().triangles)) < 60


def test_the_texture_takes_the_styles_colours() -> None:
    mesh, losses = globe(), list[float]()
    found = paint_texture(mesh, stripes(48), load_extractor("filters"), replace(FEW, exemplar_steps=45), 0.25, seed=0,
                          report=lambda _a, _b, loss: losses.append(loss))  # fmt: skip
    assert np.mean(losses[-6:]) < 0.85 * np.mean(losses[:6])
    assert mesh.texture is not None
    assert found.shape == mesh.texture.shape
    assert found.std() > 0.02
    assert found.min() >= 0
    assert found.max() <= 1
