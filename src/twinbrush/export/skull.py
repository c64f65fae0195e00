"""How deep a portrait's back is: the predicted head's skull, neck and shoulders, pushed out by the hair's thickness.

All along the rays of the photo's camera, so that nothing behind the silhouette can be seen past it. What is solved for
is the SQUARE of the depth behind the membrane that closes the relief: zero on the rim and smooth across it gives a
surface that leaves the rim at a right angle to the picture, as a round body does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import ndimage, sparse, spatial

from twinbrush.camera import INTERPUPILLARY_MM
from twinbrush.export.back import smoothed_loop, solve_fixed
from twinbrush.maths.filters import smoothstep
from twinbrush.mesh import Region, vertex_normals
from twinbrush.portrait.geometry import CAMERA_DISTANCE_IPD
from twinbrush.portrait.head_prior import EAR, HeadShape, laid_flat
from twinbrush.rasterize import interpolate, rasterize

EYE_Z_MM = CAMERA_DISTANCE_IPD * INTERPUPILLARY_MM  # the photo's camera stands there, on the z axis
_HALF_MM = 256  # the head is looked at from behind on a grid of 1 mm, this far to every side
_FAIR_MM = 7.0  # what the head says is followed down to details of this size
_FACING = (0.1, 0.4)  # the surface's own depth counts where it faces backward: near its silhouette the matte knows
_MOST_HAIR_MM = 45.0  # hair stands off the back of the head no further: it hangs
_SURE_HAIR_MM = (3.0, 12.0)  # hair as thick as that above and beside the head covers its back as well
_CURTAIN_SLOPE, _CURTAIN_MM = 0.06, 6.0  # long hair falls from the skull, a little inward, so far off the neck
_EAR_Y_MM = -45.0  # below it what is wider than the neck says nothing about hair on the skull
_NAPE_Y_MM = (-130.0, -90.0)  # between them the skull's surface gives way to the depth along the rays
_LONG_HAIR = (0.05, 0.25)  # share of the rim that is hair below the ears: from there on hair is behind, no head ...
_CLOTH = 0.4  # share of cloth from which on clothes are behind
_LONG_REACH_MM, _LONG_TOP_MM = 40.0, 50.0  # ... so near to that hair, and below this height over the eyes
_FLANGE_MM, _FLANGE_Y_MM = 9.0, (-75.0, 40.0)  # skin beside the skull is an ear: so thick


@dataclass(frozen=True)
class Behind:
    """The head without its ears as the photo's rays leave it, on a grid of 1 mm in the plane z = 0 (row 0 on top, the
    middle is the origin). z_mm: depth, NaN beside the head. facing: 0 where it is seen edge-on, 1 from behind.
    inside_mm: distance to the silhouette, negative beside the head. curtain_mm: depth of hair that falls from the
    skull, infinite where there is no skull above."""

    z_mm: Float[np.ndarray, "n n"]
    facing: Float[np.ndarray, "n n"]
    inside_mm: Float[np.ndarray, "n n"]
    curtain_mm: Float[np.ndarray, "n n"]


def on_plane(points: Float[np.ndarray, "v 3"]) -> Float[np.ndarray, "v 2"]:
    """Where the rays of the photo's camera through `points` meet the plane z = 0, mm."""
    return points[:, :2] * (EYE_Z_MM / (EYE_Z_MM - points[:, 2:3]))


def pushed_back(points: Float[np.ndarray, "v 3"], depth: Float[np.ndarray, "v"]) -> Float[np.ndarray, "v 3"]:
    """`points` moved along the photo's rays until they lie `depth` mm further behind (in z)."""
    out = points * (1 + depth / (EYE_Z_MM - points[:, 2]))[:, None]
    out[:, 2] = points[:, 2] - depth
    return out


def seen_from_behind(head: HeadShape, vertices: Float[np.ndarray, "v 3"], *, eared: bool = False) -> Behind:
    """See `Behind`. vertices: the head's, or where the hair around it ends. eared: with its ears."""
    faces = head.faces[(head.labels[head.faces] != EAR).any(1) | eared]
    pixels = on_plane(vertices) * (1, -1) + _HALF_MM
    size = 2 * _HALF_MM + 1
    # the deepest surface wins: depths are counted from far behind
    raster = rasterize(pixels, 1000.0 + vertices[:, 2], faces, size, size)
    seen = raster.face_index >= 0
    normals = vertex_normals(vertices, head.faces)
    values = np.column_stack([vertices[:, 2], -normals[:, 2]])
    z, back = np.moveaxis(interpolate(raster.face_index, raster.barycentric, faces, values), -1, 0)
    low, high = _FACING
    facing = smoothstep((back - low) / (high - low)) * seen
    inside = np.asarray(ndimage.distance_transform_edt(seen)) - np.asarray(ndimage.distance_transform_edt(~seen))
    curtain = np.where(seen, z, np.inf)
    for row in range(1, size):
        curtain[row] = np.minimum(curtain[row], curtain[row - 1] + _CURTAIN_SLOPE)
    return Behind(np.where(seen, z, np.nan), facing, inside, curtain)


@dataclass(frozen=True)
class Depth:
    """squared: the square (mm^2, zero on the rim) of how far the head's back lies behind the membrane, along z. loose:
    1 where the skull under its hair is what is seen, 0 at ears, under long hair, from the nape down. skin: that surface
    (the head's vertices, ears laid flat, where the hair ends). ears: which of the rim's vertices run over an ear."""

    squared: Float[np.ndarray, "b"]
    loose: Float[np.ndarray, "b"]
    skin: Float[np.ndarray, "v 3"]
    ears: Bool[np.ndarray, "n"]


def squared_depth(
    head: HeadShape, membrane: Float[np.ndarray, "b 3"], rim: Int[np.ndarray, "n"], regions: Int[np.ndarray, "n"],
    laplacian: sparse.csc_matrix, areas: Float[np.ndarray, "b"],
) -> Depth:
    """How deep the back is behind the membrane.

    regions: labels of the vertices `rim`. laplacian, areas: of the membrane's flat layout, mm.
    """
    at, hair = on_plane(membrane), regions == Region.HAIR
    y = at[:, 1]
    inside = _sampled(seen_from_behind(head, head.vertices).inside_mm, at)
    on_skull = smoothstep((y[rim] - _EAR_Y_MM) / 30)
    eared = _sampled(seen_from_behind(head, head.vertices, eared=True).inside_mm, at[rim])
    gap = np.maximum(-eared, 0) * hair * on_skull
    low = smoothed_loop((hair & (y[rim] < _EAR_Y_MM))[:, None].astype(float), membrane[rim], _LONG_REACH_MM)[:, 0]
    known = np.zeros((len(at), 4))
    known[rim] = np.stack([gap, hair.astype(float), low, regions == Region.CLOTH], 1)
    thickness, share, long, cloth = solve_fixed(laplacian, np.zeros_like(known), rim, known).T
    haired = _with_hair(head, at, thickness)
    behind = seen_from_behind(head, haired)
    z, facing = _sampled(np.nan_to_num(behind.z_mm), at), _sampled(behind.facing, at)
    curtain = _sampled(np.where(np.isfinite(behind.curtain_mm), behind.curtain_mm, 0), at)
    hangs = np.isfinite(_sampled(behind.curtain_mm, at)) & (y < 0)
    falls = share * smoothstep(-y / 40) * hangs
    deeper = np.minimum(np.where(facing > 0, z, curtain), curtain) - _CURTAIN_MM
    goal = np.where(falls > 0, (1 - falls) * np.where(facing > 0, z, deeper) + falls * deeper, z)
    weight = np.maximum(facing, falls)
    ear = (inside < -3) & (share < 0.5) & (y > _FLANGE_Y_MM[0]) & (y < _FLANGE_Y_MM[1])
    target = np.where(ear, _FLANGE_MM, np.maximum(membrane[:, 2] - goal, 0)) ** 2
    weight = np.where(ear, 1.0, weight)
    mass = sparse.diags(1 / np.maximum(areas, 1e-9))
    stiff = _FAIR_MM**4 * (laplacian @ mass @ laplacian) + 0.3 * _FAIR_MM**2 * laplacian
    system = (stiff + sparse.diags(weight * areas + 1e-9)).tocsc()
    start = np.zeros((len(at), 1))
    squared = np.maximum(solve_fixed(system, (weight * areas * target)[:, None], rim, start)[:, 0], 0)
    above = smoothstep((y - _NAPE_Y_MM[0]) / (_NAPE_Y_MM[1] - _NAPE_Y_MM[0]))
    hanging = smoothstep((long - _LONG_HAIR[0]) / (_LONG_HAIR[1] - _LONG_HAIR[0]))
    above = above * (1 - smoothstep(cloth / _CLOTH))
    above = above + hanging * (smoothstep(y / _LONG_TOP_MM) - above)
    bare = laid_flat(replace(head, vertices=haired), head.labels == EAR)
    return Depth(squared, (1 - np.clip(falls, 0, 1)) * ~ear * above, bare.vertices, ear[rim])


def _with_hair(
    head: HeadShape, at: Float[np.ndarray, "b 2"], thickness: Float[np.ndarray, "b"]
) -> Float[np.ndarray, "v 3"]:
    """The head's vertices where the hair ends, whose thickness (mm) is known at points of the plane z = 0."""
    nearest = spatial.KDTree(at).query(on_plane(head.vertices))[1]
    off = np.where(head.labels == EAR, 0.0, _MOST_HAIR_MM * np.tanh(thickness[nearest] / _MOST_HAIR_MM))
    normals = vertex_normals(head.vertices, head.faces)
    low, high = _SURE_HAIR_MM
    normals[:, 2] *= smoothstep((off - low) / (high - low))  # a narrow gap may as well be another skull's breadth
    return head.vertices + off[:, None] * normals


def _sampled(grid: Float[np.ndarray, "n n"], at: Float[np.ndarray, "b 2"]) -> Float[np.ndarray, "b"]:
    """Bilinear values of a `Behind` grid at points of the plane z = 0."""
    x, y = (at[:, 0] + _HALF_MM).astype(np.float32), (_HALF_MM - at[:, 1]).astype(np.float32)
    out = cv2.remap(grid.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return out[:, 0].astype(float)
