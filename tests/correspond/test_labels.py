"""Labels of a style are mended by what its colours say, and left alone where they say nothing."""

from __future__ import annotations

import numpy as np
import pytest
from tests.correspond.people import face

from twinbrush.correspond.labels import _of_one_colour, checked_labels
from twinbrush.mesh import Region
from twinbrush.portrait.indices import OVAL
from twinbrush.portrait.segment import Segmentation

COLOURS = {
    Region.BACKGROUND: (0.75, 0.7, 0.3), Region.SKIN: (0.85, 0.65, 0.55),
    Region.HAIR: (0.1, 0.08, 0.12), Region.CLOTH: (0.2, 0.3, 0.7),
}  # fmt: skip


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """A flat portrait: ground, a round of hair, the face's oval, a neck, shoulders."""
    person = face()
    y, x = np.mgrid[:300, :256].astype(float)
    oval = person.landmarks[list(OVAL), :2]
    centre, half = (oval.min(0) + oval.max(0)) / 2, np.ptp(oval, axis=0) / 2
    labels = np.full((300, 256), Region.BACKGROUND, np.uint8)
    labels[((x - centre[0]) / half[0] / 1.3) ** 2 + ((y - centre[1] + 15) / half[1] / 1.25) ** 2 < 1] = Region.HAIR
    labels[(np.abs(x - centre[0]) < 22) & (y > centre[1]) & (y < 240)] = Region.SKIN
    labels[((x - centre[0]) / 110) ** 2 + ((y - 300) / 75) ** 2 < 1] = Region.CLOTH
    labels[((x - centre[0]) / half[0]) ** 2 + ((y - centre[1]) / half[1]) ** 2 < 1] = Region.SKIN
    return labels


def paint(labels: np.ndarray) -> np.ndarray:
    image = np.array([COLOURS[Region(k)] for k in range(4)])[labels]
    noise = np.random.default_rng(0).normal(0, 0.02, image.shape)
    return np.clip(image + noise, 0, 1).astype(np.float32)


def test_wrong_labels_are_mended(truth: np.ndarray) -> None:
    wrong = truth.copy()
    wrong[truth == Region.HAIR] = Region.BACKGROUND
    wrong[:, :60] = Region.HAIR
    wrong[truth == Region.CLOTH] = Region.SKIN
    old = Segmentation((wrong > 0).astype(float), wrong, np.full(wrong.shape, 0.8))
    assert (wrong == truth).mean() < 0.6
    new = checked_labels(paint(truth), face(), old)
    assert (new.regions == truth).mean() > 0.96
    np.testing.assert_array_equal(new.matte > 0.5, new.regions != Region.BACKGROUND)
    assert new.confidence[(new.regions == truth)].mean() > new.confidence[(new.regions != truth)].mean()


def test_right_labels_stay(truth: np.ndarray) -> None:
    old = Segmentation((truth > 0).astype(float), truth, np.ones(truth.shape))
    assert (checked_labels(paint(truth), face(), old).regions == truth).mean() > 0.98


def test_a_picture_of_one_colour_changes_little_about_sure_labels(truth: np.ndarray) -> None:
    grey = np.full((*truth.shape, 3), 0.5, np.float32)
    old = Segmentation((truth > 0).astype(float), truth, np.ones(truth.shape))
    new = checked_labels(grey, face(), old)
    on_face = ((truth == Region.SKIN) | (truth == Region.HAIR)) & (np.arange(300)[:, None] < 160)
    assert (new.regions == truth)[on_face].mean() > 0.75


def test_a_users_mask_is_kept(truth: np.ndarray) -> None:
    matte = (truth == Region.SKIN) | (truth == Region.HAIR)
    matte[100:140, 5:40] = True  # the user says that this piece of ground belongs to the person
    wrong = np.where(matte, Region.SKIN, Region.BACKGROUND).astype(np.uint8)
    old = Segmentation(matte.astype(float), wrong, np.ones(truth.shape))
    new = checked_labels(paint(truth), face(), old, keep_matte=True)
    assert (new.regions[~matte] == Region.BACKGROUND).mean() > 0.99
    assert (new.regions[matte] != Region.BACKGROUND).mean() > 0.99
    assert (new.regions == Region.HAIR)[truth == Region.HAIR].mean() > 0.9


def test_hair_hangs_on_the_head(truth: np.ndarray) -> None:
    """A blot of hair colour on the ground below the chin is no hair."""
    blotted = truth.copy()
    blotted[225:245, 6:26] = Region.HAIR
    old = Segmentation((blotted > 0).astype(float), blotted, np.ones(truth.shape))
    new = checked_labels(paint(blotted), face(), old)
    assert not (new.regions[225:245, 6:26] == Region.HAIR).any()


def test_a_piece_of_another_colour_is_no_hair_of_this_head() -> None:
    parts = np.zeros((40, 60), np.int32)
    parts[5:25, 5:30], parts[5:12, 40:46], parts[30:36, 40:46] = 1, 2, 3
    picture = np.full((40, 60, 3), 0.5, np.float32)
    picture[parts == 1] = (0.1, 0.08, 0.12)
    picture[parts == 2] = (0.2, 0.17, 0.15)  # a lighter lock
    picture[parts == 3] = (0.1, 0.55, 0.3)  # a green wall
    kept = _of_one_colour(parts, np.array([1, 2, 3]), picture)
    assert sorted(kept.tolist()) == [1, 2]
