"""OBJ, read without losing anything: n-gons, order of vertices and faces, groups, uv, names of materials.

The payload is the file itself; `obj_text` walks through its lines again and changes only what moved or was repainted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from twinbrush.meshes.guard import check_size, fail
from twinbrush.meshes.mtl import DEFAULT_NAME, read_libraries
from twinbrush.meshes.values import FileModel, Material, Polygons

_MISSING = 0  # OBJ counts from 1


@dataclass(frozen=True)
class ObjPayload:
    """data: the OBJ's bytes. library: its MTL files' bytes. normals (k, 3): its vn. corner_normal (c,): -1 for none.
    corner_colours: it has colours behind the coordinates of its vertices."""

    data: bytes
    library: bytes
    normals: Float[np.ndarray, "k 3"]
    corner_normal: Int[np.ndarray, "c"]
    coloured: bool


@dataclass
class _Lines:
    """What the lines of an OBJ say, sorted by keyword, in order."""

    v: list[bytes] = field(default_factory=list)
    vt: list[bytes] = field(default_factory=list)
    vn: list[bytes] = field(default_factory=list)
    tokens: list[bytes] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    counts: list[tuple[int, int, int]] = field(default_factory=list)  # v, vt, vn before each face
    materials: list[int] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    libraries: list[str] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)


def logical_lines(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(line as it is, keyword, rest) of every line; a line that ends in a backslash is joined with the next."""
    held = b""
    for line in data.split(b"\n"):
        whole = held + line
        if whole.rstrip(b"\r").endswith(b"\\"):
            held = whole.rstrip(b"\r")[:-1] + b" "
            continue
        held = b""
        keyword, _, rest = whole.strip().replace(b"\t", b" ").partition(b" ")
        yield whole, keyword, rest.partition(b"#")[0]


def read_obj(path: Path, data: bytes) -> FileModel:
    """Parse an OBJ and what it names. Raises BadMesh."""
    lines = _sorted_lines(data)
    check_size(path, "corners", len(lines.tokens))
    if not lines.v or not lines.sizes:
        fail(path, "has no vertices." if not lines.v else "has no faces.", "Export the mesh with its faces.")
    v = _numbers(path, "v", lines.v, 3)
    indices = _indices(path, lines)
    uv = _numbers(path, "vt", lines.vt, 1)[:, :2] if lines.vt else np.zeros((0, 2))
    uv = np.pad(uv, ((0, 0), (0, 2 - uv.shape[1])))
    normals = _numbers(path, "vn", lines.vn, 3)[:, :3] if lines.vn else np.zeros((0, 3))
    library = read_libraries(path, lines.libraries)
    warnings = [f"{path.name}: {name} is not understood and stays as it is." for name in sorted(lines.ignored)]
    unknown = [name for name in lines.names if name not in library.materials]
    if library.text and unknown:
        warnings.append(f"{path.name}: materials {', '.join(map(repr, unknown[:5]))} are not in its material file.")
    materials = tuple(library.materials.get(n, Material(n, (0.8, 0.8, 0.8))) for n in lines.names)
    colours = np.clip(v[:, 3:6] / (255 if v[:, 3:6].max() > 1 else 1), 0, 1) if v.shape[1] in (6, 7) else None
    polygons = Polygons(v[:, :3], np.array(lines.sizes, np.int64), indices[:, 0], indices[:, 1], uv,
                        np.array(lines.materials, np.int64), colours)
    payload = ObjPayload(data, library.text, normals, indices[:, 2], colours is not None)
    return FileModel("obj", polygons, materials, payload, str(path), hashlib.sha256(data).hexdigest(),
                     warnings=(*warnings, *library.warnings))


def _sorted_lines(data: bytes) -> _Lines:
    out = _Lines()
    material = None
    for _, keyword, rest in logical_lines(data):
        if keyword == b"v":
            out.v.append(rest)
        elif keyword in (b"f", b"fo"):
            tokens = rest.split()
            out.tokens += tokens
            out.sizes.append(len(tokens))
            out.counts.append((len(out.v), len(out.vt), len(out.vn)))
            if material is None:
                material = out.names.setdefault(DEFAULT_NAME, len(out.names))
            out.materials.append(material)
        elif keyword == b"vt":
            out.vt.append(rest)
        elif keyword == b"vn":
            out.vn.append(rest)
        elif keyword == b"usemtl":
            name = rest.strip().decode("utf-8", "replace") or DEFAULT_NAME
            material = out.names.setdefault(name, len(out.names))
        elif keyword == b"mtllib":
            out.libraries += _library_names(rest.strip().decode("utf-8", "replace"))
        elif keyword in (b"curv", b"curv2", b"surf", b"vp", b"cstype"):
            out.ignored.add("free-form geometry")
    return out


def _library_names(rest: str) -> list[str]:
    """One name that may have spaces, or several names."""
    names = rest.split()
    return names if len(names) > 1 and all(name.lower().endswith(".mtl") for name in names) else [rest]


def _numbers(path: Path, keyword: str, rows: list[bytes], least: int) -> Float[np.ndarray, "n k"]:
    """The numbers of all lines of one keyword. Raises BadMesh for anything that is not a finite number."""
    words = [row.split() for row in rows]
    width = min(map(len, words))
    if width >= least:
        try:
            width = min(width, 7)
            values = np.array([w[:width] for w in words] if width < max(map(len, words)) else words).astype(np.float64)
            if np.isfinite(values).all():
                return values
        except ValueError:
            pass
    for number, row in enumerate(words):
        try:
            if len(row) >= least and np.isfinite([float(w) for w in row[:7]]).all():
                continue
        except ValueError:
            pass
        text = b" ".join(row)[:60].decode("utf-8", "replace")
        fail(path, f"{keyword} number {number + 1} is {text!r}: {least} finite numbers are needed.")
    raise AssertionError("unreachable")  # pragma: no cover


def _indices(path: Path, lines: _Lines) -> Int[np.ndarray, "c 3"]:
    """0-based v, vt, vn of every corner, -1 where there is none. Raises BadMesh for what points outside."""
    table = _token_table(path, lines.tokens)
    totals = (len(lines.v), len(lines.vt), len(lines.vn))
    if (table < 0).any():
        before = np.repeat(np.array(lines.counts, np.int64), np.array(lines.sizes), axis=0)
        table = np.where(table < 0, before + table + 1, np.where(table == _MISSING, np.iinfo(np.int64).min, table))
    else:
        table[table == _MISSING] = np.iinfo(np.int64).min
    for column, (name, total) in enumerate(zip(("v", "vt", "vn"), totals, strict=True)):
        missing = table[:, column] == np.iinfo(np.int64).min
        wrong = ((table[:, column] < 1) | (table[:, column] > total)) & ~(missing & (column > 0))
        if wrong.any():
            corner = int(np.flatnonzero(wrong)[0])
            face = int(np.searchsorted(np.cumsum(lines.sizes), corner, side="right")) + 1
            token = lines.tokens[corner][:40].decode("utf-8", "replace")
            fail(path, f"face {face} names {token!r}, but there are {total} {name}.")
        table[missing, column] = 0
    return table - 1


def _token_table(path: Path, tokens: list[bytes]) -> Int[np.ndarray, "c 3"]:
    """v, vt, vn of every corner as written (0: none)."""
    slashes = {token.count(b"/") for token in tokens}
    table = np.zeros((len(tokens), 3), np.int64)
    joined = b" ".join(tokens)
    try:
        if slashes == {0}:
            table[:, 0] = np.array(tokens).astype(np.int64)
        elif slashes == {1} and b"/ " not in joined + b" ":
            table[:, :2] = np.array(joined.replace(b"/", b" ").split()).astype(np.int64).reshape(-1, 2)
        elif slashes == {2} and b"//" not in joined and b"/ " not in joined + b" ":
            table[:] = np.array(joined.replace(b"/", b" ").split()).astype(np.int64).reshape(-1, 3)
        elif slashes == {2} and joined.count(b"//") == len(tokens):
            table[:, [0, 2]] = np.array(joined.replace(b"//", b" ").split()).astype(np.int64).reshape(-1, 2)
        else:
            for number, token in enumerate(tokens):
                parts = token.split(b"/")[:3]
                table[number, : len(parts)] = [int(part) if part else _MISSING for part in parts]
    except (ValueError, OverflowError):
        bad = next((t for t in tokens if not _is_corner(t)), tokens[0])
        fail(path, f"a face has the corner {bad[:40].decode('utf-8', 'replace')!r}.")
    return table


def _is_corner(token: bytes) -> bool:
    try:
        return all(abs(int(part)) < 2**62 for part in token.split(b"/") if part) and bool(token.split(b"/")[0])
    except ValueError:
        return False
