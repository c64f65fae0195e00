"""The internal texture: the file's pictures, colours of vertices and materials, or clay in soft light, in its tiles."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Int

from twinbrush.base.camera import look_at_origin, project
from twinbrush.base.image import resize
from twinbrush.base.rasterize import rasterize
from twinbrush.maths.fill import push_pull
from twinbrush.meshes.orient import WORLD_DIAGONAL_MM
from twinbrush.meshes.tiles import Layout
from twinbrush.meshes.values import FileModel, Tile

CLAY = (0.74, 0.71, 0.675)  # sRGB, a warm grey
DEFAULT_SIZE, MAX_SIZE = 2048, 4096
_BAND = 256  # rows worked on at a time: bounds memory
_SKY_VIEWS, _SKY_SIZE, _SKY_MM = 64, 256, 20.0 * WORLD_DIAGONAL_MM
_BLUR = 4  # rounds
_BIAS_MM = 0.012 * WORLD_DIAGONAL_MM
_KEY = np.array([-0.45, 0.6, 0.66])  # toward the light: from the upper left, from the front


@dataclass(frozen=True)
class Working:
    """The working mesh: vertices (v, 3) mm, faces (f, 3), uv (v, 2); normals (v, 3) smooth across seams; corners
    (f, 3): the file's corner at each corner of each triangle."""

    vertices: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]
    uv: Float[np.ndarray, "v 2"]
    normals: Float[np.ndarray, "v 3"]
    corners: Int[np.ndarray, "f 3"]


def is_coloured(file: FileModel) -> bool:
    """The file has a picture, colours of vertices that differ, or a material that is not grey."""
    used = [file.materials[m] for m in np.unique(file.polygons.material).tolist()]
    colours = np.array([m.colour for m in used])
    differ = float(np.ptp(colours, axis=0).max()) > 0.02 or float(np.ptp(colours, axis=1).max()) > 0.02
    return differ or _painted(file)


def _painted(file: FileModel) -> bool:
    """Somebody painted it: a picture, or colours of vertices that differ (not just one colour a material)."""
    used = [file.materials[m] for m in np.unique(file.polygons.material).tolist()]
    vertex = file.polygons.colours
    differ = vertex is not None and float(np.ptp(vertex, axis=0).max()) > 0.02
    return differ or any(m.texture is not None for m in used)


def paint_tiles(file: FileModel, layout: Layout, working: Working) -> Float[np.ndarray, "t t2 3"]:
    """The internal texture, float32. A picture that fills it alone is given back as it is."""
    if len(layout.tiles) == 1 and (picture := _whole_picture(file, layout.tiles[0])) is not None:
        return picture
    size = _size(file, layout)
    image, known = np.zeros((size, size, 3), np.float32), np.zeros((size, size), np.float32)
    for tile in layout.tiles:
        if (picture := _whole_picture(file, tile)) is not None:
            rows, columns = pixel_box(tile, size)
            image[rows, columns] = resize(picture, columns.stop - columns.start, rows.stop - rows.start)
            known[rows, columns] = 1
    light = None if _painted(file) else soft_light(working)
    pixels = working.uv * [size, -size] + [-0.5, size - 0.5]
    for top in range(0, size, _BAND):
        height = min(_BAND, size - top)
        raster = rasterize(pixels - [0, top], np.ones(len(pixels)), working.faces, size, height)
        rows, columns = np.nonzero((raster.face_index >= 0) & (known[top : top + height] == 0))
        face, weight = raster.face_index[rows, columns], raster.barycentric[rows, columns]
        colour = _colours(file, working.corners[face], weight)
        if light is not None:
            colour *= (light[working.faces[face]] * weight).sum(1, keepdims=True)
        image[top + rows, columns] = colour
        known[top + rows, columns] = 1
    return np.ascontiguousarray(np.clip(push_pull(image, known), 0, 1), np.float32)


def pixel_box(tile: Tile, size: int) -> tuple[slice, slice]:
    """(rows, columns) of a square texture that show a tile."""
    left, right = (round(x * size) for x in (tile.origin[0], tile.origin[0] + tile.size[0]))
    bottom, top = (round(y * size) for y in (tile.origin[1], tile.origin[1] + tile.size[1]))
    return slice(size - top, size - bottom), slice(left, right)


def _whole_picture(file: FileModel, tile: Tile) -> Float[np.ndarray, "h w 3"] | None:
    """The picture a tile shows as it is: kept coordinates, one picture, one factor, nothing multiplied."""
    materials = [file.materials[m] for m in tile.materials]
    first = materials[0]
    multiplied = file.polygons.colours is not None and file.format in ("glb", "gltf")
    if not tile.kept or first.texture is None or multiplied or any(m.colour != first.colour for m in materials):
        return None
    if first.colour == (1.0, 1.0, 1.0):
        return first.texture
    return np.asarray(first.texture * np.array(first.colour, np.float32), np.float32)


def _size(file: FileModel, layout: Layout) -> int:
    """Side of the internal texture: enough for every picture in it, a power of two, MAX_SIZE at most."""
    side = int(np.ceil(np.sqrt(len(layout.tiles))))
    largest = DEFAULT_SIZE // side
    for material in (file.materials[m] for tile in layout.tiles for m in tile.materials):
        if material.texture is not None:
            largest = max(largest, *material.texture.shape[:2])
    return min(MAX_SIZE, 1 << int(np.ceil(np.log2(largest * side))))


def _colours(
    file: FileModel, corners: Int[np.ndarray, "n 3"], weight: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 3"]:
    """The file's own colour at points of triangles, given by their corners and barycentric weights."""
    polygons = file.polygons
    owner = np.searchsorted(polygons.starts + polygons.sizes, corners[:, 0], side="right")
    material = polygons.material[owner]
    own = np.array([m.colour for m in file.materials])[material]
    out = own if is_coloured(file) else np.tile(CLAY, (len(owner), 1))
    pictured = np.array([m.texture is not None for m in file.materials])[material]
    if polygons.colours is not None and is_coloured(file):
        use = np.ones(len(out), bool) if file.format in ("glb", "gltf") else ~pictured
        mixed = np.einsum("nkc,nk->nc", polygons.colours[polygons.corners[corners[use]]], weight[use])
        out[use] = out[use] * mixed if file.format in ("glb", "gltf") else mixed
    for number in np.unique(material[pictured]).tolist():
        rows = polygons.corner_uv[corners]
        mine = (material == number) & (rows >= 0).all(1)
        texture = file.materials[number].texture
        if texture is not None and mine.any():
            uv = np.einsum("nkc,nk->nc", polygons.uv[rows[mine]], weight[mine])
            out[mine] *= _wrapped(texture, uv)
    return out


def _wrapped(texture: Float[np.ndarray, "h w 3"], uv: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 3"]:
    """Bilinear colours; the texture repeats."""
    height, width = texture.shape[:2]
    x, y = (uv[:, 0] % 1) * width - 0.5, (1 - uv[:, 1] % 1) * height - 0.5
    x0, y0 = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    fx, fy = (x - x0)[:, None], (y - y0)[:, None]
    top = texture[y0 % height, x0 % width] * (1 - fx) + texture[y0 % height, (x0 + 1) % width] * fx
    y1 = (y0 + 1) % height
    bottom = texture[y1, x0 % width] * (1 - fx) + texture[y1, (x0 + 1) % width] * fx
    return top * (1 - fy) + bottom * fy


def soft_light(working: Working) -> Float[np.ndarray, "v"]:
    """How bright each vertex is (about 0.3 to 1.05, a factor on sRGB): sky from all sides, hidden where the surface
    hides it (from depth maps), and a broad key light. Surfaces count as two-sided."""
    vertices, normals = working.vertices, working.normals
    index = np.arange(_SKY_VIEWS) + 0.5
    height, around = 1 - 2 * index / _SKY_VIEWS, np.pi * (1 + 5**0.5) * index  # a Fibonacci lattice
    focal = _SKY_SIZE * 0.49 * _SKY_MM / (WORLD_DIAGONAL_MM / 2)
    seen = np.zeros((2, len(vertices)))
    whole = np.zeros((2, len(vertices)))
    for azimuth, elevation in zip(around, np.arcsin(height), strict=True):
        camera = look_at_origin(float(azimuth), float(elevation), _SKY_MM, focal, _SKY_SIZE, _SKY_SIZE)
        pixels, depth = project(camera, vertices)
        nearest = rasterize(pixels, depth, working.faces, _SKY_SIZE, _SKY_SIZE).depth
        # what a pixel sees may be nearer than the vertex beside its centre: the farthest of its neighbours counts
        farthest = cv2.dilate(np.where(np.isfinite(nearest), nearest, 0).astype(np.float32), np.ones((3, 3)))
        column, row = np.clip(np.round(pixels).astype(np.int64), 0, _SKY_SIZE - 1).T
        free = depth <= farthest[row, column] + _BIAS_MM
        cosine = -normals @ camera.world_to_camera[2, :3]
        sky = 0.72 + 0.28 * float(np.sin(elevation))
        for side, towards in enumerate((cosine, -cosine)):
            amount = np.maximum(towards, 0)
            seen[side] += amount * free * sky
            whole[side] += amount
    share = seen / np.maximum(whole, 1e-9)
    for _ in range(_BLUR):  # over the mesh: no bands where one of the directions is just hidden
        corner = share[:, working.faces].mean(2)
        for side in range(2):
            total = np.bincount(working.faces.ravel(), np.repeat(corner[side], 3), len(vertices))
            share[side] = total / np.maximum(np.bincount(working.faces.ravel(), minlength=len(vertices)), 1)
    inside = share[1] > 1.5 * share[0]
    facing = np.where(inside, -1, 1) * (normals @ (_KEY / np.linalg.norm(_KEY)))
    linear = 0.75 * share.max(0) ** 1.5 + 0.6 * share.max(0) * np.clip((facing + 0.35) / 1.35, 0, 1) ** 1.3
    return np.clip(linear, 0.05, 1.5) ** (1 / 2.2)
