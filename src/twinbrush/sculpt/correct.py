"""The last millimetre: a smooth displacement across the line of sight that brings the seen landmarks onto their pixels.

Minimises stiffness * bending energy (biharmonic) + the landmarks' misfit; skull, ears and neck are held in place. The
person's own asymmetry, which no prior knows, gets in here, where it is seen.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import sparse

from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import vertex_normals
from twinbrush.faces import indices
from twinbrush.maths.linear import factorised
from twinbrush.maths.surface import cotangent_laplacian
from twinbrush.sculpt.fit import landmark_sigmas
from twinbrush.sculpt.values import EAR, NECK, SKULL, Template

STIFFNESS = 30.0  # of bending against a landmark of 1 mm tolerance
TOLERANCE = 0.35  # of the landmarks' standard deviations in the fit: here they are met closely
FARTHEST_MM = 6.0  # a landmark is not followed farther
OVAL_SHARE = 0.25  # weight of the outline, which slides on the skin
HELD, FREE = 0.05, 1e-5  # how firmly skull, ears and neck, and the face, stay (per mm2)
SEEN_FROM, SEEN_OVER = 0.05, 0.35  # cosine between normal and view: unseen below, fully seen that much above


def bending_energy(template: Template) -> tuple[sparse.csr_matrix, Float[np.ndarray, "n"]]:
    """Returns the biharmonic matrix of the mean head and its vertex areas, mm2."""
    stiffness, areas = cotangent_laplacian(template.mean, template.triangles)
    return sparse.csr_matrix(stiffness @ sparse.diags(1 / areas) @ stiffness), areas


def visibility(template: Template, vertices: Float[np.ndarray, "n 3"], camera: Camera) -> Float[np.ndarray, "468"]:
    """Returns how well each landmark faces the camera, 0..1."""
    normals = template.landmarks(vertex_normals(vertices, template.triangles))
    view = camera.centre_xyz - template.landmarks(vertices)
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    return np.clip(((normals * view).sum(1) - SEEN_FROM) / SEEN_OVER, 0, 1)


def corrected(
    template: Template, vertices: Float[np.ndarray, "n 3"], camera: Camera, targets_xy: Float[np.ndarray, "468 2"]
) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "468"]]:
    """Returns the corrected vertices (head's frame, mm) and the landmarks' visibility.

    targets_xy: the pixels in which the surface's landmarks shall lie.
    """
    seen = visibility(template, vertices, camera)
    found, depth = project(camera, template.landmarks(vertices))
    focal = camera.intrinsics[0, 0]
    right, down = camera.world_to_camera[0, :3], camera.world_to_camera[1, :3]
    gap = (targets_xy - found) * (depth / focal)[:, None]  # mm across the line of sight
    length = np.linalg.norm(gap, axis=1)
    gap *= np.minimum(1, FARTHEST_MM / np.maximum(length, 1e-6))[:, None]
    weight = seen / (TOLERANCE * landmark_sigmas()) ** 2
    weight[list(indices.OVAL)] *= OVAL_SHARE
    bending, areas = bending_energy(template)
    rows = np.repeat(np.arange(468), 3)
    pick = sparse.csr_matrix(
        (template.landmark_weights.ravel(), (rows, template.landmark_corners.ravel())), shape=(468, len(vertices)))
    held = np.where(np.isin(template.labels, (SKULL, EAR, NECK)), HELD, FREE)
    matrix = STIFFNESS * bending + pick.T @ sparse.diags(weight) @ pick + sparse.diags(held * areas)
    solved = factorised(matrix).solve(np.asarray(pick.T @ (weight[:, None] * gap)))
    return vertices + solved[:, :1] * right + solved[:, 1:] * down, seen
