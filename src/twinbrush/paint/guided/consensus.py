"""One surface, painted once: which view owns a surface point, and what all views show once the owners have painted.

Every surface point is owned by the view whose camera looks at it most squarely (by azimuth about the head's axis), with
a narrow soft border attached to the surface. Views paint what they own; elsewhere they show what the owner painted,
fetched through the exact correspondence. So views agree but for resampling, at the cost of painting one surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32

from twinbrush.views.correspondence import transfer_map
from twinbrush.views.values import ViewSet

_HEAD_AXIS_MM = 90.0  # the head's vertical axis lies about this far behind the eyes
_BORDER_RADIANS = 0.03  # half width of the soft border between owners, 3 mm on the face
_NEGLIGIBLE = 0.01


@dataclass(frozen=True)
class Source:
    """Where one view finds what another one painted: xy in `view`, and its weight (0 where it does not count)."""

    view: int
    xy: Float32[np.ndarray, "h w 2"]
    weight: Float32[np.ndarray, "h w"]


@dataclass(frozen=True)
class Consensus:
    """own[k]: weight of view k's own paint at its pixels; others[k]: the rest, from other views. They sum to 1."""

    own: Float32[np.ndarray, "n h w"]
    others: tuple[tuple[Source, ...], ...]

    def resized(self, height: int, width: int) -> Consensus:
        """The same at another size."""
        if self.own.shape[1:] == (height, width):
            return self
        own = np.stack([cv2.resize(w, (width, height), interpolation=cv2.INTER_AREA) for w in self.own])
        others = tuple(tuple(_resized(source, height, width) for source in row) for row in self.others)
        total = own + np.stack([sum((s.weight for s in row), np.zeros_like(own[0])) for row in others])
        scale = 1 / np.maximum(total, 1e-6)
        others = tuple(
            tuple(Source(s.view, s.xy, s.weight * scale[k]) for s in row) for k, row in enumerate(others)
        )
        return Consensus(own * scale, others)

    def merge(self, images: Float32[np.ndarray, "n h w 3"], interpolation: int) -> Float32[np.ndarray, "n h w 3"]:
        """Every view as its owners painted it. interpolation: an OpenCV flag."""
        merged = images * self.own[..., None]
        for k, row in enumerate(self.others):
            for source in row:
                fetched = cv2.remap(
                    images[source.view], source.xy[..., 0], source.xy[..., 1], interpolation,
                    borderMode=cv2.BORDER_REPLICATE,
                )
                merged[k] += source.weight[..., None] * fetched
        return merged


@dataclass(frozen=True)
class Known:
    """One view of a surface that other views have painted already: picture (1, h, w, 3) is what they painted, own the
    share that is this view's to paint. Has the face of a Consensus."""

    own: Float32[np.ndarray, "1 h w"]
    picture: Float32[np.ndarray, "1 h w 3"]

    @property
    def others(self) -> tuple[tuple[Source, ...], ...]:
        """No view besides takes part."""
        return ((),)

    def resized(self, height: int, width: int) -> Known:
        """The same at another size."""
        if self.own.shape[1:] == (height, width):
            return self
        own = cv2.resize(self.own[0], (width, height), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(self.picture[0], (width, height), interpolation=cv2.INTER_AREA)
        return Known(own[None], picture[None])

    def merge(self, images: Float32[np.ndarray, "1 h w 3"], interpolation: int) -> Float32[np.ndarray, "1 h w 3"]:
        """The view with what is known kept. interpolation: not needed here."""
        return self.picture + self.own[..., None] * (images - self.picture)


def _resized(source: Source, height: int, width: int) -> Source:
    full_height, full_width = source.weight.shape
    factor = np.array([width / full_width, height / full_height], np.float32)
    offset = source.xy - _grid(full_height, full_width)
    offset = cv2.resize(offset, (width, height), interpolation=cv2.INTER_NEAREST) * factor
    weight = cv2.resize(source.weight, (width, height), interpolation=cv2.INTER_AREA)
    return Source(source.view, _grid(height, width) + offset, weight)


def _grid(height: int, width: int) -> Float32[np.ndarray, "h w 2"]:
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)


def vertex_ownership(views: ViewSet) -> Float[np.ndarray, "n v"]:
    """How far each view owns each vertex: a softmax over the views that see it, 0 where hidden."""
    axis = np.array([views.landmarks_xyz[:, 0].mean(), views.landmarks_xyz[:, 2].max() - _HEAD_AXIS_MM])
    vertices = views.mesh.vertices[:, [0, 2]] - axis
    vertex_azimuth = np.arctan2(vertices[:, 0], np.maximum(vertices[:, 1], 1.0))
    centres = np.stack([camera.centre_xyz for camera in views.cameras])
    azimuths = np.arctan2(centres[:, 0], centres[:, 2])
    gaps = np.diff(np.sort(azimuths))
    spacing = float(gaps[gaps > 1e-6].min()) if (gaps > 1e-6).any() else 1.0
    sharpness = 1.0 / (np.sin(spacing / 2) * _BORDER_RADIANS)
    facing = np.cos(vertex_azimuth[None] - azimuths[:, None])
    score = np.exp(np.clip(sharpness * (facing - facing.max(0)), -30, 0)) * views.vertex_visible
    return score / np.maximum(score.sum(0), 1e-12)


def build_consensus(views: ViewSet) -> Consensus:
    """Owners and correspondence of all views (see the module). One view owns everything."""
    count, height, width = views.face_index.shape
    vertex_weight = vertex_ownership(views)
    own = np.ones((count, height, width), np.float32)
    others: list[tuple[Source, ...]] = []
    for k in range(count):
        covered = views.coverage[k]
        raw = _pixel_weights(views, k, vertex_weight, covered)
        row: list[tuple[int, Float32[np.ndarray, "h w 2"], Float32[np.ndarray, "h w"]]] = []
        for j in range(count):
            if j == k or not (raw[j] > _NEGLIGIBLE).any():
                continue
            xy, valid = transfer_map(views, k, j)
            weight = np.where(valid, raw[j], 0).astype(np.float32)
            row.append((j, np.where(valid[..., None], xy, _grid(height, width)).astype(np.float32), weight))
        total = raw[k] + sum((weight for _, _, weight in row), np.zeros((height, width), np.float32))
        lost = total < _NEGLIGIBLE  # nobody claims it: the view paints it itself
        scale = np.where(lost, 0, 1 / np.maximum(total, _NEGLIGIBLE)).astype(np.float32)
        own[k] = np.where(lost, 1, raw[k] * scale)
        others.append(tuple(Source(j, xy, weight * scale) for j, xy, weight in row))
    return Consensus(own, tuple(others))


def _pixel_weights(
    views: ViewSet, view: int, vertex_weight: Float[np.ndarray, "n v"], covered: Bool[np.ndarray, "h w"]
) -> Float32[np.ndarray, "n h w"]:
    corners = views.mesh.faces[views.face_index[view][covered]]
    barycentric = views.barycentric[view][covered]
    weights = np.zeros((len(vertex_weight), *covered.shape), np.float32)
    for j in range(len(vertex_weight)):
        weights[j][covered] = (vertex_weight[j][corners] * barycentric).sum(1)
    return weights
