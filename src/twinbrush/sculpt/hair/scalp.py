"""Where hair grows on the head, and how thick it lies there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import sparse

from twinbrush.base.camera import project
from twinbrush.base.mesh import vertex_normals
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.linear import factorised
from twinbrush.maths.surface import cotangent_laplacian
from twinbrush.sculpt.hair.outline import Outline, outside_by
from twinbrush.sculpt.skin import lookup
from twinbrush.sculpt.values import EAR, Surroundings, Template

# The mean head's profile (z, y), mm: scalp behind the line. Once with the ear bare, once with hair over it.
SCALP_PROFILE = np.array([
    (14, 70), (-8, 74), (-30, 66), (-42, 46), (-46, 28), (-50, 10), (-53, -8), (-57, -25), (-73, -25), (-75, 2),
    (-79, 16), (-95, 19), (-108, 8), (-112, -18), (-114, -45), (-122, -72), (-150, -80), (-300, -80), (-300, 300),
    (14, 300)], np.float32)
COVERED_PROFILE = np.array([
    (14, 70), (-8, 74), (-30, 66), (-42, 46), (-48, 28), (-60, 6), (-62, -20), (-66, -46), (-90, -66), (-122, -76),
    (-150, -84), (-300, -84), (-300, 300), (14, 300)], np.float32)
SEEN_FROM, SEEN_OVER = 0.08, 0.15  # cosine to the camera from which the photo's hairline counts, and its ramp
EDGE_ON, EDGE_OVER = 0.35, 0.25  # cosine to the camera below which skin is seen edge-on, and its ramp
HAIRLINE_REACH_MM = 40.0  # farther from the hairline nothing depends on the distance
BEHIND_HAIR_MM, TEMPLE_MM = 2.0, -80.0  # a cheek seen edge-on, so far inside hair, lies under it; before this z
CALM_MM2 = 9.0  # of the hairline on the surface
OUTER_EAR_MM = 76.0  # |x| of the mean head beyond which an ear stands out
COVERED_SHARE = 0.6  # of an ear's points under hair: it is covered
RIM_COSINE = 0.3  # vertices that face the camera less are on the silhouette
RIM_LOWEST_MM = 8.0  # the silhouette tells the hair's thickness down to here: the upper ear's height
EAR_TOP_MM = -6.0  # only above this, hair lies over a part of an ear: lower down it is behind it
EAR_UNDER_MM = 8.0  # hair that is seen before an ear lies so far over it at most
MARCH_MM = np.arange(-14.0, 110.0, 0.5)  # along which the mask's border is looked for from a rim vertex
LATEST_START_MM = 12.0  # hair that begins farther out than this does not belong to the vertex
THINNEST_MM, THICKEST_MM, THICKEST_BACK_MM, THICKEST_FRONT_MM = 2.0, 90.0, 60.0, 22.0
BACK_SHARE = 0.8  # of the rim's median that the unseen back has
STIFFNESS_MM4 = 6000.0  # of the thickness on the surface: less leaves a step behind the ears
LOCAL_STIFFNESS_MM4, LOCAL_PULL = 5000.0, 0.01  # of what the stiff thickness misses at the rim: it fades over 27 mm
USUAL_MEDIAN_MM = 4.0  # where no rim is seen


@dataclass(frozen=True)
class Scalp:
    """The bare head (v vertices of it: skin without bags) as hair sees it, mm.

    vertices: with the ears laid flat; normals; triangles; original (v,): the template's vertices. ears (v,).
    hairline (v,): signed mm to it, positive under hair. template_hairline (v,): the mean head's. facing (v,): cosine to
    the camera. thickness (v,). median: of the thickness seen at the rim. covered: whether each ear (left in the picture
    first) lies under hair. lobes: the share of each lobe under hair.
    """

    vertices: Float[np.ndarray, "v 3"]
    normals: Float[np.ndarray, "v 3"]
    triangles: Int[np.ndarray, "t 3"]
    original: Int[np.ndarray, "v"]
    ears: Bool[np.ndarray, "v"]
    hairline: Float[np.ndarray, "v"]
    template_hairline: Float[np.ndarray, "v"]
    facing: Float[np.ndarray, "v"]
    thickness: Float[np.ndarray, "v"]
    median: float
    covered: tuple[bool, bool]
    lobes: tuple[float, float]

    def thickened(self, thickness: Float[np.ndarray, "v"]) -> Scalp:
        """Returns the same scalp under hair of another thickness (v,), mm."""
        return replace(self, thickness=thickness)


def scalp_of(
    template: Template, vertices: Float[np.ndarray, "n 3"], seen: Surroundings, outline: Outline, *,
    unseen: Float[np.ndarray, "v"] | None = None,
) -> Scalp:
    """Returns the scalp of a fitted head (n template vertices, mm) under the hair's outline.

    unseen: signed mm to the border where the photo does not show it (default: the mean head's hairline).
    """
    original = np.flatnonzero(template.labels <= 3)
    number = np.full(len(vertices), -1)
    number[original] = np.arange(len(original))
    triangles = number[template.triangles]
    triangles = triangles[(triangles >= 0).all(1)]
    mean, ears = template.mean[original], template.labels[original] == EAR
    stiffness, areas = cotangent_laplacian(mean, triangles)
    bending = sparse.csr_matrix(stiffness @ sparse.diags(1 / areas) @ stiffness)
    flat = _without_ears(vertices[original], ears, bending)
    normals = vertex_normals(flat, triangles)
    view = seen.camera.centre_xyz - flat
    facing = (normals * view).sum(1) / np.linalg.norm(view, axis=1)
    lobes, uppers = _ear_shares(mean, ears, vertices[original], seen, outline)
    covered = tuple(a > COVERED_SHARE and b > COVERED_SHARE for a, b in zip(lobes, uppers, strict=True))
    usual = _template_hairline(mean, (covered[0], covered[1])) if unseen is None else unseen
    line = _hairline(mean, usual, flat, facing, seen, outline, ears, lobes, (covered[0], covered[1]))
    line = _like_other_side(line, usual, facing, number[template.mirror[original]])
    over = outside_by(outline.fine, project(seen.camera, vertices[original][ears])[0])
    over = np.where(mean[ears, 1] > EAR_TOP_MM, over, -HAIRLINE_REACH_MM)
    line[ears] = np.maximum(line[ears], np.where(over > 0, np.minimum(over, EAR_UNDER_MM), -HAIRLINE_REACH_MM))
    line = factorised(sparse.diags(areas) + CALM_MM2 * stiffness).solve(areas * line)
    bare = Scalp(flat, normals, triangles, original, ears, line, usual, facing, np.zeros(len(flat)), 0.0,
                 (covered[0], covered[1]), lobes)
    thickness, median = _thickness(mean, bare, seen, outline, bending, areas, stiffness)
    return Scalp(flat, normals, triangles, original, ears, line, usual, facing, thickness, median,
                 (covered[0], covered[1]), lobes)


def _without_ears(
    points: Float[np.ndarray, "v 3"], ears: Bool[np.ndarray, "v"], bending: sparse.csr_matrix
) -> Float[np.ndarray, "v 3"]:
    """The head with the ears replaced by the smoothest surface (biharmonic)."""
    inner, outer = np.flatnonzero(ears), np.flatnonzero(~ears)
    rows = bending[inner]
    solver = factorised(rows[:, inner] + 1e-9 * sparse.eye(len(inner)))
    out = points.copy()
    out[inner] = solver.solve(-(rows[:, outer] @ points[outer]))
    return out


def profile_distance(profile: np.ndarray, mean: Float[np.ndarray, "v 3"]) -> Float[np.ndarray, "v"]:
    """Returns signed mm of the mean head's points (v, 3) to a profile (z, y), positive inside it."""
    return np.array([cv2.pointPolygonTest(profile, (float(z), float(y)), True) for _, y, z in mean])


def _template_hairline(mean: Float[np.ndarray, "v 3"], covered: tuple[bool, bool]) -> Float[np.ndarray, "v"]:
    bare = profile_distance(SCALP_PROFILE, mean)
    under = profile_distance(COVERED_PROFILE, mean) if any(covered) else bare
    return np.where(np.where(mean[:, 0] < 0, *covered), under, bare)


def _ear_shares(
    mean: Float[np.ndarray, "v 3"], ears: Bool[np.ndarray, "v"], points: Float[np.ndarray, "v 3"], seen: Surroundings,
    outline: Outline,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Share of each ear's lower and upper half that lies under hair, left in the picture first."""
    under = outside_by(outline.fine, project(seen.camera, points)[0]) > 0
    outer = ears & (np.abs(mean[:, 0]) > OUTER_EAR_MM)
    halves = (mean[:, 1] < -14, mean[:, 1] > -10)
    left, right = mean[:, 0] < 0, mean[:, 0] > 0
    lower, upper = (
        (float(under[outer & half & left].mean()), float(under[outer & half & right].mean())) for half in halves)
    return lower, upper


def _hairline(
    mean: Float[np.ndarray, "v 3"], usual: Float[np.ndarray, "v"], flat: Float[np.ndarray, "v 3"],
    facing: Float[np.ndarray, "v"], seen: Surroundings, outline: Outline, ears: Bool[np.ndarray, "v"],
    lobes: tuple[float, float], covered: tuple[bool, bool],
) -> Float[np.ndarray, "v"]:
    """Signed mm to the hairline: the photo's where the skin faces it, else the mean head's."""
    pixels, _ = project(seen.camera, flat)
    height, width = seen.labels.shape
    within = ((pixels > 1) & (pixels < (width - 2, height - 2))).all(1)
    inside = within & (lookup(seen.inside.astype(np.float32), pixels) > 0.5)
    share = smoothstep((facing - SEEN_FROM) / SEEN_OVER) * inside
    told = lookup(outline.fine, pixels) / np.clip(facing, 0.45, 1)
    hidden = inside & (told > BEHIND_HAIR_MM) & (facing > -0.35) & (mean[:, 2] > TEMPLE_MM)
    share = np.where(hidden, np.maximum(share, 0.7), share)
    reach = HAIRLINE_REACH_MM
    line = share * np.clip(told, -reach, reach) + (1 - share) * np.clip(usual, -reach, reach)
    line = np.where((mean[:, 1] < -50) & (usual < 0), -20.0, line)  # what covers the neck falls from above
    for side, sign in enumerate((-1, 1)):
        own = ears & (mean[:, 0] * sign > 0)
        if covered[side]:
            line[own] = np.maximum(line[own], usual[own])
        elif lobes[side] > COVERED_SHARE:
            line[own] = np.maximum(line[own], 8.0)
    return line


def _like_other_side(
    line: Float[np.ndarray, "v"], usual: Float[np.ndarray, "v"], facing: Float[np.ndarray, "v"],
    mirror: Int[np.ndarray, "v"],
) -> Float[np.ndarray, "v"]:
    """The hairline, on skin seen edge-on no barer than the other side's where heads usually have hair: temples that
    are a few pixels wide often look bare on one side alone."""
    edge = 1 - smoothstep((facing - EDGE_ON) / EDGE_OVER)
    other = np.minimum(line[mirror], usual)
    return line + edge * np.maximum(other - line, 0)


def _thickness(
    mean: Float[np.ndarray, "v 3"], bare: Scalp, seen: Surroundings, outline: Outline, bending: sparse.csr_matrix,
    areas: Float[np.ndarray, "v"], stiffness: sparse.csr_matrix,
) -> tuple[Float[np.ndarray, "v"], float]:
    """The smoothest thickness that reaches the mask's border at the silhouette, and the rim's median."""
    under = np.where(mean[:, 0] < 0, bare.lobes[0], bare.lobes[1]) > COVERED_SHARE
    beside = (mean[:, 1] > RIM_LOWEST_MM) | (under & (mean[:, 1] > -42))
    rim = np.flatnonzero((np.abs(bare.facing) < RIM_COSINE) & beside)
    reach, known = rim_reach(rim, bare, seen, outline)
    known &= (bare.template_hairline[rim] > -5) | under[rim]
    told = reach[known]
    median = float(np.clip(np.median(told), 2.5, 60)) if known.sum() >= 10 else USUAL_MEDIAN_MM
    weight, goal = np.zeros(len(mean)), np.zeros(len(mean))

    def pull(where: np.ndarray, strength: float, value: np.ndarray | float) -> None:
        weight[where] += strength
        goal[where] += strength * value

    below = np.flatnonzero((np.abs(bare.facing) < RIM_COSINE) & ~under & (mean[:, 1] < 15) & (mean[:, 1] > -75))
    pull(below[~rim_reach(below, bare, seen, outline)[1]], 1.0, THINNEST_MM)
    pull(rim[known], 1.0, np.clip(told, 2.5, THICKEST_MM))
    behind, front = (mean[:, 2] < -130) & (mean[:, 1] > -60), (bare.facing > 0.6) & (bare.hairline > 0)
    pull(np.flatnonzero(behind), 0.002, float(np.clip(BACK_SHARE * median, 3, THICKEST_BACK_MM)))
    pull(np.flatnonzero(front), 0.004, float(np.clip(0.75 * median, 3, THICKEST_FRONT_MM)))
    pull(np.flatnonzero(mean[:, 1] < -20), 0.006, float(np.clip(median * 0.7, 3, 18)))
    matrix = sparse.diags(areas * (weight + 1e-4)) + STIFFNESS_MM4 * bending + 0.02 * stiffness
    solved = factorised(matrix).solve(areas * (goal + 1e-4 * median))
    missed = np.zeros(len(mean))
    missed[rim[known]] = np.clip(told, 2.5, THICKEST_MM) - solved[rim[known]]
    seen_rim = np.zeros(len(mean))
    seen_rim[rim[known]] = 1.0
    local = sparse.diags(areas * (seen_rim + LOCAL_PULL)) + LOCAL_STIFFNESS_MM4 * bending
    solved = solved + factorised(local).solve(areas * missed)
    return np.clip(solved, THINNEST_MM, THICKEST_MM), median


def rim_reach(
    rim: Int[np.ndarray, "r"], bare: Scalp, seen: Surroundings, outline: Outline
) -> tuple[Float[np.ndarray, "r"], Bool[np.ndarray, "r"]]:
    """Returns how far the hair goes on beyond each rim vertex, mm, and whether that is known."""
    start, depth = project(seen.camera, bare.vertices[rim])
    ahead, _ = project(seen.camera, bare.vertices[rim] + 8 * bare.normals[rim])
    way = ahead - start
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
    pixels_per_mm = float(seen.camera.intrinsics[0, 0]) / depth
    places = start[:, None] + way[:, None] * (MARCH_MM[None, :, None] * pixels_per_mm[:, None, None])
    hair = (outside_by(outline.fine, places.reshape(-1, 2)) > 0).reshape(len(rim), len(MARCH_MM))
    first = hair.argmax(1)
    after = np.where(np.arange(len(MARCH_MM)) >= first[:, None], ~hair, False)
    last = np.where(after.any(1), after.argmax(1) - 1, len(MARCH_MM) - 1)
    known = hair.any(1) & (MARCH_MM[first] <= LATEST_START_MM)
    end = start + way * (MARCH_MM[last] * pixels_per_mm)[:, None]
    known &= outside_by(seen.inside.astype(np.float32), end + 3 * way, 0.0) > 0.5  # cut by the photo: unknown
    return MARCH_MM[last], known
