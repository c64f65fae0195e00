"""Vertices become meshes with texture coordinates: the head, the teeth, all parts as one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from twinbrush.base.mesh import Mesh, Region
from twinbrush.sculpt.values import MouthParts, Part, TextureLayout

ATLAS_STRIP = 0.15  # height of the atlas' lower strip: the eyes' two squares, then the inside of the mouth
EYE_BOXES = ((0.0, 0.0, ATLAS_STRIP, ATLAS_STRIP), (ATLAS_STRIP, 0.0, 2 * ATLAS_STRIP, ATLAS_STRIP))
"""x0, y0, x1, y1 (uv) of the eyes, left in the picture first."""


def part_mesh(vertices: Float[np.ndarray, "n 3"], layout: TextureLayout) -> Mesh:
    """The mesh of a part whose texture has seams: vertices there are copied."""
    return Mesh(
        vertices[layout.origin], layout.triangles, layout.uv, seam=seam_of(layout.origin),
        regions=np.full(len(layout.origin), Region.SKIN, np.uint8))


def seam_of(origin: Int[np.ndarray, "u"]) -> Int[np.ndarray, "s 2"]:
    """Pairs of a texture vertex and each later copy of the same mesh vertex."""
    order = np.argsort(origin, kind="stable")
    ordered = origin[order]
    first = np.r_[True, ordered[1:] != ordered[:-1]]
    leader = order[np.flatnonzero(first)[np.cumsum(first) - 1]]
    return np.stack([leader[~first], order[~first]], 1)


def mouth_vertices(
    mouth: MouthParts, identity: Float[np.ndarray, "k"], maps: Float[np.ndarray, "2 4 3"]
) -> Float[np.ndarray, "m 3"]:
    """Gums, tongue and teeth of a head: the identity's affine moves, and an expression's (on the skull, on the jaw)."""
    whole = np.tensordot(identity, mouth.modes, 1) + maps
    return mouth.mean + moved_by(mouth, whole)


def moved_by(mouth: MouthParts, maps: Float[np.ndarray, "2 4 3"]) -> Float[np.ndarray, "m 3"]:
    """Offsets (m, 3) by affine maps of what hangs on the skull and of what hangs on the jaw."""
    frame = np.c_[mouth.mean, np.ones(len(mouth.mean))]
    jaw = mouth.jaw[:, None]
    return (1 - jaw) * (frame @ maps[0]) + jaw * (frame @ maps[1])


def joined(parts: tuple[Part, ...], texture: Float[np.ndarray, "h w 3"] | None) -> Mesh:
    """All parts as one mesh with one texture."""
    vertices, faces, uv, seams, regions = [], [], [], [], []
    count = 0
    for part in parts:
        mesh = part.mesh
        vertices.append(mesh.vertices)
        faces.append(mesh.faces + count)
        uv.append(mesh.uv if mesh.uv is not None else np.zeros((len(mesh.vertices), 2)))
        seams.append((mesh.seam if mesh.seam is not None else np.zeros((0, 2), np.int64)) + count)
        regions.append(mesh.regions if mesh.regions is not None else np.full(len(mesh.vertices), 1, np.uint8))
        count += len(mesh.vertices)
    return Mesh(
        np.concatenate(vertices), np.concatenate(faces), np.concatenate(uv), texture, np.concatenate(regions),
        np.concatenate(seams))
