"""The compiled gather against plain NumPy."""

from __future__ import annotations

import numpy as np

from twinbrush.maths.gather import interpolated


def test_it_is_the_weighted_sum_of_the_corners() -> None:
    rng = np.random.default_rng(2)
    values, corners = rng.random((50, 3)), rng.integers(0, 50, (200, 3))
    weights = rng.random((200, 3))
    plain = (values[corners] * weights[..., None]).sum(1)
    assert np.allclose(interpolated(values, corners, weights), plain, atol=1e-5)
