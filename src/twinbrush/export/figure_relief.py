"""A figure's relief in its files: normal map and roughness, clay, viewer; how it is shown, not what it is."""

from __future__ import annotations

import numpy as np

from twinbrush.base.image import encode_png
from twinbrush.base.mesh import Mesh
from twinbrush.base.shade import Bumps
from twinbrush.export.emboss import PrintRelief
from twinbrush.export.figure_gltf import Detail
from twinbrush.export.viewer.relief import ShownRelief
from twinbrush.maths.texels import texels_of
from twinbrush.relief.maps import displaced, normal_map, roughness_map, tangents, tilts
from twinbrush.relief.values import Worked
from twinbrush.sculpt.values import Figure

WITHOUT = ("Eye", "Teeth")  # parts that carry no relief


def gltf_detail(figure: Figure, mesh: Mesh, worked: Worked) -> Detail:
    """Returns the maps for the GLB. mesh: all parts as one."""
    frame = tangents(mesh)
    ends = np.cumsum([len(part.mesh.vertices) for part in figure.parts])
    own = dict(zip((part.name for part in figure.parts), np.split(frame, ends[:-1]), strict=True))
    return Detail(
        encode_png(normal_map(mesh, worked.heights_mm)),
        encode_png(roughness_map(worked.relief.heights, worked.relief.medium)),
        {name: value for name, value in own.items() if not name.startswith(WITHOUT)})


def clay_of(mesh: Mesh, worked: Worked) -> tuple[Mesh, Bumps]:
    """Returns the displaced mesh for stills, and its normals: what is finer than its triangles is in them."""
    return displaced(mesh, worked.heights_mm), Bumps(mesh.normals(), tilts(mesh, worked.heights_mm))


def shown_relief(worked: Worked) -> ShownRelief:
    """Returns the relief for the viewer's page."""
    return ShownRelief(worked.relief.heights, worked.amplitude_mm)


def print_relief(mesh: Mesh, worked: Worked) -> PrintRelief:
    """Returns samples of the relief for a print. mesh: all parts as one."""
    assert mesh.uv is not None
    texels = texels_of(mesh.uv, mesh.faces, worked.relief.heights.shape, 0.0)
    normals = texels.at(mesh.normals(), mesh.faces).astype(np.float64)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    heights = worked.heights_mm.ravel()[texels.place].astype(np.float64)
    return PrintRelief(texels.at(mesh.vertices, mesh.faces).astype(np.float64), normals, heights)
