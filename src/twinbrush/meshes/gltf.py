"""GLB and glTF: every triangle of the scene, through its nodes, with the base colour of its materials."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from twinbrush.meshes.gltf_document import Document, as_floats, read_accessor, read_document, resource, view_bytes
from twinbrush.meshes.guard import check_size, fail
from twinbrush.meshes.pictures import decode_texture
from twinbrush.meshes.values import FileModel, Material, Polygons

_MISTAKES = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, np.linalg.LinAlgError)
_TRIANGLES, _STRIP, _FAN = 4, 5, 6
_MAX_NODES = 100_000


@dataclass(frozen=True)
class Part:
    """One primitive of one node: its positions are rows first .. first + count of the polygons' positions, its corners
    begin at `corner`; matrix (4, 4): its own frame -> the scene; material: index in FileModel.materials."""

    node: int
    mesh: int
    primitive: int
    first: int
    count: int
    corner: int
    corners: int
    material: int
    matrix: Float[np.ndarray, "4 4"]


@dataclass(frozen=True)
class GltfPayload:
    """document; parts; material_index: the document's material of each of FileModel.materials (-1: it had none)."""

    document: Document
    parts: tuple[Part, ...]
    material_index: tuple[int, ...]


@dataclass
class _Gathered:
    positions: list[np.ndarray] = field(default_factory=list)
    corners: list[np.ndarray] = field(default_factory=list)
    uv: list[np.ndarray] = field(default_factory=list)
    has_uv: list[np.ndarray] = field(default_factory=list)
    colours: list[np.ndarray] = field(default_factory=list)
    coloured: bool = False
    material: list[np.ndarray] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    materials: dict[int, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def read_gltf(path: Path, data: bytes) -> FileModel:
    """Parse a GLB or glTF. Raises BadMesh."""
    document = read_document(path, data)
    out = _Gathered()
    if document.mended:
        out.warnings.append(f"{path.name}: NaN and infinite numbers in its JSON became null.")
    try:
        for node, matrix in _placed_nodes(path, document.tree):
            _gather_node(path, document, node, matrix, out)
        if not out.parts:
            fail(path, "has no triangles in its scene.", "Export the mesh with its faces.")
        materials = tuple(_material(path, document, number, out.warnings) for number in out.materials)
    except _MISTAKES as error:
        fail(path, f"is not valid glTF ({type(error).__name__}: {str(error)[:60]}).", "Export it again.")
    corners = np.concatenate(out.corners)
    uv, has_uv = np.concatenate(out.uv), np.concatenate(out.has_uv)
    corner_uv = np.where(has_uv[corners], corners, -1)
    colours = np.concatenate(out.colours) if out.coloured else None
    polygons = Polygons(np.concatenate(out.positions), np.full(len(corners) // 3, 3), corners, corner_uv,
                        uv, np.concatenate(out.material), colours)
    payload = GltfPayload(document, tuple(out.parts), tuple(out.materials))
    return FileModel("glb" if document.binary else "gltf", polygons, materials, payload, str(path),
                     hashlib.sha256(data).hexdigest(), 1.0, True, tuple(dict.fromkeys(out.warnings)))


def _placed_nodes(path: Path, tree: dict[str, Any]) -> list[tuple[int, Float[np.ndarray, "4 4"]]]:
    """The nodes with a mesh and where they stand; in the order of the scene."""
    nodes = tree.get("nodes", [])
    scenes = tree.get("scenes", [])
    children = {child for node in nodes for child in node.get("children", [])}
    roots = scenes[tree.get("scene", 0)].get("nodes", []) if scenes else [
        number for number in range(len(nodes)) if number not in children]
    placed: list[tuple[int, np.ndarray]] = []
    waiting = [(root, np.eye(4)) for root in reversed(roots)]
    visited = 0
    while waiting:
        number, above = waiting.pop()
        node = nodes[number] if number >= 0 else None
        visited += 1
        if node is None or visited > _MAX_NODES:
            fail(path, "its nodes contain each other, or are too many.", "Export it again.")
        with np.errstate(all="ignore"):  # what is no finite number is told where the node's mesh is read
            matrix = above @ _local(node)
        if "mesh" in node:
            # the node of a skinned mesh does not move it; its joints do, and at rest they leave it in place
            placed.append((number, np.eye(4) if "skin" in node else matrix))
        waiting += [(child, matrix) for child in reversed(node.get("children", []))]
    return placed


def _local(node: dict[str, Any]) -> Float[np.ndarray, "4 4"]:
    """The node's own transform: its matrix (column by column), or translation, rotation (quaternion), scale."""
    if "matrix" in node:
        return np.array(node["matrix"], float).reshape(4, 4).T
    x, y, z, w = np.array(node.get("rotation", (0, 0, 0, 1)), float)
    rotation = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * np.array(node.get("scale", (1, 1, 1)), float)
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix


def _gather_node(
    path: Path, document: Document, number: int, matrix: Float[np.ndarray, "4 4"], out: _Gathered
) -> None:
    node = document.tree["nodes"][number]
    if "skin" in node:
        out.warnings.append(f"{path.name}: a skinned mesh is worked on as it is stored (its rest shape).")
    if not np.isfinite(matrix).all():
        fail(path, f"node {number} has a transform that is not made of finite numbers.")
    first, second, third = matrix[:3, :3]
    with np.errstate(all="ignore"):  # numpy's determinant divides by zero where a scale is hardly a number
        volume = float(np.cross(first, second) @ third)
    if abs(volume) < 1e-30:
        out.warnings.append(f"{path.name}: node {number} is scaled to nothing; it is not worked on.")
        return
    for place, primitive in enumerate(document.tree["meshes"][node["mesh"]]["primitives"]):
        mode = primitive.get("mode", _TRIANGLES)
        if mode not in (_TRIANGLES, _STRIP, _FAN) or "POSITION" not in primitive["attributes"]:
            out.warnings.append(f"{path.name}: points and lines are not worked on; they stay in the file.")
            continue
        if "KHR_draco_mesh_compression" in primitive.get("extensions", {}):
            fail(path, "is compressed (KHR_draco_mesh_compression).", "Export it without compression.")
        _gather(path, document, (number, node["mesh"], place), matrix, out)


def _gather(
    path: Path, document: Document, where: tuple[int, int, int], matrix: Float[np.ndarray, "4 4"], out: _Gathered
) -> None:
    primitive = document.tree["meshes"][where[1]]["primitives"][where[2]]
    attributes = primitive["attributes"]
    local = attribute(path, document, attributes["POSITION"])
    for group in (attributes, *primitive.get("targets", [])):  # all that goes back must be sound
        if any(len(read_accessor(path, document, one)) != len(local) for one in group.values()):
            fail(path, "a primitive's attributes have different counts.", "Export it again.")
    first = sum(map(len, out.positions))
    corners = primitive_triangles(path, document, primitive, len(local))
    check_size(path, "corners", sum(map(len, out.corners)) + corners.size)
    wrong = corners >= len(local)
    if wrong.any():
        fail(path, f"a triangle names vertex {int(corners[wrong][0])}, but there are {len(local)}.")
    number = primitive.get("material", -1)
    material = out.materials.setdefault(number, len(out.materials))
    slot = _base_colour(document.tree, number)
    uv = attributes.get(f"TEXCOORD_{_coordinates(slot)}")
    out.uv.append(_uv(path, document, uv, slot, len(local)))
    out.has_uv.append(np.full(len(local), uv is not None))
    colour = attributes.get("COLOR_0")
    out.coloured |= colour is not None
    out.colours.append(np.ones((len(local), 3)) if colour is None else
                       _srgb(attribute(path, document, colour)[:, :3]))
    out.parts.append(Part(*where, first, len(local), sum(map(len, out.corners)), corners.size, material, matrix))
    out.positions.append(local[:, :3] @ matrix[:3, :3].T + matrix[:3, 3])
    out.corners.append(first + corners.ravel())
    out.material.append(np.full(len(corners), material))


def attribute(path: Path, document: Document, number: int) -> Float[np.ndarray, "n k"]:
    """An accessor as float64."""
    accessor = document.tree["accessors"][number]
    return as_floats(read_accessor(path, document, number), bool(accessor.get("normalized", False)))


def primitive_triangles(
    path: Path, document: Document, primitive: dict[str, Any], count: int
) -> Int[np.ndarray, "f 3"]:
    """Local corner indices of a primitive's triangles, strips and fans cut."""
    index = (np.arange(count, dtype=np.uint32) if "indices" not in primitive else
             read_accessor(path, document, primitive["indices"])[:, 0])
    if index.dtype.kind != "u":
        fail(path, "the indices of a primitive are not whole numbers.", "Export it again.")
    index = index.astype(np.int64)
    mode = primitive.get("mode", _TRIANGLES)
    if mode == _TRIANGLES:
        return index[: len(index) // 3 * 3].reshape(-1, 3)
    if mode == _FAN:
        return np.stack([np.full(max(len(index) - 2, 0), index[0]), index[1:-1], index[2:]], 1)
    odd = np.arange(max(len(index) - 2, 0)) % 2 == 1
    a, b = index[:-2], index[1:-1]
    return np.stack([np.where(odd, b, a), np.where(odd, a, b), index[2:]], 1)


def _base_colour(tree: dict[str, Any], number: int) -> dict[str, Any]:
    """The base colour's texture info of a material (empty: none)."""
    if number < 0:
        return {}
    material = tree["materials"][number]
    glossy = material.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness", {})
    return material.get("pbrMetallicRoughness", {}).get("baseColorTexture") or glossy.get("diffuseTexture") or {}


def _coordinates(slot: dict[str, Any]) -> int:
    return int(slot.get("extensions", {}).get("KHR_texture_transform", {}).get("texCoord", slot.get("texCoord", 0)))


def _uv(
    path: Path, document: Document, number: int | None, slot: dict[str, Any], count: int
) -> Float[np.ndarray, "n 2"]:
    """Texture coordinates, v upward, after KHR_texture_transform."""
    if number is None:
        return np.zeros((count, 2))
    uv = attribute(path, document, number)[:, :2]
    if len(uv) != count:
        raise ValueError("texture coordinates of another count")
    transform = slot.get("extensions", {}).get("KHR_texture_transform")
    if transform:
        angle, scale = float(transform.get("rotation", 0)), np.array(transform.get("scale", (1, 1)), float)
        c, s = np.cos(angle), np.sin(angle)
        uv = (uv * scale) @ np.array([[c, -s], [s, c]]) + transform.get("offset", (0, 0))
    return uv * (1, -1) + (0, 1)


def _srgb(linear: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Linear light -> sRGB (IEC 61966-2-1)."""
    linear = np.clip(np.nan_to_num(linear), 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _material(path: Path, document: Document, number: int, warnings: list[str]) -> Material:
    if number < 0:
        return Material("default")
    material = document.tree["materials"][number]
    name = str(material.get("name", f"material_{number}"))
    pbr = material.get("pbrMetallicRoughness", {})
    glossy = material.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness", {})
    factor = pbr.get("baseColorFactor") or glossy.get("diffuseFactor") or [1, 1, 1]
    r, g, b = (float(v) for v in _srgb(np.array([factor[:3]], float))[0])
    slot = _base_colour(document.tree, number)
    if "index" not in slot:
        return Material(name, (r, g, b))
    texture = document.tree["textures"][slot["index"]]
    source = texture.get("extensions", {}).get("EXT_texture_webp", {}).get("source", texture.get("source"))
    data = image_bytes(path, document, source) if source is not None else None
    if data is None:
        warnings.append(f"{path.name}: the texture of material {name!r} is not there.")
        return Material(name, (r, g, b))
    picture = decode_texture(data, f"of material {name!r}")
    if isinstance(picture, str):
        warnings.append(f"{path.name}: {picture}")
        return Material(name, (r, g, b))
    warnings += [f"{path.name}: {note}" for note in picture.notes]
    return Material(name, (r, g, b), picture.rgb, picture.alpha, f"image {source}")


def image_bytes(path: Path, document: Document, number: int) -> bytes | None:
    """The encoded picture of an image; None when its file is not there. Raises BadMesh."""
    image = document.tree["images"][number]
    if "bufferView" in image:
        return view_bytes(path, document, image["bufferView"])
    return resource(path, image["uri"], "texture")
