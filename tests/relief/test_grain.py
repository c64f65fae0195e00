from __future__ import annotations

import numpy as np

from twinbrush.relief.grain import grain_at


def test_grain_is_bounded_smooth_and_of_its_size() -> None:
    points = np.zeros((4000, 3), np.float32)
    points[:, 0] = np.linspace(0, 400, 4000)
    values = grain_at(points, 2.0, 0)
    assert np.abs(values).max() <= 1
    assert values.std() > 0.2
    assert abs(float(values.mean())) < 0.1
    assert np.abs(np.diff(values)).max() < 0.25
    crossings = (np.diff(np.sign(values)) != 0).sum()
    assert 60 < crossings < 200  # about every other grain
    assert np.array_equal(values, grain_at(points, 2.0, 0))
    assert not np.array_equal(values, grain_at(points, 2.0, 1))
