"""Small meshes in every format, written by hand or by trimesh, for the tests of this room."""

from __future__ import annotations

import base64
import io
import json
import struct
from pathlib import Path

import numpy as np
from PIL import Image

CUBE = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
QUADS = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
TRIANGLES = np.array([[q[0], q[k], q[k + 1]] for q in QUADS for k in (1, 2)])


def cross_uv() -> tuple[np.ndarray, list[list[int]]]:
    """Texture coordinates of the cube's six quads: each a square of its own in a 3 x 2 grid."""
    uv, faces = [], []
    for k in range(6):
        x, y = (k % 3) / 3 + 0.02, (k // 3) / 2 + 0.02
        faces.append([len(uv) + i for i in range(4)])
        uv += [[x, y], [x + 0.28, y], [x + 0.28, y + 0.4], [x, y + 0.4]]
    return np.array(uv), faces


def picture(path: Path | None = None, size: int = 16, seed: int = 0, mode: str = "RGB") -> bytes:
    """A PNG of random colours."""
    channels = {"RGB": 3, "RGBA": 4}[mode]
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, channels), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels, mode=None).save(stream, "PNG")
    if path is not None:
        path.write_bytes(stream.getvalue())
    return stream.getvalue()


def cube_obj(folder: Path, *, newline: str = "\n", name: str = "cube.obj") -> Path:
    """A cube of quads with texture coordinates, groups, a comment, two objects and two materials with pictures."""
    uv, uv_faces = cross_uv()
    lines = ["# made by hand", "mtllib cube.mtl", "o first"]
    lines += [f"v {x:g} {y:g} {z:g}" for x, y, z in CUBE] + [f"vt {u:.6f} {v:.6f}" for u, v in uv]
    for k, (quad, corners) in enumerate(zip(QUADS, uv_faces, strict=True)):
        lines += {0: ["g sides", "usemtl red paint", "s 1"], 3: ["o second", "usemtl blue"]}.get(k, [])
        lines.append("f " + " ".join(f"{v + 1}/{t + 1}" for v, t in zip(quad, corners, strict=True)))
    (folder / name).write_bytes((newline.join(lines) + newline).encode())
    first, second = "newmtl red paint\nKd 1 0 0\nNs 12\nmap_Kd red.png\n", "newmtl blue\nmap_Kd -s 1 1 1 blue.png\n"
    (folder / "cube.mtl").write_text(first + "\n" + second)
    picture(folder / "red.png", seed=1)
    picture(folder / "blue.png", seed=2)
    return folder / name


def plain_obj(path: Path, vertices: np.ndarray, faces: list[list[int]] | np.ndarray) -> Path:
    """Positions and faces only."""
    rows = [f"v {x!r} {y!r} {z!r}" for x, y, z in np.asarray(vertices, float).tolist()]
    rows += ["f " + " ".join(str(int(i) + 1) for i in face) for face in faces]
    path.write_text("\n".join(rows) + "\n")
    return path


def gltf_document(*, uri: str | None = None, image: str | None = None, colours: bool = False) -> tuple[dict, bytes]:
    """A cube with texture coordinates shown by two nodes (one turned and scaled) and a second, plain material."""
    uv, uv_faces = cross_uv()
    corner, where = [i for q in QUADS for i in q], [i for f in uv_faces for i in f]
    positions, texcoords = CUBE[corner].astype("<f4"), (uv[where] * (1, -1) + (0, 1)).astype("<f4")
    normals = np.repeat(np.array([np.cross(CUBE[q[1]] - CUBE[q[0]], CUBE[q[2]] - CUBE[q[0]]) for q in QUADS]), 4, 0)
    index = (4 * np.arange(6)[:, None] + [0, 1, 2, 0, 2, 3]).ravel().astype("<u2")
    pieces = [positions.tobytes(), normals.astype("<f4").tobytes(), texcoords.tobytes(), index.tobytes()]
    if colours:
        pieces.append(np.random.default_rng(3).random((24, 3)).astype("<f4").tobytes())
    views, blob = [], b""
    for piece in pieces:
        views.append({"buffer": 0, "byteOffset": len(blob), "byteLength": len(piece)})
        blob += piece + b"\0" * (-len(piece) % 4)
    accessors = [
        {"bufferView": 0, "componentType": 5126, "count": 24, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 1]},
        {"bufferView": 1, "componentType": 5126, "count": 24, "type": "VEC3"},
        {"bufferView": 2, "componentType": 5126, "count": 24, "type": "VEC2"},
        {"bufferView": 3, "componentType": 5123, "count": 18, "type": "SCALAR"},
        {"bufferView": 3, "byteOffset": 36, "componentType": 5123, "count": 18, "type": "SCALAR"},
    ]
    attributes = {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2}
    if colours:
        accessors.append({"bufferView": 4, "componentType": 5126, "count": 24, "type": "VEC3"})
        attributes["COLOR_0"] = 5
    primitives = [{"attributes": dict(attributes), "indices": k, "material": k - 3} for k in (3, 4)]
    tree = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "root", "children": [1, 2], "translation": [1, 2, 3]}, {"mesh": 0, "name": "here"},
                  {"mesh": 0, "name": "there", "scale": [2, 2, 2], "rotation": [0, 0.70710678, 0, 0.70710678],
                   "translation": [4, 0, 0]}],
        "meshes": [{"name": "cube", "primitives": primitives}],
        "materials": [{"name": "wood", "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}},
                      {"name": "tin", "pbrMetallicRoughness": {"baseColorFactor": [0.2, 0.5, 0.1, 1]}}],
        "textures": [{"source": 0}], "accessors": accessors, "bufferViews": views,
        "buffers": [{"byteLength": len(blob), **({} if uri is None else {"uri": uri})}],
    }
    if image is not None:
        tree["images"] = [{"uri": image}]
    else:
        png = picture(seed=4)
        views.append({"buffer": 0, "byteOffset": len(blob), "byteLength": len(png)})
        tree["images"] = [{"bufferView": len(views) - 1, "mimeType": "image/png"}]
        blob += png + b"\0" * (-len(png) % 4)
        tree["buffers"][0]["byteLength"] = len(blob)
    return tree, blob


def as_glb(tree: dict, blob: bytes) -> bytes:
    """A GLB of a document."""
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    return (struct.pack("<III", 0x46546C67, 2, 28 + len(text) + len(blob)) + struct.pack("<II", len(text), 0x4E4F534A)
            + text + struct.pack("<II", len(blob), 0x004E4942) + blob)


def cube_glb(folder: Path, **options: bool) -> Path:
    """The cubes as one GLB."""
    path = folder / "cube.glb"
    path.write_bytes(as_glb(*gltf_document(**options)))
    return path


def cube_gltf(folder: Path, *, embedded: bool = False) -> Path:
    """The cubes as glTF with buffer and picture beside it, or inside it."""
    tree, blob = gltf_document(uri="my%20data.bin", image="wood.png")
    if embedded:
        tree["buffers"][0]["uri"] = "data:application/octet-stream;base64," + base64.b64encode(blob).decode()
        tree["images"][0]["uri"] = "data:image/png;base64," + base64.b64encode(picture(seed=4)).decode()
    else:
        (folder / "my data.bin").write_bytes(blob)
        picture(folder / "wood.png", seed=4)
    (folder / "cube.gltf").write_text(json.dumps(tree))
    return folder / "cube.gltf"


def cube_ply(folder: Path, *, kind: str = "ascii", extra: bool = False, uv: bool = False) -> Path:
    """A cube of quads; kind: ascii, binary_little_endian or binary_big_endian. extra: colours and a stray property.
    uv: a bent strip of three quads with texture coordinates instead."""
    path = folder / "cube.ply"
    header = ["ply", f"format {kind} 1.0", "comment by hand"] + ["comment TextureFile skin.png"] * uv
    header += ["element vertex 8", "property float x", "property float y", "property float z"]
    header += ["property uchar red", "property uchar green", "property uchar blue", "property int tag"] * extra
    header += ["property float s", "property float t"] * uv
    points = np.array([[k % 2, k // 2, (k // 2) ** 2 / 4] for k in range(8)], float) if uv else CUBE
    quads = [[2 * k, 2 * k + 1, 2 * k + 3, 2 * k + 2] for k in range(3)] if uv else QUADS
    header += [f"element face {len(quads)}", "property list uchar int vertex_indices", "end_header"]
    colours = np.random.default_rng(5).integers(0, 256, (8, 3))
    flat = 0.1 + 0.8 * points[:, :2] / [1, 3]
    order = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}[kind]
    body = b""
    for k in range(8):
        row = [*points[k], *((*colours[k], 70 + k) if extra else ()), *(flat[k] if uv else ())]
        codes = "fff" + "BBBi" * extra + "ff" * uv
        values = [float(v) if c == "f" else int(v) for v, c in zip(row, codes, strict=True)]
        body += struct.pack(order + codes, *values) if order else (" ".join(f"{v:g}" for v in row) + "\n").encode()
    for quad in quads:
        body += struct.pack(order + "B4i", 4, *quad) if order else (" ".join(map(str, [4, *quad])) + "\n").encode()
    path.write_bytes("\n".join([*header, ""]).encode() + body)
    if uv:
        picture(folder / "skin.png", seed=6)
    return path


def cube_stl(folder: Path, *, binary: bool = True) -> Path:
    """A cube of triangles."""
    path = folder / "cube.stl"
    soup = CUBE[TRIANGLES].astype("<f4")
    if binary:
        rows = b"".join(struct.pack("<12f", 0, 0, 0, *tri.ravel()) + struct.pack("<H", 7) for tri in soup)
        path.write_bytes(b"solid is how some binary files begin".ljust(80) + struct.pack("<I", len(soup)) + rows)
        return path
    lines = ["solid cube"]
    for tri in soup:
        lines += ["facet normal 0 0 0", " outer loop", *(f"  vertex {x:g} {y:g} {z:g}" for x, y, z in tri),
                  " endloop", "endfacet"]
    path.write_text("\n".join([*lines, "endsolid cube", ""]))
    return path
