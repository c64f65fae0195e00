"""A printable solid, and its STL and 3MF: millimetres, z up, the base on z = 0, the face looks along -y.

3MF (https://3mf.io/spec/) carries the colours as a colour group, one colour a vertex: full-colour printers and viewers
use them, others ignore them. Both files depend on nothing but the mesh (the ZIP's dates are fixed).
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from twinbrush.image import to_bytes

MIN_WALL_MM = 1.2  # in the print: three lines of a 0.4 mm nozzle
_STL_HEADER = b"Twinbrush bust, millimetres, z up"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a ZIP can name
_CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
_MATERIAL = "http://schemas.microsoft.com/3dmanufacturing/material/2015/02"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True)
class Solid:
    """A closed surface.

    vertices: (v, 3) mm in the print's frame (z up, base on z = 0, the face looks along -y, centred on x = y = 0).
    faces: (f, 3), counter-clockwise from outside. colours: (v, 3) sRGB 0..1, or None without a texture.
    """

    vertices: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]
    colours: Float[np.ndarray, "v 3"] | None


def standing(
    vertices: Float[np.ndarray, "v 3"], base_y: float, print_height_mm: float
) -> Float[np.ndarray, "v 3"]:
    """Figure's frame (y up, z to the viewer) -> print frame (z up, facing -y), scaled, base on 0, centred."""
    x, y, z = vertices.T
    out = np.stack([x, -z, y - base_y], 1) * (print_height_mm / (y.max() - base_y))
    out[:, :2] -= (out[:, :2].min(0) + out[:, :2].max(0)) / 2
    return out


def stl_bytes(solid: Solid) -> bytes:
    """Binary STL."""
    corners = solid.vertices[solid.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    triangles = np.zeros(len(corners), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    triangles["normal"], triangles["corners"] = normals, corners
    return _STL_HEADER.ljust(80, b"\0") + len(triangles).to_bytes(4, "little") + triangles.tobytes()


def threemf_bytes(solid: Solid, *, name: str = "figure") -> bytes:
    """3MF: a ZIP with the model, its colours, and the two small files that say what is what."""
    types = (
        f'<Types xmlns="{_TYPES}"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="model" '
        'ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>'
    )
    relations = (
        f'<Relationships xmlns="{_RELATIONS}"><Relationship Target="/3D/3dmodel.model" Id="rel0" '
        'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>'
    )
    files = {"[Content_Types].xml": types, "_rels/.rels": relations, "3D/3dmodel.model": _model(solid, name)}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, text in files.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            archive.writestr(entry, _XML + text, compresslevel=4)
    return stream.getvalue()


def _model(solid: Solid, name: str) -> str:
    """The XML of the model; five bits a channel are enough for colours printed in gypsum or resin."""
    vertices = ('<vertex x="%.4f" y="%.4f" z="%.4f"/>\n' * len(solid.vertices)) % tuple(solid.vertices.ravel().tolist())
    colours, triangles = "", ""
    if solid.colours is None:
        triangles = ('<triangle v1="%d" v2="%d" v3="%d"/>\n' * len(solid.faces)) % tuple(solid.faces.ravel().tolist())
    else:
        coarse = to_bytes(solid.colours[None])[0] & 0xF8 | 0x04
        palette, number = np.unique(coarse, axis=0, return_inverse=True)
        colours = ('<m:color color="#%02X%02X%02X"/>\n' * len(palette)) % tuple(palette.ravel().tolist())
        colours = f'<m:colorgroup id="2">\n{colours}</m:colorgroup>\n'
        row = '<triangle v1="%d" v2="%d" v3="%d" pid="2" p1="%d" p2="%d" p3="%d"/>\n'
        corners = np.concatenate([solid.faces, number.reshape(-1)[solid.faces]], axis=1)
        triangles = (row * len(corners)) % tuple(corners.ravel().tolist())
    return (
        f'<model unit="millimeter" xml:lang="en-US" xmlns="{_CORE}" xmlns:m="{_MATERIAL}">\n<resources>\n{colours}'
        f'<object id="1" type="model" name="{_attribute(name)}"><mesh>\n<vertices>\n{vertices}</vertices>\n'
        f'<triangles>\n{triangles}</triangles>\n</mesh></object>\n</resources>\n'
        '<build><item objectid="1"/></build>\n</model>\n'
    )


def _attribute(text: str) -> str:
    """Safe between double quotes in XML."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text
