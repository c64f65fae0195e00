"""viewer.html: one page that shows the portrait from a file, offline, in any browser since 2023; our own small WebGL.

The mesh travels quantised to 16 bits a coordinate (0.005 mm on a head), texture coordinates to 1/65535, both textures
as JPEG; positions and indices are stored as differences between neighbours, split into byte planes, deflated and
written as base64. A content security policy inside the page forbids every request.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, Int

from twinbrush.base.errors import BadMesh
from twinbrush.base.files import write_atomically
from twinbrush.base.image import to_bytes
from twinbrush.base.mesh import Mesh
from twinbrush.base.printable import printable
from twinbrush.export.viewer.live import packed_live
from twinbrush.export.viewer.packing import pack_numbers, packed_vectors
from twinbrush.export.viewer.relief import ShownRelief, packed_relief
from twinbrush.meshes.plain.surface import Surface, photo_bytes, surface_of
from twinbrush.shape.live import LiveShapes

TEXTURE_SIDE = 2048  # px: more does not show on a screen and would make the page heavy
TEXTURE_QUALITY = 88
THUMBNAIL_SIDE = 640  # px: sharp when enlarged on a laptop
# expressions are added to the blended form
PANELS = (("form.js", "live"), ("relief.js", "relief"), ("expressions.js", "expressions"))
Expressions = Mapping[str, tuple[Int[np.ndarray, "_"], Float[np.ndarray, "_ 3"]]]


def viewer_html(
    mesh: Mesh,
    *,
    title: str,
    before: Mesh | None = None,
    inputs: tuple[tuple[str, Float[np.ndarray, "_ _ 3"]], ...] = (),
    expressions: Expressions | None = None,
    live: LiveShapes | None = None,
    relief: ShownRelief | None = None,
) -> bytes:
    """The page for a textured mesh.

    expressions: name -> (vertices, offsets) of morph targets, for a panel of sliders.
    before: the portrait made from the photo (same topology and uv), for the slider from photo to portrait.
    live: shapes between which two sliders, Strength and Caricature, blend.
    relief: heights of the medium, for a slider.
    inputs: (caption, picture) shown as small pictures, such as ("Photo", ...), ("Style", ...). Raises BadMesh.
    """
    page = _file("page.html")
    surface = surface_of(mesh)
    payload = _payload(mesh, surface, before)
    if live is not None:
        payload["live"] = packed_live(mesh.vertices, surface.kept, live)
    if relief is not None:
        payload["relief"] = packed_relief(relief)
    if expressions:
        payload["expressions"] = _packed_targets(mesh, surface, expressions)
    panels = [_file(name).strip() for name, key in PANELS if payload.get(key)]
    parts = {
        "TITLE": html.escape(printable(title)),
        "STYLE": _file("look.css").strip(),
        "INPUTS": "".join(_thumbnail(caption, picture) for caption, picture in inputs),
        "PORTRAIT": json.dumps(payload, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
        "SCRIPT": _file("viewer.js").strip().replace("//PANELS", "\n".join(panels)),
    }
    pieces = page.split("@")  # odd pieces are the names of parts: nothing that is put in is searched for names again
    return "".join(piece if i % 2 == 0 else parts[piece] for i, piece in enumerate(pieces)).encode()


def write_viewer(
    mesh: Mesh,
    path: Path | str,
    *,
    title: str = "Portrait",
    before: Mesh | None = None,
    inputs: tuple[tuple[str, Float[np.ndarray, "_ _ 3"]], ...] = (),
    expressions: Expressions | None = None,
    live: LiveShapes | None = None,
    relief: ShownRelief | None = None,
) -> Path:
    """Write `viewer_html` to `path`, whole or not at all. Raises BadMesh, OutputError."""
    page = viewer_html(
        mesh, title=title, before=before, inputs=inputs, expressions=expressions, live=live, relief=relief)
    return write_atomically(path, page)


def _payload(mesh: Mesh, surface: Surface, before: Mesh | None) -> dict[str, Any]:
    """What the script reads."""
    if surface.uv is None or mesh.texture is None:
        raise BadMesh("The viewer needs a textured mesh.", "Bake a texture first.")
    low, high = surface.vertices.min(0), surface.vertices.max(0)
    payload: dict[str, Any] = {
        "centre": np.round((low + high) / 2, 3).tolist(),
        "extent": np.round(high - low, 3).tolist(),
        "faces": {"data": pack_numbers(surface.faces.ravel()), "count": surface.faces.size},
        "seam": [] if surface.seam is None else surface.seam.ravel().tolist(),
        "after": packed_vectors(surface.vertices),
        "uv": packed_vectors(surface.uv),
        "textures": {"after": _texture(mesh.texture)},
    }
    if before is not None:
        if before.vertices.shape != mesh.vertices.shape or before.texture is None:
            raise BadMesh(
                "The mesh before stylization does not fit the result (other topology or no texture).",
                "Both must have the same vertices and triangles and a texture.",
            )
        payload["before"] = packed_vectors(before.vertices[surface.kept].astype(np.float64))
        payload["textures"]["before"] = _texture(before.texture)
    return payload


def _packed_targets(mesh: Mesh, surface: Surface, targets: Expressions) -> list[dict[str, Any]]:
    """Morph targets by the numbers of the vertices that are drawn; those that move nothing are left out."""
    kept = surface.kept
    number = np.full(len(mesh.vertices), -1)
    number[kept] = np.arange(len(kept))
    out: list[dict[str, Any]] = []
    for name, (vertices, offsets) in targets.items():
        drawn = number[vertices] >= 0
        if drawn.any():
            places = pack_numbers(number[vertices][drawn])
            out.append({"name": name, "places": places, "offsets": packed_vectors(offsets[drawn])})
    return out


def _texture(texture: Float[np.ndarray, "h w 3"]) -> str:
    """JPEG with sides that are powers of two (WebGL 1 makes mipmaps of no others), as a data address."""
    sides = [min(TEXTURE_SIDE, 1 << round(np.log2(max(side, 2)))) for side in texture.shape[1::-1]]
    pixels = to_bytes(texture)
    if sides != list(texture.shape[1::-1]):
        smaller = sides[0] < texture.shape[1]
        pixels = cv2.resize(pixels, sides, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return _data_address(photo_bytes(pixels, TEXTURE_QUALITY))


def _thumbnail(caption: str, picture: Float[np.ndarray, "h w 3"]) -> str:
    """A button with a small picture, which the script shows large."""
    scale = min(1.0, THUMBNAIL_SIDE / max(picture.shape[:2]))
    size = [max(1, round(side * scale)) for side in picture.shape[1::-1]]
    pixels = cv2.resize(to_bytes(picture), size, interpolation=cv2.INTER_AREA)
    text, address = html.escape(caption, quote=True), _data_address(photo_bytes(pixels, 86))
    return f'<button title="{text}: show large"><img alt="{text}" src="{address}">{text}</button>'


def _data_address(jpeg: bytes) -> str:
    """The picture inside the page."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def _file(name: str) -> str:
    """A text file beside this module."""
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
