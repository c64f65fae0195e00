"""The user's own masks and region pictures: read exactly, refused in one line with a remedy."""

from __future__ import annotations

import numpy as np
import pytest

from people import face
from twinbrush.base.errors import BadMask
from twinbrush.regions.engine import find_regions
from twinbrush.regions.given import check_labels, check_mask, labels_of_picture, picture_of_labels
from twinbrush.regions.values import COARSE, COLOURS, Label


def test_the_legends_colours_come_back_as_labels() -> None:
    labels = np.random.default_rng(0).integers(0, len(Label), (30, 40)).astype(np.uint8)
    picture = picture_of_labels(labels)
    np.testing.assert_array_equal(labels_of_picture(picture), labels)
    noise = np.random.default_rng(1).integers(-15, 16, picture.shape)
    np.testing.assert_array_equal(labels_of_picture(np.clip(picture + noise, 0, 255).astype(np.uint8)), labels)
    assert len({tuple(colour) for colour in COLOURS.values()}) == len(Label) == len(COARSE)


def test_other_colours_are_refused_and_named() -> None:
    picture = picture_of_labels(np.ones((20, 20), np.uint8))
    picture[7, 3] = (10, 250, 10)
    with pytest.raises(BadMask, match=r"1 pixels.*x 3, y 7.*\(10, 250, 10\).*skin \(255,180,140\)"):
        labels_of_picture(picture)


def test_sizes_and_faces_are_checked() -> None:
    person = face(centre_xy=(100.0, 90.0), pixels_per_mm=0.6)
    with pytest.raises(BadMask, match=r"50 x 40 pixels.*120 x 110"):
        check_labels(np.ones((40, 50), np.uint8), person, (110, 120))
    with pytest.raises(BadMask, match="most of the face"):
        check_labels(np.zeros((180, 200), np.uint8), person, (180, 200))
    with pytest.raises(BadMask, match="leaves most of the face out"):
        check_mask(np.zeros((180, 200)), person, (180, 200))
    check_labels(np.ones((180, 200), np.uint8), person, (180, 200))


def test_given_labels_are_obeyed_exactly() -> None:
    person = face(centre_xy=(100.0, 90.0), pixels_per_mm=0.6)
    labels = np.random.default_rng(0).integers(1, len(Label), (180, 200)).astype(np.uint8)
    labels[:20] = Label.GROUND
    found = find_regions(np.zeros((180, 200, 3), np.float32), person, given=labels)
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_array_equal(found.matte > 0.5, labels > 0)
    assert found.confidence.min() == 1
    np.testing.assert_array_equal(found.regions, COARSE[labels])
