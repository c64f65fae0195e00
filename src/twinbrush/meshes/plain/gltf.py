"""GLB: a mesh in one binary glTF 2.0 file (Khronos, https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html).

Metres, y up, the face looks along +z (glTF's own "front"). The material is rough and not metallic, both sides show
(meshes may be open). With `before`, the file carries one morph target, "photo": Blender shows it as a shape
key, three.js as a morph influence; at 0 (default) the shape is `mesh`, at 1 it is `before`.
Written here and not through a library so that the texture is encoded once for all formats, the morph target gets in,
and the bytes depend on nothing but the mesh; the tests read the files back with trimesh and Khronos' validator.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twinbrush import __version__
from twinbrush.base.errors import BadMesh
from twinbrush.base.mesh import Mesh, vertex_normals
from twinbrush.meshes.plain.surface import Surface, surface_of, texture_png

METRES_PER_MM = 1e-3
ROUGHNESS = 0.9  # paint and skin: no mirror-like highlight over the painted ones
# Numbers of the glTF 2.0 specification.
_FLOAT, _UINT32 = 5126, 5125
_ARRAY_BUFFER, _ELEMENT_ARRAY_BUFFER = 34962, 34963
_LINEAR, _LINEAR_MIPMAP_LINEAR, _CLAMP_TO_EDGE = 9729, 9987, 33071
_MAGIC, JSON_CHUNK, BINARY_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942


@dataclass
class GltfBuffer:
    """The one binary buffer under construction, with its views and accessors."""

    data: bytearray = field(default_factory=bytearray)
    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)

    def view(self, payload: bytes, target: int | None) -> int:
        """Append `payload` on a 4-byte boundary; returns its bufferView index."""
        self.data += b"\0" * (-len(self.data) % 4)
        view = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(payload)}
        self.views.append(view if target is None else {**view, "target": target})
        self.data += payload
        return len(self.views) - 1

    def vectors(self, values: np.ndarray, *, bounds: bool = False) -> int:
        """Append float32 vectors (n, 2 to 4); returns the accessor index. `bounds` are required for positions."""
        values = np.ascontiguousarray(values, "<f4")
        accessor: dict[str, Any] = {
            "bufferView": self.view(values.tobytes(), _ARRAY_BUFFER), "componentType": _FLOAT,
            "count": len(values), "type": f"VEC{values.shape[1]}",
        }
        if bounds:
            accessor |= {"min": values.min(0).tolist(), "max": values.max(0).tolist()}
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def indices(self, faces: np.ndarray) -> int:
        """Append triangle corners as unsigned 32-bit integers; returns the accessor index."""
        payload = np.ascontiguousarray(faces, "<u4").tobytes()
        self.accessors.append({
            "bufferView": self.view(payload, _ELEMENT_ARRAY_BUFFER), "componentType": _UINT32,
            "count": faces.size, "type": "SCALAR",
        })
        return len(self.accessors) - 1


def glb_bytes(mesh: Mesh, *, name: str, before: Mesh | None = None, png: bytes | None = None) -> bytes:
    """The mesh as a GLB file.

    name: of node, mesh and material. before: the shape for the morph target "photo" (same topology).
    png: the texture already encoded by `texture_png` (else it is encoded here). Raises BadMesh.
    """
    surface = surface_of(mesh)
    buffer = GltfBuffer()
    primitive: dict[str, Any] = {
        "attributes": {
            "POSITION": buffer.vectors(surface.vertices * METRES_PER_MM, bounds=True),
            "NORMAL": buffer.vectors(surface.normals),
        },
        "indices": buffer.indices(surface.faces),
        "material": 0,
    }
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": f"Twinbrush {__version__}"},
        "scene": 0,
        "scenes": [{"name": name, "nodes": [0]}],
        "nodes": [{"name": name, "mesh": 0}],
        "meshes": [{"name": name, "primitives": [primitive]}],
        "materials": [_material(name)],
    }
    image = png if png is not None else texture_png(mesh)
    if image is not None and surface.uv is not None:
        primitive["attributes"]["TEXCOORD_0"] = buffer.vectors(surface.uv * (1, -1) + (0, 1))  # v grows downward
        document |= texture_entries(name, buffer.view(image, None))
        document["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"] = {"index": 0}
    if before is not None:
        primitive["targets"] = [_morph_target(buffer, surface, mesh, before)]
        document["meshes"][0] |= {"weights": [0.0], "extras": {"targetNames": ["photo"]}}
    document |= {"bufferViews": buffer.views, "accessors": buffer.accessors}
    document["buffers"] = [{"byteLength": len(buffer.data)}]
    return container(document, bytes(buffer.data))


def _material(name: str) -> dict[str, Any]:
    """Rough, not metallic, seen from both sides."""
    pbr = {"baseColorFactor": [1.0, 1.0, 1.0, 1.0], "metallicFactor": 0.0, "roughnessFactor": ROUGHNESS}
    return {"name": name, "doubleSided": True, "pbrMetallicRoughness": pbr}


def texture_entries(name: str, image_view: int) -> dict[str, Any]:
    """Returns the document's image, sampler and texture."""
    sampler = {
        "magFilter": _LINEAR, "minFilter": _LINEAR_MIPMAP_LINEAR, "wrapS": _CLAMP_TO_EDGE, "wrapT": _CLAMP_TO_EDGE,
    }
    return {
        "images": [{"name": name, "mimeType": "image/png", "bufferView": image_view}],
        "samplers": [sampler],
        "textures": [{"source": 0, "sampler": 0}],
    }


def _morph_target(buffer: GltfBuffer, surface: Surface, mesh: Mesh, before: Mesh) -> dict[str, int]:
    """Offsets of positions and normals from `mesh` to `before`."""
    if before.vertices.shape != mesh.vertices.shape or not np.array_equal(before.faces, mesh.faces):
        raise BadMesh(
            "The mesh before stylization has another topology than the result.",
            "Both must have the same vertices and triangles.",
        )
    vertices = before.vertices[surface.kept]
    normals = vertex_normals(vertices, surface.faces, surface.seam)
    return {
        "POSITION": buffer.vectors((vertices - surface.vertices) * METRES_PER_MM, bounds=True),
        "NORMAL": buffer.vectors(normals - surface.normals),
    }


def container(document: Mapping[str, Any], binary: bytes) -> bytes:
    """GLB: 12-byte header, then the JSON chunk padded with spaces and the binary chunk padded with zeros."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    return b"".join([
        struct.pack("<III", _MAGIC, 2, 12 + 8 + len(text) + 8 + len(binary)),
        struct.pack("<II", len(text), JSON_CHUNK), text,
        struct.pack("<II", len(binary), BINARY_CHUNK), binary,
    ])
