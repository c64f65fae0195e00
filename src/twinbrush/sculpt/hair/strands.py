"""Which way the strands run: the photo's structure tensor where hair is seen, a hairstyle's usual field elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Int
from scipy import sparse

from twinbrush.base.camera import project
from twinbrush.base.mesh import vertex_normals
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.surface import mean_over_neighbours
from twinbrush.sculpt.hair.outline import Outline, outside_by
from twinbrush.sculpt.values import Surroundings

FINE_BLUR_MM, TENSOR_MM, FROM_EDGE_MM = 0.5, 5.0, 1.0  # of the structure tensor
LIGHT_FINE_MM, LIGHT_BROAD_MM = 1.5, 7.0  # light locks against their surroundings
FACING_FROM, FACING_OVER = 0.2, 0.35  # cosine to the camera from which the photo tells
HIDDEN_MM, CELL_MM = 18.0, 5.0  # hair so far behind other hair is hidden; size of the cells of that test
WHORL_MM = np.array([-6.0, 100.0, -128.0])  # where the strands of short hair start
PARTING_FRONT_MM = (84.0, -2.0)  # y, z of a parting's front end
PARTINGS_MM = (-40.0, -26.0, -13.0, 0.0, 13.0, 26.0, 40.0)  # x of it
LIKELY = {"whorl": (0.03, -0.02), "part": (-0.04, 0.03), "back": (-0.02, -0.05)}  # added for short, long hair
ROUNDS = 70  # of the propagation
PHOTO_PULL, USUAL_PULL = 0.9, 0.2


@dataclass(frozen=True)
class StrandField:
    """directions (n, 3): unit tangents. light (n,): seen locks lighter or darker than their surroundings, log units.
    style: the name of the usual field that agreed best, and its parting's x (mm)."""

    directions: Float[np.ndarray, "n 3"]
    light: Float[np.ndarray, "n"]
    style: tuple[str, float]


def strand_field(
    vertices: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "t 3"], seen: Surroundings, outline: Outline, *,
    long: bool, bunch: Float[np.ndarray, "3"] | None,
) -> StrandField:
    """Returns a smooth unit tangent field on the hair's surface, from the roots to the tips."""
    normals = vertex_normals(vertices, triangles)
    told, weight, light = _photo_directions(vertices, normals, seen, outline)
    zone = weight * (vertices[:, 1] > 25) * (vertices[:, 2] > -95)
    styles = [("whorl", 0.0), *(("part", x) for x in PARTINGS_MM), ("back", 0.0)]
    fields = [usual_field(vertices, normals, *style, bunch) for style in styles]
    total = zone.sum() + 1e-9
    agreements = [
        (zone * (field * told).sum(1) ** 2).sum() / total + LIKELY[style[0]][int(long or bunch is not None)]
        for style, field in zip(styles, fields, strict=True)]
    best = int(np.argmax(agreements))
    directions = _propagated(mean_over_neighbours(triangles, len(vertices)), normals, fields[best], told, weight)
    return StrandField(directions, light, styles[best])


def _photo_directions(
    vertices: Float[np.ndarray, "n 3"], normals: Float[np.ndarray, "n 3"], seen: Surroundings, outline: Outline
) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """Tangents along the photo's strands (their sign is unknown), how far they count (0..1), and light locks."""
    cosine, sine, sure, light = _structure(seen, outline)
    pixels, depth = project(seen.camera, vertices)
    doubled_x, doubled_y = (outside_by(part, pixels, 0.0) for part in (cosine * sure, sine * sure))
    angle = 0.5 * np.arctan2(doubled_y, doubled_x)
    view = seen.camera.centre_xyz - vertices
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    facing = (normals * view).sum(1)
    ramp = smoothstep((facing - FACING_FROM) / FACING_OVER)
    weight = np.hypot(doubled_x, doubled_y) * ramp * (outside_by(outline.fine, pixels) > 1)
    weight = weight * (depth < _nearest_depth(pixels / (CELL_MM * seen.pixels_per_mm), depth) + HIDDEN_MM)
    rotation = seen.camera.world_to_camera[:, :3]
    in_picture = np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1) @ rotation
    along = in_picture - view * ((in_picture * normals).sum(1) / np.maximum(facing, 0.25))[:, None]
    return _tangent(along, normals), weight, outside_by(light, pixels, 0.0) * ramp


def _structure(seen: Surroundings, outline: Outline) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Doubled angle (cos, sin) along the strands, its certainty, and light locks: of every pixel."""
    density = seen.pixels_per_mm
    grey = np.log(cv2.cvtColor(seen.image.astype(np.float32), cv2.COLOR_RGB2GRAY) + 0.03)
    calm = cv2.GaussianBlur(grey, (0, 0), max(0.7, FINE_BLUR_MM * density))
    dx, dy = cv2.Sobel(calm, cv2.CV_32F, 1, 0), cv2.Sobel(calm, cv2.CV_32F, 0, 1)
    inside = (outline.fine > FROM_EDGE_MM).astype(np.float32)
    total = cv2.GaussianBlur(inside, (0, 0), TENSOR_MM * density) + 1e-4
    xx, xy, yy = (
        cv2.GaussianBlur(part * inside, (0, 0), TENSOR_MM * density) / total for part in (dx * dx, dx * dy, dy * dy))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    coherence = np.sqrt((xx - yy) ** 2 + 4 * xy**2) / (xx + yy + 1e-6)
    strength = np.sqrt(xx + yy)
    usual = float(np.median(strength[inside > 0])) + 1e-6 if inside.any() else 1.0
    sure = np.clip(coherence, 0, 1) * np.clip(strength / usual, 0, 1) * inside
    fine, broad = (cv2.GaussianBlur(grey, (0, 0), blur * density) for blur in (LIGHT_FINE_MM, LIGHT_BROAD_MM))
    return np.cos(2 * angle), np.sin(2 * angle), sure, fine - broad


def _nearest_depth(cells: Float[np.ndarray, "n 2"], depth: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """The least depth among the points of the same cell."""
    index = np.round(cells).astype(np.int64)
    index -= index.min(0)
    _, group = np.unique(index[:, 0] * (int(index[:, 1].max()) + 1) + index[:, 1], return_inverse=True)
    least = np.full(int(group.max()) + 1, np.inf)
    np.minimum.at(least, group, depth)
    return least[group]


def usual_field(
    vertices: Float[np.ndarray, "n 3"], normals: Float[np.ndarray, "n 3"], kind: str, parting_x: float,
    bunch: Float[np.ndarray, "3"] | None,
) -> Float[np.ndarray, "n 3"]:
    """Returns the unit tangents of a plain hairstyle: from a whorl ("whorl"), a parting ("part"), or combed "back"."""
    hangs = smoothstep((78 - vertices[:, 1]) / 90)[:, None]
    if kind == "part":
        front = np.array([parting_x, *PARTING_FRONT_MM])
        line = front - WHORL_MM
        share = np.clip((vertices - WHORL_MM) @ line / (line @ line), 0, 1)
        from_root = vertices - (WHORL_MM + share[:, None] * line)
        from_root[:, 0] *= 1.4
    else:
        from_root = vertices - WHORL_MM
    from_root = from_root / (np.linalg.norm(from_root, axis=1, keepdims=True) + 1e-6)
    if kind == "back":
        top = (smoothstep((vertices[:, 1] - 20) / 50) * smoothstep((vertices[:, 2] + 125) / 40))[:, None]
        from_root = from_root * (1 - top) + np.array([0, 0.15, -1.0]) * top
        hangs = hangs * (1 - 0.6 * top)
    out = from_root * (1 - 0.65 * hangs) + np.array([0, -1.1, 0]) * hangs
    if kind == "back":
        out = out + np.array([0, 0, -0.5]) * smoothstep((vertices[:, 2] + 100) / 40)[:, None]
    if bunch is not None:
        toward = bunch - vertices
        away = np.linalg.norm(toward, axis=1, keepdims=True)
        low_behind = smoothstep((40 - vertices[:, 1]) / 60) * smoothstep((-vertices[:, 2] - 50) / 40)
        gathered = low_behind[:, None] * (away > 30)
        out = out * (1 - gathered) + 1.2 * gathered * toward / (away + 1e-6)
    return _tangent(out, normals)


def _propagated(
    average: sparse.csr_matrix, normals: Float[np.ndarray, "n 3"], usual: Float[np.ndarray, "n 3"],
    told: Float[np.ndarray, "n 3"], weight: Float[np.ndarray, "n"],
) -> Float[np.ndarray, "n 3"]:
    """The photo's directions carried on over the surface, the usual field where it is silent."""
    field = usual.copy()
    rest = (USUAL_PULL * (1 - np.clip(2 * weight, 0, 1)))[:, None]
    for _ in range(ROUNDS):
        mean = average @ field
        sign = np.where((told * (mean + 0.3 * usual)).sum(1) >= 0, 1.0, -1.0)
        field = _tangent(mean + rest * usual + (PHOTO_PULL * weight * sign)[:, None] * told, normals)
    return field


def _tangent(vectors: Float[np.ndarray, "n 3"], normals: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    flat = vectors - normals * (vectors * normals).sum(1, keepdims=True)
    return flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9)
