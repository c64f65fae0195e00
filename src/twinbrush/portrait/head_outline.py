"""The predicted head, corrected by the outline that the photo shows of it.

A face tells its skull only roughly: how far heads lie from their prediction is known from training (`HeadPrior.doubt`,
a covariance). Where no hair stands between, the outline above the ears says more. The most probable head given both is
found by linear least squares (maximum a posteriori of a Gaussian; Bishop 2006, 2.3.3), anew as the outline moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import spatial

from twinbrush.camera import project
from twinbrush.maths.filters import blur, signed_distance
from twinbrush.portrait.crop import Crop
from twinbrush.portrait.geometry import Frame
from twinbrush.portrait.head_prior import SKULL, HeadPrior, HeadShape, head_prior, observe, with_vertices
from twinbrush.portrait.silhouette import Outline, trace
from twinbrush.portrait.skull import PHOTO_EDGE_PX, outlined, turning_edges

LOWEST_MM = -5.0  # over the eyes: lower down ears and hair make the outline
CROPPED_MM = (4.0, 8.0)  # an outline farther than that outside the predicted head's (median) is hair's
NOISE_MM, COMMON_MM = 1.5, 1.0  # of the outline: of each piece, and of the whole
PIECES = 20.0  # so many of its points are independent
FAR_MM = 25.0  # what lies farther away is something else
NORMAL_MM = 18.0  # what a right angle between two normals counts, in distance
SMOOTH_MM = 2.0  # of the matte's edge
TURNS = 3


@dataclass(frozen=True)
class _Gaps:
    """Between the head's outline and the person's. edges (n, 2): the head's edges on its silhouette; normals: outward,
    in the picture; gap_mm: how far the person's outline lies outside."""

    edges: Int[np.ndarray, "n 2"]
    normals: Float[np.ndarray, "n 2"]
    gap_mm: Float[np.ndarray, "n"]


def fitted_to_outline(head: HeadShape, frame: Frame, crop: Crop) -> HeadShape:
    """The head whose outline above the ears is the person's, as far as no hair hides it and the prior allows.

    frame: the one the head was predicted from. Unchanged where nothing of that outline is in the picture.
    """
    prior, rotation = head_prior(), observe(frame)[1]
    person = _person(frame, crop)
    if person is None:
        return head
    certain = np.linalg.inv(prior.doubt)
    found, change, bare = head, np.zeros(len(certain)), None
    for _ in range(TURNS):
        gaps = _gaps(found, rotation, frame, person, len(crop.matte))
        if gaps is None:
            return found
        gap = gaps.gap_mm
        if bare is None:
            bare = float(np.interp(np.median(gap), CROPPED_MM, (1.0, 0.0)))
        weight = np.where(gap > 0, bare, 1.0) * np.clip(FAR_MM / np.maximum(np.abs(gap), 1e-3) - 1, 0, 1)
        moves = _moves(gaps, prior, rotation, frame, found)
        change = _most_probable(moves, gap + moves @ change, weight, certain)
        found = with_vertices(head, head.vertices + head.trust * (prior.basis @ change) @ rotation.T, prior)
    return found


def _person(frame: Frame, crop: Crop) -> Outline | None:
    unit = frame.pixels_per_mm
    level = blur(np.clip(signed_distance(crop.matte > 0.5), -30 * unit, 30 * unit), SMOOTH_MM * unit)
    return trace(level, crop.within(PHOTO_EDGE_PX), unit)


def _gaps(
    head: HeadShape, rotation: Float[np.ndarray, "3 3"], frame: Frame, person: Outline, size: int
) -> _Gaps | None:
    """None when next to nothing of the head's outline can be compared."""
    found = outlined(head, frame, size)
    if found is None:
        return None
    unit, source = frame.pixels_per_mm, found[1]
    turning = turning_edges(head, frame)
    middles = project(frame.camera, head.vertices[turning].mean(1))[0]
    away, nearest = spatial.KDTree(middles).query(source.points_xy)
    edges = turning[nearest]
    height = (head.vertices[edges].mean(1) @ rotation)[:, 1]
    weight = NORMAL_MM * unit / np.sqrt(2)
    tree = spatial.KDTree(np.hstack([person.points_xy, weight * person.normals]))
    _, partner = tree.query(np.hstack([source.points_xy, weight * source.normals]))
    compared = (head.labels[edges] == SKULL).all(1) & (height > LOWEST_MM) & (away < 3 * unit)
    compared &= source.real & person.real[partner]
    if compared.sum() < PIECES:
        return None
    gap = ((person.points_xy[partner] - source.points_xy) * source.normals).sum(1) / unit
    return _Gaps(edges[compared], source.normals[compared], gap[compared])


def _moves(
    gaps: _Gaps, prior: HeadPrior, rotation: Float[np.ndarray, "3 3"], frame: Frame, head: HeadShape
) -> Float[np.ndarray, "n m"]:
    """How far each place of the outline moves outward in the picture (mm at the eyes' depth) with each coefficient."""
    nearer = frame.distance_mm / (frame.distance_mm - head.vertices[gaps.edges].mean(1)[:, 2])
    outward = np.column_stack([gaps.normals * [1, -1], np.zeros(len(nearer))]) * nearer[:, None]
    return np.einsum("nk,nkm->nm", outward @ rotation, prior.basis[gaps.edges].mean(1))


def _most_probable(
    moves: Float[np.ndarray, "n m"], goal: Float[np.ndarray, "n"], weight: Float[np.ndarray, "n"],
    certain: Float[np.ndarray, "m m"],
) -> Float[np.ndarray, "m"]:
    """The coefficients; beside them the outline as a whole may be off by COMMON_MM."""
    count = len(certain)
    design = np.column_stack([moves, np.ones(len(moves))])
    inverse = weight * min(1.0, PIECES / len(goal)) / NOISE_MM**2
    system = design.T @ (inverse[:, None] * design)
    system[:count, :count] += certain
    system[count, count] += 1 / COMMON_MM**2
    return np.linalg.solve(system, design.T @ (inverse * goal))[:count]
