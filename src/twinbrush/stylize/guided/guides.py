"""Guide channels: what a target pixel and a style pixel must share besides the look of their patches.

Feature rows are [position 2 | region 3 | tone 3 | structure s | patch p] (see patchmatch.py). Weights are amplitudes;
distances are squared. Position is in face heights, colours in Lab / 100.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np
from jaxtyping import Float32, Int32

from twinbrush.stylize.colour import soft_regions, to_lab
from twinbrush.stylize.guided.atlas import Atlas, StyleSheet
from twinbrush.stylize.guided.facemap import ANCHORS, face_height, face_map, feature_mask
from twinbrush.stylize.guided.features import PatchBasis, project_patches
from twinbrush.stylize.guided.scene import Scene


@dataclass(frozen=True)
class Weights:
    """Amplitudes of the guides (docs/stylization.md; tone and structure share what was "luminance or CI weight 1").

    features: the position's factor on eyes, brows and lips is 1 + this. patch_on_features: the appearance's there.
    """

    position: float = 0.5
    region: float = 0.5
    tone: float = 1.0
    structure: float = 0.6
    features: float = 12.0
    appearance_on_features: float = 0.2
    uniformity: float = 2e-3


FREE = Weights()
EVEN = Weights(
    position=0.35, tone=1.5, structure=1.5, features=4.0, appearance_on_features=0.6, uniformity=5e-4
)
STRICT = Weights(
    position=0.35, tone=2.5, structure=3.0, features=4.0, appearance_on_features=0.8, uniformity=2e-4
)
"""Guides alone at identity 0 (first measured with the prototype), 0.5 and 1."""
LED = Weights(position=0.3, region=0.35, tone=1.5, structure=1.5, features=0.3, appearance_on_features=1.0)
"""When another engine leads."""


def alone(identity: float) -> Weights:
    """Weights between FREE, EVEN and STRICT, geometrically."""
    low, high, share = (FREE, EVEN, 2 * identity) if identity < 0.5 else (EVEN, STRICT, 2 * identity - 1)
    values = {f.name: getattr(low, f.name) ** (1 - share) * getattr(high, f.name) ** share for f in fields(Weights)}
    return Weights(**values)


STRUCTURE_DIMENSIONS = 8
_TONE_BLUR = 0.012  # of the face height: hatching and weave become grey


def tone_image(lab: Float32[np.ndarray, "h w 3"], unit_px: float) -> Float32[np.ndarray, "h w 3"]:
    """Local tone: Lab / 100, blurred by about 1% of the face height."""
    return cv2.GaussianBlur(lab, (0, 0), max(0.5, _TONE_BLUR * unit_px)) / 100


@dataclass(frozen=True)
class ViewGuide:
    """One view's target rows: pixels, index image, the fixed part of their features, their weights."""

    xy: Int32[np.ndarray, "t 2"]
    index: Int32[np.ndarray, "h w"]
    fixed: Float32[np.ndarray, "t f"]
    weight: Float32[np.ndarray, "t 3"]
    canvas_xy: Float32[np.ndarray, "t 2"]


def view_guide(
    scene: Scene, view: int, sheet: StyleSheet, basis: PatchBasis, guide_lab: Float32[np.ndarray, "h w 3"],
    active: Int32[np.ndarray, "t 2"], weights: Weights,
) -> ViewGuide:
    """scene and sheet at this level's size; guide_lab: the level's guide image; active: pixels to paint."""
    height, width = guide_lab.shape[:2]
    rows, columns = active[:, 1], active[:, 0]
    places, mask, content_unit = _places(scene, view, sheet, (height, width))
    canvas_xy, mask, unit = places[rows, columns], mask[rows, columns], sheet.unit
    soft = soft_regions(scene.regions[view], scene.coverage[view], 0.006 * content_unit)[:, rows, columns].T
    tone = tone_image(guide_lab, content_unit)[rows, columns]
    structure = project_patches(guide_lab, active, basis)[:, :STRUCTURE_DIMENSIONS]
    fixed = np.concatenate(
        [canvas_xy / unit * weights.position, soft * weights.region, tone * weights.tone,
         structure * weights.structure], axis=1,
    )
    appearance = 1 - mask * (1 - weights.appearance_on_features)
    place = 1 + weights.features * mask
    if scene.place_weight is not None:
        place = scene.place_weight[view][rows, columns]
    weight = np.stack([place, np.ones_like(mask), appearance], axis=1)
    index = np.full((height, width), -1, np.int32)
    index[rows, columns] = np.arange(len(active), dtype=np.int32)
    return ViewGuide(active, index, fixed.astype(np.float32), weight.astype(np.float32), canvas_xy)


def _places(
    scene: Scene, view: int, sheet: StyleSheet, size: tuple[int, int]
) -> tuple[Float32[np.ndarray, "h w 2"], Float32[np.ndarray, "h w"], float]:
    """Every pixel's place in the canvas, the mask of features that keep theirs, and the figure's size in pixels."""
    height, width = size
    if scene.places_xy is not None and scene.unit_px is not None:
        return scene.places_xy[view], np.zeros(size, np.float32), scene.unit_px
    landmarks = scene.landmarks_xy[view]
    places = face_map(landmarks[ANCHORS], sheet.landmarks_xy[ANCHORS], height, width)
    mask = feature_mask(landmarks, ("eyes", "brows", "lips"), height, width, 0.02, 0.015)
    return places, mask, face_height(landmarks)


def style_features(
    atlas: Atlas, sheet: StyleSheet, basis: PatchBasis, weights: Weights
) -> Float32[np.ndarray, "s d"]:
    """Feature rows of all usable style pixels."""
    lab = to_lab(atlas.colours)
    unit = sheet.unit
    patches = project_patches(lab, atlas.xy, basis)
    tone = tone_image(lab, unit)[atlas.xy[:, 1], atlas.xy[:, 0]]
    return np.concatenate(
        [atlas.position_xy / unit * weights.position, atlas.regions * weights.region, tone * weights.tone,
         patches[:, :STRUCTURE_DIMENSIONS] * weights.structure, patches], axis=1,
    ).astype(np.float32)
