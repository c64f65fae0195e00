"""The approximate gradient of a rasteriser: Kato, Ushiku & Harada, Neural 3D Mesh Renderer, CVPR 2018, section 3.2.

A pixel's colour is a step function of a vertex's place: it changes where an edge of the triangle crosses the pixel's
centre. In its stead stands the straight line from the colour now to the colour after the crossing: for an edge that
stands at x_e in the pixel's row and must come to x_j, dI_j/dx_e = (I_after - I_j) / (x_j - x_e), and dx_e/dx_i is the
vertex's share of the edge there. Outside the triangle I_after is the colour just inside the edge; inside it is the
colour just outside. Only moves that lower the loss count: (I_after - I_j) . dL/dI_j < 0. Rows, then columns.

An outer pixel that something nearer hides is left out, as the paper asks of hidden triangles; a triangle that no pixel
sees has no gradient. `edge_gradient_reference` is the readable form; a test compares the two.
"""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np
import torch
from jaxtyping import Float, Int
from numba import njit
from torch import Tensor

from twinbrush.base.camera import Camera
from twinbrush.base.rasterize import Raster, interpolate, rasterize

NEAREST_PX = 0.1  # an edge nearer to a pixel's centre counts as so far away: the line's slope stays finite


def edge_gradient(
    gradient: Float[np.ndarray, "h w c"], image: Float[np.ndarray, "h w c"], pixels_xy: Float[np.ndarray, "v 2"],
    faces: Int[np.ndarray, "f 3"], raster: Raster,
) -> Float[np.ndarray, "v 2"]:
    """Returns the loss's gradient to the vertices' pixels. gradient: that to the image's colours."""
    seen = np.unique(raster.face_index[raster.face_index >= 0]).astype(np.int64)
    out = np.zeros((len(pixels_xy), 2))
    for axis in (0, 1):  # columns of the transposed picture are its rows
        slopes, colours, depth, index = (_turned(a, axis) for a in (gradient, image, raster.depth, raster.face_index))
        along, across = (np.ascontiguousarray(pixels_xy[:, k], np.float64) for k in (axis, 1 - axis))
        _edges(slopes, colours, depth, index, along, across, np.ascontiguousarray(faces, np.int64), seen, out[:, axis])
    return out


def _turned(values: np.ndarray, axis: int) -> np.ndarray:
    """Rows and columns exchanged for axis 1; colours and depths in float64."""
    turned = values if axis == 0 else np.swapaxes(values, 0, 1)
    return np.ascontiguousarray(turned, np.float64 if values.dtype.kind == "f" else values.dtype)


@njit(cache=True, nogil=True)
@no_type_check
def _edges(gradient, image, depth, face_index, xs, ys, faces, seen, out):  # noqa: C901 (one pass over memory)
    height, width, channels = image.shape
    for f in seen:
        for corner in range(3):
            a, b, c = faces[f, corner], faces[f, (corner + 1) % 3], faces[f, (corner + 2) % 3]
            if ys[a] == ys[b]:
                continue
            slope = (xs[b] - xs[a]) / (ys[b] - ys[a])
            step = 1 if xs[c] > xs[a] + (ys[c] - ys[a]) * slope else -1  # from the edge into the triangle
            first = int(np.ceil(max(min(ys[a], ys[b]), 0.0)))
            last = int(np.floor(min(max(ys[a], ys[b]), height - 1.0)))
            for y in range(first, last + 1):
                share = (y - ys[a]) / (ys[b] - ys[a])
                edge = xs[a] + share * (xs[b] - xs[a])
                inner = int(np.ceil(edge)) if step > 0 else int(np.floor(edge))
                if inner < 0 or inner >= width or face_index[y, inner] != f:
                    continue
                total = 0.0
                x = inner - step
                while 0 <= x < width:
                    if depth[y, x] >= depth[y, inner]:
                        change = 0.0
                        for k in range(channels):
                            change += (image[y, inner, k] - image[y, x, k]) * gradient[y, x, k]
                        if change < 0:
                            total += change / min(x - edge, -NEAREST_PX) if step > 0 else (
                                change / max(x - edge, NEAREST_PX))
                    x -= step
                outer = inner - step
                if 0 <= outer < width:
                    x = inner
                    while 0 <= x < width and face_index[y, x] == f:
                        change = 0.0
                        for k in range(channels):
                            change += (image[y, outer, k] - image[y, x, k]) * gradient[y, x, k]
                        if change < 0:
                            total += change / max(x - edge, NEAREST_PX) if step > 0 else (
                                change / min(x - edge, -NEAREST_PX))
                        x += step
                out[a] += total * (1 - share)
                out[b] += total * share


def edge_gradient_reference(
    gradient: Float[np.ndarray, "h w c"], image: Float[np.ndarray, "h w c"], pixels_xy: Float[np.ndarray, "v 2"],
    faces: Int[np.ndarray, "f 3"], raster: Raster,
) -> Float[np.ndarray, "v 2"]:
    """The same pixel by pixel: for reading and for the tests."""
    out = np.zeros((len(pixels_xy), 2))
    for axis in (0, 1):
        slopes, colours, depth, index = (_turned(a, axis) for a in (gradient, image, raster.depth, raster.face_index))
        for number, corners in enumerate(faces):
            for first in range(3):
                ends = corners[[first, (first + 1) % 3, (first + 2) % 3]]
                for y in range(len(index)):
                    total, share = _row(
                        number, pixels_xy[ends][:, [axis, 1 - axis]], y, slopes, colours, depth, index)
                    out[ends[0], axis] += total * (1 - share)
                    out[ends[1], axis] += total * share
    return out


def _row(
    face: int, ends: Float[np.ndarray, "3 2"], y: int, gradient: np.ndarray, image: np.ndarray, depth: np.ndarray,
    face_index: np.ndarray,
) -> tuple[float, float]:
    """What one row adds to an edge's place in it, and the second end's share of that place."""
    (ax, ay), (bx, by), (cx, cy) = ends
    if ay == by or not min(ay, by) <= y <= max(ay, by):
        return 0.0, 0.0
    share = (y - ay) / (by - ay)
    edge = ax + share * (bx - ax)
    right = cx > ax + (cy - ay) * (bx - ax) / (by - ay)
    row = np.arange(image.shape[1])
    within = (row >= edge) if right else (row <= edge)
    inner = np.flatnonzero(within)[0 if right else -1] if within.any() else -1
    if inner < 0 or face_index[y, inner] != face:
        return 0.0, 0.0
    outer = inner - 1 if right else inner + 1
    total = 0.0
    run = True
    for x in (row if right else row[::-1]):
        away = x - edge
        if not within[x]:
            after, counts = image[y, inner], depth[y, x] >= depth[y, inner]
            away = min(away, -NEAREST_PX) if right else max(away, NEAREST_PX)
        else:
            run = run and face_index[y, x] == face
            known = 0 <= outer < image.shape[1]
            after, counts = (image[y, outer] if known else image[y, x]), run
            away = max(away, NEAREST_PX) if right else min(away, -NEAREST_PX)
        change = float(((after - image[y, x]) * gradient[y, x]).sum())
        if counts and change < 0:
            total += change / away
    return total, share


class _WithEdges(torch.autograd.Function):
    """The image as it is, with the approximate gradient to the vertices' pixels."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, pixels: Tensor, faces: np.ndarray, raster: Raster) -> Tensor:
        ctx.save_for_backward(image, pixels)
        ctx.given = faces, raster
        return image.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        (gradient,) = gradients
        image, pixels = ctx.saved_tensors
        faces, raster = ctx.given
        slopes, colours, places = (t.detach().cpu().numpy() for t in (gradient, image, pixels))
        found = edge_gradient(slopes, colours, places, faces, raster)
        return gradient, torch.from_numpy(found).to(pixels), None, None


def projected(camera: Camera, vertices: Float[Tensor, "v 3"]) -> tuple[Float[Tensor, "v 2"], Float[Tensor, "v"]]:
    """Returns pixels and depths as `camera.project`, differentiable."""
    pose, inside = (torch.from_numpy(m).to(vertices) for m in (camera.world_to_camera, camera.intrinsics))
    seen = vertices @ pose[:, :3].T + pose[:, 3]
    flat = seen @ inside.T
    return flat[:, :2] / flat[:, 2:], seen[:, 2]


def drawn_mesh(
    camera: Camera, vertices: Float[Tensor, "v 3"], faces: Int[np.ndarray, "f 3"], uv: Float[np.ndarray, "v 2"],
    texture: Float[Tensor, "1 c a b"], ground: Float[Tensor, "c"],
) -> Float[Tensor, "h w c"]:
    """Returns the mesh as the camera sees it, without light: exact gradients to the texture, approximate ones to the
    vertices. uv: (0, 0) at the bottom left. ground: the colour beside the mesh."""
    pixels, depth = projected(camera, vertices)
    flat, deep = (t.detach().double().cpu().numpy() for t in (pixels, depth))
    raster = rasterize(flat, deep, faces, camera.width, camera.height)
    places = interpolate(raster.face_index, raster.barycentric, faces, np.asarray(uv, np.float64))
    grid = torch.from_numpy(places * [2, -2] + [-1, 1])[None].to(texture)
    colours = torch.nn.functional.grid_sample(texture, grid, padding_mode="border", align_corners=False)[0]
    covered = torch.from_numpy(raster.face_index >= 0).to(texture.device)[..., None]
    image = torch.where(covered, colours.permute(1, 2, 0), ground.to(colours))
    return _WithEdges.apply(image, pixels, faces, raster)  # pyright: ignore
