"""The style's head turned to the content's pose through its own relief, in one resampling.

The relief is made of the style's landmarks: the network's depths inside the face, falling smoothly to the plane through
the ears, on which hair, hat and background stay. Nothing tears: where the turned sheet is stretched too far the result
is marked, and beyond `mirror_from_degrees` the face's hidden side is taken from the side that is seen (a face is nearly
symmetric about its sagittal plane).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.align.faces.features import landmark_weights
from twinbrush.base.rasterize import interpolate, rasterize
from twinbrush.faces.face_model import interocular, mirror_indices
from twinbrush.faces.indices import OVAL
from twinbrush.faces.pose import rotation_from_angles
from twinbrush.faces.values import Face
from twinbrush.maths.field import Field, fit_field
from twinbrush.maths.similarity import fit_similarity

GRID = 96  # vertices of the sheet along the longer side of the style: the relief is smooth
RELIEF_NOISE = 0.02
PITCH_BELIEVED = 0.5  # of the pitch gap to art: the network reads long noses and low brows as looking down
STRETCH_INVALID = 2.5  # a texel drawn this many times as long is no brushwork any more
STRETCH_MIRROR = (1.25, 1.9)  # the mirrored side takes over between these


@dataclass(frozen=True)
class SourceMap:
    """For every canvas pixel the style pixels it comes from.

    direct_xy, mirrored_xy: sub-pixel positions in the style; mirrored_weight 0..1: the share of the mirrored one.
    inside: the sheet covers the pixel. stretch: how many times a style pixel is lengthened there by the turn (1: not).
    landmarks_xy: the style's landmarks in the canvas.
    """

    direct_xy: Float[np.ndarray, "h w 2"]
    mirrored_xy: Float[np.ndarray, "h w 2"]
    mirrored_weight: Float[np.ndarray, "h w"]
    inside: Bool[np.ndarray, "h w"]
    stretch: Float[np.ndarray, "h w"]
    landmarks_xy: Float[np.ndarray, "468 2"]
    scale: float


@dataclass(frozen=True)
class Relief:
    """height_at: toward the viewer over the plane `plane_z` through the ears, in style pixels."""

    field: Field
    plane_z: float

    def height_at(self, points_xy: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n"]:
        """Height over the plane at any style pixels."""
        return self.field.at(points_xy)[:, 0]


def head_relief(face: Face) -> Relief:
    """The relief of a head from its landmarks: depths in the face, zero on two rings about the head and beyond."""
    toward = -face.landmarks[:, 2]
    plane_z = float(toward[[234, 454]].mean())
    unit = interocular(face.landmarks)
    oval = face.landmarks[list(OVAL), :2]
    centre = oval.mean(axis=0)
    up = face.landmarks[10, :2] - face.landmarks[152, :2]
    up = up / np.linalg.norm(up)
    # The skull goes on above the forehead; beside the ears and under the chin the plane begins soon.
    above = np.clip((oval - centre) @ up / (0.5 * np.linalg.norm(oval[0] - oval[18])), 0, 1)
    growths = (1.30 + 0.40 * above, 1.75 + 0.60 * above)
    rings = [centre + (oval - centre) * growth[:, None] for growth in growths]
    every = slice(None, None, 2)  # the mesh is denser than the relief has detail
    points = np.concatenate([face.landmarks[every, :2], *rings])
    heights = np.concatenate([toward[every] - plane_z, np.zeros(2 * len(OVAL))])
    noise = np.full(len(points), RELIEF_NOISE)
    return Relief(fit_field(points, heights[:, None], noise, unit), plane_z)


def pose_gap(style: Face, content: Face) -> float:
    """Angle in degrees between the directions in which two faces look (roll does not count)."""
    cosine = float(style.rotation[:, 2] @ content.rotation[:, 2])
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def turn_to(style: Face, content: Face) -> Float[np.ndarray, "3 3"]:
    """The rotation (world axes) that brings the style's head to the content's pose; half of the pitch gap is real."""
    pitch = content.pitch_radians + PITCH_BELIEVED * (style.pitch_radians - content.pitch_radians)
    believed = rotation_from_angles(style.yaw_radians, pitch, style.roll_radians)
    return content.rotation @ believed.T


def repose(
    style: Face,
    turn: Float[np.ndarray, "3 3"],
    content_xy: Float[np.ndarray, "468 2"],
    style_size: tuple[int, int],
    canvas_size: tuple[int, int],
    *,
    mirror: bool = False,
) -> SourceMap:
    """Turn the style's relief by `turn` (world axes of base/camera.py) and fit it to the content's landmarks.

    content_xy: in canvas pixels. Sizes are (width, height). The similarity is fitted after the turn, so roll may be in
    either.
    """
    relief = head_relief(style)
    pivot = np.append(style.landmarks[[234, 454], :2].mean(axis=0) * [1, -1], relief.plane_z)
    turned = _turn(style.landmarks * [1, -1, -1], turn, pivot)
    similarity = fit_similarity(turned[:, :2] * [1, -1], content_xy, landmark_weights())
    xy, faces = _sheet(*style_size)
    height = relief.height_at(xy)
    points = np.concatenate([xy * [1, -1], (height + relief.plane_z)[:, None]], axis=1)
    moved = _turn(points, turn, pivot)
    pixels = similarity.apply(moved[:, :2] * [1, -1])
    # The z-buffer wants depths in front of a camera: as far away as no sheet is thick.
    depth = 1e5 * float(np.ptp(moved[:, 2]) + 1) - moved[:, 2]
    raster = rasterize(pixels, depth, faces, *canvas_size)
    mirrored, weight = _mirrored(style, relief, points, turn) if mirror else (xy, np.zeros(len(xy)))
    attributes = np.concatenate([xy, mirrored, weight[:, None]], axis=1)
    maps = interpolate(raster.face_index, raster.barycentric, faces, attributes)
    inside = raster.face_index >= 0
    return SourceMap(
        maps[..., :2], maps[..., 2:4], maps[..., 4], inside,
        _stretch(maps[..., :2], similarity.scale), similarity.apply(turned[:, :2] * [1, -1]), similarity.scale,
    )  # fmt: skip


def _turn(
    points: Float[np.ndarray, "n 3"], turn: Float[np.ndarray, "3 3"], pivot: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "n 3"]:
    return (points - pivot) @ turn.T + pivot


def _sheet(width: int, height: int) -> tuple[Float[np.ndarray, "v 2"], Int[np.ndarray, "f 3"]]:
    """A grid over all of the style, half a pixel beyond its outermost pixel centres: every pixel is covered."""
    step = max(width, height) / GRID
    columns, rows = max(int(np.ceil(width / step)), 2), max(int(np.ceil(height / step)), 2)
    x, y = np.linspace(-0.5, width - 0.5, columns + 1), np.linspace(-0.5, height - 0.5, rows + 1)
    xy = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    index = np.arange(len(xy)).reshape(rows + 1, columns + 1)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]))
    return xy, np.concatenate([np.stack([a, d, c], axis=1), np.stack([a, c, b], axis=1)])


def _mirrored(
    style: Face, relief: Relief, points: Float[np.ndarray, "v 3"], turn: Float[np.ndarray, "3 3"]
) -> tuple[Float[np.ndarray, "v 2"], Float[np.ndarray, "v"]]:
    """Where the mirror image of every point lies in the style, and how much better it is seen there."""
    posed = style.landmarks * [1, -1, -1]
    straight = posed @ style.rotation
    middle = float((straight[:, 0] + straight[mirror_indices(), 0]).mean()) / 2
    head = points @ style.rotation
    head[:, 0] = 2 * middle - head[:, 0]
    back = head @ style.rotation.T
    xy = back[:, :2] * [1, -1]
    unit = relief.field.unit
    near = np.abs(back[:, 2] - relief.plane_z - relief.height_at(xy)) < 0.25 * unit
    seen, mirror_seen = _facing(relief, points[:, :2] * [1, -1]), _facing(relief, xy)
    turned = (turn @ seen.T)[2].clip(0.05)
    low, high = STRETCH_MIRROR
    need = np.clip((turned / seen[:, 2].clip(0.05) - low) / (high - low), 0, 1)
    better = np.clip((mirror_seen[:, 2] - seen[:, 2]) / 0.2, 0, 1)
    on_face = _inside_hull(style.landmarks[:, :2], points[:, :2] * [1, -1], 0.08 * unit)
    return xy, need * better * on_face * near


def _inside_hull(
    landmarks_xy: Float[np.ndarray, "468 2"], points_xy: Float[np.ndarray, "v 2"], soft_px: float
) -> Float[np.ndarray, "v"]:
    """1 inside the landmarks' convex hull (the silhouette of a turned face), falling to 0 within `soft_px` outside."""
    hull = cv2.convexHull(np.round(16 * landmarks_xy).astype(np.int32))  # 1/16 pixel is exact enough
    distance = [cv2.pointPolygonTest(hull, (16 * float(x), 16 * float(y)), True) / 16 for x, y in points_xy]
    return np.clip(1 + np.array(distance) / soft_px, 0, 1)


def _facing(relief: Relief, points_xy: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 3"]:
    """Unit normals of the relief (world axes) at style pixels."""
    slope = relief.field.gradient(points_xy)[:, 0]
    normals = np.stack([-slope[:, 0], slope[:, 1], np.ones(len(slope))], axis=1)
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


def _stretch(source_xy: Float[np.ndarray, "h w 2"], scale: float) -> Float[np.ndarray, "h w"]:
    """How many times the turn lengthens a style pixel: over the similarity's own scale, in the worst direction."""
    down, across = np.gradient(source_xy, axis=(0, 1))
    a, b, c, d = across[..., 0], down[..., 0], across[..., 1], down[..., 1]
    # smallest singular value of [[a, b], [c, d]]
    total, product = a * a + b * b + c * c + d * d, a * d - b * c
    smallest = np.sqrt(np.maximum(total - np.sqrt(np.maximum(total**2 - 4 * product**2, 0)), 0) / 2)
    return 1 / np.maximum(smallest * scale, 1e-3)

