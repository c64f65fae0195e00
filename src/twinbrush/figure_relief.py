"""A figure's relief in its files: normal map and roughness, clay, viewer; how it is shown, not what it is."""

from __future__ import annotations

import numpy as np

from twinbrush.export.emboss import PrintRelief
from twinbrush.export.figure_gltf import Detail
from twinbrush.export.surface import sample_texture
from twinbrush.export.viewer.relief import ShownRelief
from twinbrush.image import encode_png
from twinbrush.maths.split import split
from twinbrush.mesh import Mesh
from twinbrush.relief.maps import normal_map, roughness_map, tangents, tilts
from twinbrush.relief.values import Worked
from twinbrush.sculpt.values import Figure
from twinbrush.views.shade import Bumps
from twinbrush.views.texels import texels_of

WITHOUT = ("Eye", "Teeth")  # parts that carry no relief
STILL_EDGE_MM = 2.0  # of the clay's triangles: finer detail is in its normals


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
    """Returns the displaced mesh for stills, and its normals."""
    fine, normals = displaced(mesh, worked, STILL_EDGE_MM)
    return fine, Bumps(normals, tilts(mesh, worked.heights_mm))


def displaced(mesh: Mesh, worked: Worked, most_mm: float) -> tuple[Mesh, np.ndarray]:
    """Returns the mesh with the relief as true displacement and edges of at most `most_mm`, and its unit normals
    without the relief."""
    assert mesh.uv is not None
    twins = np.arange(len(mesh.vertices))
    if mesh.seam is not None:
        twins[mesh.seam[:, 1]] = mesh.seam[:, 0]
    fine = split(np.column_stack([mesh.vertices, mesh.normals(), mesh.uv]), mesh.faces, twins, most_mm)
    normals = fine.values[:, 3:6] / np.maximum(np.linalg.norm(fine.values[:, 3:6], axis=1, keepdims=True), 1e-9)
    height = sample_texture(np.repeat(worked.heights_mm[..., None], 3, 2).astype(np.float64), fine.values[:, 6:8])[:, 0]
    share = np.bincount(fine.twins, minlength=len(height))
    height = (np.bincount(fine.twins, height, len(height)) / np.maximum(share, 1))[fine.twins]
    copies = np.flatnonzero(fine.twins != np.arange(len(height)))
    seam = np.stack([fine.twins[copies], copies], 1)
    points = fine.values[:, :3] + height[:, None] * normals
    return Mesh(points, fine.faces, fine.values[:, 6:8], mesh.texture, seam=seam), normals


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
