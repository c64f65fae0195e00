"""The template drawn onto the surface of a head that came as a mesh: landmarks first, then the surface itself.

Non-rigid iterated closest points with a bending energy that grows softer (in the manner of Amberg et al. 2007).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import sparse, spatial

from twinbrush.base.mesh import vertex_normals
from twinbrush.maths.linear import factorised
from twinbrush.sculpt.correct import bending_energy
from twinbrush.sculpt.trust import feature_share
from twinbrush.sculpt.values import EAR, HeadFit, Template

STIFFNESSES = (3000.0, 600.0, 120.0, 30.0)  # of bending against a vertex' misfit per mm2, one round each
FARTHEST_MM = (25.0, 18.0, 12.0, 8.0)  # a surface farther away is another one: hair, collars
ALIKE = 0.5  # cosine between the normals from which two places belong together
EAR_SHARE, FEATURE_SHARE = 0.15, 0.25  # of their weight: ears' folds mislead, lids and lips are the landmarks'
HELD = 1e-4  # how firmly what finds no surface stays (per mm2)


def onto_surface(
    template: Template, fit: HeadFit, surface: Float[np.ndarray, "s 3"], faces: Int[np.ndarray, "f 3"],
    skin: Bool[np.ndarray, "s"],
) -> Float[np.ndarray, "n 3"]:
    """Returns the fitted head's vertices on a surface given in the head's frame, mm.

    skin: which of its vertices are bare skin; under hair the template keeps its own skull.
    """
    used = faces[skin[faces].all(1)]
    points = surface[used].mean(1)
    a, b, c = (surface[used[:, k]] for k in range(3))
    facing = np.cross(b - a, c - a)
    facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-12)
    tree = spatial.KDTree(points)
    bending, areas = bending_energy(template)
    trust = np.where(template.labels <= 3, 1.0, 0.0) * np.where(template.labels == EAR, EAR_SHARE, 1.0)
    trust *= 1 - (1 - FEATURE_SHARE) * feature_share(template)
    vertices = fit.vertices
    for stiffness, farthest in zip(STIFFNESSES, FARTHEST_MM, strict=True):
        normals = vertex_normals(vertices, template.triangles)
        distance, nearest = tree.query(vertices, distance_upper_bound=farthest)
        found = np.isfinite(distance)
        nearest = np.where(found, nearest, 0)
        alike = (normals * facing[nearest]).sum(1)
        weight = trust * found * np.clip((alike - ALIKE) / (1 - ALIKE), 0, 1) * areas
        along = ((points[nearest] - vertices) * facing[nearest]).sum(1)  # to the plane, not to the triangle's middle
        goal = along[:, None] * facing[nearest]
        matrix = sparse.csc_matrix(stiffness * bending + sparse.diags(weight + HELD * areas))
        vertices = vertices + factorised(matrix).solve(weight[:, None] * goal)
    return vertices


def in_head_frame(fit: HeadFit, distance_mm: float, world: Float[np.ndarray, "s 3"]) -> Float[np.ndarray, "s 3"]:
    """Points of the photo's world (origin between the eyes, the camera distance_mm before it) in the head's frame."""
    rotation, shift = fit.camera.world_to_camera[:, :3], fit.camera.world_to_camera[:, 3]
    scale = distance_mm / float(shift[2])
    seen = world * [1, -1, -1] + [0, 0, distance_mm]
    return (seen / scale - shift) @ rotation
