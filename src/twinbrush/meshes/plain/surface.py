"""What every file format needs from a mesh: checked, without stray vertices, with unit normals and encoded pictures."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image

from twinbrush.base.errors import BadMesh
from twinbrush.base.image import encode_png, to_bytes
from twinbrush.base.mesh import Mesh, vertex_normals


@dataclass(frozen=True)
class Surface:
    """A mesh ready for writing: all vertices referenced, no triangle names a vertex twice, normals of unit length.

    kept: indices of the input's vertices that are left, in order (to bring another mesh of the same topology along).
    seam: as in `Mesh`.
    uv: (0, 0) is the bottom-left corner of the texture, as in `Mesh`.
    """

    vertices: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]
    normals: Float[np.ndarray, "v 3"]
    uv: Float[np.ndarray, "v 2"] | None
    kept: Int[np.ndarray, "v"]
    seam: Int[np.ndarray, "s 2"] | None = None


def surface_of(mesh: Mesh) -> Surface:
    """Check `mesh` and drop what no file should carry. Raises BadMesh (no triangles, index out of range, NaN)."""
    _check(mesh)
    a, b, c = mesh.faces.T
    faces = mesh.faces[(a != b) & (b != c) & (c != a)]
    if len(faces) == 0:
        raise BadMesh("The mesh has no triangle with three different corners.", "Use another photo or mask.")
    kept, renumbered = used_vertices(faces, len(mesh.vertices))
    vertices, faces = mesh.vertices[kept].astype(np.float64), renumbered[faces]
    seam = None if mesh.seam is None else _seam(mesh.seam, kept, renumbered)
    normals = vertex_normals(vertices, faces, seam)
    normals[np.linalg.norm(normals, axis=1) < 0.5] = (0.0, 0.0, 1.0)  # only zero-area triangles around: face the viewer
    uv = None if mesh.uv is None else mesh.uv[kept].astype(np.float64)
    return Surface(vertices, faces, normals, uv, kept, seam)


def used_vertices(
    faces: Int[np.ndarray, "f 3"], count: int
) -> tuple[Int[np.ndarray, "k"], Int[np.ndarray, "v"]]:
    """Which of `count` vertices the faces name, in order, and each vertex' number among those."""
    used = np.zeros(count, bool)
    used[faces.ravel()] = True
    return np.flatnonzero(used), np.cumsum(used) - 1


def _seam(
    seam: Int[np.ndarray, "s 2"], kept: Int[np.ndarray, "k"], renumbered: Int[np.ndarray, "v"]
) -> Int[np.ndarray, "t 2"]:
    """The pairs of which both vertices are left, by their new numbers."""
    return renumbered[seam[np.isin(seam, kept).all(1)]]


def _check(mesh: Mesh) -> None:
    """Raise BadMesh when arrays are empty, out of range or not finite."""
    remedy = "This is a fault of an earlier stage; please report it."
    if len(mesh.faces) == 0 or len(mesh.vertices) == 0:
        raise BadMesh("The mesh is empty.", remedy)
    if mesh.faces.min() < 0 or mesh.faces.max() >= len(mesh.vertices):
        raise BadMesh(f"A triangle names a vertex outside 0..{len(mesh.vertices) - 1}.", remedy)
    if not np.isfinite(mesh.vertices).all():
        raise BadMesh("The mesh has vertices that are not finite numbers.", remedy)
    if mesh.uv is not None and not np.isfinite(mesh.uv).all():
        raise BadMesh("The mesh has texture coordinates that are not finite numbers.", remedy)


def texture_png(mesh: Mesh) -> bytes | None:
    """The mesh's texture as PNG, or None when it has none: encode once, hand to every writer."""
    return None if mesh.texture is None or mesh.uv is None else encode_png(mesh.texture)


def photo_bytes(image: Float[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w 3"], quality: int) -> bytes:
    """A JPEG without colour subsampling (thin dark lines of ink on skin keep their edges)."""
    pixels = image if image.dtype == np.uint8 else to_bytes(image)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality, subsampling=0)
    return stream.getvalue()


def sample_texture(
    texture: Float[np.ndarray, "h w 3"], uv: Float[np.ndarray, "v 2"]
) -> Float[np.ndarray, "v 3"]:
    """Bilinear colours of `texture` at `uv`; texel centres lie at ((i + .5) / w, 1 - (j + .5) / h), borders clamp."""
    height, width = texture.shape[:2]
    x = np.clip(uv[:, 0] * width - 0.5, 0, width - 1)
    y = np.clip((1 - uv[:, 1]) * height - 0.5, 0, height - 1)
    x0, y0 = np.minimum(x.astype(np.int64), max(width - 2, 0)), np.minimum(y.astype(np.int64), max(height - 2, 0))
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    fx, fy = (x - x0)[:, None], (y - y0)[:, None]
    top = texture[y0, x0] * (1 - fx) + texture[y0, x1] * fx
    bottom = texture[y1, x0] * (1 - fx) + texture[y1, x1] * fx
    return (top * (1 - fy) + bottom * fy).astype(np.float64)
