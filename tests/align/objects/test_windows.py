"""Background seen through an object lends no paint; the object's own rare colours do."""

from __future__ import annotations

import numpy as np

from twinbrush.align.objects.windows import windows


def picture() -> tuple[np.ndarray, np.ndarray]:
    """A brown disc on yellow ground, with a window of the ground's colour and a white mark of its own."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:160, :200]
    disc = (x - 100) ** 2 + (y - 80) ** 2 < 60**2
    image = np.where(disc[..., None], [0.4, 0.2, 0.15], [0.9, 0.8, 0.4])
    image[70:90, 80:100] = [0.9, 0.8, 0.4]
    image[100:120, 110:130] = [0.95, 0.95, 0.95]
    return np.clip(image + 0.02 * rng.normal(size=image.shape), 0, 1).astype(np.float32), disc


def test_the_window_is_found_and_the_mark_is_not() -> None:
    image, disc = picture()
    found = windows(image, disc)
    assert found[72:88, 82:98].all()
    assert not found[100:120, 110:130].any()
    assert found.sum() < 2.2 * 400
    assert not (found & ~disc).any()


def test_an_object_without_windows_has_none() -> None:
    image, disc = picture()
    image[70:90, 80:100] = [0.4, 0.2, 0.15]
    assert not windows(image, disc)[66:94, 76:104].any()
