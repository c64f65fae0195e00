"""Pictures of a relief: what it adds to normals, as a tangent-space normal map, as roughness.

Tangent space as glTF has it: x along growing u, y along growing v counted from below, z along the normal; bitangent =
cross(normal, tangent) * w. Tangents are the vertices' own, from the derivatives of uv, and go into the file.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float, Float32

from twinbrush.base.mesh import Mesh
from twinbrush.maths.texels import Texels, texels_of
from twinbrush.relief.ground import lifts

ROUGHNESS: dict[str, tuple[float, float]] = {
    "oil": (0.62, -0.25), "woodcut": (0.82, -0.12), "ink": (0.8, -0.15), "mosaic": (0.6, -0.5), "pastel": (0.95, -0.05),
}  # fmt: skip
"""The roughness at mean height, and its change from there to one amplitude higher: ridges are smoother than furrows."""
SMOOTHEST, ROUGHEST = 0.3, 1.0


def tilts(mesh: Mesh, heights_mm: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w 3"]:
    """Returns what a relief (mm) adds to the unit normals, in space; to be made unit length again."""
    texels, gradient = _gradient(mesh, heights_mm)
    return texels.picture(-gradient)


def displaced(mesh: Mesh, heights_mm: Float32[np.ndarray, "h w"]) -> Mesh:
    """Returns the mesh with its vertices moved by a relief (mm), each by the mean over what lies about it: as much of
    it as its own triangles can carry."""
    assert mesh.uv is not None
    texels = texels_of(mesh.uv, mesh.faces, heights_mm.shape, 0.0)
    one = np.arange(len(mesh.vertices))
    if mesh.seam is not None:
        one[mesh.seam[:, 1]] = mesh.seam[:, 0]
    corners, known = one[mesh.faces[texels.face]].ravel(), np.repeat(heights_mm.ravel()[texels.place], 3)
    weights = texels.weights.ravel()
    total = np.bincount(corners, weights, len(one))
    height = np.bincount(corners, weights * known, len(one)) / np.maximum(total, 1e-9)
    return replace(mesh, vertices=mesh.vertices + height[one, None] * mesh.normals())


def normal_map(mesh: Mesh, heights_mm: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w 3"]:
    """Returns the tangent-space normal map, each component 0..1 (0.5: zero)."""
    assert mesh.uv is not None
    texels, gradient = _gradient(mesh, heights_mm)
    normals, frame = mesh.normals(), tangents(mesh)
    across = np.cross(normals, frame[:, :3]) * frame[:, 3:]
    axes = [texels.at(axis, mesh.faces) for axis in (frame[:, :3], across, normals)]
    turned = _unit(_unit(axes[2]) - gradient)
    local = np.stack([(turned * _unit(axis)).sum(1) for axis in axes], 1)
    local[:, 2] = np.maximum(local[:, 2], 0.05)
    out = np.full((*texels.shape, 3), np.float32(0.5))
    out[..., 2] = 1
    out.reshape(-1, 3)[texels.place] = 0.5 + 0.5 * _unit(local)
    return out


def roughness_map(relief: Float32[np.ndarray, "h w"], medium: str) -> Float32[np.ndarray, "h2 w2 3"]:
    """Returns roughness in the green channel, half as large. relief: in units of the amplitude."""
    level, change = ROUGHNESS[medium]
    half = cv2.resize(relief, (relief.shape[1] // 2, relief.shape[0] // 2), interpolation=cv2.INTER_AREA)
    rough = np.clip(level + change * half, SMOOTHEST, ROUGHEST).astype(np.float32)
    return np.stack([np.ones_like(rough), rough, np.zeros_like(rough)], 2)


def tangents(mesh: Mesh) -> Float[np.ndarray, "v 4"]:
    """Returns unit tangents along growing u, and w: 1, or -1 where uv is a mirror image."""
    assert mesh.uv is not None
    p, q = (mesh.vertices[mesh.faces[:, k]] - mesh.vertices[mesh.faces[:, 0]] for k in (1, 2))
    a, b = (mesh.uv[mesh.faces[:, k]] - mesh.uv[mesh.faces[:, 0]] for k in (1, 2))
    area = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    sense = np.where(area < 0, -1.0, 1.0)
    along_u = sense[:, None] * (p * b[:, 1:] - q * a[:, 1:])
    along_v = sense[:, None] * (q * a[:, :1] - p * b[:, :1])
    count = len(mesh.vertices)
    u, v = (
        np.stack([np.bincount(mesh.faces.ravel(), np.repeat(c, 3), count) for c in way.T], 1)
        for way in (along_u, along_v))
    normals = mesh.normals()
    u = u - (u * normals).sum(1, keepdims=True) * normals
    lost = np.linalg.norm(u, axis=1) < 1e-12
    u[lost] = np.cross(normals[lost], [0.0, 1.0, 0.0]) + np.array([1e-6, 0, 0])
    u = _unit(u)
    w = np.where((np.cross(normals, u) * v).sum(1) < 0, -1.0, 1.0)
    return np.column_stack([u, w])


def _gradient(mesh: Mesh, heights_mm: Float32[np.ndarray, "h w"]) -> tuple[Texels, Float32[np.ndarray, "s 3"]]:
    """The texels, and the relief's slope in space at each."""
    assert mesh.uv is not None
    rows, columns = heights_mm.shape
    texels = texels_of(mesh.uv, mesh.faces, (rows, columns))
    ways = ((1, 0), (0, 1))
    slope = np.stack([cv2.Sobel(heights_mm, cv2.CV_32F, *way, ksize=3, scale=1 / 8) for way in ways], 2)
    places = np.stack([mesh.uv[:, 0] * columns, (1 - mesh.uv[:, 1]) * rows], 1)
    lift = lifts(mesh.vertices, places, mesh.faces).astype(np.float32)
    flat = slope.reshape(-1, 2)[texels.place]
    return texels, np.einsum("sij,sj->si", lift[texels.face], flat)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
