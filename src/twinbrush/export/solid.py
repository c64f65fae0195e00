"""STL and 3MF of the printable bust: millimetres, z up, the base on z = 0, the face looks along -y.

3MF (https://3mf.io/spec/) carries the colours as a colour group, one colour a vertex: full-colour printers and viewers
use them, others ignore them. Both files depend on nothing but the mesh (the ZIP's dates are fixed).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twinbrush.errors import BadOption
from twinbrush.export.bust import Solid, bust_of_head
from twinbrush.export.relief_bust import bust_of_relief
from twinbrush.files import write_atomically
from twinbrush.image import to_bytes
from twinbrush.mesh import Mesh

SMALLEST_MM, LARGEST_MM = 10.0, 2000.0
_STL_HEADER = b"Twinbrush bust, millimetres, z up"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a ZIP can name
_CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
_MATERIAL = "http://schemas.microsoft.com/3dmanufacturing/material/2015/02"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def stl_bytes(solid: Solid) -> bytes:
    """Binary STL."""
    corners = solid.vertices[solid.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    triangles = np.zeros(len(corners), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    triangles["normal"], triangles["corners"] = normals, corners
    return _STL_HEADER.ljust(80, b"\0") + len(triangles).to_bytes(4, "little") + triangles.tobytes()


def threemf_bytes(solid: Solid, *, name: str = "portrait") -> bytes:
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


def write_solid(mesh: Mesh, paths: Sequence[Path | str], *, height_mm: float, closed: bool) -> Solid:
    """Make the bust once, of a whole head (`closed`) or of an open relief, and write it to every path, by its ending
    .stl or .3mf; returns it.

    Raises BadOption (height, ending), BadMesh, OutputError.
    """
    if not SMALLEST_MM <= height_mm <= LARGEST_MM:
        raise BadOption(
            f"A print height of {height_mm:g} mm is out of range.", f"Use {SMALLEST_MM:g} to {LARGEST_MM:g} mm."
        )
    writers = {".stl": stl_bytes, ".3mf": threemf_bytes}
    for path in paths:
        if Path(path).suffix.lower() not in writers:
            raise BadOption(f"{path}: a solid is written as .stl or .3mf.", "Choose one of these endings.")
    solid = bust_of_head(mesh, height_mm) if closed else bust_of_relief(mesh, height_mm)
    for path in paths:
        write_atomically(path, writers[Path(path).suffix.lower()](solid))
    return solid


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
