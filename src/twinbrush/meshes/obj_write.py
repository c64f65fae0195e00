"""OBJ, written back: the same lines in the same order; only what moved or was repainted is another."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from twinbrush.meshes.mtl import DEFAULT_NAME
from twinbrush.meshes.normals import file_normals
from twinbrush.meshes.obj import ObjPayload, logical_lines
from twinbrush.meshes.values import FileModel


@dataclass(frozen=True)
class NewUv:
    """All texture coordinates of the file as written. corner_row (c,): row of `values` (t, 2) for each of the file's
    corners, -1: none."""

    corner_row: Int[np.ndarray, "c"]
    values: Float[np.ndarray, "t 2"]


@dataclass
class _Writer:
    """Where we are in the file."""

    rows: list[bytes] = field(default_factory=list)
    v: int = 0
    vn: int = 0
    face: int = 0
    named: bool = False
    material: bool = False


def obj_bytes(
    file: FileModel, positions: Float[np.ndarray, "p 3"], *, library: str,
    uv: NewUv | None, colours: Float[np.ndarray, "p 3"] | None,
) -> bytes:
    """The OBJ with other positions. library: name of its MTL; uv: new texture coordinates (None: as they are);
    colours: of the vertices, if it had some."""
    payload: ObjPayload = file.payload
    moved = (positions != file.polygons.positions).any(1)
    normals = payload.normals
    if moved.any():
        normals = file_normals(file.polygons, payload.corner_normal, normals, positions)
    turned = (normals != payload.normals).any(1)
    ending = b"\r" if payload.data.partition(b"\n")[0].endswith(b"\r") else b""
    faces = None if uv is None else _faces(file, uv)
    at = _Writer()
    for whole, keyword, _ in logical_lines(payload.data):
        if keyword in (b"v", b"vn"):
            _vector(at, whole, keyword, ending, (positions, moved, normals, turned, colours))
        elif keyword == b"mtllib":
            if not at.named:
                at.rows.append(b"mtllib " + library.encode() + ending)
            at.named = True
        elif keyword in (b"f", b"fo"):
            _before_face(at, ending, uv)
            at.rows.append(whole if faces is None else faces[at.face] + ending)
            at.face += 1
        elif keyword == b"vt" and uv is not None:
            continue  # all texture coordinates stand in one block before the first face
        elif keyword == b"l" and uv is not None:
            at.rows.append(b" ".join(word.partition(b"/")[0] for word in whole.split()) + ending)
        else:
            at.material |= keyword == b"usemtl"
            at.rows.append(whole)
    if not at.named:
        at.rows.insert(_first_statement(at.rows), b"mtllib " + library.encode() + ending)
    return b"\n".join(at.rows)


def _vector(
    at: _Writer, whole: bytes, keyword: bytes, ending: bytes,
    new: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray | None],
) -> None:
    """A v or vn line: as it is, or with new numbers (and what stood behind them)."""
    positions, moved, normals, turned, colours = new
    if keyword == b"vn":
        at.rows.append(b"vn %.6g %.6g %.6g" % tuple(normals[at.vn]) + ending if turned[at.vn] else whole)
        at.vn += 1
        return
    words = whole.split()
    if moved[at.v] or colours is not None:
        head = [b"%.10g" % x for x in positions[at.v]] if moved[at.v] else words[1:4]
        tail = words[4:] if colours is None else [b"%.6g" % x for x in colours[at.v]]
        whole = b" ".join([b"v", *head, *tail]) + ending
    at.rows.append(whole)
    at.v += 1


def _before_face(at: _Writer, ending: bytes, uv: NewUv | None) -> None:
    """What must stand before the first face: new texture coordinates, a material's name."""
    if at.face == 0 and uv is not None:
        at.rows += [b"vt %.9g %.9g" % tuple(row) + ending for row in uv.values.tolist()]
    if not at.material:
        at.rows.append(b"usemtl " + DEFAULT_NAME.encode() + ending)
        at.material = True


def _faces(file: FileModel, uv: NewUv) -> list[bytes]:
    """The f lines: v, vt, vn counted from 1; rows of `uv.values` are all the texture coordinates there are."""
    table = np.stack([file.polygons.corners + 1, uv.corner_row + 1, file.payload.corner_normal + 1], 1).tolist()
    tokens: list[bytes] = []
    for v, vt, vn in table:
        if vn:
            tokens.append(b"%d/%d/%d" % (v, vt, vn) if vt else b"%d//%d" % (v, vn))
        else:
            tokens.append(b"%d/%d" % (v, vt) if vt else b"%d" % v)
    ends = np.cumsum(file.polygons.sizes).tolist()
    return [b"f " + b" ".join(tokens[start:end]) for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _first_statement(rows: list[bytes]) -> int:
    """The first line that is neither empty nor a comment."""
    return next((k for k, row in enumerate(rows) if row.strip() and not row.lstrip().startswith(b"#")), len(rows))
