"""The style atlas: layers of style pixels side by side, from which every patch is taken.

Layers: the canvas; the canvas warped into the content's frame (valid near eyes, brows, lips and nose: this is what
makes eyes come out whole); the canvas mirrored (valid off the features: light and hair of both sides).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int32, UInt8

from twinbrush.base.mesh import Region
from twinbrush.faces.facemap import ANCHORS, MIRRORED_ANCHORS, face_height, face_map, feature_mask
from twinbrush.maths.fill import push_pull
from twinbrush.paint.colour import PAINTED


@dataclass(frozen=True)
class StyleSheet:
    """The canvas at one level, made safe: colours behind the figure replaced by the figure's nearest ones.

    unit_px: the figure's size in pixels, the unit of the position guide; None: a face, which has its height for that.
    """

    colours: Float32[np.ndarray, "h w 3"]
    usable: Bool[np.ndarray, "h w"]
    regions: UInt8[np.ndarray, "h w"]
    landmarks_xy: Float[np.ndarray, "m 2"]
    unit_px: float | None = None

    @property
    def unit(self) -> float:
        """The unit of the position guide, pixels."""
        return face_height(self.landmarks_xy) if self.unit_px is None else self.unit_px


@dataclass(frozen=True)
class Atlas:
    """colours (H, layers x W, 3); index: row of each usable pixel or -1; per row: pixel xy, canvas position and
    region weights (of PAINTED)."""

    colours: Float32[np.ndarray, "a b 3"]
    index: Int32[np.ndarray, "a b"]
    xy: Int32[np.ndarray, "s 2"]
    position_xy: Float32[np.ndarray, "s 2"]
    regions: Float32[np.ndarray, "s 3"]


def style_sheet(
    canvas: Float[np.ndarray, "h w 3"], usable: Bool[np.ndarray, "h w"], regions: UInt8[np.ndarray, "h w"],
    landmarks_xy: Float[np.ndarray, "m 2"], unit_px: float | None = None,
) -> StyleSheet:
    """usable: True where a style pixel may be used at all (valid, confident, on the figure). No landmarks: give the
    unit."""
    known = usable & (regions != Region.BACKGROUND)
    if not known.any():
        known = usable if usable.any() else np.ones_like(usable)
    colours = push_pull(canvas.astype(np.float32), known.astype(np.float32))
    return StyleSheet(np.ascontiguousarray(colours, np.float32), known, regions, landmarks_xy, unit_px)


def resized_sheet(sheet: StyleSheet, size: tuple[int, int]) -> StyleSheet:
    """The sheet at another (height, width)."""
    height, width = size
    fx, fy = width / sheet.usable.shape[1], height / sheet.usable.shape[0]
    area = cv2.INTER_AREA
    colours = cv2.resize(sheet.colours, (width, height), interpolation=area)
    usable = cv2.resize(sheet.usable.astype(np.float32), (width, height), interpolation=area) > 0.6
    regions = cv2.resize(sheet.regions, (width, height), interpolation=cv2.INTER_NEAREST)
    landmarks = (sheet.landmarks_xy + 0.5) * np.array([fx, fy]) - 0.5
    if not usable.any():
        usable = np.ones_like(usable)
    unit = None if sheet.unit_px is None else sheet.unit_px * fx
    return StyleSheet(colours, usable, regions, landmarks, unit)


def _shrink(mask: Bool[np.ndarray, "h w"], margin: int) -> Bool[np.ndarray, "h w"]:
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    small = cv2.erode(mask.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return small.astype(bool)


def _warped_layer(
    sheet: StyleSheet, position_xy: Float32[np.ndarray, "h w 2"], valid: Bool[np.ndarray, "h w"]
) -> tuple[Float32[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"], UInt8[np.ndarray, "h w"]]:
    x, y = position_xy[..., 0], position_xy[..., 1]
    colours = cv2.remap(sheet.colours, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    regions = cv2.remap(sheet.regions, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    usable = cv2.remap(sheet.usable.astype(np.uint8), x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
    return np.clip(colours, 0, 1), (usable > 0) & valid, regions


def mirror_map(landmarks_xy: Float[np.ndarray, "468 2"], height: int, width: int) -> Float32[np.ndarray, "h w 2"]:
    """Where each pixel's mirror image lies in the canvas: the affine reflection that best swaps the face's halves."""
    points = landmarks_xy[ANCHORS]
    design = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    affine, *_ = np.linalg.lstsq(design, landmarks_xy[MIRRORED_ANCHORS], rcond=None)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return (np.stack([x, y, np.ones_like(x)], -1) @ affine).astype(np.float32)


_Layer = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # colours, usable, regions, position


def _mirror_layer(sheet: StyleSheet, position_xy: Float32[np.ndarray, "h w 2"]) -> _Layer:
    """The canvas as seen through glass from behind."""
    layer = (sheet.colours, sheet.usable, sheet.regions, position_xy)
    colours, usable, regions, position = (np.ascontiguousarray(part[:, ::-1]) for part in layer)
    return colours, usable, regions, position


def build_atlas(sheet: StyleSheet, content_xy: Float[np.ndarray, "m 2"], margin: int) -> Atlas:
    """content_xy: the content's landmarks in the middle frame, in pixels of this level; margin: half a patch.

    Without landmarks (an object): the canvas, and the canvas mirrored as the object's back shows it.
    """
    height, width = sheet.usable.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    layers = [(sheet.colours, sheet.usable, sheet.regions, np.stack([x, y], -1))]
    if len(content_xy) == 0:
        return _joined([*layers, _mirror_layer(sheet, layers[0][3])], margin)

    to_canvas = face_map(content_xy[ANCHORS], sheet.landmarks_xy[ANCHORS], height, width)
    near = feature_mask(content_xy, ("eyes", "brows", "lips", "nose"), height, width, 0.04, 0.01) > 0.3
    layers.append((*_warped_layer(sheet, to_canvas, near), to_canvas))

    mirrored = mirror_map(sheet.landmarks_xy, height, width)
    here = feature_mask(sheet.landmarks_xy, ("eyes", "brows", "lips", "nose"), height, width, 0.02, 0.0) > 0.3
    there = cv2.remap(here.astype(np.uint8), mirrored[..., 0], mirrored[..., 1], cv2.INTER_NEAREST) > 0
    layers.append((*_warped_layer(sheet, mirrored, ~there), mirrored))
    return _joined(layers, margin)


def _joined(layers: list[_Layer], margin: int) -> Atlas:
    """Layers side by side."""
    height, width = layers[0][1].shape
    usable = np.concatenate([_shrink(layer[1], 1) & _frame(height, width, margin) for layer in layers], axis=1)
    regions = np.concatenate([layer[2] for layer in layers], axis=1)
    positions = np.concatenate([layer[3] for layer in layers], axis=1)
    rows, columns = np.nonzero(usable)
    index = np.full(usable.shape, -1, np.int32)
    index[rows, columns] = np.arange(len(rows), dtype=np.int32)
    one_hot = np.stack([regions[rows, columns] == int(r) for r in PAINTED], -1).astype(np.float32)
    return Atlas(
        np.ascontiguousarray(np.concatenate([layer[0] for layer in layers], axis=1), np.float32), index,
        np.stack([columns, rows], -1).astype(np.int32), positions[rows, columns].astype(np.float32), one_hot,
    )


def _frame(height: int, width: int, margin: int) -> Bool[np.ndarray, "h w"]:
    inside = np.zeros((height, width), bool)
    inside[margin : height - margin, margin : width - margin] = True
    return inside
