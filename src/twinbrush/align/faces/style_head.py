"""The template bent to the style's portrait: a head with the painting's proportions, as far as caricature goes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy import sparse

from twinbrush.align.faces.art_outline import Outline, art_outline, on_outline, unseen_outline
from twinbrush.align.faces.art_points import ArtPoints, art_points
from twinbrush.align.faces.neck import with_ears, with_neck
from twinbrush.base.beside import once
from twinbrush.base.camera import Camera
from twinbrush.faces import indices
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.gradients import Gradients, mesh_gradients
from twinbrush.maths.linear import factorised
from twinbrush.maths.similarity import Similarity
from twinbrush.maths.surface import cotangent_laplacian
from twinbrush.sculpt.correct import bending_energy
from twinbrush.sculpt.fit import Coefficients, landmark_sigmas
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Template

LOOSE = 1.0  # standard deviations that an identity mode may go before it costs as much as 60 independent points' misfit
INDEPENDENT = 60.0  # of the 468 points, which err together
STIFFNESS = 5.0  # of the biharmonic residual, against points with sigma in mm
OVAL_MM = 1.6  # standard deviation of the face's outline
HOLD = 4e-5  # per mm2: skull, neck and shoulders do not drift
FULLNESS = 0.6  # what grows across by a factor also grows in depth, by this power of it
SHOULDERS_MM = (-195.0, -135.0)  # below, the template keeps its own shoulders


@dataclass(frozen=True)
class StyleHead:
    """vertices (n, 3): the template's, in its millimetres, as the style has them; points: what it was fitted to."""

    vertices: Float[np.ndarray, "n 3"]
    points: ArtPoints
    outline: Outline
    warnings: tuple[str, ...] = ()


def fit_style_head(model: Template, crop: Crop) -> StyleHead:
    """Returns the style's head. crop: the square about the portrait's face, its regions in it."""
    points = art_points(model, crop)
    outline = art_outline(crop, points)
    if not points.given:
        points = replace(points, points=on_outline(points.points, outline.oval))
    vertices = with_ears(model, with_neck(model, bent(model, points), outline), outline)
    return StyleHead(vertices, points, outline)


def mean_head(model: Template) -> StyleHead:
    """Returns the mean head as a style's: it gives nothing to anybody, and serves to change the person's own share."""
    marks = model.landmarks(model.mean)
    flat = Similarity(1.0, np.eye(3), np.zeros(3))
    nothing = Coefficients(np.zeros(len(model.modes)), np.zeros(len(model.expressions.names)))
    camera = Camera(np.eye(3), np.eye(3, 4), 1, 1)
    points = ArtPoints(marks, np.ones(468), flat, camera, nothing, 1.0, False)
    return StyleHead(np.asarray(model.mean, np.float64), points, unseen_outline())


def bent(model: Template, art: ArtPoints) -> Float[np.ndarray, "n 3"]:
    """Returns the template with its landmarks at the art's: first by identity modes, the rest as a thin plate."""
    mean = model.landmarks(model.mean)
    change = art.points - mean
    sigma = landmark_sigmas()
    weight = np.stack([1 / sigma, 1 / sigma, 0.5 / sigma], 1) * art.weights[:, None]
    basis = model.landmarks(model.modes).astype(np.float64)
    rows = (basis * weight).reshape(len(basis), -1).T
    cost = 468 / INDEPENDENT / LOOSE**2
    found = np.linalg.solve(rows.T @ rows + cost * np.eye(len(basis)), rows.T @ (change * weight).ravel())
    moved = np.tensordot(found, model.modes, 1).astype(np.float64)
    rest = change - model.landmarks(moved)
    sigma[list(indices.OVAL)] = OVAL_MM
    moved = moved + _plate(model, art.weights / sigma**2, rest)
    shape = model.mean + _with_own_shoulders(model, moved)
    return full(model, shape)


def _plate(
    model: Template, weight: Float[np.ndarray, "468"], rest: Float[np.ndarray, "468 3"]
) -> Float[np.ndarray, "n 3"]:
    """Returns the smoothest displacements that bring the landmarks by `rest`."""
    bending, areas = bending_energy(model)
    count = len(areas)
    rows = np.repeat(np.arange(468), 3)
    pick = sparse.csr_matrix(
        (model.landmark_weights.ravel(), (rows, model.landmark_corners.ravel())), shape=(468, count))
    matrix = STIFFNESS * bending + pick.T @ sparse.diags(weight) @ pick + HOLD * sparse.diags(areas)
    return factorised(matrix).solve(np.asarray(pick.T @ (weight[:, None] * rest)))


def _with_own_shoulders(model: Template, moved: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Returns displacements that become one common shift at the shoulders."""
    low, high = SHOULDERS_MM
    keep = smoothstep((model.mean[:, 1] - low) / (high - low))[:, None]
    ring = np.abs(model.mean[:, 1] - high) < 6
    return moved * keep + (1 - keep) * moved[ring].mean(0) * [0, 1, 1]


def full(model: Template, shape: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Returns the head with depth that follows its growth across: a broad cheek is round, a large nose stands out."""
    gradients = template_gradients()
    inside = gradients.of(shape)
    across = np.log(np.sqrt(np.clip(np.linalg.det(inside[:, :2, :2]), 0.4, 2.8)))
    corners = model.mean[model.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    double = np.linalg.norm(normal, axis=1)
    facing = double / 2 * np.clip(normal[:, 2] / double, 0, 1) ** 2
    count = len(model.mean)
    amount = np.bincount(model.triangles.ravel(), np.repeat(facing * across, 3), minlength=count)
    weight = np.bincount(model.triangles.ravel(), np.repeat(facing, 3), minlength=count)
    growth = _smoothed(model, amount, weight)
    change = np.zeros_like(inside)
    factor = np.exp(FULLNESS * growth)[model.triangles].mean(1) - 1
    change[:, 2] = inside[:, 2] * factor[:, None]
    deeper = gradients.displacements(change)[:, 2]
    out = shape.copy()
    out[:, 2] += deeper - model.landmarks(deeper[:, None]).mean()
    return out


def _smoothed(
    model: Template, amount: Float[np.ndarray, "n"], weight: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n"]:
    """Returns amount / weight smoothed over about 10 mm, 0 far from where anything is known."""
    stiffness, areas = cotangent_laplacian(model.mean, model.triangles)
    matrix = sparse.diags(weight + 1e-3 * areas) + 60 * stiffness
    return factorised(matrix).solve(amount)


@once
def template_gradients() -> Gradients:
    """Returns the gradients of the packaged template at its mean."""
    model = template()
    return mesh_gradients(np.asarray(model.mean, np.float64), model.triangles)
