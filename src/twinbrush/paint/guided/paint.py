"""The guided engine: colour-matched views, patch synthesis over all views at once, then the person's features.

Recipe and numbers: docs/stylization.md. No trained weights are needed; a `lead` (views painted by another engine) makes
it the second half of a hybrid.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float, Float32

from twinbrush.align.values import AlignedStyle
from twinbrush.base.mesh import Region
from twinbrush.base.progress import Progress, ignore
from twinbrush.config import StylizeConfig
from twinbrush.faces.facemap import face_height, feature_mask
from twinbrush.maths.fill import push_pull
from twinbrush.paint.bands import blend, contrast_gains, match_contrast
from twinbrush.paint.cloth import with_cloth
from twinbrush.paint.colour import colour_match, region_separation, style_tone, to_lab, with_photo_colours
from twinbrush.paint.guided.atlas import style_sheet
from twinbrush.paint.guided.consensus import build_consensus
from twinbrush.paint.guided.scene import Scene
from twinbrush.paint.guided.synthesis import synthesize
from twinbrush.paint.stylization import Stylization
from twinbrush.views.values import ViewSet

_TRUSTED = 0.4  # confidence of a style pixel's region below which it lends neither colours nor patches

# Share of the guide (the person in the style's palette) in each band of the result at 0.65 of the identity slider,
# fine to coarse: elsewhere, and on eyes, brows and lips.
_ELSEWHERE = (0.0, 0.08, 0.2, 0.35, 0.45, 0.5)
_FEATURES = (0.3, 0.5, 0.65, 0.7, 0.7, 0.6)
_EYES = (0.8, 1.1, 1.2, 1.2, 1.0, 0.8)  # on the eyes themselves: whites and glints, where a small style has smudges
_CHIN = 152
_IDENTITY_POWER = 1.6  # puts the best compromise (judged on 6 pairs by eye) at the middle of the slider


def paint_guided(
    views: ViewSet, aligned: AlignedStyle, config: StylizeConfig, *, seed: int, progress: Progress = ignore
) -> Stylization:
    """Paint the views (see `stylize`)."""
    scene, warnings = build_scene(views, aligned)
    images, log = paint(scene, config, seed=seed, progress=progress)
    return Stylization(images, views, "guided", log, warnings)


def build_scene(
    warped: ViewSet, aligned: AlignedStyle, lead: Float[np.ndarray, "n a b 3"] | None = None
) -> tuple[Scene, tuple[str, ...]]:
    """Everything the painter needs, from warped views and the aligned style; and warnings.

    lead: the views as another engine painted them (any size); it then guides the synthesis.
    """
    photo = np.ascontiguousarray(warped.images, np.float32)
    coverage = warped.coverage
    unit = face_height(warped.landmarks_xy.mean(0))
    style_unit = face_height(aligned.canvas_landmarks_xy)
    regions = np.where(coverage & (warped.regions == int(Region.BACKGROUND)), int(Region.CLOTH), warped.regions)
    regions = regions.astype(np.uint8)
    trusted = aligned.canvas_valid & (aligned.canvas_confidence >= _TRUSTED)
    canvas_regions, trusted = with_cloth(
        aligned.canvas_regions, trusted, aligned.canvas_valid, aligned.canvas_landmarks_xy[_CHIN], style_unit
    )
    matched, warnings = colour_match(
        photo, regions, coverage, aligned.canvas, canvas_regions, trusted, unit
    )
    sheet = style_sheet(aligned.canvas, trusted, canvas_regions, aligned.canvas_landmarks_xy)
    gains = contrast_gains(
        to_lab(matched)[..., 0], regions, coverage, unit,
        to_lab(sheet.colours)[..., 0], sheet.regions, sheet.usable, style_unit,
    )
    matched = np.stack([
        match_contrast(image, regions[k], coverage[k], gains, unit) for k, image in enumerate(matched)
    ])
    scene = Scene(
        photo, matched, coverage, regions, warped.landmarks_xy, build_consensus(warped), sheet,
        None if lead is None else np.ascontiguousarray(lead, np.float32),
        region_separation(style_tone(aligned.canvas, style_unit), canvas_regions, trusted),
    )
    return scene, warnings


def paint(
    scene: Scene, config: StylizeConfig, *, seed: int, progress: Progress = ignore
) -> tuple[Float32[np.ndarray, "n h w 3"], dict[str, float]]:
    """Paint the scene's views; returns the pictures and numbers for the log."""
    painting = synthesize(scene, identity=config.identity**_IDENTITY_POWER, seed=seed, progress=progress)
    images = scene.consensus.merge(painting.images, cv2.INTER_LINEAR)
    finished = np.stack([_finish(scene, k, image, config) for k, image in enumerate(images)])
    if config.keep_colours:
        finished = with_photo_colours(finished, scene.photo, scene.coverage, 0.05 * face_height(scene.middle_xy))
    # Half bilinear, half (OpenCV's rather sharp) bicubic is close to Catmull-Rom: neither blurred nor ringing.
    finished = (
        scene.consensus.merge(finished, cv2.INTER_LINEAR) + scene.consensus.merge(finished, cv2.INTER_CUBIC)
    ) / 2
    finished = np.clip(finished, 0, 1)
    filled = np.stack([
        push_pull(image, covered.astype(np.float32))
        for image, covered in zip(finished, scene.coverage, strict=True)
    ])
    return filled.astype(np.float32), {"match_cost": painting.cost}


def _finish(
    scene: Scene, view: int, painted: Float32[np.ndarray, "h w 3"], config: StylizeConfig
) -> Float32[np.ndarray, "h w 3"]:
    """Bring the person's features back, and the photo as far as the style is wanted less."""
    height, width = painted.shape[:2]
    landmarks = scene.landmarks_xy[view]
    unit = face_height(landmarks)
    mask = feature_mask(landmarks, ("eyes", "brows", "lips"), height, width, 0.02, 0.02)
    eyes = feature_mask(landmarks, ("eyes",), height, width, 0.005, 0.008)
    scale = 2 * config.identity**_IDENTITY_POWER
    shares = tuple(
        np.clip(scale * (there + (here - there) * mask + (eye - here) * eyes), 0, 1).astype(np.float32)
        for there, here, eye in zip(_ELSEWHERE, _FEATURES, _EYES, strict=True)
    )
    finished = blend(painted, scene.guide[view], unit, shares)
    if config.style_strength < 1:
        photo_shares = tuple(1 - config.style_strength for _ in shares)
        finished = blend(finished, scene.photo[view], unit, photo_shares)
    return finished


def with_lead(scene: Scene, lead: Float[np.ndarray, "n a b 3"]) -> Scene:
    """The same scene led by another engine's pictures."""
    return replace(scene, lead=np.ascontiguousarray(lead, np.float32))
