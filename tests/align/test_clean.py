"""Frames, black corners and inset photos are found; paper, paint and hatching are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from twinbrush.align.clean import corner_insets, flat_border, trustworthy

FACE = np.random.default_rng(0).uniform(80, 120, (468, 2))


def painting(seed: int = 0) -> np.ndarray:
    """Coloured noise, blurred: no edge is straight."""
    from scipy import ndimage

    noise = np.random.default_rng(seed).uniform(0, 1, (200, 200, 3))
    smooth = ndimage.gaussian_filter(noise, (3, 3, 0))
    return (0.5 + 2.5 * (smooth - smooth.mean())).clip(0.1, 0.9).astype(np.float32)


def test_a_painting_is_kept() -> None:
    assert not flat_border(painting()).any()
    assert not corner_insets(painting(), FACE).any()
    assert trustworthy(painting(), FACE)[5:-5, 5:-5].all()


def test_hatching_is_no_inset() -> None:
    rng = np.random.default_rng(1)
    hatched = np.ones((200, 200, 3), np.float32)
    hatched[rng.uniform(size=(200, 200)) < 0.2] = 0.2
    assert not corner_insets(hatched, FACE).any()


def test_white_paper_is_no_frame() -> None:
    drawing = np.ones((200, 200, 3), np.float32)
    drawing[30:140, 60:110] = 0  # the first stroke begins where a frame might end, but is no straight edge
    assert not flat_border(drawing).any()


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_flat_band_is_a_frame(level: float) -> None:
    framed = painting()
    framed[:, :15] = level
    found = flat_border(framed)
    assert found[:, :15].all()
    assert not found[:, 22:].any()


def test_a_turned_scan_has_black_corners() -> None:
    turned = painting()
    ys, xs = np.mgrid[:200, :200]
    turned[ys + xs < 40] = 0
    found = flat_border(turned)
    assert found[5, 5]
    assert found.mean() == pytest.approx(0.02, abs=0.01)


@pytest.mark.parametrize("corner", range(4))
def test_an_inset_photo_is_found_in_any_corner(corner: int) -> None:
    picture = painting()
    picture[150:, 140:] = 0.97
    picture[170:190, 160:180] = [0.6, 0.4, 0.3]
    picture = np.rot90(picture, corner).copy()
    expected = np.zeros((200, 200), bool)
    expected[150:, 140:] = True
    expected = np.rot90(expected, corner)
    found = corner_insets(picture, FACE)
    assert found[expected].all()
    assert found[~expected].mean() < 0.03


def test_the_face_is_never_taken_out() -> None:
    picture = painting()
    picture[:110, :110] = 0.0  # flat black in a corner
    assert trustworthy(picture, FACE)[82:118, 82:118].all()
