"""A glTF document under change: new data comes in, what nothing names any more goes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from twinbrush.meshes.gltf import image_bytes
from twinbrush.meshes.gltf_document import KINDS, Document, view_bytes

_VERTICES, _INDICES = 34962, 34963
_ENDS = ("input", "output")  # accessors of an animation's sampler
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}


@dataclass
class ChangedScene:
    """The document under change: its tree, new data by the number of its bufferView."""

    path: Path
    document: Document
    tree: dict[str, Any]
    added: dict[int, bytes] = field(default_factory=dict)

    def view(self, data: bytes, target: int | None = None) -> int:
        """A new bufferView; returns its number."""
        views = self.tree.setdefault("bufferViews", [])
        views.append({"buffer": 0, "byteLength": len(data), **({} if target is None else {"target": target})})
        self.added[len(views) - 1] = data
        return len(views) - 1

    def accessor(self, values: np.ndarray, *, bounds: bool = False, like: dict[str, Any] | None = None) -> int:
        """A new accessor of vertex data (or indices: one dimension, uint32); returns its number."""
        target = _INDICES if values.ndim == 1 else _VERTICES
        rows = values.reshape(len(values), -1)
        size = rows.dtype.itemsize * rows.shape[1]
        padded = size + -size % 4 if target == _VERTICES else size
        data = np.zeros((len(rows), padded), np.uint8)
        data[:, :size] = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), size)
        kind = next(code for code, name in KINDS.items() if np.dtype("<" + name) == rows.dtype)
        entry: dict[str, Any] = {"bufferView": self.view(data.tobytes(), target), "componentType": kind,
                                 "count": len(rows), "type": _TYPES[rows.shape[1]]}
        if padded != size:
            self.tree["bufferViews"][entry["bufferView"]]["byteStride"] = padded
        if like is not None and like.get("normalized"):
            entry["normalized"] = True
        if bounds:
            entry |= {"min": rows.min(0).tolist(), "max": rows.max(0).tolist()}
        self.tree["accessors"].append(entry)
        return len(self.tree["accessors"]) - 1


def _live_images(tree: dict[str, Any]) -> set[int]:
    """Images that a material still shows."""
    live: set[int] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                if key.lower().endswith("texture") and isinstance(item, dict) and "index" in item:
                    texture = tree["textures"][item["index"]]
                    sources = [texture, *texture.get("extensions", {}).values()]
                    live.update(s["source"] for s in sources if "source" in s)
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(tree.get("materials", []))
    return live


def embed_other_images(scene: ChangedScene, new: set[int]) -> None:
    """Pictures that stay come along in the buffer; those that nothing shows any more become the new picture."""
    live, stand_in = _live_images(scene.tree), min(new)
    for number, image in enumerate(scene.tree["images"]):
        if number in new or ("bufferView" in image and number in live):
            continue
        if number not in live:
            kept = {"name": image["name"]} if "name" in image else {}
            replaced = {k: v for k, v in scene.tree["images"][stand_in].items() if k != "name"}
            scene.tree["images"][number] = {**kept, **replaced}
        elif not str(image.get("uri", "")).startswith("data:"):
            data = image_bytes(scene.path, scene.document, number)
            if data is not None:
                kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
                image.pop("uri", None)
                image |= {"mimeType": kind, "bufferView": scene.view(data)}


def compacted(scene: ChangedScene) -> bytes:
    """One buffer of all bufferViews that something names; the others go, accessors that nothing names first."""
    tree = scene.tree
    _drop_accessors(tree)
    used = sorted(_named(tree, "bufferView"))
    number = {old: new for new, old in enumerate(used)}
    binary, views = bytearray(), list[dict[str, Any]]()
    for old in used:
        view = tree["bufferViews"][old]
        data = scene.added[old] if old in scene.added else view_bytes(scene.path, scene.document, old)
        binary += b"\0" * (-len(binary) % 4)
        views.append({**view, "buffer": 0, "byteOffset": len(binary), "byteLength": len(data)})
        binary += data
    _renumber(tree, "bufferView", number)
    tree["bufferViews"], tree["buffers"] = views, [{"byteLength": len(binary)}]
    return bytes(binary)


def _drop_accessors(tree: dict[str, Any]) -> None:
    """Forget the data of accessors that no primitive, skin or animation names (their numbers stay)."""
    used: set[int] = set()
    for mesh in tree["meshes"]:
        for primitive in mesh.get("primitives", []):
            used.update(primitive["attributes"].values())
            used.update(v for target in primitive.get("targets", []) for v in target.values())
            used.update([primitive["indices"]] if "indices" in primitive else [])
    used.update(skin["inverseBindMatrices"] for skin in tree.get("skins", []) if "inverseBindMatrices" in skin)
    for animation in tree.get("animations", []):
        used.update(s[end] for s in animation.get("samplers", []) for end in _ENDS if end in s)
    for node in tree.get("nodes", []):
        used.update(node.get("extensions", {}).get("EXT_mesh_gpu_instancing", {}).get("attributes", {}).values())
    order = sorted(used)
    number = {old: new for new, old in enumerate(order)}
    tree["accessors"] = [tree["accessors"][old] for old in order]
    _point(tree, number)


def _point(tree: dict[str, Any], number: dict[int, int]) -> None:
    """New numbers of accessors, wherever they are named."""
    for mesh in tree["meshes"]:
        for primitive in mesh.get("primitives", []):
            for group in (primitive["attributes"], *primitive.get("targets", [])):
                group.update({name: number[old] for name, old in group.items()})
            if "indices" in primitive:
                primitive["indices"] = number[primitive["indices"]]
    for skin in tree.get("skins", []):
        if "inverseBindMatrices" in skin:
            skin["inverseBindMatrices"] = number[skin["inverseBindMatrices"]]
    for animation in tree.get("animations", []):
        for sampler in animation.get("samplers", []):
            sampler.update({end: number[sampler[end]] for end in _ENDS if end in sampler})
    for node in tree.get("nodes", []):
        group = node.get("extensions", {}).get("EXT_mesh_gpu_instancing", {}).get("attributes", {})
        group.update({name: number[old] for name, old in group.items()})


def _named(tree: Any, key: str) -> set[int]:
    """All numbers under `key`, anywhere."""
    if isinstance(tree, list):
        return set[int]().union(*(_named(item, key) for item in tree))
    if not isinstance(tree, dict):
        return set()
    own = {tree[key]} if isinstance(tree.get(key), int) else set[int]()
    return own.union(*(_named(item, key) for item in tree.values()))


def _renumber(tree: Any, key: str, number: dict[int, int]) -> None:
    for item in tree if isinstance(tree, list) else tree.values() if isinstance(tree, dict) else ():
        _renumber(item, key, number)
    if isinstance(tree, dict) and isinstance(tree.get(key), int):
        tree[key] = number[tree[key]]
