"""SourceModel -> files: the file's own format with its own topology, frame and unit, and always a GLB."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float

from twinbrush.base.errors import BadMesh, OutputError, TwinbrushError
from twinbrush.base.files import read_file, write_atomically
from twinbrush.base.image import encode_png, resize
from twinbrush.meshes.colours import pixel_box
from twinbrush.meshes.gltf_write import gltf_files
from twinbrush.meshes.guard import MAX_BYTES, beside
from twinbrush.meshes.mtl import rewritten
from twinbrush.meshes.normals import file_normals
from twinbrush.meshes.obj import ObjPayload
from twinbrush.meshes.obj_write import NewUv, obj_bytes
from twinbrush.meshes.plain.gltf import glb_bytes
from twinbrush.meshes.plain.obj import safe_name
from twinbrush.meshes.ply import PlyPayload, ply_bytes
from twinbrush.meshes.stl import stl_bytes
from twinbrush.meshes.values import SourceModel, Tile


def write_model(
    model: SourceModel, vertices: Float[np.ndarray, "v 3"], texture: Float[np.ndarray, "h w 3"],
    folder: Path | str, name: str,
) -> list[Path]:
    """Write the model with its vertices at `vertices` (world mm) and painted with `texture` (its internal uv).

    In the format it came in: every position, polygon, group and name as it was, in its own frame and unit; pictures as
    PNG beside it. And as `name.glb`: for a GLB the same scene, for all others one mesh in metres with the shape before
    as the morph target "photo". Files appear whole; what names others comes last. Raises BadMesh, OutputError.
    """
    files = model_files(model, vertices, texture, name)
    return [write_atomically(Path(folder) / file, data) for file, data in files.items()]


def write_model_or_plain(
    model: SourceModel, vertices: Float[np.ndarray, "v 3"], texture: Float[np.ndarray, "h w 3"],
    folder: Path | str, name: str,
) -> tuple[str, ...]:
    """`write_model`, which loses no painting: on any fault of the write-back a plain GLB is written. Returns warnings.
    Raises OutputError."""
    try:
        write_model(model, vertices, texture, folder, name)
    except OutputError:
        raise
    except Exception as error:  # a fault of the file or of ours: either way the painting is there
        reason = error.problem if isinstance(error, TwinbrushError) else f"{type(error).__name__}: {str(error)[:80]}"
        reason = reason.replace(str(model.path.parent.joinpath("_"))[:-1], "")  # no folders in the manifest
        write_atomically(Path(folder) / f"{safe_name(name)}.glb", plain_glb(model, vertices, texture, name))
        return (f"{model.path.name}: not written back in its own form ({reason}); the GLB is a plain one.",)
    return ()


def plain_glb(
    model: SourceModel, vertices: Float[np.ndarray, "v 3"], texture: Float[np.ndarray, "h w 3"], name: str
) -> bytes:
    """One mesh in metres with the painting, and the shape before as the morph target "photo"."""
    real = model.real_mm_per_mm
    before = model.mesh.moved(model.mesh.vertices * real)
    return glb_bytes(before.moved(vertices * real).painted(texture), name=safe_name(name), before=before)


def _reserved(stem: str) -> set[str]:
    """Names of a mesh's other results, beside its pictures."""
    round_about = [f"{look}_{angle}.png" for look in ("painted", "clay", "view") for angle in range(-180, 361)]
    return {f"{stem}.glb", f"{stem}.obj", f"{stem}.mtl", "manifest.json", "viewer.html", "sheet.png", "reference.png",
            "turntable.webp", *round_about}  # fmt: skip


def model_files(
    model: SourceModel, vertices: Float[np.ndarray, "v 3"], texture: Float[np.ndarray, "h w 3"], name: str
) -> dict[str, bytes]:
    """The files of `write_model` as {name: content}."""
    if vertices.shape != model.mesh.vertices.shape or not np.isfinite(vertices).all():
        raise BadMesh("The new vertices are not those of the mesh.", "This is a fault of an earlier stage; report it.")
    stem, file = safe_name(name), model.source.file
    positions = file_positions(model, vertices)
    pictures = _pictures(model, texture, stem)
    files: dict[str, bytes] = {}
    if file.format != "glb":
        files[f"{stem}.glb"] = plain_glb(model, vertices, texture, stem)
    if file.format in ("glb", "gltf"):
        return {**files, **gltf_files(model, positions, pictures, stem)}
    if file.format == "obj":
        return {**files, **_obj(model, positions, texture, pictures, stem)}
    if file.format == "ply":
        return {**files, **_ply(model, positions, texture, pictures, stem)}
    return {**files, f"{stem}.stl": stl_bytes(file, positions)}


def file_positions(model: SourceModel, vertices: Float[np.ndarray, "v 3"]) -> Float[np.ndarray, "p 3"]:
    """World vertices -> the file's positions: each moves as the surface at its place did; others stay as they are."""
    source = model.source
    moved = vertices - model.mesh.vertices
    total = np.stack([np.bincount(model.welded, column) for column in moved.T], 1)
    mean = total / np.bincount(model.welded)[:, None]
    back = np.linalg.inv(model.to_world[:3, :3])
    at = source.position_welded
    positions = source.file.polygons.positions.copy()
    positions[at >= 0] += (mean @ back.T)[at[at >= 0]]
    return positions


def tile_picture(
    model: SourceModel, tile: Tile, texture: Float[np.ndarray, "h w 3"]
) -> Float[np.ndarray, "h2 w2 c"]:
    """The part of the internal texture that one of the file's textures shows, with its opacity if that still fits."""
    part = texture
    if len(model.source.tiles) > 1:
        rows, columns = pixel_box(tile, texture.shape[0])
        part = texture[rows, columns]
    alpha = model.source.file.materials[tile.materials[0]].alpha
    if not tile.kept or alpha is None:
        return part
    return np.dstack([part, resize(alpha, part.shape[1], part.shape[0])])


def _pictures(model: SourceModel, texture: Float[np.ndarray, "h w 3"], stem: str) -> list[tuple[str, bytes]]:
    """(file name, PNG) of each tile."""
    tiles = model.source.tiles
    if len(tiles) > 1 and texture.shape[0] != texture.shape[1]:
        raise BadMesh("The texture of several tiles is not square.", "This is a fault of an earlier stage; report it.")
    names = [stem] if len(tiles) == 1 else [f"{stem}_{number}" for number in range(len(tiles))]
    return [(f"{n}.png", encode_png(np.ascontiguousarray(tile_picture(model, tile, texture))))
            for n, tile in zip(names, tiles, strict=True)]


def _obj(
    model: SourceModel, positions: Float[np.ndarray, "p 3"], texture: Float[np.ndarray, "h w 3"],
    pictures: list[tuple[str, bytes]], stem: str,
) -> dict[str, bytes]:
    file, tiles = model.source.file, model.source.tiles
    payload: ObjPayload = file.payload
    painted = {file.materials[m].name: picture for tile, (picture, _) in zip(tiles, pictures, strict=True)
               for m in tile.materials}
    changed = {file.materials[m].name for tile in tiles if not tile.kept for m in tile.materials}
    library, others, notes = rewritten(payload.library, painted, changed, _reserved(stem))
    files = dict(pictures)
    for other, copy in others.items():
        path, _ = beside(file.path, other)
        if path is None:
            continue
        try:
            files[copy] = read_file(path, MAX_BYTES)
        except OSError as error:
            notes.append(f"{copy} is not here: {error.strerror}")
    library = b"".join(b"# " + note.encode() + b"\n" for note in notes) + library
    files[f"{stem}.mtl"] = library
    colours = position_colours(model, texture) if payload.coloured else None
    files[f"{stem}.obj"] = obj_bytes(file, positions, library=f"{stem}.mtl", uv=_new_uv(model), colours=colours)
    return files


def _new_uv(model: SourceModel) -> NewUv | None:
    """All texture coordinates of the file, if any tile got new ones."""
    source = model.source
    if all(tile.kept for tile in source.tiles):
        return None
    polygons = source.file.polygons
    row, values = polygons.corner_uv.copy(), [polygons.uv]
    owner = polygons.material[np.repeat(np.arange(len(polygons.sizes)), polygons.sizes)]
    offset = len(polygons.uv)
    if model.mesh.uv is None:
        raise BadMesh("The mesh lost its texture coordinates.", "This is a fault of an earlier stage; report it.")
    for tile in source.tiles:
        if tile.kept:
            continue
        corners = np.flatnonzero(np.isin(owner, tile.materials))
        used, local = np.unique(np.maximum(source.corner_vertex[corners], 0), return_inverse=True)
        row[corners] = offset + local
        values.append(tile.to_file(model.mesh.uv[used]))
        offset += len(used)
    used, row_used = np.unique(row, return_inverse=True)
    shift = int(used[0] < 0)
    return NewUv(row_used.astype(np.int64) - shift, np.concatenate(values)[used[shift:]])


def position_colours(model: SourceModel, texture: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "p 3"]:
    """The texture's colour at each of the file's positions; those without a surface keep theirs (or white)."""
    source = model.source
    if model.mesh.uv is None:
        raise BadMesh("The mesh lost its texture coordinates.", "This is a fault of an earlier stage; report it.")
    height, width = texture.shape[:2]
    x, y = model.mesh.uv[:, 0] * width - 0.5, (1 - model.mesh.uv[:, 1]) * height - 0.5
    rows = -(-len(x) // 4096)
    maps = [np.pad(m, (0, rows * 4096 - len(m))).reshape(rows, 4096).astype(np.float32) for m in (x, y)]
    picture = np.asarray(texture, np.float32)
    sampled = np.concatenate([
        cv2.remap(picture, mx[None], my[None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(-1, 3)
        for mx, my in zip(*maps, strict=True)])[: len(x)]
    total = np.stack([np.bincount(model.welded, column) for column in sampled.T], 1)
    mean = total / np.bincount(model.welded)[:, None]
    own = source.file.polygons.colours
    out = np.ones((len(source.position_welded), 3)) if own is None else own.copy()
    at = source.position_welded
    out[at >= 0] = mean[at[at >= 0]]
    return np.clip(out, 0, 1)


def _ply(
    model: SourceModel, positions: Float[np.ndarray, "p 3"], texture: Float[np.ndarray, "h w 3"],
    pictures: list[tuple[str, bytes]], stem: str,
) -> dict[str, bytes]:
    """With coordinates of its own a PLY names its picture; without, its vertices carry the colours."""
    file = model.source.file
    payload: PlyPayload = file.payload
    textured = model.source.tiles[0].kept
    colours = position_colours(model, texture) if payload.colours or not textured else None
    normals = None
    if payload.normals and not np.array_equal(positions, file.polygons.positions):
        own = np.stack([payload.vertex.columns[f"n{axis}"] for axis in "xyz"], 1).astype(np.float64)
        normals = file_normals(file.polygons, file.polygons.corners, own, positions)
    text = ply_bytes(file, positions, normals=normals, colours=colours, texture=pictures[0][0] if textured else None)
    return {**(dict(pictures) if textured else {}), f"{stem}.ply": text}
