"""Room for the back's picture in the portrait's own texture, and what is painted there.

The texture is laid out in the relief's plane, so that around the silhouette much of it is empty: the back is painted
into the largest empty rectangle, small, because its colours are smooth, with strokes taken from the hair.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import ndimage

from twinbrush.errors import BadMesh
from twinbrush.rasterize import interpolate, rasterize

_CELLS = 64  # the texture is searched for empty space on a grid of this many cells a side
_MARGIN_CELLS = 2  # kept free around what is painted: mipmaps and filters mix neighbours
_LEAST_SIDE_CELLS = 4  # a smaller back would show single texels


@dataclass(frozen=True)
class Chart:
    """Where the back is painted: uv per vertex, the rectangle (u0, v0, u1, v1) that is its own, its scale beside the
    front, and the rectangle from which it takes its brushwork."""

    uv: Float[np.ndarray, "v 2"]
    box: tuple[float, float, float, float]
    scale: float
    brush: tuple[float, float, float, float] | None


def find_chart(
    uv: Float[np.ndarray, "v 2"], faces: Int[np.ndarray, "f 3"], hair: Bool[np.ndarray, "f"] | None,
    back_uv: Float[np.ndarray, "b 2"],
) -> Chart:
    """Scale the layout of the back into the empty rectangle that takes it best.

    hair: which faces show hair (None without labels). Raises BadMesh when there is no room.
    """
    cells = np.clip(uv * _CELLS - 0.5, -0.5, _CELLS - 0.5)
    raster = rasterize(cells, np.ones(len(cells)), faces, _CELLS, _CELLS)  # row 0 is v = 0 here
    empty = ~_grown(raster.face_index >= 0, _MARGIN_CELLS)
    low, high = uv.min(0), uv.max(0)
    x0, y0, x1, y1 = best_rectangle(empty, float((high - low)[0] / (high - low)[1]))
    if min(x1 - x0, y1 - y0) < _LEAST_SIDE_CELLS:
        raise BadMesh("The texture has no room for the back.", "Leave the portrait open.")
    corner, size = np.array([x0, y0]) + 1.0, np.array([x1 - x0, y1 - y0]) - 2.0
    scale = float((size / (high - low)).min()) / _CELLS
    placed = corner / _CELLS + (back_uv - low) * scale
    box = (x0 / _CELLS, y0 / _CELLS, x1 / _CELLS, y1 / _CELLS)
    return Chart(placed, box, scale, None if hair is None else _brush_box(hair, raster.face_index))


def _brush_box(
    hair: Bool[np.ndarray, "f"], face_index: Int[np.ndarray, "g g"]
) -> tuple[float, float, float, float] | None:
    """The largest square of the texture that shows hair alone, as (u0, v0, u1, v1)."""
    seen = (face_index >= 0) & hair[face_index]
    x0, y0, x1, y1 = best_rectangle(~_grown(~seen, 1), 1.0)
    if min(x1 - x0, y1 - y0) < _LEAST_SIDE_CELLS:
        return None
    return x0 / _CELLS, y0 / _CELLS, x1 / _CELLS, y1 / _CELLS


def _grown(mask: Bool[np.ndarray, "g g"], cells: int) -> Bool[np.ndarray, "g g"]:
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * cells + 1, 2 * cells + 1), np.uint8)) > 0


def best_rectangle(empty: np.ndarray, aspect: float) -> tuple[int, int, int, int]:
    """(x0, y0, x1, y1) of the empty rectangle that holds the largest box of the given width / height.

    For every row as the lower edge, columns' empty heights are scanned with growing width.
    """
    best, found = 0.0, (0, 0, 0, 0)
    heights = np.zeros(empty.shape[1], int)
    for y in range(empty.shape[0]):
        heights = np.where(empty[y], heights + 1, 0)
        for x in range(empty.shape[1]):
            if heights[x] * aspect <= best:
                continue
            lowest = np.minimum.accumulate(heights[x:])
            fits = np.minimum(np.arange(1, len(lowest) + 1), lowest * aspect)
            width = int(fits.argmax())
            if fits[width] > best:
                best = float(fits[width])
                found = (x, y + 1 - int(lowest[width]), x + width + 1, y + 1)
    return found


def painted(
    original: Float[np.ndarray, "h w 3"], chart: Chart, faces: Int[np.ndarray, "f 3"],
    colours: Float[np.ndarray, "b 3"], strokes: Float[np.ndarray, "b"],
) -> Float[np.ndarray, "h w 3"]:
    """The texture with the back's colours in their rectangle; around them the nearest colour goes on.

    strokes: how much of the hair's brushwork shows, 0..1.
    """
    texture = original.copy()
    height, width = texture.shape[:2]
    x0, y0, x1, y1 = _pixels(chart.box, width, height)
    pixels = np.stack([chart.uv[:, 0] * width - 0.5 - x0, (1 - chart.uv[:, 1]) * height - 0.5 - y0], 1)
    raster = rasterize(pixels, np.ones(len(pixels)), faces, x1 - x0, y1 - y0)
    patch = interpolate(raster.face_index, raster.barycentric, faces, np.column_stack([colours, strokes]))
    nearest = np.asarray(
        ndimage.distance_transform_edt(raster.face_index < 0, return_distances=False, return_indices=True)
    )
    patch = patch[nearest[0], nearest[1]]
    texture[y0:y1, x0:x1] = np.clip(patch[..., :3] + patch[..., 3:] * _brushwork(original, chart, patch.shape), 0, 1)
    return texture


def _pixels(box: tuple[float, float, float, float], width: int, height: int) -> tuple[int, int, int, int]:
    """(u0, v0, u1, v1) -> (x0, y0, x1, y1) in pixels, y down."""
    u0, v0, u1, v1 = box
    return round(u0 * width), round((1 - v1) * height), round(u1 * width), round((1 - v0) * height)


def _brushwork(
    texture: Float[np.ndarray, "h w 3"], chart: Chart, shape: tuple[int, ...]
) -> Float[np.ndarray, "a b 3"] | float:
    """The strokes of the hair without its colour, scattered anew: the back is painted with the same brush."""
    if chart.brush is None:
        return 0.0
    x0, y0, x1, y1 = _pixels(chart.brush, texture.shape[1], texture.shape[0])
    strokes = texture[y0:y1, x0:x1].astype(np.float32)
    strokes = strokes - cv2.GaussianBlur(strokes, (0, 0), strokes.shape[0] / 6)
    # Larger than life: at the chart's own scale the finest strokes would vanish between its texels.
    side = max(2, round(strokes.shape[0] * min(1.0, 1.6 * chart.scale)))
    return _scattered(cv2.resize(strokes, (side, side), interpolation=cv2.INTER_AREA), shape[0], shape[1])


def _scattered(strokes: Float[np.ndarray, "s s 3"], height: int, width: int) -> Float[np.ndarray, "h w 3"]:
    """Random pieces of `strokes`, overlapping by half with soft edges: no seams, no repetition the eye would catch."""
    piece = max(2, len(strokes) // 2 // 2 * 2)
    rng = np.random.default_rng(0)  # always the same pieces: the result depends on nothing but the portrait
    window = np.sin(np.pi * (np.arange(piece) + 0.5) / piece)
    window = np.outer(window, window)[..., None]
    total = np.zeros((height + 2 * piece, width + 2 * piece, 3))
    for y in range(0, height + piece, piece // 2):
        for x in range(0, width + piece, piece // 2):
            row, column = rng.integers(0, len(strokes) - piece + 1, 2)
            total[y : y + piece, x : x + piece] += window * strokes[row : row + piece, column : column + piece]
    return total[piece : piece + height, piece : piece + width]  # squared windows sum to 1: contrast is kept
