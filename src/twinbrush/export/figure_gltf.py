"""GLB of a figure: a node a part, eyes that turn, ARKit's expressions as sparse morph targets (glTF 2.0, Khronos).

Metres, y up, the face looks along +z. The head's node stands where it nods; eyes and teeth are its children. An eye
looks along its node's own +z. Morph targets carry positions and normals, each only for the vertices that move; their
names stand in `extras.targetNames` of the mesh, as Blender, Unity and three.js read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from twinbrush import __version__
from twinbrush.base.files import write_atomically
from twinbrush.base.mesh import vertex_normals
from twinbrush.meshes.plain.gltf import METRES_PER_MM, GltfBuffer, container, texture_entries
from twinbrush.sculpt.values import Figure, Part

ROUGHNESS = {"Head": 0.75, "EyeLeft": 0.25, "EyeRight": 0.25, "Teeth": 0.35}
USUAL_ROUGHNESS = 0.8
LEAST_TURN = 1e-3  # of a normal, below which a morph target leaves it as it is
_FLOAT, _UINT16, _UINT32 = 5126, 5123, 5125


@dataclass(frozen=True)
class Detail:
    """A relief for the GLB: normal map, roughness (green), encoded; tangents: {part: (n, 4)} of the parts with it."""

    normal: bytes
    roughness: bytes
    tangents: Mapping[str, Float[np.ndarray, "_ 4"]]


def figure_bytes(figure: Figure, png: bytes, detail: Detail | None = None) -> bytes:
    """The figure as a GLB file. png: its texture, encoded."""
    buffer = GltfBuffer()
    nodes: list[dict[str, Any]] = []
    meshes: list[dict[str, Any]] = []
    materials: list[dict[str, Any]] = []
    root = figure.parts[0]
    for number, part in enumerate(figure.parts):
        nodes.append(_node(part, np.zeros(3) if part is root else root.pivot, number))
        tangents = None if detail is None else detail.tangents.get(part.name)
        meshes.append(_mesh(buffer, part, number, tangents))
        materials.append(_material(part.name, detailed=tangents is not None))
    nodes[0]["children"] = list(range(1, len(nodes)))
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": f"Twinbrush {__version__}"},
        "scene": 0,
        "scenes": [{"name": "figure", "nodes": [0]}],
        "nodes": nodes,
        "meshes": meshes,
        "materials": materials,
        **_textures(buffer, png, detail),
        "bufferViews": buffer.views,
        "accessors": buffer.accessors,
        "buffers": [{"byteLength": len(buffer.data)}],
    }
    return container(document, bytes(buffer.data))


def write_figure(figure: Figure, path: Path | str, png: bytes, detail: Detail | None = None) -> Path:
    """Write `figure_bytes` to `path`, whole or not at all. Raises OutputError."""
    return write_atomically(path, figure_bytes(figure, png, detail))


def _textures(buffer: GltfBuffer, png: bytes, detail: Detail | None) -> dict[str, Any]:
    """The document's images, sampler and textures: colour, then normals and roughness."""
    entries = texture_entries("figure", buffer.view(png, None))
    for name, image in () if detail is None else (("normal", detail.normal), ("roughness", detail.roughness)):
        entries["images"].append({"name": name, "mimeType": "image/png", "bufferView": buffer.view(image, None)})
        entries["textures"].append({"source": len(entries["images"]) - 1, "sampler": 0})
    return entries


def _node(part: Part, parent: np.ndarray, number: int) -> dict[str, Any]:
    node: dict[str, Any] = {
        "name": part.name, "mesh": number, "translation": ((part.pivot - parent) * METRES_PER_MM).tolist(),
    }
    if not np.array_equal(part.turn, np.eye(3)):
        node["rotation"] = Rotation.from_matrix(part.turn).as_quat().tolist()
    return node


def _material(name: str, *, detailed: bool) -> dict[str, Any]:
    pbr: dict[str, Any] = {
        "baseColorTexture": {"index": 0}, "metallicFactor": 0.0,
        "roughnessFactor": ROUGHNESS.get(name, USUAL_ROUGHNESS),
    }
    if not detailed:
        return {"name": name, "doubleSided": True, "pbrMetallicRoughness": pbr}
    pbr |= {"roughnessFactor": 1.0, "metallicRoughnessTexture": {"index": 2}}
    return {"name": name, "doubleSided": True, "pbrMetallicRoughness": pbr, "normalTexture": {"index": 1}}


def _mesh(buffer: GltfBuffer, part: Part, number: int, tangents: np.ndarray | None) -> dict[str, Any]:
    mesh = part.mesh
    normals = mesh.normals()
    assert mesh.uv is not None
    primitive: dict[str, Any] = {
        "attributes": {
            "POSITION": buffer.vectors((mesh.vertices - part.pivot) @ part.turn * METRES_PER_MM, bounds=True),
            "NORMAL": buffer.vectors(_unit(normals @ part.turn)),
            "TEXCOORD_0": buffer.vectors(mesh.uv * (1, -1) + (0, 1)),
        },
        "indices": buffer.indices(mesh.faces),
        "material": number,
    }
    if tangents is not None:
        primitive["attributes"]["TANGENT"] = buffer.vectors(
            np.column_stack([tangents[:, :3] @ part.turn, tangents[:, 3]]))
    entry: dict[str, Any] = {"name": part.name, "primitives": [primitive]}
    if part.targets:
        primitive["targets"] = [_target(buffer, part, normals, *target) for target in part.targets.values()]
        entry |= {"weights": [0.0] * len(part.targets), "extras": {"targetNames": list(part.targets)}}
    return entry


def _unit(normals: np.ndarray) -> np.ndarray:
    """Unit normals; a vertex that has none gets one, as the format asks."""
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 0.5, normals / np.maximum(length, 1e-9), [0.0, 0.0, 1.0])


def _target(
    buffer: GltfBuffer, part: Part, normals: np.ndarray, moved: np.ndarray, offsets: np.ndarray
) -> Mapping[str, int]:
    mesh = part.mesh
    goal = mesh.vertices.copy()
    goal[moved] += offsets
    change = vertex_normals(goal, mesh.faces, mesh.seam) - normals
    turned = np.flatnonzero(np.linalg.norm(change, axis=1) > LEAST_TURN)
    return {
        "POSITION": _sparse(buffer, moved, offsets @ part.turn * METRES_PER_MM, len(goal)),
        "NORMAL": _sparse(buffer, turned, change[turned] @ part.turn, len(goal)),
    }


def _sparse(buffer: GltfBuffer, places: np.ndarray, values: np.ndarray, count: int) -> int:
    """Append a sparse accessor of float32 vectors, zero elsewhere; returns its index."""
    values = np.ascontiguousarray(values, "<f4")
    low, high = (np.zeros(3), np.zeros(3)) if not len(values) else (values.min(0), values.max(0))
    if len(places) < count:
        low, high = np.minimum(low, 0), np.maximum(high, 0)
    accessor: dict[str, Any] = {
        "componentType": _FLOAT, "count": count, "type": "VEC3", "min": low.tolist(), "max": high.tolist(),
    }
    if len(places):
        kind, code = ("<u2", _UINT16) if count <= 65536 else ("<u4", _UINT32)
        accessor["sparse"] = {
            "count": len(places),
            "indices": {
                "bufferView": buffer.view(np.ascontiguousarray(places, kind).tobytes(), None), "componentType": code,
            },
            "values": {"bufferView": buffer.view(values.tobytes(), None)},
        }
    buffer.accessors.append(accessor)
    return len(buffer.accessors) - 1
