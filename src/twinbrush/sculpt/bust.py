"""The bust below the head: a body, clothes on it as the photo shows them, a clean cut, a socle.

Everything is a field on a grid of 3 mm that is marched once; then the skin about the neck is brought exactly onto the
head's, so that the one disappears in the other without a step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from twinbrush.base.mesh import vertex_normals
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.nearest import nearest_of_few
from twinbrush.maths.surface import mean_over_neighbours
from twinbrush.sculpt.base import border_loop
from twinbrush.sculpt.clothes import cloth_share, clothed
from twinbrush.sculpt.hair.rest import Rest
from twinbrush.sculpt.hair.simplify import simplified
from twinbrush.sculpt.hair.voxels import Voxels
from twinbrush.sculpt.implicit import Grid, intersection, largest_body, marched, union
from twinbrush.sculpt.neckline import REAL_WIDTH, seen_neckline, seen_shoulders
from twinbrush.sculpt.torso import (
    BASE_MM,
    CUT_ROUND_MM,
    FLOOR_MM,
    SHOULDER_FROM_MM,
    Shoulders,
    above_cut,
    cut_off,
    stood,
    torso,
)
from twinbrush.sculpt.values import FACE, Solid, Surroundings, Template

NAME = "Bust"
STEP_MM = 3.0
HALF_WIDTH_MM, TOP_MM, BACK_MM, FRONT_MM = 219.0, -96.0, -206.0, 22.0  # the grid
SMOOTHING = 5  # rounds of Taubin's filter
TRIANGLES = 18_000  # of the finished bust
FLAT_MM = 1.2  # what lies so little above the floor is put on it
BORDER_PULL_MM = 42.0  # how far from the head's border the body is brought onto it
OVER_MM, UNDER_MM, SINK_MM = 1.5, -3.0, 34.0  # the body's skin over the head's at its border, and SINK_MM higher up
LIFT_MM, LIFT_OVER_MM = 34.0, 44.0  # at the border the body may lie so much farther out: it swallows the border
SKIN_BLEND_MM, NAPE_BLEND_MM = 6.0, 24.0  # creases are filled over this; where the neck goes over into the shoulders
RIM_MM = 6.0
FIELD_BLUR = 1.3  # grid steps: the distance to facets is rough
EVEN_ROUNDS, STEEPER = 14, 1.6  # see `_evened`
FORMS_THROUGH_CLOTH = 0.25  # how much of bones and muscles shows through clothes
NEAR_MM = 24.0  # so far from the head's skin the grid knows its distance


@dataclass(frozen=True)
class NeckSkin:
    """The head's skin below the jaw: points, unit normals, distance of each from the border, the border's points."""

    points: Float[np.ndarray, "n 3"]
    normals: Float[np.ndarray, "n 3"]
    above: Float[np.ndarray, "n"]
    border: Float[np.ndarray, "b 3"]


def sculpt_bust(
    model: Template, vertices: Float[np.ndarray, "n 3"], surroundings: Surroundings, *, socle: bool
) -> tuple[Solid, Rest]:
    """Returns the bust as one closed body, and its field for what lies on it; `bare` tells where it is skin, `plinth`
    where it is the cut or the socle.

    vertices: of the fitted head. socle: on a round socle, else cut flat.
    """
    from scipy import ndimage

    skin = neck_skin(model, vertices)
    shift = skin.border.mean(0) - model.mean[border_loop(model)].mean(0)
    shift[0] = 0.0
    grid = _grid(shift)
    signed, over = _skin_field(grid, skin)
    shoulders = seen_shoulders(_ridge(shift), surroundings)
    body, forms = _body(grid, shift, shoulders, skin, signed, over)
    neck = (-signed - _faded(over)).astype(np.float32)
    under = union(body - (1 - FORMS_THROUGH_CLOTH) * forms, neck, SKIN_BLEND_MM)
    under = ndimage.gaussian_filter(under, FIELD_BLUR)
    chin = float(vertices[model.labels == FACE, 1].min())
    neckline = seen_neckline(_front(np.maximum(body, neck), grid), surroundings, chin)
    middle_z = float(skin.border[:, 2].mean())
    whole = clothed(body, under, grid.axes(), neckline, middle_z)
    axes = _moved(grid, shift)
    dressed, above = (Voxels(grid.low, STEP_MM, field.astype(np.float32)) for field in (
        whole, above_cut(axes, shoulders.width)))
    whole = stood(cut_off(whole, axes, shoulders.width), axes, socle=socle)
    points, triangles = marched(whole, grid, SMOOTHING)
    points = _evened(points, triangles, skin, 1 - cloth_share(points, neckline, middle_z))
    points, triangles = largest_body(*simplified(points, triangles, TRIANGLES))  # it may leave a sliver apart
    floor = _floor(shift, socle)
    points[:, 1] = np.where(points[:, 1] < floor + FLAT_MM, floor, points[:, 1])
    usual = points - shift
    height = above_cut((usual[:, 0], usual[:, 1], usual[:, 2]), shoulders.width)
    plinth = 1 - smoothstep((height - CUT_ROUND_MM / 2) / 2.5)
    bare = 1 - cloth_share(points, neckline, middle_z)
    return Solid(NAME, points, triangles, bare=bare, plinth=plinth), Rest(dressed, above)


def _floor(shift: Float[np.ndarray, "3"], socle: bool) -> float:
    return (FLOOR_MM if socle else BASE_MM) + float(shift[1])


def neck_skin(model: Template, vertices: Float[np.ndarray, "n 3"]) -> NeckSkin:
    """Returns the head's outer skin below the jaw, vertices and triangles' middles."""
    from scipy import spatial

    border = vertices[border_loop(model)]
    outer = (model.labels[model.triangles] <= 3).all(1)
    triangles = model.triangles[outer]
    triangles = triangles[vertices[triangles, 1].min(1) < TOP_MM + 20]
    normals = vertex_normals(vertices, model.triangles)
    corners = vertices[triangles]
    sides = np.concatenate([(corners[:, k] + corners[:, (k + 1) % 3]) / 2 for k in range(3)])
    looks = np.concatenate([normals[triangles[:, k]] + normals[triangles[:, (k + 1) % 3]] for k in range(3)])
    used = np.unique(triangles)
    points = np.concatenate([vertices[used], sides, corners.mean(1)])
    looks = np.concatenate([normals[used], looks, normals[triangles].sum(1)])
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    return NeckSkin(points, looks, spatial.KDTree(_dense(border)).query(points)[0], border)


def _dense(loop: Float[np.ndarray, "b 3"]) -> Float[np.ndarray, "_ 3"]:
    """A closed line with points between its corners."""
    return np.concatenate([loop + share * (np.roll(loop, -1, 0) - loop) for share in (0, 0.25, 0.5, 0.75)])


def _grid(shift: Float[np.ndarray, "3"]) -> Grid:
    low = np.array([-HALF_WIDTH_MM, FLOOR_MM - 9 + shift[1], BACK_MM + shift[2]])
    high = np.array([HALF_WIDTH_MM, TOP_MM, FRONT_MM + shift[2]])
    nx, ny, nz = (int(n) + 1 for n in np.ceil((high - low) / STEP_MM))
    return Grid(low, STEP_MM, (nx, ny, nz))


def _moved(grid: Grid, shift: Float[np.ndarray, "3"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The grid's axes in the frame of the usual body."""
    x, y, z = grid.axes()
    return x, y - np.float32(shift[1]), z - np.float32(shift[2])


def _ridge(shift: Float[np.ndarray, "3"]) -> Float[np.ndarray, "n 3"]:
    """Points along the top of the usual shoulders."""
    x = np.arange(90.0, 160.0, 6.0)
    apart = SHOULDER_FROM_MM + REAL_WIDTH * (x - SHOULDER_FROM_MM)
    one = np.stack([apart, -166 - 0.42 * (x - 90), np.full(len(x), -100.0)], 1) + shift
    return np.concatenate([one, one * (-1, 1, 1)])


def _skin_field(grid: Grid, skin: NeckSkin) -> tuple[np.ndarray, np.ndarray]:
    """The signed distance on the grid, a little blurred, to the head's skin (positive outside and beyond its border,
    NEAR_MM far away), and how far above the border the nearest skin lies."""
    from scipy import ndimage, spatial

    signed, above = (np.full(grid.size, value, np.float32) for value in (NEAR_MM, 0.0))
    filled = np.zeros(grid.size, bool)
    index = np.rint((skin.points - grid.low) / grid.step).astype(int)
    index = index[((index >= 0) & (index < grid.size)).all(1)]
    filled[tuple(index.T)] = True
    near = np.asarray(ndimage.distance_transform_edt(~filled)) < NEAR_MM / grid.step
    places = grid.low + grid.step * np.argwhere(near)
    distance, nearest = spatial.KDTree(skin.points).query(places, workers=1)
    plane = ((places - skin.points[nearest]) * skin.normals[nearest]).sum(1)
    value = np.where(plane < 0, -1.0, 1.0) * np.sqrt(0.3 * distance**2 + 0.7 * plane**2)
    signed[near] = np.where(skin.above[nearest] < 0.5, distance, value)
    above[near] = skin.above[nearest]
    for field in (signed, above):
        ndimage.gaussian_filter(field, FIELD_BLUR, output=field, truncate=2.5)
    return signed, above


def _body(
    grid: Grid, shift: Float[np.ndarray, "3"], shoulders: Shoulders, skin: NeckSkin, signed: np.ndarray,
    above: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The bare body, brought onto the head's border, just below the head's skin above it; its bones and muscles."""
    middle = grid.size[0] // 2
    x, y, z = _moved(grid, shift)
    plain, forms = (np.concatenate([half[:0:-1], half]) for half in torso((x[middle:], y, z), shoulders))
    body = (plain + forms).astype(np.float32)
    near = np.argwhere(np.abs(body) < 24)
    places = grid.low + grid.step * near
    loop = _dense(skin.border)
    distance, nearest = nearest_of_few(loop, places)
    pull = np.maximum(OVER_MM - grid.at(body, loop), 0)[nearest] * np.exp(-((distance / BORDER_PULL_MM) ** 2))
    body[tuple(near.T)] += np.where(distance < 3 * BORDER_PULL_MM, pull, 0).astype(np.float32)
    rise = smoothstep(above / SINK_MM)
    aim = OVER_MM + (UNDER_MM - OVER_MM) * rise  # the body's skin over the head's
    limit = aim - signed + LIFT_MM * (1 - smoothstep(above / LIFT_OVER_MM)) + 100 * (signed > NEAR_MM - 2)
    floor = aim - signed - _faded(above)
    body = union(body, floor.astype(np.float32), NAPE_BLEND_MM)
    return intersection(body, limit.astype(np.float32), SKIN_BLEND_MM), forms.astype(np.float32)


def _faded(above: np.ndarray) -> np.ndarray:
    """How far the head's skin is drawn in at its border, so that it ends without a step there."""
    return RIM_MM * (1 - smoothstep(above / 10))


def _front(under: np.ndarray, grid: Grid) -> Float[np.ndarray, "n 3"]:
    """Points of the front on a lattice of 6 mm, from the throat down."""
    x, y, z = grid.axes()
    solid = under[::2, ::2] > 0
    last = grid.size[2] - 1 - solid[:, :, ::-1].argmax(2)
    columns = np.broadcast_to(x[::2, ::2, 0], last.shape), np.broadcast_to(y[0, ::2, 0], last.shape)
    points = np.stack([*columns, z[0, 0, last]], -1)
    chosen = solid.any(2) & (np.abs(points[..., 0]) < 96) & (points[..., 1] > -300) & (points[..., 1] < -118)
    return points[chosen].astype(np.float64)


def _evened(
    points: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "t 3"], skin: NeckSkin, bare: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n 3"]:
    """The points near the head's skin, their distance from it made smooth and steeper: one clean line where the one
    surface goes under the other, though the grid is coarse."""
    from scipy import spatial

    near = np.flatnonzero((bare > 0.01) & (points[:, 1] > skin.border[:, 1].min() - 20))
    distance, nearest = spatial.KDTree(skin.points).query(points[near])
    look = np.zeros_like(points)
    look[near] = skin.normals[nearest]
    plane, fit = np.zeros(len(points)), np.zeros(len(points))
    plane[near] = ((points[near] - skin.points[nearest]) * skin.normals[nearest]).sum(1)
    fit[near] = smoothstep((10 - distance) / 4) * smoothstep((skin.above[nearest] - 3) / 8) * bare[near]
    average = mean_over_neighbours(triangles, len(points))
    smooth = plane
    for _ in range(EVEN_ROUNDS):
        smooth = np.where(fit > 0, average @ smooth, smooth)
    steep = smooth + (STEEPER - 1) * smooth * np.exp(-((smooth / 5) ** 2))
    move = (fit * (steep - plane))[:, None] * look
    for _ in range(2):
        move = 0.5 * move + 0.5 * (average @ move)
    return points + move
