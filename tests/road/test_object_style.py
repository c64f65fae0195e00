"""What of a style picture lends paint to a mesh that is no head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twinbrush.align.objects.align import ObjectAlignment, StyleObject, canvas_for, view_from
from twinbrush.align.objects.deform import fit_deformation
from twinbrush.align.objects.matches import Matches
from twinbrush.base.errors import ModelFileError
from twinbrush.base.image import load_image
from twinbrush.base.models import ensure_models
from twinbrush.config import DEFAULT
from twinbrush.road.object_style import style_object

SIZE = 64


def alignment(like: bool) -> ObjectAlignment:
    """The style's pixels lie on the view's."""
    corners = np.array([[x, y, z] for x in (-50.0, 50) for y in (-50.0, 50) for z in (-50.0, 50)])
    camera = view_from(corners, 0.0, SIZE)
    none, nowhere = np.zeros((0, 2)), np.zeros((0, 3))
    identity = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    matches = Matches(none, none, np.zeros(0), "ellipse", identity)
    deformation = fit_deformation(corners, nowhere, nowhere, np.zeros(0), camera)
    return ObjectAlignment(0.0, camera, matches, deformation, corners, nowhere, nowhere, like, identity)


def test_eyes_and_mouths_lend_nothing_to_what_is_no_face() -> None:
    rng = np.random.default_rng(0)
    image = rng.uniform(size=(SIZE, SIZE, 3)).astype(np.float32)
    everything, eye = np.ones((SIZE, SIZE), bool), np.zeros((SIZE, SIZE), bool)
    eye[20:30, 20:40] = True
    style = StyleObject(image, everything, everything, features=eye)
    camera = alignment(False).match_camera
    unlike = canvas_for(camera, style, alignment(False)).usable
    assert not unlike[22:28, 22:38].any()
    assert unlike[40:60, 10:50].all()
    assert canvas_for(camera, style, alignment(True)).usable[22:28, 22:38].all()  # a like object keeps its eyes


def test_features_are_those_of_the_face(shared_data: Path) -> None:
    try:
        ensure_models()
    except ModelFileError as error:
        pytest.skip(str(error))
    picture = load_image(shared_data / "styles" / "picasso_selfport1907.jpg")
    features = style_object(picture, None, DEFAULT).features
    assert features is not None
    for x, y in ((234, 222), (342, 217), (290, 392)):  # two eyes, the mouth
        assert features[y, x]
    assert not features[40:100, 60:160].any()  # hair
    assert 0.05 < features.mean() < 0.25
    landscape = load_image(shared_data / "styles" / "starry_night_no_face.jpg")
    assert style_object(landscape, None, DEFAULT).features is None
