"""The style brought to the content: one canvas for all views, regions, landmarks, and targets of the shape."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from twinbrush.align.clean import trustworthy
from twinbrush.align.faces.perspective import apply_homography, best_plane, plane_homography, to_views
from twinbrush.align.faces.repose import STRETCH_INVALID, SourceMap, pose_gap, repose, turn_to
from twinbrush.align.faces.targets import head_frame, proportions
from twinbrush.align.values import AlignedStyle
from twinbrush.base.camera import project
from twinbrush.base.errors import BadOption
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.config import AlignConfig
from twinbrush.faces.values import Face
from twinbrush.maths.fill import fill_nearest, push_pull
from twinbrush.maths.similarity import weighted_similarity
from twinbrush.regions.values import RegionMap
from twinbrush.sculpt.portrait.values import Portrait
from twinbrush.views.rig import mean_camera
from twinbrush.views.values import ViewSet

WARN_GAP_DEGREES = 30.0
LARGEST_FACE = 1.6  # more pixels than that would be blurred away by the canvas


def align_style(
    style_image: Float[np.ndarray, "h w 3"],
    style_face: Face,
    style_segmentation: RegionMap,
    portrait: Portrait,
    views: ViewSet,
    config: AlignConfig,
    *,
    progress: Progress = ignore,
) -> AlignedStyle:
    """Find where everything of the style belongs in the content's views, and where the content's shape shall go.

    style_face, style_segmentation: in pixels of `style_image`. Raises BadOption for a strength out of range.
    """
    if not 0 <= config.strength <= 1.5:
        raise BadOption(f"The strength is {config.strength}.", "Choose 0 (the person's shape) to 1.5 (caricature).")
    progress(Step("align", 0, 3, "pose"))
    camera = mean_camera(views.cameras)
    content_xy = project(camera, portrait.landmarks_xyz)[0]
    style_image, style_face, style_segmentation = _reduced(style_image, style_face, style_segmentation, content_xy)
    gap = pose_gap(style_face, portrait.face)
    size = (camera.width, camera.height)
    source = _source(style_face, portrait.face, content_xy, style_image.shape[:2], size, config)
    progress(Step("align", 1, 3, "canvas"))
    canvas, valid, regions, confidence = _canvas(style_image, style_face, style_segmentation, source)
    homographies = np.stack(
        [plane_homography(camera, view, *best_plane(portrait.landmarks_xyz)) for view in views.cameras]
    )
    view_images, view_valid = to_views(canvas, valid, homographies)
    progress(Step("align", 2, 3, "shape"))
    target_xyz = _target(portrait, style_face)
    moved_xyz = portrait.landmarks_xyz + config.strength * (target_xyz - portrait.landmarks_xyz)
    progress(Step("align", 3, 3))
    return AlignedStyle(
        canvas=canvas,
        canvas_valid=valid,
        canvas_regions=regions,
        canvas_confidence=confidence,
        canvas_landmarks_xy=source.landmarks_xy,
        homographies=homographies,
        view_images=view_images,
        view_valid=view_valid,
        view_landmarks_xy=np.stack([apply_homography(h, source.landmarks_xy) for h in homographies]),
        target_xyz=target_xyz,
        moved_xyz=moved_xyz,
        target_xy=np.stack([project(view, moved_xyz)[0] for view in views.cameras]),
        pose_gap_degrees=gap,
        warnings=_warnings(gap, source, config),
    )


def _reduced(
    image: Float[np.ndarray, "h w 3"], face: Face, segmentation: RegionMap, content_xy: Float[np.ndarray, "468 2"]
) -> tuple[Float[np.ndarray, "h2 w2 3"], Face, RegionMap]:
    """A style much larger than the canvas needs, made smaller: its face becomes `LARGEST_FACE` times the content's."""
    wanted = LARGEST_FACE * float(np.linalg.norm(np.ptp(content_xy, axis=0)))
    factor = wanted / float(np.linalg.norm(np.ptp(face.landmarks[:, :2], axis=0)))
    if factor > 0.7:
        return image, face, segmentation
    height, width = image.shape[:2]
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    small = cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    ratio = np.array([size[0] / width, size[1] / height, factor])
    # Pixel centres: new = (old + 0.5) ratio - 0.5; depths have no such offset.
    landmarks = face.landmarks * ratio + np.append((ratio[:2] - 1) / 2, 0.0)
    labels = cv2.resize(segmentation.labels, size, interpolation=cv2.INTER_NEAREST)
    glasses = cv2.resize(segmentation.glasses.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    confidence = cv2.resize(segmentation.confidence.astype(np.float64), size, interpolation=cv2.INTER_AREA)
    matte = cv2.resize(segmentation.matte.astype(np.float64), size, interpolation=cv2.INTER_AREA)
    reduced = RegionMap(matte, labels, confidence, glasses, segmentation.warnings)
    return small, replace(face, landmarks=landmarks), reduced


def _source(
    style: Face,
    content: Face,
    content_xy: Float[np.ndarray, "468 2"],
    style_shape: tuple[int, ...],
    canvas_size: tuple[int, int],
    config: AlignConfig,
) -> SourceMap:
    turn = turn_to(style, content) if config.repose else np.eye(3)
    yaw_gap = np.degrees(abs(style.yaw_radians - content.yaw_radians))
    mirror = config.repose and bool(yaw_gap >= config.mirror_from_degrees)
    return repose(style, turn, content_xy, (style_shape[1], style_shape[0]), canvas_size, mirror=mirror)


def _canvas(
    image: Float[np.ndarray, "h w 3"], face: Face, segmentation: RegionMap, source: SourceMap
) -> tuple[
    Float[np.ndarray, "a b 3"], Bool[np.ndarray, "a b"], UInt8[np.ndarray, "a b"], Float[np.ndarray, "a b"]
]:
    """Colours, validity, regions and confidence resampled once; what has no source is filled smoothly."""
    keep = trustworthy(image, face.landmarks[:, :2])
    weight = source.mirrored_weight[..., None]
    smooth = _prefiltered(image, source.scale)
    canvas = (1 - weight) * _sample(smooth, source.direct_xy) + weight * _sample(smooth, source.mirrored_xy)
    # Labels are not blended: the position that weighs more gives them.
    xy = np.where(weight > 0.5, source.mirrored_xy, source.direct_xy).astype(np.float32)
    valid = source.inside & _pick(keep, xy)
    valid &= (source.stretch < STRETCH_INVALID) | (source.mirrored_weight > 0.5)
    regions = fill_nearest(_pick(segmentation.painted, xy), valid)
    confidence = np.where(valid, _pick(segmentation.confidence.astype(np.float64), xy), 0.0)
    filled = push_pull(canvas, valid.astype(np.float64))
    # Stretched paint is poor as brushwork, but as a picture better than a smooth fill.
    shown = valid | (source.inside & _pick(keep, xy))
    canvas = np.where(shown[..., None], canvas, filled)
    return np.clip(canvas, 0, 1).astype(np.float32), valid, regions, confidence


def _prefiltered(image: Float[np.ndarray, "h w 3"], scale: float) -> Float[np.ndarray, "h w 3"]:
    """Blurred as much as shrinking by `scale` needs (a Gaussian of half the new pixel), untouched when enlarging."""
    image = image.astype(np.float32)
    if scale >= 0.95:
        return image
    sigma = 0.5 * float(np.sqrt(1 / scale**2 - 1))
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def _sample(image: Float[np.ndarray, "h w 3"], xy: Float[np.ndarray, "a b 2"]) -> Float[np.ndarray, "a b 3"]:
    """Lanczos: brushwork stays crisp when a small style is enlarged. The ringing is clipped."""
    x, y = xy[..., 0].astype(np.float32), xy[..., 1].astype(np.float32)
    sampled = cv2.remap(image, x, y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(sampled, 0, 1)


def _pick(labels: np.ndarray, xy: Float[np.ndarray, "a b 2"]) -> np.ndarray:
    """The nearest pixel's label."""
    height, width = labels.shape[:2]
    x = np.clip(np.round(xy[..., 0]).astype(int), 0, width - 1)
    y = np.clip(np.round(xy[..., 1]).astype(int), 0, height - 1)
    return labels[y, x]


def _target(portrait: Portrait, style: Face) -> Float[np.ndarray, "468 3"]:
    """The content's 3D landmarks with the style's proportions (strength 1), world mm."""
    face = portrait.face
    in_head = head_frame(face)
    upright = portrait.landmarks_xyz @ face.rotation
    to_mm = weighted_similarity(in_head, upright, np.ones(len(in_head)), rotate=False).scale
    return portrait.landmarks_xyz + to_mm * proportions(face, style) @ face.rotation.T


def _warnings(gap: float, source: SourceMap, config: AlignConfig) -> tuple[str, ...]:
    warnings = []
    if config.repose and gap > WARN_GAP_DEGREES:
        warnings.append(
            f"The style's head looks {gap:.0f} degrees away from the photo's: re-posed hair and hats may double beyond "
            f"{WARN_GAP_DEGREES:.0f}. A style portrait in a more similar pose gives a cleaner result."
        )
    if source.scale > 3:
        warnings.append(
            f"The style's face is small: it is enlarged {source.scale:.1f} times, brushwork will be soft. Use a larger "
            "picture of the style, or smaller views."
        )
    return tuple(warnings)
