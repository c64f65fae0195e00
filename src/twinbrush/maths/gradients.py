"""Deformation gradients of a triangle mesh, their powers, and the vertices that fit changed gradients best.

Deformation transfer (Sumner and Popovic 2004) with the gradients blended in logarithmic space (Alexa 2002: polar
decomposition, the turn as a rotation vector, the stretch by its eigenvalues).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse
from scipy.sparse.linalg import SuperLU
from scipy.spatial.transform import Rotation

from twinbrush.maths.linear import factorised

LEAST_STRETCH, MOST_STRETCH = 0.15, 6.0  # bounds of a powered gradient's stretches: a triangle never collapses
ANCHOR = 1e-12  # weight, per mm2 of the whole mesh, that makes the translation unique and moves nothing else


@dataclass(frozen=True)
class Gradients:
    """What turns vertex fields of one mesh into gradients and back.

    triangles (t, 3). inverse (t, 3, 3): of [edge, edge, normal] at rest. operator (3t, n): the gradient of a field in
    each triangle's plane. areas (3t,): mm2, each triangle's three times. solver: of operator' areas operator.
    """

    triangles: Int[np.ndarray, "t 3"]
    inverse: Float[np.ndarray, "t 3 3"]
    operator: sparse.csr_matrix
    areas: Float[np.ndarray, "a"]
    solver: SuperLU

    def of(self, vertices: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "t 3 3"]:
        """Returns the gradients (columns: where x, y and z go) that bring the mesh at rest to these vertices."""
        return frames(vertices[self.triangles]) @ self.inverse

    def displacements(self, change: Float[np.ndarray, "t 3 3"]) -> Float[np.ndarray, "n 3"]:
        """Returns the displacements whose gradients come nearest to `change`: least squares over the area, mean 0."""
        wanted = np.swapaxes(change, 1, 2).reshape(-1, 3)
        moved = self.solver.solve(np.ascontiguousarray(self.operator.T @ (self.areas[:, None] * wanted)))
        return moved - moved.mean(0)


def mesh_gradients(vertices: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "t 3"]) -> Gradients:
    """Returns the operators of a mesh at rest."""
    corners = vertices[triangles]
    inverse = np.linalg.inv(frames(corners))
    count, faces = len(vertices), len(triangles)
    second, third = inverse[:, 0], inverse[:, 1]
    values = np.stack([-second - third, second, third])
    rows = np.broadcast_to(np.arange(3 * faces).reshape(faces, 3), values.shape)
    columns = np.broadcast_to(triangles.T[:, :, None], values.shape)
    operator = sparse.csr_matrix((values.ravel(), (rows.ravel(), columns.ravel())), shape=(3 * faces, count))
    double = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    areas = np.repeat(double / 2, 3)
    whole = operator.T @ sparse.diags(areas) @ operator + ANCHOR * double.sum() * sparse.identity(count)
    return Gradients(triangles, inverse, operator, areas, factorised(whole))


def frames(corners: Float[np.ndarray, "t 3 3"]) -> Float[np.ndarray, "t 3 3"]:
    """Returns [first edge, second edge, unit normal] of each triangle as columns."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = np.cross(first, second)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    return np.stack([first, second, normal], -1)


@dataclass(frozen=True)
class Logarithms:
    """Gradients as turn (t, 3), rotation vectors, and stretch: eigenvalues' logarithms (t, 3) and axes (t, 3, 3)."""

    turns: Float[np.ndarray, "t 3"]
    stretches: Float[np.ndarray, "t 3"]
    axes: Float[np.ndarray, "t 3 3"]

    def power(self, exponent: float) -> Float[np.ndarray, "t 3 3"]:
        """Returns the gradients raised to a power: 0 gives identities, 1 what they were (within the bounds)."""
        scale = np.exp(np.clip(exponent * self.stretches, np.log(LEAST_STRETCH), np.log(MOST_STRETCH)))
        stretch = (self.axes * scale[:, None]) @ np.swapaxes(self.axes, 1, 2)
        return Rotation.from_rotvec(exponent * self.turns).as_matrix() @ stretch


def logarithms(gradients: Float[np.ndarray, "t 3 3"]) -> Logarithms:
    """Returns the polar decomposition of gradients, ready for powers."""
    left, values, right = np.linalg.svd(gradients)
    flip = np.sign(np.linalg.det(left @ right))
    left[:, :, 2] *= flip[:, None]
    values = np.log(np.maximum(values, 1e-3))
    return Logarithms(Rotation.from_matrix(left @ right).as_rotvec(), values, np.swapaxes(right, 1, 2))
