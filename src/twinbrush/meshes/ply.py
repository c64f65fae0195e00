"""PLY, ASCII and binary: any order and type of properties; what is not coordinates or colour goes back untouched.

Coordinates of textures are read from the vertices (s, t; u, v...) or from the faces' corners (the list `texcoord`);
the picture from the comment TextureFile. A mesh without them gets its painting as colours of the vertices.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from twinbrush.meshes.guard import beside, check_count, check_size, fail
from twinbrush.meshes.pictures import read_texture
from twinbrush.meshes.ply_tables import Element, Table, read_tables, table_bytes
from twinbrush.meshes.values import FileModel, Material, Polygons

_UV_NAMES = (("s", "t"), ("u", "v"), ("texture_u", "texture_v"), ("texcoord_u", "texcoord_v"))
_COLOURS = (("red", "green", "blue"), ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue"))
_KINDS = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}
_TEXTURE = re.compile(r"^comment\s+TextureFile\s+(.+)$", re.IGNORECASE)
_MAX_HEADER = 1 << 16


@dataclass(frozen=True)
class PlyPayload:
    """header: its lines; order: "<", ">" or "" (ASCII); vertex: the rows of the vertices as they are; before, after:
    the bytes of the elements around them; normals, colours, uv: names of those properties, if there are any."""

    header: tuple[str, ...]
    order: str
    vertex: Table
    before: bytes
    after: bytes
    normals: bool
    colours: tuple[str, str, str] | None
    uv: tuple[str, str] | None


def read_ply(path: Path, data: bytes) -> FileModel:
    """Parse a PLY. Raises BadMesh."""
    header, order, elements, start = _header(path, data)
    names = [element.name for element in elements]
    if "vertex" not in names:
        fail(path, "declares no vertices.", "Export the mesh again.")
    tables, ends = read_tables(path, data, start, order, elements)
    vertex = tables["vertex"]
    columns = vertex.columns
    if not {"x", "y", "z"} <= set(columns):
        fail(path, "its vertices have no x, y, z.", "Export the mesh again.")
    positions = np.stack([columns[axis].astype(np.float64) for axis in "xyz"], 1)
    sizes, corners, wedge = _faces(path, tables)
    check_size(path, "corners", len(corners))
    uv_names = next((pair for pair in _UV_NAMES if set(pair) <= set(columns)), None)
    colour_names = next((three for three in _COLOURS if set(three) <= set(columns)), None)
    uv, corner_uv = _uv(columns, uv_names, corners, wedge)
    material, warnings = _material(path, header)
    polygons = Polygons(positions, sizes, corners, corner_uv, uv, np.zeros(len(sizes), np.int64),
                        _colours(columns, colour_names))
    place = names.index("vertex")
    payload = PlyPayload(header, order, vertex, data[start : ends[place - 1] if place else start], data[ends[place] :],
                         {"nx", "ny", "nz"} <= set(columns), colour_names, uv_names)
    return FileModel("ply", polygons, (material,), payload, str(path), hashlib.sha256(data).hexdigest(),
                     warnings=tuple(warnings))


def _header(path: Path, data: bytes) -> tuple[tuple[str, ...], str, list[Element], int]:
    """Its lines, byte order, elements, and where the data begins. Raises BadMesh."""
    end = re.search(rb"^end_header[ \t]*\r?\n", data[:_MAX_HEADER], re.MULTILINE)
    if end is None:
        fail(path, "its header does not end: cut short or damaged.", "Get the file again.")
    lines = data[: end.start()].decode("latin-1").splitlines()
    order, elements = "", list[Element]()
    for line in lines[1:]:
        words = line.split()
        try:
            if words[:1] == ["format"]:
                order = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}[words[1]]
            elif words[:1] == ["element"]:
                check_count(path, f"of {words[1]!r}", int(words[2]), len(data))
                elements.append(Element(words[1], int(words[2]), ()))
            elif words[:2] == ["property", "list"]:
                one = (words[4], _KINDS[words[3]], _KINDS[words[2]])
                elements[-1] = replace(elements[-1], properties=(*elements[-1].properties, one))
            elif words[:1] == ["property"]:
                one = (words[2], _KINDS[words[1]], "")
                elements[-1] = replace(elements[-1], properties=(*elements[-1].properties, one))
        except (KeyError, IndexError, ValueError):
            fail(path, f"its header has the line {line[:60]!r}.")
    for what, names in (("element", [e.name for e in elements]),
                        *((f"property of {e.name!r}", [p[0] for p in e.properties]) for e in elements)):
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            fail(path, f"its header names the {what} {twice[:40]!r} twice.")
    return tuple(lines), order, elements, end.end()


def _faces(
    path: Path, tables: dict[str, Table]
) -> tuple[Int[np.ndarray, "n"], Int[np.ndarray, "c"], Float[np.ndarray, "c 2"] | None]:
    """Sizes and corners of the polygons, and their own texture coordinates. Raises BadMesh."""
    strips = tables.get("tristrips")
    if strips is not None and strips.lists:
        values = next(iter(strips.lists.values()))[1].astype(np.int64)
        triangles = _from_strips(values)
        return np.full(len(triangles), 3), triangles.ravel(), None
    face = tables.get("face")
    name = next((n for n in ("vertex_indices", "vertex_index") if face is not None and n in face.lists), None)
    if face is None or name is None or len(face.lists[name][0]) == 0:
        fail(path, "has no faces: it is a point cloud.", "Export a mesh with faces.")
    sizes, corners = face.lists[name]
    wedge = None
    if "texcoord" in face.lists:
        per_face, values = face.lists["texcoord"]
        if np.array_equal(per_face, 2 * sizes):
            wedge = values.astype(np.float64).reshape(-1, 2)
    return sizes.astype(np.int64), corners.astype(np.int64), wedge


def _from_strips(values: Int[np.ndarray, "n"]) -> Int[np.ndarray, "f 3"]:
    """Triangles of strips that end with -1; every other one turns the other way."""
    a, b, c = values[:-2], values[1:-1], values[2:]
    inside = (a >= 0) & (b >= 0) & (c >= 0)
    last_end = np.maximum.accumulate(np.where(values < 0, np.arange(len(values)), -1))[: len(a)]
    odd = (np.arange(len(a)) - last_end - 1) % 2 == 1
    return np.stack([np.where(odd, b, a), np.where(odd, a, b), c], 1)[inside]


def _uv(
    columns: dict[str, np.ndarray], names: tuple[str, str] | None, corners: Int[np.ndarray, "c"],
    wedge: Float[np.ndarray, "c 2"] | None,
) -> tuple[Float[np.ndarray, "t 2"], Int[np.ndarray, "c"]]:
    if wedge is not None:
        return wedge, np.arange(len(corners))
    if names is not None:
        return np.stack([columns[name].astype(np.float64) for name in names], 1), corners.copy()
    return np.zeros((0, 2)), np.full(len(corners), -1)


def _colours(columns: dict[str, np.ndarray], names: tuple[str, str, str] | None) -> Float[np.ndarray, "p 3"] | None:
    if names is None:
        return None
    values = np.stack([columns[name] for name in names], 1)
    top = np.iinfo(values.dtype).max if np.issubdtype(values.dtype, np.integer) else 1
    return np.clip(np.nan_to_num(values.astype(np.float64)) / top, 0, 1)


def _material(path: Path, header: tuple[str, ...]) -> tuple[Material, list[str]]:
    name = next((found[1].strip() for line in header if (found := _TEXTURE.match(line))), None)
    if name is None:
        return Material("default"), []
    target, warning = beside(path, name)
    warnings = [f"{path.name} {warning}"] if warning else []
    if target is None:
        return Material("default"), [*warnings, f"{path.name}: its texture {name!r} is not there."]
    picture = read_texture(target)
    if isinstance(picture, str):
        return Material("default"), [*warnings, f"{path.name}: {picture}"]
    notes = [f"{path.name}: {note}" for note in picture.notes]
    return Material("default", (1.0, 1.0, 1.0), picture.rgb, picture.alpha, str(target)), [*warnings, *notes]


def ply_bytes(
    file: FileModel, positions: Float[np.ndarray, "p 3"], *, normals: Float[np.ndarray, "p 3"] | None,
    colours: Float[np.ndarray, "p 3"] | None, texture: str | None,
) -> bytes:
    """The file with other positions and normals; colours (0..1) replace or join the vertices' own; texture: the name of
    the new picture (None: it has none any more). All other properties and elements keep their bytes."""
    payload: PlyPayload = file.payload
    changed: dict[str, np.ndarray] = {}
    moved = (positions != file.polygons.positions).any(1)
    for k, axis in enumerate("xyz"):
        changed[axis] = np.where(moved, positions[:, k], payload.vertex.columns[axis])
        if normals is not None and payload.normals:
            changed[f"n{axis}"] = np.where(moved, normals[:, k], payload.vertex.columns[f"n{axis}"])
    header, added = list(payload.header), dict[str, np.ndarray]()
    if colours is not None:
        for k, name in enumerate(payload.colours or _free_names(payload.vertex)):
            kind = payload.vertex.columns[name].dtype if payload.colours else np.dtype("u1")
            top = np.iinfo(kind).max if np.issubdtype(kind, np.integer) else 1
            values = colours[:, k] * top
            target = changed if payload.colours else added
            target[name] = (np.round(values) if top > 1 else values).astype(kind)
    if added:
        at = _end_of_vertex(header)
        header[at:at] = [f"property uchar {name}" for name in added]
    header = [line for line in header if not _TEXTURE.match(line)]
    if texture is not None:
        header.insert(2, f"comment TextureFile {texture}")
    text = "\n".join([*header, "end_header", ""]).encode("latin-1")
    return text + payload.before + table_bytes(payload.vertex, payload.order, changed, added) + payload.after


def _free_names(vertex: Table) -> tuple[str, ...]:
    """Names for colours that no property has (one "red" alone is no colour, but its name is taken); none if all are."""
    taken = {*vertex.columns, *vertex.lists}
    return next((names for names in _COLOURS if not taken & set(names)), ())


def _end_of_vertex(header: list[str]) -> int:
    """The line after the last property of the vertices."""
    at = next(k for k, line in enumerate(header) if line.split()[:2] == ["element", "vertex"]) + 1
    while at < len(header) and header[at].split()[:1] in (["property"], ["comment"]):
        at += 1
    return at
