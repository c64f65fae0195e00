"""glTF 2.0's container: JSON, buffers, accessors (https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html)."""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from twinbrush.base.files import read_file
from twinbrush.meshes.guard import MAX_BYTES, beside, check_count, fail
from twinbrush.meshes.plain.gltf import BINARY_CHUNK, JSON_CHUNK

KINDS = {5120: "i1", 5121: "u1", 5122: "i2", 5123: "u2", 5125: "u4", 5126: "f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_UNREADABLE = ("KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_texture_basisu")
_MISTAKES = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True)
class Document:
    """tree: the JSON; buffers: the bytes of each buffer; binary: it came as a GLB; mended: it had numbers that JSON
    does not know (NaN, Infinity); they are null now."""

    tree: dict[str, Any]
    buffers: tuple[bytes, ...]
    binary: bool
    mended: bool = False


def read_document(path: Path, data: bytes) -> Document:
    """The JSON and the buffers. Raises BadMesh: damaged, another version, compressed, names outside its folder."""
    binary = data[:4] == b"glTF"
    text, chunk = _chunks(path, data) if binary else (data, None)
    try:
        tree, mended = _parsed(text)
        version = str(tree["asset"]["version"])
        needed = [name for name in tree.get("extensionsRequired", []) if name in _UNREADABLE]
    except _MISTAKES as error:
        fail(path, f"its JSON cannot be read ({type(error).__name__}: {str(error)[:60]}).", "Get the file again.")
    if not version.startswith("2."):
        fail(path, f"is glTF {version[:10]}; only 2.0 is read.", "Export it as glTF 2.0.")
    if needed:
        fail(path, f"is compressed ({', '.join(needed)}).", "Export it without compression.")
    try:
        buffers = tuple(_buffer(path, one, chunk if number == 0 else None)
                        for number, one in enumerate(tree.get("buffers", [])))
    except _MISTAKES as error:
        fail(path, f"has a damaged buffer ({type(error).__name__}).", "Export it again.")
    return Document(tree, buffers, binary, mended)


def _parsed(text: bytes) -> tuple[dict[str, Any], bool]:
    """The JSON; numbers that it does not know, and those too large for a float, become null (and that is told)."""
    strange: list[str] = []

    def number(word: str) -> float | None:
        value = float(word)
        if math.isfinite(value):
            return value
        strange.append(word)
        return None

    tree = json.loads(text, parse_constant=number, parse_float=number)
    if not isinstance(tree, dict):
        raise TypeError("no object")
    return tree, bool(strange)


def _chunks(path: Path, data: bytes) -> tuple[bytes, bytes | None]:
    """The JSON chunk and the binary chunk of a GLB."""
    if len(data) < 20:
        fail(path, "is cut short.", "Get the file again.")
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2:
        fail(path, f"is GLB version {version}; only 2 is read.", "Export it as glTF 2.0.")
    if length > len(data):
        fail(path, f"declares {length} bytes and has {len(data)}: cut short.", "Get the file again.")
    found: dict[int, bytes] = {}
    at = 12
    while at + 8 <= length:
        size, kind = struct.unpack_from("<II", data, at)
        if at + 8 + size > len(data):
            fail(path, "has a chunk that is cut short.", "Get the file again.")
        found.setdefault(kind, data[at + 8 : at + 8 + size])
        at += 8 + size
    if JSON_CHUNK not in found:
        fail(path, "has no JSON chunk.", "Get the file again.")
    return found[JSON_CHUNK], found.get(BINARY_CHUNK)


def _buffer(path: Path, buffer: dict[str, Any], chunk: bytes | None) -> bytes:
    data = chunk if "uri" not in buffer else resource(path, buffer["uri"], "buffer")
    if data is None:
        fail(path, f"names the buffer {str(buffer.get('uri', 'of the GLB'))[:80]!r}, which is not there.",
             "Put all of its files into one folder.")
    check_count(path, "bytes in a buffer", int(buffer["byteLength"]), len(data))
    return data


def resource(path: Path, uri: str, what: str) -> bytes | None:
    """What a URI names: data inside it, or a file beside `path`; None when it is not there. Raises BadMesh."""
    if uri.startswith("data:"):
        head, _, body = uri.partition(",")
        try:
            return base64.b64decode(body, validate=False) if head.endswith(";base64") else body.encode()
        except binascii.Error:
            fail(path, f"has a {what} whose base64 is damaged.", "Get the file again.")
    target, _ = beside(path, uri, encoded=True)
    if target is None:
        return None
    try:
        return read_file(target, MAX_BYTES)
    except OSError as error:
        fail(path, f"its {what} {uri[:60]!r} cannot be read ({error.strerror}).", "Check that file.")


def view_bytes(path: Path, document: Document, number: int) -> bytes:
    """The bytes of a bufferView. Raises BadMesh."""
    view = document.tree["bufferViews"][number]
    buffer = document.buffers[int(view["buffer"])]
    start, length = int(view.get("byteOffset", 0)), int(view["byteLength"])
    if start < 0 or length < 0 or start + length > len(buffer):
        fail(path, f"bufferView {number} lies outside its buffer.", "Get the file again.")
    return buffer[start : start + length]


def read_accessor(path: Path, document: Document, number: int) -> Shaped[np.ndarray, "n k"]:
    """The values of an accessor in their own type (n, components), sparse ones filled in. Raises BadMesh."""
    try:
        return _accessor(path, document, number)
    except _MISTAKES as error:
        fail(path, f"accessor {number} is damaged ({type(error).__name__}).", "Export it again.")


def _accessor(path: Path, document: Document, number: int) -> np.ndarray:
    if number < 0:
        raise IndexError(number)
    accessor = document.tree["accessors"][number]
    count, width = int(accessor["count"]), WIDTHS[accessor["type"]]
    kind = np.dtype("<" + KINDS[accessor["componentType"]])
    if "bufferView" in accessor:
        values = _strided(path, document, accessor, (count, width), kind)
    else:
        check_count(path, "values without data", count, 1 << 24)
        values = np.zeros((count, width), kind)
    sparse = accessor.get("sparse")
    if sparse:
        some = int(sparse["count"])
        where = _strided(path, document, sparse["indices"], (some, 1),
                         np.dtype("<" + KINDS[sparse["indices"]["componentType"]]))
        values = values.copy()
        values[where[:, 0].astype(np.int64)] = _strided(path, document, sparse["values"], (some, width), kind)
    return values


def _strided(
    path: Path, document: Document, place: dict[str, Any], shape: tuple[int, int], kind: np.dtype[Any]
) -> np.ndarray:
    view = document.tree["bufferViews"][int(place["bufferView"])]
    data = view_bytes(path, document, int(place["bufferView"]))
    start, size = int(place.get("byteOffset", 0)), kind.itemsize * shape[1]
    stride = int(view.get("byteStride", 0)) or size
    available = (len(data) - start - size) // stride + 1 if len(data) >= start + size else 0
    if start < 0:
        raise ValueError(start)
    check_count(path, "values in an accessor", shape[0], available)
    return np.ndarray(shape, kind, data, start, (stride, kind.itemsize))


def as_floats(values: Shaped[np.ndarray, "n k"], normalized: bool) -> np.ndarray:
    """float64; normalised integers become 0..1 or -1..1."""
    if not normalized or values.dtype.kind == "f":
        return values.astype(np.float64)
    return np.maximum(values.astype(np.float64) / np.iinfo(values.dtype).max, -1)
