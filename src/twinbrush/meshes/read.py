"""A mesh file -> SourceModel: read, check, triangulate, place, lay out, colour."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from twinbrush.base.mesh import Mesh, vertex_normals
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.config import MeshConfig
from twinbrush.meshes.colours import Working, is_coloured, paint_tiles
from twinbrush.meshes.gltf import read_gltf
from twinbrush.meshes.gltf_write import rehearse
from twinbrush.meshes.guard import EXTENSIONS, check_size, fail, is_mesh_file, read_bytes, sniff
from twinbrush.meshes.obj import read_obj
from twinbrush.meshes.orient import place
from twinbrush.meshes.ply import read_ply
from twinbrush.meshes.stl import read_stl
from twinbrush.meshes.tiles import Layout, lay_out
from twinbrush.meshes.triangulate import Triangles, triangulate
from twinbrush.meshes.values import FileModel, Format, Source, SourceModel

__all__ = ["is_mesh_file", "load_model", "read_file"]

_STAGE = "mesh"
_FARTHEST = 1e15  # units from the origin: squares and cubes of coordinates stay far from overflowing
_EMPTY = MeshConfig()


def load_model(
    path: Path | str, config: MeshConfig = _EMPTY, *, progress: Progress = ignore
) -> SourceModel:
    """Read any OBJ, PLY, STL, GLB or glTF. Raises BadMesh and BadOption, with what to do."""
    progress(Step(_STAGE, 0, 3, "reading"))
    file = read_file(Path(path))
    triangles = triangulate(file.polygons)
    if len(triangles.corners) == 0:
        fail(path, "has no triangle with an area.", "Export the mesh with its faces.")
    check_size(path, "corners", triangles.corners.size)
    placement = place(file, file.polygons.positions[file.polygons.corners[triangles.corners].ravel()], config)
    rotation, shift = placement.to_world[:3, :3], placement.to_world[:3, 3]
    world = file.polygons.positions @ rotation.T + shift
    progress(Step(_STAGE, 1, 3, "texture coordinates"))
    layout = lay_out(file, triangles, world)
    progress(Step(_STAGE, 2, 3, "colours"))
    source, working = _working(file, triangles, layout, world)
    texture = paint_tiles(file, layout, working)
    welded = source.position_welded[source.vertex_position]
    original = np.unique(welded, return_index=True)[1][welded]
    copies = np.flatnonzero(original != np.arange(len(welded)))
    mesh = Mesh(working.vertices, working.faces, working.uv, texture, seam=np.stack([original[copies], copies], 1))
    name = Path(path).name
    repairs = tuple(f"{name}: {note}" for note in (*triangles.repairs, *layout.notes))
    warnings = (*file.warnings, *(f"{name}: {note}" for note in (*triangles.warnings, *placement.warnings)))
    progress(Step(_STAGE, 3, 3, f"{len(working.faces)} triangles"))
    model = SourceModel(
        mesh, welded, placement.to_world,
        placement.real_mm_per_mm, source, Path(path), _digest(file), is_coloured(file), repairs,
        tuple(dict.fromkeys(warnings)),
    )
    if file.format in ("glb", "gltf"):
        rehearse(model)
    return model


def read_file(path: Path) -> FileModel:
    """Parse a mesh file by its content. Raises BadMesh."""
    data = read_bytes(path)
    kind = sniff(data, path)
    try:
        with np.errstate(invalid="ignore"):  # NaN, and casts of it, are found by the readers
            file = _parsed(path, data, kind)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, struct.error) as error:
        fail(path, f"is damaged ({type(error).__name__}: {str(error)[:60]}).", "Get the file again.")
    except MemoryError:
        fail(path, "needs more memory than there is.", "Reduce the mesh first; it is never decimated here.")
    named = EXTENSIONS.get(path.suffix.lower())
    if named == kind:
        return file
    note = f"{path.name}: the content is {kind.upper()}, whatever its name says; it is read, and written, as that."
    return replace(file, warnings=(note, *file.warnings))


def _parsed(path: Path, data: bytes, kind: Format) -> FileModel:
    """The file by its reader, checked. Raises BadMesh, and whatever a reader meets in a damaged file."""
    if kind == "obj":
        file = read_obj(path, data)
    elif kind == "ply":
        file = read_ply(path, data)
    elif kind == "stl":
        file = read_stl(path, data)
    else:
        file = read_gltf(path, data)
    _check(path, file)
    return file


def _digest(file: FileModel) -> str:
    """sha256 of the file; where materials come from other files, of it and of what they say."""
    if all(m.texture is None for m in file.materials) and not getattr(file.payload, "library", b""):
        return file.sha256
    digest = hashlib.sha256(file.sha256.encode())
    for material in file.materials:
        digest.update(repr((material.name, material.colour)).encode())
        for picture in (material.texture, material.alpha):
            digest.update(b"" if picture is None else np.ascontiguousarray(picture).tobytes())
    return digest.hexdigest()


def _check(path: Path, file: FileModel) -> None:
    """What every reader must deliver. Raises BadMesh."""
    polygons = file.polygons
    if len(polygons.sizes) == 0:
        fail(path, "has no faces.", "Export the mesh with its faces (a point cloud has none).")
    wrong = (polygons.corners < 0) | (polygons.corners >= len(polygons.positions))
    if wrong.any():
        corner = int(np.flatnonzero(wrong)[0])
        face = int(np.searchsorted(np.cumsum(polygons.sizes), corner, side="right"))
        fail(path, f"face {face} (counted from 0) names vertex {polygons.corners[corner]}, but there are "
                   f"{len(polygons.positions)}.")
    bad = ~np.isfinite(polygons.positions).all(1)
    if bad.any():
        fail(path, f"{int(bad.sum())} vertices are not finite numbers (the first is {int(np.flatnonzero(bad)[0])}).")
    far = np.abs(polygons.positions).max(1) > _FARTHEST
    if far.any():
        vertex = int(np.flatnonzero(far)[0])
        fail(path, f"vertex {vertex} (counted from 0) lies {np.abs(polygons.positions[vertex]).max():g} units away.",
             "Remove it, or export the mesh at an ordinary size.")
    if len(polygons.uv) and not np.isfinite(polygons.uv).all():
        fail(path, "it has texture coordinates that are not finite numbers.")


def _working(
    file: FileModel, triangles: Triangles, layout: Layout, world: Float[np.ndarray, "p 3"]
) -> tuple[Source, Working]:
    """The working mesh: one vertex for each (position, tile, texture coordinate), in the order of the positions."""
    corners = triangles.corners
    position = file.polygons.corners[corners].astype(np.int64)
    key = layout.corner_key + layout.triangle_tile[:, None] * (int(layout.corner_key.max()) + 1)
    pairs = position.ravel() * (int(key.max()) + 1) + key.ravel()
    _, first, index = np.unique(pairs, return_index=True, return_inverse=True)
    faces = index.reshape(-1, 3).astype(np.int64)
    vertex_position = position.ravel()[first]
    uv = layout.uv.reshape(-1, 2)[first]
    used = np.unique(triangles.welded[vertex_position])
    number = np.full(int(triangles.welded.max()) + 1, -1, np.int64)
    number[used] = np.arange(len(used))
    position_welded = number[triangles.welded]
    source = Source(file, layout.tiles, vertex_position, position_welded,
                    _corner_vertex(file, corners, faces, position_welded, vertex_position))
    vertices = world[vertex_position]
    welded = position_welded[vertex_position]
    place = np.zeros((len(used), 3))
    place[welded] = vertices
    normals = vertex_normals(place, welded[faces])[welded]
    return source, Working(vertices, faces, uv, normals, corners)


def _corner_vertex(
    file: FileModel, corners: Int[np.ndarray, "f 3"], faces: Int[np.ndarray, "f 3"],
    position_welded: Int[np.ndarray, "p"], vertex_position: Int[np.ndarray, "v"],
) -> Int[np.ndarray, "c"]:
    """The working vertex of each of the file's corners; of polygons that are not worked on: any at the same place."""
    at_place = np.full(int(position_welded.max()) + 2, -1, np.int64)
    at_place[position_welded[vertex_position]] = np.arange(len(vertex_position))
    out = at_place[position_welded[file.polygons.corners]]
    out[corners.ravel()] = faces.ravel()
    return out
