"""STL, binary and ASCII: a soup of triangles; equal corners become one position (STL itself knows no topology)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from twinbrush.meshes.guard import check_count, check_size, fail
from twinbrush.meshes.triangulate import weld
from twinbrush.meshes.values import FileModel, Material, Polygons

_HEADER = 80
_RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
# At the beginning of a line only: "solid facet normal ..." is a name.
_VERTEX = re.compile(rb"(?<![^\r\n])[ \t]*vertex[ \t]+([^\r\n]*)", re.IGNORECASE)
_NORMAL = re.compile(rb"(?<![^\r\n])[ \t]*facet[ \t]+normal[ \t]+([^\r\n]*)", re.IGNORECASE)


@dataclass(frozen=True)
class StlPayload:
    """data: the file's bytes; binary: which of the two kinds it is."""

    data: bytes
    binary: bool


def read_stl(path: Path, data: bytes) -> FileModel:
    """Parse an STL. Raises BadMesh."""
    count = int.from_bytes(data[_HEADER : _HEADER + 4], "little")
    exact = len(data) == _HEADER + 4 + _RECORD.itemsize * count
    binary = exact or not _VERTEX.search(data)
    soup = _binary(path, data, count) if binary else _ascii(path, data)
    if len(soup) == 0:
        fail(path, "has no triangles.", "Export the mesh again.")
    if not np.isfinite(soup).all():
        fail(path, f"{int((~np.isfinite(soup)).any((1, 2)).sum())} triangles have corners that are not finite numbers.")
    flat = soup.reshape(-1, 3).astype(np.float64)
    corners = weld(flat)
    positions = np.zeros((int(corners.max()) + 1, 3))
    positions[corners] = flat
    faces = len(soup)
    polygons = Polygons(positions, np.full(faces, 3), corners, np.full(3 * faces, -1), np.zeros((0, 2)),
                        np.zeros(faces, np.int64))
    note = f"{path.name}: STL carries no colours; the painting is in the GLB."
    return FileModel("stl", polygons, (Material("default"),), StlPayload(data, binary), str(path),
                     hashlib.sha256(data).hexdigest(), warnings=(note,))


def _binary(path: Path, data: bytes, count: int) -> Float[np.ndarray, "f 3 3"]:
    check_count(path, "triangles", count, (len(data) - _HEADER - 4) // _RECORD.itemsize)
    check_size(path, "corners", 3 * count)
    return np.frombuffer(data, _RECORD, count, _HEADER + 4)["corners"].astype(np.float64)


def _ascii(path: Path, data: bytes) -> Float[np.ndarray, "f 3 3"]:
    rows = _VERTEX.findall(data)
    check_size(path, "corners", len(rows))
    words = [row.split() for row in rows]
    if len(rows) % 3 or not re.search(rb"\bendsolid\b", data[-4096:], re.IGNORECASE):
        fail(path, f"is cut short after {len(rows)} corners.", "Get the file again.")
    try:
        return np.array(words).astype(np.float64).reshape(-1, 3, 3)
    except ValueError:
        number = next((k for k, w in enumerate(words) if len(w) != 3 or not _is_point(w)), 0)
        text = b" ".join(words[number])[:60].decode("utf-8", "replace") if words else ""
        fail(path, f"corner {number} is {text!r}: three numbers are needed.")


def _is_point(words: list[bytes]) -> bool:
    try:
        return len([float(word) for word in words]) == 3
    except ValueError:
        return False


def stl_bytes(file: FileModel, positions: Float[np.ndarray, "p 3"]) -> bytes:
    """The file with other positions: same triangles, order, names and attributes; normals by the new shape."""
    payload: StlPayload = file.payload
    old = file.polygons.positions
    if np.array_equal(positions, old):
        return payload.data
    soup = positions[file.polygons.corners].reshape(-1, 3, 3)
    normals = np.cross(soup[:, 1] - soup[:, 0], soup[:, 2] - soup[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    if payload.binary:
        records = np.frombuffer(payload.data, _RECORD, len(soup), _HEADER + 4).copy()
        records["corners"], records["normal"] = soup, normals
        end = _HEADER + 4 + records.nbytes
        return payload.data[: _HEADER + 4] + records.tobytes() + payload.data[end:]
    corner_rows, normal_rows = iter(soup.reshape(-1, 3).tolist()), iter(normals.tolist())
    text = _VERTEX.sub(lambda _: b"      vertex %.9g %.9g %.9g" % tuple(next(corner_rows)), payload.data)
    if len(_NORMAL.findall(text)) != len(soup):  # a triangle without its normal: they stay as they are
        return text
    return _NORMAL.sub(lambda _: b"  facet normal %.6g %.6g %.6g" % tuple(next(normal_rows)), text)
