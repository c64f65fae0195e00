"""One size of the paper's optimisation: the unwarped content, and every view's own style samples (Eq. 9-10)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from twinbrush.align.values import AlignedStyle
from twinbrush.config import ObjectiveConfig, PaperConfig
from twinbrush.faces.facemap import face_height
from twinbrush.paint.device import Compute
from twinbrush.paint.features import Extractor
from twinbrush.paint.features.hypercolumns import hypercolumns_at
from twinbrush.paint.losses.matching import Guide
from twinbrush.paint.paper.dst_warp import sample
from twinbrush.paint.problem import (
    Transfer,
    build_transfers,
    canvas_places,
    counterparts,
    guide_of,
    shrunk,
    soft_rim,
    usable_style,
)
from twinbrush.views.values import ViewSet

LEAST = 60  # a region of the style with fewer places than this lends nothing of its own
_POOL = 16384  # places of the style whose features are kept; each step draws from them
_SURE = 0.4  # confidence of a style pixel's label below which it takes no part


@dataclass(frozen=True)
class Content:
    """The unwarped views at this size. painted: 1 where pixels may change (the surface and four pixels around it).
    covered: the surface. position: the counterpart in the style, in its face heights; emphasis: 1 on eyes, brows, lips,
    nose; regions: weights of `PAINTED` (all three by linear pixel index)."""

    images: Float[Tensor, "n 3 h w"]
    painted: Float[Tensor, "n 1 h w"]
    covered: Bool[Tensor, "n h w"]
    position: Float[Tensor, "n p 2"]
    emphasis: Float[Tensor, "n p"]
    regions: Float[Tensor, "n p r"]
    transfers: list[Transfer]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.images.shape[-2], self.images.shape[-1]


@dataclass(frozen=True)
class StylePool:
    """Places of the style. features[k] (unit rows; bfloat16 where that is fast), colours[k]: as view k's perspective-
    transformed style shows them, between its pixels; row i is the same place in every view (the nearest pixels would
    tell the views different things). position (face heights), regions: of that place."""

    features: list[Float[Tensor, "s c"]]
    colours: list[Float[Tensor, "s 3"]]
    position: Float[Tensor, "s 2"]
    regions: Float[Tensor, "s r"]

    def choose(
        self, share: Float[Tensor, "r"] | None, count: int, generator: torch.Generator
    ) -> Int[Tensor, "m"]:
        """Places drawn evenly; or so that the regions are mixed as `share` says (a window that is all hair must not be
        compared with cheeks)."""
        device, count = self.position.device, min(count, len(self.position))
        if share is not None:
            members = [torch.nonzero(column > 0.5)[:, 0] for column in self.regions.T.cpu()]
            share = torch.stack([s * float(len(m) >= LEAST) for s, m in zip(share.cpu(), members, strict=True)])
            if float(share.sum()) > 0:
                counts = (count * share / share.sum()).round().long().tolist()
                drawn = [
                    m[torch.randint(len(m), (c,), generator=generator)]
                    for m, c in zip(members, counts, strict=True) if c
                ]  # fmt: skip
                return torch.cat(drawn).to(device)
        return torch.randint(len(self.position), (count,), generator=generator).to(device)

    def guide(
        self, content: Content, view: int, pixels: Int[Tensor, "p"], chosen: Int[Tensor, "m"], config: ObjectiveConfig
    ) -> Guide:
        """What it costs to match pixels of the unwarped view with chosen places, as the hybrid's objective has it."""
        here = content.position[view][pixels], content.emphasis[view][pixels], content.regions[view][pixels]
        return guide_of(here, (self.position[chosen], self.regions[chosen]), config)


def scale_sizes(full: int, config: PaperConfig) -> list[tuple[int, int, float]]:
    """(size, steps, alpha) from coarse to fine; sizes below 32 pixels are left out."""
    levels = len(config.steps)
    plan = [
        (round(full / 2 ** (levels - 1 - i)), steps, config.alpha * config.alpha_unit * 2 ** (levels - 1 - i))
        for i, steps in enumerate(config.steps)
    ]
    return [(size, steps, alpha) for size, steps, alpha in plan if size >= 32]


def build_content(
    images: Float[np.ndarray, "n h w 3"], views: ViewSet, aligned: AlignedStyle, size: int, device: torch.device
) -> Content:
    """The unwarped views `size` pixels high; `images`: what the optimisation starts from."""
    _, full_height, full_width = views.regions.shape
    shape = (round(full_width * size / full_height), size)
    covered = np.stack([shrunk(c.astype(np.float32), shape) > 0.6 for c in views.coverage])
    position, emphasis, regions = counterparts(views, aligned, shape)
    pictures = np.stack([shrunk(image, shape) for image in images])

    def tensor(values: list[np.ndarray] | np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(np.stack(list(values)))).to(device)

    transfers = [
        replace(t, transfer_xy=t.transfer_xy.to(device), valid=t.valid.to(device))
        for t in build_transfers(views, covered, size / full_height)
    ]
    return Content(
        tensor(pictures.transpose(0, 3, 1, 2)), tensor([soft_rim(c)[None] for c in covered]), tensor(covered),
        tensor(position), tensor(emphasis), tensor(regions), transfers,
    )  # fmt: skip


def build_pool(
    aligned: AlignedStyle, views: ViewSet, size: int, extractor: Extractor, compute: Compute, *, perspective: bool,
    generator: torch.Generator,
) -> StylePool:
    """Features of the style at one size. perspective: every view gets the style as seen from its angle (Eq. 9), else
    all get the same picture. What lies behind the figure is replaced by its nearest colours (it must not leak)."""
    height, width = aligned.canvas_valid.shape
    factor = size / views.images.shape[1]
    shape = (round(width * factor), round(height * factor))
    figure, pixels, weights = usable_style(aligned, shape, _SURE)
    pixels = pixels[torch.randperm(len(pixels), generator=generator)[:_POOL].numpy()]
    canvas_xy = canvas_places(pixels, shape, factor)
    features: list[Tensor] = []
    colours: list[Tensor] = []
    for homography in aligned.homographies:
        seen, xy = _seen(figure, canvas_xy, homography if perspective else np.eye(3))
        picture = torch.from_numpy(shrunk(seen, shape)).permute(2, 0, 1)[None].contiguous().to(compute.device)
        places = torch.from_numpy(((xy + 0.5) / aligned.canvas.shape[0]).astype(np.float32)).to(compute.device)
        with torch.no_grad():
            columns = hypercolumns_at(extractor(picture), places)
            features.append(columns.bfloat16() if compute.half else columns)
            colours.append(sample(picture[0], places).T.contiguous())
        if not perspective:
            features, colours = features * len(aligned.homographies), colours * len(aligned.homographies)
            break
    regions = torch.from_numpy(np.ascontiguousarray(weights[pixels])).to(compute.device)
    position = (canvas_xy / face_height(aligned.canvas_landmarks_xy)).astype(np.float32)
    return StylePool(features, colours, torch.from_numpy(position).to(compute.device), regions)


def _seen(
    picture: Float[np.ndarray, "h w 3"], points_xy: Float[np.ndarray, "s 2"], homography: Float[np.ndarray, "3 3"]
) -> tuple[Float[np.ndarray, "h w 3"], Float[np.ndarray, "s 2"]]:
    """Eq. 9: the style and places in it, seen from a view."""
    if np.allclose(homography, np.eye(3)):
        return picture, points_xy
    size = (picture.shape[1], picture.shape[0])
    moved = cv2.warpPerspective(picture, homography, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    places = np.column_stack([points_xy, np.ones(len(points_xy))]) @ homography.T
    return np.clip(moved, 0, 1), places[:, :2] / places[:, 2:]


