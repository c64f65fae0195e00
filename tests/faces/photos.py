"""Shared by the tests of this room: the astronaut, and which tests need the network files."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy.spatial import cKDTree

from twinbrush import models
from twinbrush.errors import ModelFileError


@lru_cache(maxsize=1)
def _missing() -> str | None:
    try:
        models.ensure_models()
    except ModelFileError as error:
        return str(error)
    return None


def need_models() -> None:
    """Skip, and say why, where the network files are not there and cannot be fetched."""
    reason = _missing()
    if reason:
        pytest.skip(reason)


@lru_cache(maxsize=1)
def astronaut() -> np.ndarray:
    """scikit-image's photo of Eileen Collins, float32 RGB."""
    from skimage import data

    return np.asarray(data.astronaut(), np.float32) / np.float32(255)


def aligned(points: np.ndarray, truth: np.ndarray, start: np.ndarray) -> np.ndarray:
    """points after the similarity that iterated closest points find from truth's partners `start`."""
    matched, moved = start, points
    for _ in range(8):
        a, b = matched - matched.mean(0), truth - truth.mean(0)
        u, s, vt = np.linalg.svd(b.T @ a)
        scale = s.sum() / (a**2).sum()
        moved = scale * (points - matched.mean(0)) @ (u @ vt).T + truth.mean(0)
        matched = points[cKDTree(moved).query(truth)[1]]
    return moved
