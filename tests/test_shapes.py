"""The shape types bite: a wrong shape must fail under the import hook (a mistyped hook switches it off silently)."""

from __future__ import annotations

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from twinbrush.base.mesh import Mesh, vertex_normals
from twinbrush.base.rasterize import rasterize


def test_wrong_shapes_fail() -> None:
    faces = np.array([[0, 1, 2]])
    vertex_normals(np.zeros((3, 3)), faces)
    with pytest.raises(TypeCheckError):
        vertex_normals(np.zeros((3, 2)), faces)
    with pytest.raises(TypeCheckError):
        rasterize(np.zeros((3, 2)), np.ones(4), faces, 8, 8)  # three places, four depths
    with pytest.raises(TypeCheckError):
        Mesh(np.zeros((3, 3)), np.zeros((1, 3)))  # faces are not whole numbers
