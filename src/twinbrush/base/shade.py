"""Stills of a mesh from the same z-buffer: clay under three lights, or the texture under gentle light."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, no_type_check

import cv2
import numpy as np
from jaxtyping import Float, Float32
from numba import njit

from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import Mesh
from twinbrush.base.rasterize import Raster, rasterize
from twinbrush.base.sampling import TextureSampler, averaged, bands

# A photographer's set, in the camera frame (x right, y down, z away from the camera): direction TOWARD the light,
# then its colour in linear light. Key from the upper left, cool fill from the right, warm rims from behind.
KEY = ((-0.55, -0.62, -0.56), (1.62, 1.54, 1.42))
FILL = ((0.85, -0.05, -0.52), (0.26, 0.29, 0.34))
RIM_RIGHT = ((0.80, -0.45, 0.42), (0.85, 0.80, 0.74))
RIM_LEFT = ((-0.86, -0.30, 0.42), (0.28, 0.30, 0.34))
SKY = (0.30, 0.31, 0.33)  # ambient light from above ...
GROUND = (0.15, 0.14, 0.13)  # ... and from below
CLAY = (0.46, 0.425, 0.39)  # linear reflectance: a warm grey
BACKDROP = ((0.97, 0.97, 0.965), (0.80, 0.80, 0.795))  # sRGB in the middle and in the corners
BROAD = 0.012  # light on the texture is blurred by this share of the picture: no lines along small steps of the form
# Ambient occlusion: radii as shares of the picture and how strongly each darkens.
OCCLUSION = ((0.006, 0.9), (0.02, 0.8), (0.06, 0.5))


Mode = Literal["textured", "clay"]


@dataclass(frozen=True)
class Bumps:
    """Normals of a surface with detail. normals (v, 3): unit, of the vertices, without it. tilt (h, w, 3): in the
    texture's atlas, what it adds to them."""

    normals: Float[np.ndarray, "v 3"]
    tilt: Float32[np.ndarray, "h w 3"]


def shade(
    mesh: Mesh, camera: Camera, *, mode: Mode = "textured", ssaa: int = 2,
    backdrop: Literal["studio", "white"] = "studio",
) -> Float[np.ndarray, "h w 3"]:
    """A still (height, width, 3), sRGB 0..1. Surfaces are two-sided; a mesh without texture is always clay.

    ssaa: samples along each side of a pixel.
    """
    return shades(mesh, camera, (mode,), ssaa=ssaa, backdrop=backdrop)[0]


def shades(
    mesh: Mesh, camera: Camera, modes: tuple[Mode, ...], *, ssaa: int = 2,
    backdrop: Literal["studio", "white"] = "studio", bumps: Bumps | None = None,
) -> tuple[Float[np.ndarray, "h w 3"], ...]:
    """`shade` in several modes; the mesh is rasterised once for all of them. bumps: normals for the clay's light."""
    pixels, depth = project(camera, mesh.vertices)
    height, width = camera.height, camera.width
    coarse = rasterize(pixels, depth, mesh.faces, width, height)
    occlusion = _occlusion(coarse.depth, float(camera.intrinsics[0, 0]))
    turn = camera.world_to_camera[:, :3].T
    normals = ((mesh.normals() if bumps is None else bumps.normals) @ turn).astype(np.float32)
    tilt = None if bumps is None else TextureSampler.of(mesh.painted(bumps.tilt), pixels, ssaa).turned(turn)
    textured = "textured" in modes and mesh.texture is not None
    sampler = TextureSampler.of(mesh, pixels, ssaa) if textured else None
    # the texture has its own painted light: keep most of it and let only the large form show
    tone = _broad(_lit(mesh, camera, coarse, normals, occlusion, 1, 0).mean(-1), coarse) if textured else occlusion
    stills = tuple(_backdrop(height, width, backdrop).copy() for _ in modes)
    for band in bands(pixels, depth, mesh.faces, width, height, ssaa):
        rows = slice(band.start, band.stop)
        for mode, still in zip(modes, stills, strict=True):
            if sampler and mode == "textured":
                colour = sampler.colours(band.raster) * _enlarged(tone[rows], ssaa)[..., None]
            else:
                open_share = _enlarged(occlusion[rows], ssaa)
                tilted = None if tilt is None else tilt.colours(band.raster)
                colour = _srgb(_lit(mesh, camera, band.raster, normals, open_share, ssaa, band.start, tilted))
            pixel, share = averaged(np.clip(colour, 0, 1), band.covered, ssaa)
            still[rows] = pixel + still[rows] * (1 - share)[..., None]
    return stills


def _enlarged(values: Float32[np.ndarray, "h w"], ssaa: int) -> Float32[np.ndarray, "hs ws"]:
    return cv2.resize(values, (values.shape[1] * ssaa, values.shape[0] * ssaa), interpolation=cv2.INTER_LINEAR)


def _lit(
    mesh: Mesh, camera: Camera, raster: Raster, normals: Float32[np.ndarray, "v 3"],
    occlusion: Float32[np.ndarray, "h w"], ssaa: int, first_row: int,
    tilted: Float32[np.ndarray, "_ _ 3"] | None = None,
) -> Float32[np.ndarray, "h w 3"]:
    """Clay under the lights, linear. The raster's rows begin at pixel row `first_row`. tilted: what is added to the
    normals."""
    lights = np.array([KEY, FILL, RIM_RIGHT, RIM_LEFT], np.float32)
    lights[:, 0] /= np.linalg.norm(lights[:, 0], axis=1, keepdims=True)
    out = np.zeros((*raster.face_index.shape, 3), np.float32)
    inverse = np.linalg.inv(camera.intrinsics).astype(np.float32)
    _light_pixels(
        raster.face_index, raster.barycentric, mesh.faces, normals, lights, np.array([SKY, GROUND], np.float32),
        np.array(CLAY, np.float32), inverse, np.float32(ssaa), first_row, occlusion,
        np.zeros((1, 1, 3), np.float32) if tilted is None else tilted, tilted is not None, out,
    )
    return out


@njit(cache=True, nogil=True)
@no_type_check
def _light_pixels(  # noqa: C901 (one pass over the pixels is what makes it fast)
    face_index, barycentric, faces, normals, lights, ambient, albedo, inverse, ssaa, first_row, occlusion,
    tilted, tilts, out
):
    """Wrapped Lambert + Blinn-Phong + hemisphere ambient + Fresnel-weighted rims at every covered pixel."""
    total, gloss = np.zeros(3), np.zeros(3)
    for y in range(face_index.shape[0]):
        for x in range(face_index.shape[1]):
            f = face_index[y, x]
            if f < 0:
                continue
            nx = ny = nz = np.float32(0)
            for corner in range(3):
                weight, vertex = barycentric[y, x, corner], faces[f, corner]
                nx += weight * normals[vertex, 0]
                ny += weight * normals[vertex, 1]
                nz += weight * normals[vertex, 2]
            # unit vector from the surface to the eye
            vx = -((x + 0.5) / ssaa - 0.5) * inverse[0, 0] - inverse[0, 2]
            vy = -((y + 0.5) / ssaa - 0.5 + first_row) * inverse[1, 1] - inverse[1, 2]
            scale = 1 / np.sqrt(vx * vx + vy * vy + 1)
            vx, vy, vz = vx * scale, vy * scale, -scale
            length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-12
            nx, ny, nz = nx / length, ny / length, nz / length
            inner = nx * vx + ny * vy + nz * vz < 0  # by the form: at its outline, detail may well look away
            if tilts:
                nx, ny, nz = nx + tilted[y, x, 0], ny + tilted[y, x, 1], nz + tilted[y, x, 2]
                length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-12
                nx, ny, nz = nx / length, ny / length, nz / length
            if inner:
                nx, ny, nz = -nx, -ny, -nz
            facing = max(nx * vx + ny * vy + nz * vz, 0.0)
            open_share = occlusion[y, x]
            up = 0.5 - 0.5 * ny
            fresnel = (1 - facing) ** 4
            for c in range(3):
                total[c] = (ambient[0, c] * up + ambient[1, c] * (1 - up)) * open_share
                gloss[c] = np.float32(0)
            for number in range(lights.shape[0]):  # its powers are the same for all three colours
                lx, ly, lz = lights[number, 0, 0], lights[number, 0, 1], lights[number, 0, 2]
                cosine = nx * lx + ny * ly + nz * lz
                if number < 2:
                    wrapped = (cosine + 0.18) / 1.18
                    if wrapped > 0:
                        softened, shaded = wrapped ** 0.35, 0.35 + 0.65 * open_share
                        for c in range(3):
                            total[c] += lights[number, 1, c] * wrapped * softened * shaded
                    hx, hy, hz = lx + vx, ly + vy, lz + vz
                    half = (nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz)
                    if half > 0 and cosine > 0:
                        shine = 0.05 * half ** 18 + 0.03 * half ** 60
                        for c in range(3):
                            gloss[c] += lights[number, 1, c] * shine * open_share
                elif cosine > 0:
                    rim = 0.1 + 0.9 * fresnel
                    for c in range(3):
                        total[c] += lights[number, 1, c] * cosine * rim
            for c in range(3):
                out[y, x, c] = (albedo[c] * total[c] + gloss[c]) * (0.45 if inner else 1.0)


def _occlusion(depth: Float[np.ndarray, "h w"], focal_px: float) -> Float32[np.ndarray, "h w"]:
    """1 in the open, less where the surface lies behind its surroundings (depth minus blurred depth, three radii)."""
    covered = np.isfinite(depth)
    if not covered.any():
        return np.ones(depth.shape, np.float32)
    mean = float(depth[covered].mean())
    relief = np.where(covered, depth - mean, 0).astype(np.float32)
    known = covered.astype(np.float32)
    openness = np.ones(depth.shape, np.float32)
    for radius, strength in OCCLUSION:
        sigma = radius * depth.shape[0]
        reduce = max(1, int(sigma / 3))
        size = (max(depth.shape[1] // reduce, 1), max(depth.shape[0] // reduce, 1))
        stack = cv2.resize(np.dstack([relief, known]), size, interpolation=cv2.INTER_AREA)
        stack = cv2.GaussianBlur(stack, (0, 0), sigma / reduce, borderType=cv2.BORDER_REPLICATE)
        stack = cv2.resize(stack, depth.shape[::-1], interpolation=cv2.INTER_LINEAR)
        surroundings = stack[..., 0] / np.maximum(stack[..., 1], 1e-3)
        # how far behind, in units of the radius in mm; beyond about one radius it does not get darker
        behind = np.clip((relief - surroundings) / (sigma * mean / focal_px), 0, 1.2)
        openness *= np.exp(-strength * behind)
    return openness


def _broad(light: Float32[np.ndarray, "h w"], raster: Raster) -> Float32[np.ndarray, "h w"]:
    """Light on the texture, blurred within the surface, as a factor near 1."""
    covered = raster.face_index >= 0
    stack = np.dstack([light * covered, covered.astype(np.float32)])
    stack = cv2.GaussianBlur(stack, (0, 0), max(BROAD * light.shape[1], 0.5), borderType=cv2.BORDER_REPLICATE)
    tone = stack[..., 0] / np.maximum(stack[..., 1], 1e-3) / 0.45
    return np.clip(0.80 + 0.20 * tone, 0.55, 1.06)


def _srgb(linear: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    """Soft shoulder above 0.8 (no clipped highlights), then the sRGB transfer curve by its 2.2 approximation."""
    out = np.zeros_like(linear)
    lit = (linear[..., 0] > 0) | (linear[..., 1] > 0) | (linear[..., 2] > 0)  # what lies beside the mesh stays black
    values = linear[lit]
    bright = values > 0.8
    values[bright] = 0.8 + 0.2 * np.tanh((values[bright] - 0.8) / 0.2)
    out[lit] = np.power(np.maximum(values, 0), np.float32(1 / 2.2))
    return out


@lru_cache(maxsize=2)
def _backdrop(height: int, width: int, kind: str) -> Float32[np.ndarray, "h w 3"]:
    if kind == "white":
        return np.ones((height, width, 3), np.float32)
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    away = np.hypot((xs / width - 0.5) * 1.1, ys / height - 0.45)
    t = np.clip((away - 0.1) / 0.75, 0, 1)
    t = (t * t * (3 - 2 * t))[..., None]
    return (np.array(BACKDROP[0], np.float32) * (1 - t) + np.array(BACKDROP[1], np.float32) * t).astype(np.float32)
