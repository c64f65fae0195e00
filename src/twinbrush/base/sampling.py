"""Supersampled pictures in bands of rows (small enough for a processor's cache), and textures without aliasing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from twinbrush.base.errors import BadMesh
from twinbrush.base.mesh import Mesh
from twinbrush.base.rasterize import Raster, interpolate, rasterize

BAND_SAMPLES = 600_000  # samples rasterised at a time


@dataclass(frozen=True)
class Band:
    """Rows start..stop of a picture, seen at ssaa x ssaa samples a pixel."""

    start: int
    stop: int
    raster: Raster

    @property
    def covered(self) -> Bool[np.ndarray, "hs ws"]:
        return self.raster.face_index >= 0


def bands(
    pixels_xy: Float[np.ndarray, "v 2"], depth: Float[np.ndarray, "v"], faces: Int[np.ndarray, "f 3"],
    width: int, height: int, ssaa: int,
) -> Iterator[Band]:
    """A picture of `height` rows as supersampled rasters, from top to bottom."""
    fine = pixels_xy * ssaa + (ssaa - 1) / 2
    rows = max(8, BAND_SAMPLES // (width * ssaa * ssaa))
    one, two, three = (fine[faces[:, corner], 1] for corner in range(3))
    top, bottom = np.minimum(np.minimum(one, two), three), np.maximum(np.maximum(one, two), three)
    for start in range(0, height, rows):
        stop = min(start + rows, height)
        here = np.nonzero((bottom >= start * ssaa) & (top <= stop * ssaa - 1))[0]
        raster = rasterize(fine - [0, start * ssaa], depth, faces[here], width * ssaa, (stop - start) * ssaa)
        if len(here):
            raster.face_index[...] = np.where(raster.face_index >= 0, here[raster.face_index], -1)
        yield Band(start, stop, raster)


def averaged(
    samples: Float[np.ndarray, "hs ws c"], covered: Bool[np.ndarray, "hs ws"], ssaa: int
) -> tuple[Float32[np.ndarray, "h w c"], Float32[np.ndarray, "h w"]]:
    """Pixels as sums of covered samples over all samples (premultiplied), and the covered share."""
    size = (samples.shape[1] // ssaa, samples.shape[0] // ssaa)
    weighted = np.asarray(samples, np.float32) * covered[..., None].astype(np.float32)
    colour = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
    return colour, cv2.resize(covered.astype(np.float32), size, interpolation=cv2.INTER_AREA)


@dataclass(frozen=True)
class TextureSampler:
    """A mesh's texture, reduced (by area) to about one texel a sample for one camera, so that nothing aliases."""

    faces: Int[np.ndarray, "f 3"]
    uv: Float32[np.ndarray, "v 2"]
    texture: Float32[np.ndarray, "h w 3"]

    @classmethod
    def of(cls, mesh: Mesh, pixels_xy: Float[np.ndarray, "v 2"], ssaa: int) -> TextureSampler:
        """Raises BadMesh without texture or uv."""
        if mesh.uv is None or mesh.texture is None:
            raise BadMesh("The mesh has no texture or no texture coordinates.", "Give a textured mesh.")
        texture = np.ascontiguousarray(mesh.texture, np.float32)
        height, width = texture.shape[:2]
        step = texels_per_pixel(mesh.uv * [width, height], pixels_xy, mesh.faces) / ssaa
        if step > 1:
            size = (max(int(width / step + 0.5), 1), max(int(height / step + 0.5), 1))
            texture = cv2.resize(texture, size, interpolation=cv2.INTER_AREA)
        return cls(mesh.faces, mesh.uv.astype(np.float32), texture)

    def turned(self, turn: Float[np.ndarray, "3 3"]) -> TextureSampler:
        """The same of vectors (rows) times a matrix."""
        return replace(self, texture=self.texture @ turn.astype(np.float32))

    def colours(self, raster: Raster) -> Float32[np.ndarray, "h w 3"]:
        """Bilinear, at every sample (meaningless where nothing is covered)."""
        uv = interpolate(raster.face_index, raster.barycentric, self.faces, self.uv)
        height, width = self.texture.shape[:2]
        x, y = uv[..., 0] * width - 0.5, (1 - uv[..., 1]) * height - 0.5
        return cv2.remap(self.texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def sampled(
    image: Float[np.ndarray, "h w c"], pixels_xy: Float[np.ndarray, "p 2"], interpolation: int
) -> Float32[np.ndarray, "p c"]:
    """Colours between pixels; cv2.remap takes at most 32767 rows, so the points are folded into a rectangle."""
    width = 4096
    rows = max(1, -(-len(pixels_xy) // width))
    folded = np.zeros((rows * width, 2), np.float32)
    folded[: len(pixels_xy)] = pixels_xy
    folded = folded.reshape(rows, width, 2)
    colour = cv2.remap(
        np.ascontiguousarray(image, np.float32), folded[..., 0], folded[..., 1], interpolation,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return colour.reshape(rows * width, -1)[: len(pixels_xy)]


def texels_per_pixel(
    texels_xy: Float[np.ndarray, "v 2"], pixels_xy: Float[np.ndarray, "v 2"], faces: Int[np.ndarray, "f 3"]
) -> float:
    """Side of a pixel's footprint in texels: the median over the picture (faces weighted by their pixels)."""
    texels, pixels = face_areas(texels_xy, faces), face_areas(pixels_xy, faces)
    ratio = texels / np.maximum(pixels, 1e-12)
    order = np.argsort(ratio)
    cumulative = np.cumsum(pixels[order])
    middle = int(np.searchsorted(cumulative, cumulative[-1] / 2))
    return float(np.sqrt(ratio[order[min(middle, len(order) - 1)]]))


def face_areas(places: Float[np.ndarray, "v 2"], faces: Int[np.ndarray, "f 3"]) -> Float[np.ndarray, "f"]:
    """Twice the area of every triangle in a picture."""
    a, b, c = (places[faces[:, corner]] for corner in range(3))
    ab, ac = b - a, c - a
    return np.abs(ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0])
