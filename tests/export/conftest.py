"""A small relief of head, neck and shoulders with a painted texture: what every exporter is tested on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from browsing import open_browser
from twinbrush.base.mesh import Mesh


def make_bust(grid: int = 40, texture_size: int = 64, exaggeration: float = 0.0) -> Mesh:
    """An open relief in the frame of base/camera.py (mm, y up, facing +z); `exaggeration` lengthens chin and nose."""
    xs, ys = np.linspace(-110, 110, grid), np.linspace(90, -150, grid)
    x, y = np.meshgrid(xs, ys)
    head = 1 - (x / 70) ** 2 - ((y + 5) / 90) ** 2
    neck = np.where((y < -60) & (y > -130), 1 - (x / 38) ** 2, -1.0)
    shoulders = np.where(y < -95, 1 - (x / 105) ** 2 - ((y + 150) / 60) ** 2, -1.0)
    depth = np.maximum.reduce([
        85 * np.sqrt(np.clip(head, 0, None)), 38 * np.sqrt(np.clip(neck, 0, None)) - 8,
        55 * np.sqrt(np.clip(shoulders, 0, None)) - 5,
    ]) - 70
    depth += (14 + 10 * exaggeration) * np.exp(-((x / 9) ** 2) - ((y + 15) / 14) ** 2)  # nose
    y = np.where(y < -20, y + exaggeration * 18 * np.sin(np.clip((y + 20) / 60, -np.pi, 0)), y)
    inside = np.maximum.reduce([head, neck, shoulders]) > 0.02
    number = np.arange(grid * grid).reshape(grid, grid)
    a, b, c, d = number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    faces = faces[inside.ravel()[faces].all(1)]
    kept = np.unique(faces)
    renumbered = np.zeros(grid * grid, np.int64)
    renumbered[kept] = np.arange(len(kept))
    vertices = np.stack([x, y, depth], -1).reshape(-1, 3)[kept]
    u, v = np.meshgrid((np.arange(grid) + 0.5) / grid, 1 - (np.arange(grid) + 0.5) / grid)
    uv = np.stack([u, v], -1).reshape(-1, 2)[kept]
    return Mesh(vertices, renumbered[faces], uv, paint(texture_size))


def paint(size: int) -> np.ndarray:
    """Skin with hair on top, cloth below, two eyes, red left of the middle: a wrong flip shows at once."""
    u, v = np.meshgrid((np.arange(size) + 0.5) / size, (np.arange(size) + 0.5) / size)
    image = np.stack([0.85 - 0.2 * u, 0.62 + 0.1 * v, 0.5 + 0.1 * u], -1)
    image[v < 0.2] = (0.25, 0.16, 0.1)
    image[v > 0.75] = (0.15, 0.2, 0.45)
    for centre in (0.4, 0.6):
        image[(u - centre) ** 2 + (v - 0.38) ** 2 < 0.0016] = (0.05, 0.05, 0.05)
    image[(np.abs(v - 0.58) < 0.015) & (np.abs(u - 0.5) < 0.07)] = (0.7, 0.1, 0.1)
    image += 0.02 * np.random.default_rng(0).standard_normal(image.shape)
    return np.clip(image, 0, 1).astype(np.float32)


@pytest.fixture(scope="session")
def bust() -> Mesh:
    """The stylized mesh."""
    return make_bust(exaggeration=1.0)


@pytest.fixture(scope="session")
def photo_bust(bust: Mesh) -> Mesh:
    """The same topology before stylization."""
    return bust.moved(make_bust().vertices).painted(1 - paint(32))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; the test is skipped where there is none."""
    with open_browser() as browser:
        yield browser
