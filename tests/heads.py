"""A made-up person: the template itself with known coefficients, as a crop that a photo would give."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import Region
from twinbrush.base.rasterize import rasterize
from twinbrush.faces.face import make_face
from twinbrush.faces.landmarks import Fit
from twinbrush.sculpt.fit import Coefficients
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.portrait.geometry import DEPTH_SCALE
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Template

SIZE, DISTANCE_MM = 512, 882.0
CORNERS = (33, 133, 362, 263)
SKIN_RGB, WALL_RGB = np.array([0.8, 0.6, 0.5], np.float32), np.array([0.2, 0.3, 0.5], np.float32)


def coefficients(seed: int = 1, **expression: float) -> Coefficients:
    """A random identity, mild, and given expressions."""
    model = template()
    identity = 0.6 * np.random.default_rng(seed).standard_normal(len(model.modes))
    weights = np.array([expression.get(name, 0.0) for name in model.expressions.names])
    return Coefficients(identity, weights)


def expected_expression(model: Template) -> np.ndarray:
    """The mean of the expressions that the regression learned from."""
    weights = np.zeros(len(model.expressions.names))
    weights[model.fitted_expressions] = model.regression.mean[len(model.modes) :]
    return weights


@lru_cache(maxsize=4)
def crop_of(seed: int = 1, smile: float = 0.0, jaw: float = 0.0) -> Crop:
    """The person's picture: one skin colour before a wall; landmarks where the network would see the
    template's, in depth too."""
    model = template()
    head = coefficients(seed, mouthSmileLeft=smile, mouthSmileRight=smile, jawOpen=jaw).head(model)
    pose = np.c_[np.diag([1.0, -1.0, -1.0]), [0, 0, DISTANCE_MM]]
    focal = SIZE / 420 * DISTANCE_MM
    camera = Camera(np.array([[focal, 0, SIZE / 2], [0, focal, SIZE / 2], [0, 0, 1.0]]), pose, SIZE, SIZE)
    pixels, depth = project(camera, head)
    person = rasterize(pixels, depth, model.triangles, SIZE, SIZE).face_index >= 0
    usual = Coefficients(model.regression.mean[: len(model.modes)], expected_expression(model)).head(model)
    deeper = (model.regression.observed_mean / DEPTH_SCALE - model.landmarks(usual))[:, 2]
    points = model.landmarks(head) + np.c_[model.regression.offset, deeper - deeper[list(CORNERS)].mean()]
    seen, far = project(camera, points)
    landmarks = np.c_[seen, (far - DISTANCE_MM) * focal / DISTANCE_MM]
    face = make_face(Fit(landmarks, 1.0, 0.0), 1.0)
    image = np.where(person[..., None], SKIN_RGB, WALL_RGB).astype(np.float32)
    regions = np.where(person, np.uint8(Region.SKIN), np.uint8(0))
    return Crop(image, person.astype(float), regions, np.ones((SIZE, SIZE), bool), replace(face))
