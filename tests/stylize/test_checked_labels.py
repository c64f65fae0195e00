"""Labels corrected by colours near borders only; missing cloth is found below the chin."""

from __future__ import annotations

import numpy as np

from twinbrush.mesh import Region
from twinbrush.stylize.labels import checked_labels, with_cloth


def _scene() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    lab = np.zeros((120, 120, 3), np.float32)
    lab[:60] = (15, 2, 2)  # dark hair above
    lab[60:] = (70, 12, 15)  # skin below
    lab += rng.normal(scale=1.5, size=lab.shape).astype(np.float32)
    truth = np.full((120, 120), int(Region.SKIN), np.uint8)
    truth[:60] = int(Region.HAIR)
    return lab, truth


def test_a_misplaced_border_moves_to_the_colours() -> None:
    lab, truth = _scene()
    wrong = truth.copy()
    wrong[60:66, 40:80] = int(Region.HAIR)  # forehead called hair
    known = np.ones(truth.shape, bool)
    checked = checked_labels(lab, wrong, known, np.zeros(truth.shape, np.float32), 100.0)
    assert (checked != truth).mean() < 0.01
    assert (wrong != truth).mean() > 0.015


def test_features_never_become_hair_and_cloth_is_left_alone() -> None:
    lab, truth = _scene()
    lab[80:90, 50:70] = (15, 2, 2)  # an eye as dark as the hair
    truth[110:] = int(Region.CLOTH)
    features = np.zeros(truth.shape, np.float32)
    features[80:90, 50:70] = 1
    checked = checked_labels(lab, truth, np.ones(truth.shape, bool), features, 100.0)
    assert (checked[80:90, 50:70] == int(Region.SKIN)).all()
    assert (checked[110:] == int(Region.CLOTH)).all()


def test_on_a_head_of_clay_labels_stay() -> None:
    lab, truth = _scene()
    lab[:, :, :] = (60, 2, 4)
    lab += np.random.default_rng(1).normal(scale=4, size=lab.shape).astype(np.float32)
    lab[20:34, 30:90] -= np.float32([12, 0, 0])  # shade on the scalp is no skin
    checked = checked_labels(lab, truth, np.ones(truth.shape, bool), np.zeros(truth.shape, np.float32), 100.0)
    np.testing.assert_array_equal(checked, truth)


def test_cloth_is_found_below_the_chin_when_there_is_none() -> None:
    regions = np.full((100, 100), int(Region.SKIN), np.uint8)
    trusted = np.ones((100, 100), bool)
    trusted[70:] = False  # is it a throat, is it a shirt?
    regions[70:, 60:] = int(Region.BACKGROUND)
    valid = np.ones((100, 100), bool)
    valid[95:] = False
    chin = np.array([50.0, 65.0])
    labels, trust = with_cloth(regions, trusted, valid, chin, 40.0)
    assert labels[80, 50] == int(Region.CLOTH)
    assert trust[80, 50]
    assert labels[80, 70] == int(Region.BACKGROUND)  # a wall is no shirt
    assert not trust[80, 70]
    assert not trust[97, 50]
    regions[75:] = int(Region.CLOTH)
    same, _ = with_cloth(regions, np.ones((100, 100), bool), valid, chin, 40.0)
    np.testing.assert_array_equal(same, regions)
