"""What the objective works on at one size: content, style, who may match whom, and the views' correspondence."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from twinbrush.align.values import AlignedStyle
from twinbrush.base.mesh import Region
from twinbrush.config import ObjectiveConfig
from twinbrush.faces.facemap import ANCHORS, face_height, face_map, feature_mask
from twinbrush.maths.fill import push_pull
from twinbrush.paint.colour import PAINTED, soft_regions
from twinbrush.paint.guided.guides import eyes_of
from twinbrush.paint.losses.matching import Guide
from twinbrush.views.correspondence import transfer_map
from twinbrush.views.values import ViewSet

_OFF_SKIN = 0.15  # share of the position's weight on hair and cloth
_FEATURES = ("eyes", "brows", "lips", "nose")
_MIN_REGION_SAMPLES = 60  # a region of the style with fewer pixels than this lends nothing (labels of specks are noise)


@dataclass(frozen=True)
class Transfer:
    """For every pixel of view `to_view` its place in `from_view` (pixels of this size), and where both see it."""

    from_view: int
    to_view: int
    transfer_xy: Float[Tensor, "h w 2"]
    valid: Bool[Tensor, "h w"]


@dataclass(frozen=True)
class Problem:
    """One size of the task, as tensors.

    content: the warped content in the style's palette. painted: 1 on pixels that may change (the surface and a rim as
    wide as the features see), 0 where the content stays. covered: linear indices of the pixels that see the surface,
    per view. position: where a pixel's counterpart lies in the style canvas, in face heights. emphasis: 1 on eyes,
    brows, lips, nose. regions: weights of `PAINTED`. The style's like members belong to its usable pixels.
    """

    content: Float[Tensor, "n 3 h w"]
    painted: Float[Tensor, "n 1 h w"]
    covered: list[Int[Tensor, "_"]]
    position: Float[Tensor, "n p 2"]
    emphasis: Float[Tensor, "n p"]
    regions: Float[Tensor, "n p r"]
    style: Float[Tensor, "1 3 h2 w2"]
    style_pixels: Int[Tensor, "s"]
    style_position: Float[Tensor, "s 2"]
    style_regions: Float[Tensor, "s r"]
    transfers: list[Transfer]

    def to(self, device: torch.device) -> Problem:
        """All tensors on that device."""
        return _moved(self, device)


_T = TypeVar("_T")


def _moved(value: _T, device: torch.device) -> _T:
    moved: Any = value
    if isinstance(value, Tensor):
        moved = value.to(device)
    elif isinstance(value, list):
        moved = [_moved(item, device) for item in value]
    elif isinstance(value, Problem | Transfer):
        moved = dataclasses.replace(
            value, **{f.name: _moved(getattr(value, f.name), device) for f in dataclasses.fields(value)}
        )
    return moved


def build_problem(
    content: Float[np.ndarray, "n h w 3"], warped: ViewSet, aligned: AlignedStyle, size: int,
    min_confidence: float = 0.4,
) -> Problem:
    """The task at `size` pixels (height and width of each view; the canvas shrinks by the same factor)."""
    _, height, width = warped.regions.shape
    factor = size / height
    shape = (round(width * factor), size)
    middle_height = face_height(aligned.canvas_landmarks_xy)
    coverage = np.stack([shrunk(c.astype(np.float32), shape) > 0.6 for c in warped.coverage])
    position, emphasis, regions = counterparts(warped, aligned, shape)
    images = np.stack([shrunk(image.astype(np.float32), shape) for image in content])
    style, pixels, style_position, style_weights = _style(aligned, factor, middle_height, min_confidence)
    regions = np.stack([
        _with_eyes(weights, landmarks, (height, width), shape)
        for weights, landmarks in zip(regions, warped.landmarks_xy, strict=True)])
    style_weights = _with_eyes(
        style_weights, aligned.canvas_landmarks_xy, aligned.canvas_valid.shape, style.shape[1::-1], pixels)
    return Problem(
        torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(),
        torch.from_numpy(np.stack([soft_rim(c) for c in coverage])[:, None]),
        [torch.from_numpy(np.flatnonzero(c)) for c in coverage],
        torch.from_numpy(position), torch.from_numpy(emphasis), torch.from_numpy(regions),
        torch.from_numpy(style).permute(2, 0, 1)[None].contiguous(), torch.from_numpy(pixels),
        torch.from_numpy(style_position), torch.from_numpy(style_weights), build_transfers(warped, coverage, factor),
    )  # fmt: skip


def _with_eyes(
    weights: Float[np.ndarray, "p r"], landmarks_xy: Float[np.ndarray, "468 2"], full: tuple[int, int],
    shape: tuple[int, int], pixels: Int[np.ndarray, "p"] | None = None,
) -> Float[np.ndarray, "p r1"]:
    """Weights of PAINTED at `shape` (width, height; or at its `pixels`), and of the eyes, which are a region of their
    own: a shadow on a lid must not match an iris. full: rows and columns in which the landmarks are given."""
    eyes = shrunk(eyes_of(landmarks_xy, *full), shape).ravel()
    eyes = (eyes if pixels is None else eyes[pixels])[:, None]
    return np.ascontiguousarray(np.concatenate([weights * (1 - eyes), eyes], 1), np.float32)


def shrunk(image: Float[np.ndarray, "..."], shape: tuple[int, int]) -> Float[np.ndarray, "..."]:
    """Reduced by area to (width, height), as float32."""
    if (image.shape[1], image.shape[0]) == shape:
        return np.ascontiguousarray(image, np.float32)
    return cv2.resize(np.ascontiguousarray(image, np.float32), shape, interpolation=cv2.INTER_AREA)


def soft_rim(covered: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """1 on the surface, falling to 0 within four pixels: there only stray gradients would paint."""
    outside = cv2.distanceTransform((~covered).astype(np.uint8), cv2.DIST_L2, 3)
    return np.clip(1 - outside / 4, 0, 1).astype(np.float32)


def counterparts(
    views: ViewSet, aligned: AlignedStyle, shape: tuple[int, int]
) -> tuple[Float[np.ndarray, "n p 2"], Float[np.ndarray, "n p"], Float[np.ndarray, "n p r"]]:
    """Of every pixel at `shape` (width, height): its counterpart's place in the canvas in face heights, 1 on eyes,
    brows, lips and nose, and its weights of `PAINTED`."""
    count, height, width = views.regions.shape
    unit = face_height(aligned.canvas_landmarks_xy)
    position, emphasis, regions = [], [], []
    for k in range(count):
        landmarks = views.landmarks_xy[k]
        to_canvas = face_map(landmarks[ANCHORS], aligned.canvas_landmarks_xy[ANCHORS], height, width)
        position.append(shrunk(to_canvas / unit, shape).reshape(-1, 2))
        emphasis.append(shrunk(feature_mask(landmarks, _FEATURES, height, width, 0.03, 0.015), shape).ravel())
        soft = soft_regions(views.regions[k], views.coverage[k], 0.004 * height)
        regions.append(np.stack([shrunk(plane, shape).ravel() for plane in soft], -1))
    return np.stack(position), np.stack(emphasis), np.stack(regions)


def guide_of(
    here: tuple[Float[Tensor, "p 2"], Float[Tensor, "p"], Float[Tensor, "p r"]],
    there: tuple[Float[Tensor, "m 2"], Float[Tensor, "m r"]],
    config: ObjectiveConfig,
) -> Guide:
    """Additive matching cost: squared distance to the counterpart's place, and another region.

    The distance counts more on eyes, brows, lips and nose, and less off the skin (hair and cloth come from anywhere).
    here: position, emphasis, regions of the pixels; there: position, regions of the style's samples.
    """
    (place, emphasis, regions), (position, style_regions) = here, there
    on_skin = regions[:, :1] + regions[:, len(PAINTED) :].sum(1, keepdim=True)  # eyes count as skin
    weight = config.position_weight * (_OFF_SKIN + (1 - _OFF_SKIN) * on_skin)
    weight = weight * (1 + config.feature_emphasis * emphasis[:, None])
    # w |p - q|^2 + r (1 - region . region') as a product of (n, g) and (g, m)
    left = [weight * place.square().sum(1, keepdim=True) + config.region_weight, weight, -2 * weight * place]
    right = [torch.ones_like(position[:, :1]), position.square().sum(1, keepdim=True), position, style_regions]
    return Guide(torch.cat([*left, -config.region_weight * regions], 1), torch.cat(right, 1))


def _style(
    aligned: AlignedStyle, factor: float, unit_px: float, min_confidence: float
) -> tuple[
    Float[np.ndarray, "h w 3"], Int[np.ndarray, "s"], Float[np.ndarray, "s 2"], Float[np.ndarray, "s r"]
]:
    """The canvas at this size with its background filled from the figure, and its usable pixels."""
    height, width = aligned.canvas_valid.shape
    shape = (round(width * factor), round(height * factor))
    figure, pixels, weights = usable_style(aligned, shape, min_confidence)
    position = canvas_places(pixels, shape, factor) / unit_px
    return shrunk(figure, shape), pixels, position.astype(np.float32), np.ascontiguousarray(weights[pixels])


def usable_style(
    aligned: AlignedStyle, shape: tuple[int, int], min_confidence: float
) -> tuple[Float[np.ndarray, "h w 3"], Int[np.ndarray, "s"], Float[np.ndarray, "p r"]]:
    """The canvas with its background filled from the figure (full size; walls must not leak), its usable pixels at
    `shape` (linear indices), and all pixels' weights of `PAINTED` there."""
    known = aligned.canvas_valid & (aligned.canvas_confidence >= min_confidence)
    known &= aligned.canvas_regions != int(Region.BACKGROUND)
    if known.sum() < 16 * _MIN_REGION_SAMPLES:
        known = aligned.canvas_valid
    figure = push_pull(aligned.canvas.astype(np.float32), known.astype(np.float32))
    one_hot = np.stack([(aligned.canvas_regions == int(r)) & known for r in PAINTED], -1).astype(np.float32)
    usable = shrunk(known.astype(np.float32), shape) > 0.9
    pixels = np.flatnonzero(usable if usable.any() else np.ones_like(usable))
    return figure, pixels, shrunk(one_hot, shape).reshape(-1, len(PAINTED))


def canvas_places(
    pixels: Int[np.ndarray, "s"], shape: tuple[int, int], factor: float
) -> Float[np.ndarray, "s 2"]:
    """Where pixels of the canvas shrunk by `factor` to `shape` (linear indices) lie in it at full size."""
    y, x = np.divmod(pixels, shape[0])
    return (np.stack([x, y], -1) + 0.5) / factor - 0.5


def build_transfers(warped: ViewSet, coverage: Bool[np.ndarray, "n h w"], factor: float) -> list[Transfer]:
    """Correspondence of neighbouring views, both ways, at this size (nearest full-size pixel; exact places)."""
    views, height, width = coverage.shape
    full_height, full_width = warped.regions.shape[1:]
    rows = np.clip(np.round((np.arange(height) + 0.5) / factor - 0.5).astype(int), 0, full_height - 1)
    columns = np.clip(np.round((np.arange(width) + 0.5) / factor - 0.5).astype(int), 0, full_width - 1)
    off_x = (np.arange(width) + 0.5) / factor - 0.5 - columns
    off_y = (np.arange(height) + 0.5) / factor - 0.5 - rows
    offset = np.stack(np.broadcast_arrays(off_x[None, :], off_y[:, None]), -1)
    transfers: list[Transfer] = []
    for a in range(views - 1):
        for here, there in ((a, a + 1), (a + 1, a)):
            full, seen = transfer_map(warped, here, there)
            # The surface is smooth: half a pixel here is half a pixel there.
            place = (full[np.ix_(rows, columns)] + offset + 0.5) * factor - 0.5
            valid = seen[np.ix_(rows, columns)] & coverage[here]
            place = np.where(valid[..., None], place, 0).astype(np.float32)
            transfers.append(Transfer(there, here, torch.from_numpy(place), torch.from_numpy(valid)))
    return transfers


def region_counts(problem: Problem, view: int, samples: int) -> list[int]:
    """How many style samples each region lends, so that the style is mixed as the content's view is.

    Moments and the relaxed EMD compare distributions: a style with much cloth must not darken a face.
    """
    share = problem.regions[view][problem.covered[view]].mean(0).cpu().numpy()
    available = (problem.style_regions > 0.5).sum(0).cpu().numpy()
    share = np.where(available >= _MIN_REGION_SAMPLES, share, 0.0)
    if share.sum() <= 0:
        return [0] * len(share)
    return [int(c) for c in np.round(samples * share / share.sum())]
