"""glTF, written back: the same scene, nodes, names and materials; positions, normals and base colours are new.

Data that nothing names any more (old positions, old pictures) is left out. A mesh that several nodes show becomes one
mesh for each of them, because each of them moves on its own. New texture coordinates stand in a set of their own, so
that other maps (normals, roughness) keep theirs.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from twinbrush.meshes.gltf import GltfPayload, Part
from twinbrush.meshes.gltf_document import KINDS, WIDTHS, as_floats, read_accessor
from twinbrush.meshes.gltf_scene import ChangedScene, compacted, embed_other_images
from twinbrush.meshes.guard import fail
from twinbrush.meshes.normals import file_normals
from twinbrush.meshes.plain.gltf import container
from twinbrush.meshes.values import FileModel, SourceModel, Tile


def gltf_files(
    model: SourceModel, positions: Float[np.ndarray, "p 3"], pictures: list[tuple[str, bytes]], stem: str
) -> dict[str, bytes]:
    """`stem`.glb, or `stem`.gltf with .bin and pictures. pictures: (name, PNG) of each tile."""
    payload: GltfPayload = model.source.file.payload
    scene = ChangedScene(Path(model.source.file.path), payload.document, copy.deepcopy(payload.document.tree))
    _own_meshes(scene.tree, payload.parts)
    normals = _NormalsOf(model.source.file, positions)
    for part in payload.parts:
        tile = next((t for t in model.source.tiles if part.material in t.materials), None)
        _write_part(scene, model, part, tile, positions, normals)
    images = _repaint(scene, model, pictures)
    binary = payload.document.binary
    if binary:
        for number, (_, data) in images.items():
            scene.tree["images"][number] |= {"mimeType": "image/png", "bufferView": scene.view(data)}
    else:
        for number, (name, _) in images.items():
            scene.tree["images"][number]["uri"] = name
    embed_other_images(scene, set(images))
    data = compacted(scene)
    if binary:
        return {f"{stem}.glb": container(scene.tree, data)}
    scene.tree["buffers"][0]["uri"] = f"{stem}.bin"
    text = json.dumps(scene.tree, indent=1, allow_nan=False).encode()
    return {**dict(pictures), f"{stem}.bin": data, f"{stem}.gltf": text}


def rehearse(model: SourceModel) -> None:
    """Go through all of the writing, with other positions and without pictures: whatever of the file only a writer
    meets is met now, before hours of painting. Raises BadMesh."""
    file = model.source.file
    try:
        gltf_files(model, file.polygons.positions * 1.001 + 0.001, [("x.png", b"")] * len(model.source.tiles), "x")
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        fail(file.path, f"could not be written back ({type(error).__name__}: {str(error)[:60]}).", "Export it again.")


def _own_meshes(tree: dict[str, Any], parts: tuple[Part, ...]) -> None:
    """Every node gets a mesh of its own; the first keeps the number."""
    owner: dict[int, int] = {}
    for part in parts:
        first = owner.setdefault(part.mesh, part.node)
        node = tree["nodes"][part.node]
        if first != part.node and node["mesh"] == part.mesh:
            tree["meshes"].append(copy.deepcopy(tree["meshes"][part.mesh]))
            node["mesh"] = len(tree["meshes"]) - 1


@dataclass
class _NormalsOf:
    """The scene's normals before, by part, and the new ones."""

    file: FileModel
    positions: Float[np.ndarray, "p 3"]

    def new(self, part: Part, own: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """The part's normals in its own frame. own: as they are (its own frame)."""
        polygons = self.file.polygons
        linear = part.matrix[:3, :3]
        in_scene = own @ np.linalg.inv(linear)
        rows = np.full(len(polygons.corners), -1)
        mine = slice(part.corner, part.corner + part.corners)
        rows[mine] = polygons.corners[mine] - part.first
        back = file_normals(polygons, rows, in_scene, self.positions) @ linear
        return back / np.maximum(np.linalg.norm(back, axis=1, keepdims=True), 1e-30)


def _write_part(
    scene: ChangedScene, model: SourceModel, part: Part, tile: Tile | None, positions: Float[np.ndarray, "p 3"],
    normals: _NormalsOf,
) -> None:
    """New positions, normals, and texture coordinates where they are new."""
    mesh = scene.tree["meshes"][scene.tree["nodes"][part.node]["mesh"]]
    primitive = mesh["primitives"][part.primitive]
    attributes = primitive["attributes"]
    rows = slice(part.first, part.first + part.count)
    old = model.source.file.polygons.positions[rows]
    if not np.array_equal(positions[rows], old):
        inverse = np.linalg.inv(part.matrix)
        local = positions[rows] @ inverse[:3, :3].T + inverse[:3, 3]
        if "NORMAL" in attributes:
            number = attributes["NORMAL"]
            normalized = bool(scene.tree["accessors"][number].get("normalized"))
            own = as_floats(read_accessor(scene.path, scene.document, number), normalized)
            attributes["NORMAL"] = scene.accessor(normals.new(part, own).astype("<f4"))
        attributes["POSITION"] = scene.accessor(local.astype("<f4"), bounds=True)
        attributes.pop("TANGENT", None)
    if tile is None:
        return
    attributes.pop("COLOR_0", None)  # the painting has them in it
    if not tile.kept and model.mesh.uv is not None:
        _split(scene, model, part, tile, primitive)


def _split(scene: ChangedScene, model: SourceModel, part: Part, tile: Tile, primitive: dict[str, Any]) -> None:
    """New texture coordinates: vertices that have several become several (the first keeps its number)."""
    mine = slice(part.corner, part.corner + part.corners)
    local = model.source.file.polygons.corners[mine] - part.first
    worked = np.maximum(model.source.corner_vertex[mine], 0)
    pairs, index = np.unique(np.stack([local, worked], 1), axis=0, return_inverse=True)
    index = index.reshape(-1)
    first = np.ones(len(pairs), bool)
    first[1:] = pairs[1:, 0] != pairs[:-1, 0]
    number = np.empty(len(pairs), np.int64)
    number[first] = pairs[first, 0]
    number[~first] = part.count + np.arange(int((~first).sum()))
    copy_of = np.concatenate([np.arange(part.count), pairs[~first, 0]])
    uv = np.zeros((len(copy_of), 2))
    uv[number] = tile.to_file(model.mesh.uv[pairs[:, 1]]) * (1, -1) + (0, 1)  # type: ignore[index]
    attributes = primitive["attributes"]
    if len(copy_of) > part.count:
        for group in (attributes, *primitive.get("targets", [])):
            for name in group:
                group[name] = _taken(scene, group[name], copy_of, name)
        primitive["indices"] = scene.accessor(number[index].astype("<u4"))
        primitive["mode"] = 4
    free = next(k for k in range(100) if f"TEXCOORD_{k}" not in attributes)
    attributes[f"TEXCOORD_{free}"] = scene.accessor(uv.astype("<f4"))
    primitive.setdefault("extras", {})["_new"] = free


def _taken(scene: ChangedScene, accessor: int, rows: Int[np.ndarray, "n"], name: str) -> int:
    """An accessor's rows, some of them several times, as a new accessor."""
    info = scene.tree["accessors"][accessor]
    if info.get("bufferView") in scene.added:
        kind = np.dtype("<" + KINDS[info["componentType"]])
        data = np.frombuffer(scene.added[info["bufferView"]], kind)
        values = data.reshape(info["count"], -1)[:, : WIDTHS[info["type"]]]
    else:
        values = read_accessor(scene.path, scene.document, accessor)
    return scene.accessor(np.ascontiguousarray(values[rows]), bounds=name == "POSITION", like=info)


def _repaint(
    scene: ChangedScene, model: SourceModel, pictures: list[tuple[str, bytes]]
) -> dict[int, tuple[str, bytes]]:
    """Base colours: white times the new picture. Returns {image number: (name, PNG)}."""
    tree, file = scene.tree, model.source.file
    payload: GltfPayload = file.payload
    new: dict[int, tuple[str, bytes]] = {}
    for tile, picture in zip(model.source.tiles, pictures, strict=True):
        tree.setdefault("images", []).append({"name": picture[0].removesuffix(".png")})
        image = len(tree["images"]) - 1
        new[image] = picture
        for member in tile.materials:
            number = _material_number(tree, payload, member)
            coordinates = _set_of(tree, payload.parts, member)
            _repaint_material(tree, tree["materials"][number], image, tile, coordinates)
    for mesh in tree["meshes"]:
        for primitive in mesh.get("primitives", []):
            if "_new" in primitive.get("extras", {}):
                primitive["extras"].pop("_new")
                if not primitive["extras"]:
                    primitive.pop("extras")
    return new


def _material_number(tree: dict[str, Any], payload: GltfPayload, member: int) -> int:
    """The document's material; primitives that had none get one."""
    number = payload.material_index[member]
    if number >= 0:
        return number
    tree.setdefault("materials", []).append({"name": "default", "pbrMetallicRoughness": {
        "metallicFactor": 0.0, "roughnessFactor": 0.9}})
    number = len(tree["materials"]) - 1
    for part in payload.parts:
        if part.material == member:
            tree["meshes"][tree["nodes"][part.node]["mesh"]]["primitives"][part.primitive]["material"] = number
    return number


def _set_of(tree: dict[str, Any], parts: tuple[Part, ...], member: int) -> int | None:
    """The set of new texture coordinates of a material's primitives (one number for all of them), None if kept."""
    primitives = [tree["meshes"][tree["nodes"][p.node]["mesh"]]["primitives"][p.primitive]
                  for p in parts if p.material == member]
    sets = [primitive.get("extras", {}).get("_new") for primitive in primitives]
    if not sets or sets[0] is None:
        return None
    highest = max(number for number in sets if number is not None)
    for primitive, number in zip(primitives, sets, strict=True):
        attributes = primitive["attributes"]
        moved = attributes.pop(f"TEXCOORD_{number}")
        for gap in range(highest):  # sets are counted without gaps
            attributes.setdefault(f"TEXCOORD_{gap}", moved)
        attributes[f"TEXCOORD_{highest}"] = moved
    return highest


def _repaint_material(
    tree: dict[str, Any], material: dict[str, Any], image: int, tile: Tile, coordinates: int | None
) -> None:
    glossy = material.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness")
    pbr = material.setdefault("pbrMetallicRoughness", {})
    places = [(pbr, "baseColorTexture", "baseColorFactor")]
    if glossy is not None:
        places.append((glossy, "diffuseTexture", "diffuseFactor"))
    for owner, slot, factor in places:
        info = owner.get(slot, {})
        texture: dict[str, Any] = {"source": image}
        if "index" in info and "sampler" in tree["textures"][info["index"]]:
            texture["sampler"] = tree["textures"][info["index"]]["sampler"]
        tree.setdefault("textures", []).append(texture)
        extensions: dict[str, Any] = dict(info.get("extensions", {}))
        info = {**info, "index": len(tree["textures"]) - 1, "extensions": extensions}
        if coordinates is not None:
            extensions.pop("KHR_texture_transform", None)
            info["texCoord"] = coordinates
        if not extensions:
            info.pop("extensions")
        owner[slot] = info
        owner[factor] = [1.0, 1.0, 1.0, float(owner.get(factor, (1, 1, 1, 1))[3])]
