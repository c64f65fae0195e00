"""PLY (binary, little endian), in millimetres, y up, the face looks along +z.

Vertices carry normal, texture coordinates `s`, `t` (Blender and MeshLab read them) and sRGB colours sampled from the
texture, so that programs without textures show the portrait too. The texture's file name stands in the comment
"TextureFile", which is what MeshLab looks for.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twinbrush.base.files import write_atomically
from twinbrush.base.image import to_bytes
from twinbrush.base.mesh import Mesh
from twinbrush.meshes.plain.obj import safe_name
from twinbrush.meshes.plain.surface import sample_texture, surface_of


def ply_bytes(mesh: Mesh, *, texture_file: str | None = None) -> bytes:
    """The mesh as PLY; `texture_file` is the name of the PNG beside it (see `obj_files`). Raises BadMesh."""
    surface = surface_of(mesh)
    fields: list[tuple[str, str, np.ndarray]] = [
        (axis, "<f4", surface.vertices[:, i]) for i, axis in enumerate("xyz")
    ] + [(f"n{axis}", "<f4", surface.normals[:, i]) for i, axis in enumerate("xyz")]
    if surface.uv is not None:
        fields += [("s", "<f4", surface.uv[:, 0]), ("t", "<f4", surface.uv[:, 1])]
    if surface.uv is not None and mesh.texture is not None:
        colours = to_bytes(sample_texture(mesh.texture, surface.uv)[None])[0]
        fields += [(colour, "u1", colours[:, i]) for i, colour in enumerate(("red", "green", "blue"))]
    vertices = np.empty(len(surface.vertices), [(name, kind) for name, kind, _ in fields])
    for name, _, values in fields:
        vertices[name] = values
    faces = np.empty(len(surface.faces), [("count", "u1"), ("corners", "<i4", 3)])
    faces["count"], faces["corners"] = 3, surface.faces
    header = ["ply", "format binary_little_endian 1.0", "comment Twinbrush portrait, millimetres, y up, facing +z"]
    if texture_file is not None:
        header.append(f"comment TextureFile {texture_file}")
    header.append(f"element vertex {len(vertices)}")
    header += [f"property {'uchar' if kind == 'u1' else 'float'} {name}" for name, kind, _ in fields]
    header += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header", ""]
    return "\n".join(header).encode("ascii") + vertices.tobytes() + faces.tobytes()


def write_ply(mesh: Mesh, path: Path | str, *, texture_file: str | None = None) -> Path:
    """Write `ply_bytes` to `path`, whole or not at all. Raises BadMesh, OutputError."""
    name = None if texture_file is None else safe_name(texture_file)
    return write_atomically(path, ply_bytes(mesh, texture_file=name))
