"""Beards and moustaches: short locks on the skin, from the nose and the cheeks down."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage, sparse

from twinbrush.base.camera import project
from twinbrush.base.mesh import vertex_normals
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.linear import factorised
from twinbrush.maths.surface import cotangent_laplacian
from twinbrush.regions.values import Label
from twinbrush.sculpt.hair.outline import Outline, outline_of, outside_by
from twinbrush.sculpt.hair.scalp import Scalp, profile_distance, rim_reach
from twinbrush.sculpt.hair.volume import photo_cut, shell_on
from twinbrush.sculpt.hair.voxels import Voxels, labelled
from twinbrush.sculpt.implicit import intersection
from twinbrush.sculpt.skin import lookup
from twinbrush.sculpt.values import FACE, NECK, Surroundings, Template

LEAST_AREA_CM2 = 4.0  # less is none
STEP_MM = 2.5  # of the grid
BOX_MM = ((-85.0, -190.0, -110.0), (85.0, -5.0, 75.0))  # where a beard may be
FULL_MM, EDGE_MM, EDGE_ROUND_MM, GROW_MM = 5.0, 1.2, 2.0, 10.0  # usual height; of its edge; over which both are reached
THICKEST_MM = 60.0
SEEN_FROM, SEEN_OVER = 0.1, 0.25  # cosine to the camera from which the photo tells
STIFFNESS_MM4, LOOSE_PULL = 60.0, 0.02
UNSEEN_MM, UNSEEN_PULL = -12.0, 0.006  # distance to the border far from what is seen of either side; a weak pull to it:
# below the chin and before the ears a beard goes on
UNDER_JAW_MM, JAW_BACK_MM = ((0.0, 30.0, 45.0), (-95.0, -90.0, -45.0)), -75.0
"""The chin's and the jaw's underside lie below this y at each |x|, before this z."""
USUAL_PROFILE = np.array([
    (-70, 0), (-54, 0), (-50, -20), (-42, -38), (-24, -54), (0, -58), (60, -50), (60, -140), (-10, -122), (-40, -100),
    (-62, -84), (-72, -60)], np.float32)
"""The mean head's profile (z, y) of a full beard, mm, from the sideburn to the chin."""
USUAL_PULL = 0.05  # to the usual beard's border where the photo shows neither side
FULL_FROM, FULL_OVER = 0.35, 0.3  # share of a full beard's seen flank that has a beard, from which it is one
FLANK_MM, FLANK_FACING = 30.0, (0.1, 0.6)  # |x| and cosine to the camera of the seen flank
CALM_MM2 = 3.0
FILLET_MM = 2.0
LEAST_BODY = 0.15  # of the largest body: smaller ones are specks


def beard_scalp(
    template: Template, vertices: Float[np.ndarray, "n 3"], seen: Surroundings, outline: Outline
) -> Scalp:
    """Returns the skin that a beard grows on: distances to its border as the photo shows it (an unseen side like the
    seen one), and the beard's height, which reaches the mask's border below the chin."""
    original = np.flatnonzero(template.labels <= NECK)
    number = np.full(len(vertices), -1)
    number[original] = np.arange(len(original))
    triangles = number[template.triangles]
    triangles = triangles[(triangles >= 0).all(1)]
    points = vertices[original]
    normals = vertex_normals(points, triangles)
    view = seen.camera.centre_xyz - points
    facing = (normals * view).sum(1) / np.linalg.norm(view, axis=1)
    pixels, _ = project(seen.camera, points)
    inside = lookup(seen.inside.astype(np.float32), pixels) > 0.5
    share = smoothstep((facing - SEEN_FROM) / SEEN_OVER) * inside
    told = outside_by(outline.fine, pixels) / np.clip(facing, 0.5, 1)
    mirror = number[template.mirror[original]]
    other = share[mirror] * (1 - share)
    mean = template.mean[original]
    guess, weak = _unseen(mean, facing, told, inside)
    pull = share + other + weak
    line = (share * told + other * told[mirror] + weak * guess) / pull
    line, pull = np.clip(line, -30, 30), np.clip(pull, UNSEEN_PULL, 1)
    beside = np.interp(np.abs(mean[:, 0]), *UNDER_JAW_MM)
    below = (mean[:, 1] < beside) & (mean[:, 2] > JAW_BACK_MM)
    elsewhere = ~np.isin(template.labels[original], (FACE, NECK)) & ~below
    line[elsewhere], pull[elsewhere] = UNSEEN_MM, 1.0
    stiffness, areas = cotangent_laplacian(mean, triangles)
    line = factorised(sparse.diags(areas * pull) + CALM_MM2 * stiffness).solve(areas * pull * line)
    bare = Scalp(points, normals, triangles, original, np.zeros(len(points), bool), line, line, facing, line, 0.0,
                 (False, False), (0.0, 0.0))
    rim = np.flatnonzero((np.abs(facing) < 0.3) & (mean[:, 1] < -70) & (mean[:, 1] > -115) & (mean[:, 2] > -60))
    reach, known = rim_reach(rim, bare, seen, outline)
    pull, goal = np.full(len(points), LOOSE_PULL), np.full(len(points), LOOSE_PULL * FULL_MM)
    pull[rim[known]] += 1.0
    goal[rim[known]] += np.clip(reach[known], FULL_MM, THICKEST_MM)
    bending = stiffness @ sparse.diags(1 / areas) @ stiffness
    height = factorised(sparse.diags(areas * pull) + STIFFNESS_MM4 * 40 * bending).solve(areas * goal)
    return Scalp(points, normals, triangles, original, bare.ears, line, line, facing,
                 np.clip(height, FULL_MM * 0.6, THICKEST_MM), FULL_MM, (False, False), (0.0, 0.0))


def _unseen(
    mean: Float[np.ndarray, "v 3"], facing: Float[np.ndarray, "v"], told: Float[np.ndarray, "v"],
    inside: Bool[np.ndarray, "v"],
) -> tuple[Float[np.ndarray, "v"], float]:
    """Signed mm to the beard's border where the photo shows neither side, and how much that counts: a full beard's if
    the seen flanks have one, else none."""
    usual = profile_distance(USUAL_PROFILE, mean)
    flank = inside & (usual > 0) & (np.abs(mean[:, 0]) > FLANK_MM) & (facing > FLANK_FACING[0]) & (
        facing < FLANK_FACING[1])
    seen = float((told[flank] > 0).mean()) if flank.any() else 0.0
    full = float(smoothstep(np.array([(seen - FULL_FROM) / FULL_OVER]))[0])
    return UNSEEN_MM + full * (np.clip(usual, UNSEEN_MM, -UNSEEN_MM) - UNSEEN_MM), (
        UNSEEN_PULL + full * (USUAL_PULL - UNSEEN_PULL))


def beard_grid(
    template: Template, vertices: Float[np.ndarray, "n 3"], scalp: Scalp, seen: Surroundings, outline: Outline
) -> tuple[Voxels, Voxels]:
    """Returns the beard's mass as an implicit shape, and the signed distances to the skin."""
    low, high = (np.array(corner) for corner in BOX_MM)
    count = np.ceil((high - low) / STEP_MM).astype(int) + 1
    line = scalp.hairline
    rise = EDGE_MM * (1 - np.exp(-np.maximum(line, 0) / EDGE_ROUND_MM))
    grown = smoothstep(line / np.maximum(GROW_MM, 0.8 * scalp.thickness))
    rise = rise + np.maximum(scalp.thickness - EDGE_MM, 0) * grown
    heights = np.where(line > 0, rise, 0.8 * line)
    shell, skin = shell_on(scalp, heights, Voxels(low, STEP_MM, np.zeros(count, np.float32)))
    cut = photo_cut(template, vertices, seen, outline)
    room = cut.room(shell.points(), outline.fine, falls=False).reshape(shell.values.shape)
    values = intersection(shell.values, room, FILLET_MM)
    return Voxels(low, STEP_MM, _without_specks(ndimage.gaussian_filter(values.astype(np.float32), 0.5))), skin


def _without_specks(values: Float[np.ndarray, "x y z"]) -> Float[np.ndarray, "x y z"]:
    """The mass without bodies that are small beside the largest."""
    bodies, count = labelled(values > 0)
    sizes = np.bincount(bodies.ravel(), minlength=2)
    sizes[0] = 0
    small = sizes < LEAST_BODY * sizes.max()
    return np.where((bodies > 0) & small[bodies], -1.0, values).astype(np.float32) if count > 1 else values


def beard_directions(
    vertices: Float[np.ndarray, "p 3"], normals: Float[np.ndarray, "p 3"]
) -> Float[np.ndarray, "p 3"]:
    """Returns unit tangents from the nose and cheeks down, and outward over the lip."""
    out = np.tile(np.array([0.0, -1.0, 0.25]), (len(vertices), 1))
    lip = smoothstep((vertices[:, 1] + 75) / 20) * smoothstep((vertices[:, 2] - 10) / 10)
    out[:, 0] += np.sign(vertices[:, 0]) * smoothstep(np.abs(vertices[:, 0]) / 8) * (0.25 + 1.2 * lip)
    flat = out - normals * (out * normals).sum(1, keepdims=True)
    return flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9)


def beard_outline(seen: Surroundings) -> Outline | None:
    """Returns the beard's outline in the photo, or None when there is too little of it."""
    outline = outline_of(seen, Label.BEARD, open_mm=2.0)
    return outline if outline.area_cm2(seen.pixels_per_mm) >= LEAST_AREA_CM2 else None
