"""OBJ + MTL + PNG, in millimetres, y up, the face looks along +z; texture coordinates as in `Mesh` (v grows upward)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from twinbrush.base.files import write_atomically
from twinbrush.base.mesh import Mesh
from twinbrush.meshes.plain.surface import surface_of, texture_png


def safe_name(name: str) -> str:
    """`name` as every OBJ reader takes it: letters, digits, `.`, `-`, `_` (many readers stop at a space)."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._") or "portrait"


def obj_files(mesh: Mesh, *, name: str, png: bytes | None = None) -> dict[str, bytes]:
    """The OBJ, its MTL and (with a texture) its PNG as {file name: content}; they name each other without a folder.

    png: the texture already encoded by `texture_png`. Raises BadMesh.
    """
    stem = safe_name(name)
    surface = surface_of(mesh)
    image = png if png is not None else texture_png(mesh)
    textured = image is not None and surface.uv is not None
    lines = [
        f"# {stem}: Twinbrush portrait, millimetres, y up, facing +z\nmtllib {stem}.mtl\no {stem}\n",
        _rows("v %.4f %.4f %.4f\n", surface.vertices),
        _rows("vt %.6f %.6f\n", surface.uv) if textured and surface.uv is not None else "",
        _rows("vn %.4f %.4f %.4f\n", surface.normals),
        f"usemtl {stem}\ns 1\n",
        _rows("f %d/%d/%d %d/%d/%d %d/%d/%d\n" if textured else "f %d//%d %d//%d %d//%d\n",
              np.repeat(surface.faces + 1, 3 if textured else 2, axis=1)),
    ]
    # Kd 1: the default of many readers, 0.8, would darken the painting. Ks 0: no plastic shine.
    material = f"newmtl {stem}\nKa 0 0 0\nKd 1 1 1\nKs 0 0 0\nNs 10\nd 1\nillum 1\n"
    files = {f"{stem}.obj": "".join(lines).encode()}
    if textured and image is not None:
        material += f"map_Kd {stem}.png\n"
        files[f"{stem}.png"] = image
    return {**files, f"{stem}.mtl": material.encode()}


def write_obj(mesh: Mesh, folder: Path | str, *, name: str = "portrait", png: bytes | None = None) -> list[Path]:
    """Write `obj_files` into `folder`, the OBJ last (it names the others). Raises BadMesh, OutputError."""
    files = obj_files(mesh, name=name, png=png)
    order = sorted(files, key=lambda file: (file.endswith(".obj"), file))
    return [write_atomically(Path(folder) / file, files[file]) for file in order]


def _rows(pattern: str, values: np.ndarray) -> str:
    """One line of text per row of `values`: a single formatting call, twice as fast as one per line."""
    return (pattern * len(values)) % tuple(values.ravel().tolist())
