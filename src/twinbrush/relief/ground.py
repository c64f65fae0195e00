"""What a relief is worked into: every texel's place on the figure, and what the finished paint says there.

All that has a direction or a width is measured in mm on the surface and kept at the mesh's places, where the copies
along uv seams are one: so nothing of it ends at the border of a chart, and texels of different size agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int, Int32
from numba import njit
from scipy import sparse

from twinbrush.base.image import to_lab
from twinbrush.base.sampling import face_areas
from twinbrush.maths.surface import mean_over_neighbours
from twinbrush.maths.texels import Texels, texels_of
from twinbrush.paint.surface import FigureSurface, surface_of_figure
from twinbrush.relief.gates import marked
from twinbrush.sculpt.values import Figure

GRADIENT_PX = 0.8  # the paint's own grain is smoothed by this before its gradient is taken
LOW_MM, NORM_MM, TENSOR_MM = 4.0, 10.0, 5.0  # what is broader is form; where contrast is compared; of the directions
FLOOR_L = 0.015  # of the contrast (L / 100): below it there is no brushwork, only JPEG's and rounding noise
FLOW_MM, STAY = 8.0, 0.5  # how far clear directions lead their neighbours, and how much each place's own counts besides
FAINT = 0.1  # of the median gradient: fainter paint has hardly a say in directions
CARRY = 1e-3  # share of a neighbour's directions that reaches where the paint has none of its own
CARRY_ROUNDS = 30  # how far that goes, in edges
TONES = (3.0, 97.0)  # percentiles of lightness that count as black and white


@dataclass(frozen=True)
class Ground:
    """A painted figure, texel by texel (s of them, row by row in the atlas).

    texels: where they are. points, normals (s, 3): mm, unit. group (s,): what lies on one surface together; strokes
    do not pass from one group to another. gate (s,): how much relief is wanted, 0..1. tone (s,): lightness of the
    surroundings, 0 dark to 1 light, within its group. band (s,): how much lighter the texel is than its surroundings,
    in units of the contrast there, -1..1. tensor (p, 6), place (s, 3), weights (s, 3): the paint's gradients' tensor
    xx yy zz xy xz yz at the mesh's places, and of which places each texel is made.
    contrast (s,): standard deviation of the band about there, L / 100. zone (s,): 0, or 1 on the bust. texel_mm (s,):
    width of a texel.
    """

    texels: Texels
    points: Float32[np.ndarray, "s 3"]
    normals: Float32[np.ndarray, "s 3"]
    group: Int32[np.ndarray, "s"]
    gate: Float32[np.ndarray, "s"]
    tone: Float32[np.ndarray, "s"]
    band: Float32[np.ndarray, "s"]
    contrast: Float32[np.ndarray, "s"]
    tensor: Float[np.ndarray, "p 6"]
    place: Int32[np.ndarray, "s 3"]
    weights: Float32[np.ndarray, "s 3"]
    zone: Int32[np.ndarray, "s"]
    texel_mm: Float32[np.ndarray, "s"]


def ground_of(figure: Figure, shape: tuple[int, int]) -> Ground:
    """Returns the ground of a painted figure, in an atlas of `shape` rows and columns."""
    surface = surface_of_figure(figure)
    mesh = surface.mesh
    assert mesh.uv is not None
    texels = texels_of(mesh.uv, mesh.faces, shape)
    marks = marked(figure, surface)
    corners = surface.place[mesh.faces][texels.face].astype(np.int32)
    weights = np.clip(texels.weights, 0, 1)
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-6)
    light = _lightness(figure.texture, shape)
    quiet = texels.at(marks.quiet[:, None], mesh.faces)[:, 0] * texels.inside
    own = light.ravel()[texels.place]
    smoother = _Smoother(surface)
    tensor = _tensors(surface, texels, corners, weights, light, quiet)
    broad = smoother(_gathered(own, texels.inside, corners, weights, smoother.count), LOW_MM)
    low = _at(broad[:, 0] / np.maximum(broad[:, 1], 1e-9), corners, weights)
    away = own - low
    spread = smoother(_gathered(away**2 * quiet, quiet, corners, weights, smoother.count), NORM_MM)
    deviation = np.sqrt(np.maximum(_at(spread[:, 0] / np.maximum(spread[:, 1], 1e-6), corners, weights), 0))
    group = marks.group[mesh.faces[texels.face, 0]].astype(np.int32)
    return Ground(
        texels, texels.at(mesh.vertices, mesh.faces), texels.at(surface.normals, mesh.faces), group,
        texels.at(marks.gate[:, None], mesh.faces)[:, 0].clip(0, 1), _tones(low, group, quiet),
        (np.clip(away / (2 * (deviation + FLOOR_L)), -1, 1) * texels.at(marks.quiet[:, None], mesh.faces)[:, 0]
         ).astype(np.float32),
        deviation.astype(np.float32), carried(smoother, smoother(tensor, TENSOR_MM)), corners, weights,
        surface.of("Bust")[mesh.faces[texels.face, 0]].astype(np.int32), _texel_mm(surface, shape)[texels.face])


def _texel_mm(surface: FigureSurface, shape: tuple[int, int]) -> Float32[np.ndarray, "f"]:
    """Width of a texel on each face, mm."""
    mesh = surface.mesh
    assert mesh.uv is not None
    texels = face_areas(mesh.uv * (shape[1], shape[0]), mesh.faces)
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    return np.sqrt(np.linalg.norm(np.cross(b - a, c - a), axis=1) / np.maximum(texels, 1e-9)).astype(np.float32)


def _lightness(texture: Float[np.ndarray, "h w 3"], shape: tuple[int, int]) -> Float32[np.ndarray, "hs ws"]:
    """L / 100 in the relief's atlas."""
    light = to_lab(np.ascontiguousarray(texture, np.float32))[..., 0] / 100
    if light.shape != shape:
        smaller = light.shape[0] > shape[0]
        light = cv2.resize(light, shape[::-1], interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.ascontiguousarray(light, np.float32)


class _Smoother:
    """Means over the surface's places, as far as `mm` (standard deviation)."""

    def __init__(self, surface: FigureSurface) -> None:
        first = np.unique(surface.place, return_index=True)[1]
        points, faces = surface.mesh.vertices[first], surface.place[surface.mesh.faces]
        self.count = len(points)
        self.mean: sparse.csr_matrix = mean_over_neighbours(faces, self.count)
        edges = np.linalg.norm(points[faces[:, 0]] - points[faces[:, 1]], axis=1)
        self.edge_mm = float(np.sqrt((edges**2).mean()))

    def __call__(self, values: Float[np.ndarray, "p c"], mm: float) -> Float[np.ndarray, "p c"]:
        for _ in range(max(1, round(2 * (mm / self.edge_mm) ** 2 * 2))):
            values = 0.5 * values + 0.5 * (self.mean @ values)
        return values


def carried(smoother: _Smoother, tensor: Float[np.ndarray, "p 6"]) -> Float[np.ndarray, "p 6"]:
    """The tensors with their neighbours': clear directions lead unclear ones, and reach where there are none."""
    trace = np.maximum(tensor[:, :3].sum(1), 1e-12)
    unit = tensor / trace[:, None]
    clear = _clearness(unit) ** 2
    shown = trace / (trace + FAINT * np.median(trace[trace > 1e-9]) + 1e-12) if (trace > 1e-9).any() else trace
    field = unit * (clear * shown)[:, None]
    spread = smoother(field, FLOW_MM)
    out = STAY * field + spread
    for _ in range(CARRY_ROUNDS):
        spread = smoother.mean @ spread
        out += CARRY * spread
    return out


def _clearness(tensor: Float[np.ndarray, "p 6"]) -> Float[np.ndarray, "p"]:
    """Difference of the two larger eigenvalues of tensors with trace 1: 0 no direction, 1 one only."""
    values = np.linalg.eigvalsh(tensor[:, [[0, 3, 4], [3, 1, 5], [4, 5, 2]]])
    return values[:, 2] - values[:, 1]


def _tones(
    low: Float[np.ndarray, "s"], group: Int32[np.ndarray, "s"], weight: Float[np.ndarray, "s"]
) -> Float32[np.ndarray, "s"]:
    out = np.full(len(low), 0.5, np.float32)
    for number in np.unique(group):
        here = group == number
        counted = low[here & (weight > 0.5)]
        if len(counted):
            dark, bright = np.percentile(counted, TONES)
            out[here] = np.clip((low[here] - dark) / max(bright - dark, 0.1), 0, 1)
    return out


def _gathered(
    values: Float[np.ndarray, "s"], weight: Float[np.ndarray, "s"] | np.ndarray, corners: Int32[np.ndarray, "s 3"],
    weights: Float32[np.ndarray, "s 3"], count: int,
) -> Float[np.ndarray, "p 2"]:
    """Sums of the texels' values, and of their weights, at the places. `values` count with their weight already."""
    out = np.zeros((count, 2))
    for corner in range(3):
        share = weights[:, corner] * weight
        out[:, 0] += np.bincount(corners[:, corner], share * values, count)
        out[:, 1] += np.bincount(corners[:, corner], share, count)
    return out


def _at(
    values: Float[np.ndarray, "p"], corners: Int32[np.ndarray, "s 3"], weights: Float32[np.ndarray, "s 3"]
) -> Float[np.ndarray, "s"]:
    return (values[corners] * weights).sum(1)


def _tensors(
    surface: FigureSurface, texels: Texels, corners: Int32[np.ndarray, "s 3"], weights: Float32[np.ndarray, "s 3"],
    light: Float32[np.ndarray, "h w"], quiet: Float[np.ndarray, "s"],
) -> Float[np.ndarray, "p 6"]:
    """The gradients' tensor (per mm) summed at the mesh's places; each gradient counts by its length."""
    smooth = cv2.GaussianBlur(light, (0, 0), GRADIENT_PX)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8)
    out = np.zeros((int(surface.place.max()) + 1, 6))
    mesh = surface.mesh
    assert mesh.uv is not None
    height, width = light.shape
    places = np.stack([mesh.uv[:, 0] * width, (1 - mesh.uv[:, 1]) * height], 1)
    _add_tensors(
        texels.place, texels.face, corners, weights, across.ravel(), down.ravel(), quiet.astype(np.float32),
        lifts(mesh.vertices, places, mesh.faces), out)
    return out


def lifts(
    vertices: Float[np.ndarray, "v 3"], places: Float[np.ndarray, "v 2"], faces: Int[np.ndarray, "f 3"]
) -> Float[np.ndarray, "f 3 2"]:
    """Returns matrices that turn each face's gradient per texel into one in space, per mm; 0 where it has no area."""
    edges = np.stack([vertices[faces[:, k]] - vertices[faces[:, 0]] for k in (1, 2)], 2)
    flat = np.stack([places[faces[:, k]] - places[faces[:, 0]] for k in (1, 2)], 2)
    sound = np.abs(np.linalg.det(flat)) > 1e-9
    flat[~sound] = np.eye(2)
    lift = edges @ np.linalg.inv(flat)
    metric = lift.transpose(0, 2, 1) @ lift
    sound &= np.linalg.det(metric) > 1e-12
    metric[~sound] = np.eye(2)
    return np.where(sound[:, None, None], lift @ np.linalg.inv(metric), 0)


@njit(cache=True, nogil=True)
@no_type_check
def _add_tensors(place, face, corners, weights, across, down, quiet, lifts, out):
    for s in range(len(place)):
        if quiet[s] <= 0.05:
            continue
        gx, gy = across[place[s]], down[place[s]]
        m = lifts[face[s]]
        x, y, z = m[0, 0] * gx + m[0, 1] * gy, m[1, 0] * gx + m[1, 1] * gy, m[2, 0] * gx + m[2, 1] * gy
        length = np.sqrt(x * x + y * y + z * z)
        if length < 1e-7:
            continue
        for corner in range(3):
            w = weights[s, corner] * quiet[s] / length
            p = corners[s, corner]
            out[p, 0] += w * x * x
            out[p, 1] += w * y * y
            out[p, 2] += w * z * z
            out[p, 3] += w * x * y
            out[p, 4] += w * x * z
            out[p, 5] += w * y * z
