"""One size of the paper's optimisation: the unwarped content, and every view's own style samples (Eq. 9-10)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from twinbrush.config import ObjectiveConfig, PaperConfig
from twinbrush.correspond.values import AlignedStyle
from twinbrush.mesh import Region
from twinbrush.stylize.colour import PAINTED, soft_regions
from twinbrush.stylize.device import Compute
from twinbrush.stylize.dst_warp import sample
from twinbrush.stylize.features import Extractor
from twinbrush.stylize.features.hypercolumns import hypercolumns_at
from twinbrush.stylize.guided.facemap import ANCHORS, face_height, face_map, feature_mask
from twinbrush.stylize.losses.matching import Guide
from twinbrush.views.correspondence import transfer_map
from twinbrush.views.fill import push_pull
from twinbrush.views.values import ViewSet

LEAST = 60  # a region of the style with fewer places than this lends nothing of its own
_POOL = 16384  # places of the style whose features are kept; each step draws from them
_SURE = 0.4  # confidence of a style pixel's label below which it takes no part
_FEATURES = ("eyes", "brows", "lips", "nose")
_OFF_SKIN = 0.15  # share of the position's weight on hair and cloth


@dataclass(frozen=True)
class DenseTransfer:
    """T^c of Eq. 2 at this size: for every pixel of the unwarped `to_view` its place in `from_view` (pixels), and where
    both see it."""

    from_view: int
    to_view: int
    transfer_xy: Float[Tensor, "h w 2"]
    valid: Bool[Tensor, "h w"]


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
    transfers: list[DenseTransfer]

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
        """Additive matching cost of pixels of the unwarped view: squared distance to the counterpart's place (more on
        eyes, brows, lips and nose, less off the skin), and another region. As the hybrid's objective has it."""
        place, regions = content.position[view][pixels], content.regions[view][pixels]
        weight = config.position_weight * (_OFF_SKIN + (1 - _OFF_SKIN) * regions[:, :1])
        weight = weight * (1 + config.feature_emphasis * content.emphasis[view][pixels][:, None])
        there = self.position[chosen]
        # w |p - q|^2 + r (1 - region . region') as a product of (n, g) and (g, m)
        left = [weight * place.square().sum(1, keepdim=True) + config.region_weight, weight, -2 * weight * place]
        right = [torch.ones_like(there[:, :1]), there.square().sum(1, keepdim=True), there, self.regions[chosen]]
        return Guide(torch.cat([*left, -config.region_weight * regions], 1), torch.cat(right, 1))


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
    count, full_height, full_width = views.regions.shape
    shape = (round(full_width * size / full_height), size)
    covered = np.stack([_shrunk(c.astype(np.float32), shape) > 0.6 for c in views.coverage])
    unit = face_height(aligned.canvas_landmarks_xy)
    position, emphasis, regions = [], [], []
    for k in range(count):
        landmarks = views.landmarks_xy[k]
        to_style = face_map(landmarks[ANCHORS], aligned.canvas_landmarks_xy[ANCHORS], full_height, full_width)
        position.append(_shrunk(to_style / unit, shape).reshape(-1, 2))
        mask = feature_mask(landmarks, _FEATURES, full_height, full_width, 0.03, 0.015)
        emphasis.append(_shrunk(mask, shape).ravel())
        soft = soft_regions(views.regions[k], views.coverage[k], 0.004 * full_height)
        regions.append(np.stack([_shrunk(plane, shape).ravel() for plane in soft], -1))
    pictures = np.stack([_shrunk(image, shape) for image in images])

    def tensor(values: list[np.ndarray] | np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(np.stack(list(values)))).to(device)

    return Content(
        tensor(pictures.transpose(0, 3, 1, 2)), tensor([_rim(c)[None] for c in covered]), tensor(covered),
        tensor(position), tensor(emphasis), tensor(regions), _transfers(views, covered, size / full_height, device),
    )  # fmt: skip


def build_pool(
    aligned: AlignedStyle, views: ViewSet, size: int, extractor: Extractor, compute: Compute, *, perspective: bool,
    generator: torch.Generator,
) -> StylePool:
    """Features of the style at one size. perspective: every view gets the style as seen from its angle (Eq. 9), else
    all get the same picture. What lies behind the figure is replaced by its nearest colours (it must not leak)."""
    height, width = aligned.canvas_valid.shape
    factor = size / views.images.shape[1]
    known = aligned.canvas_valid & (aligned.canvas_confidence >= _SURE)
    known &= aligned.canvas_regions != int(Region.BACKGROUND)
    if known.sum() < 16 * LEAST:
        known = aligned.canvas_valid
    shape = (round(width * factor), round(height * factor))
    usable = _shrunk(known.astype(np.float32), shape) > 0.9
    pixels = np.flatnonzero(usable if usable.any() else np.ones_like(usable))
    pixels = pixels[torch.randperm(len(pixels), generator=generator)[:_POOL].numpy()]
    y, x = np.divmod(pixels, shape[0])
    canvas_xy = (np.stack([x, y], -1) + 0.5) / factor - 0.5
    figure = push_pull(aligned.canvas.astype(np.float32), known.astype(np.float32))
    features: list[Tensor] = []
    colours: list[Tensor] = []
    for homography in aligned.homographies:
        seen, xy = _seen(figure, canvas_xy, homography if perspective else np.eye(3))
        picture = torch.from_numpy(_shrunk(seen, shape)).permute(2, 0, 1)[None].contiguous().to(compute.device)
        places = torch.from_numpy(((xy + 0.5) / aligned.canvas.shape[0]).astype(np.float32)).to(compute.device)
        with torch.no_grad():
            columns = hypercolumns_at(extractor(picture), places)
            features.append(columns.bfloat16() if compute.half else columns)
            colours.append(sample(picture[0], places).T.contiguous())
        if not perspective:
            features, colours = features * len(aligned.homographies), colours * len(aligned.homographies)
            break
    one_hot = np.stack([(aligned.canvas_regions == int(r)) & known for r in PAINTED], -1).astype(np.float32)
    lies_in = np.ascontiguousarray(_shrunk(one_hot, shape).reshape(-1, len(PAINTED))[pixels])
    regions = torch.from_numpy(lies_in).to(compute.device)
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


def _shrunk(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    image = np.ascontiguousarray(image, np.float32)
    if (image.shape[1], image.shape[0]) == shape:
        return image
    return cv2.resize(image, shape, interpolation=cv2.INTER_AREA)


def _rim(covered: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """1 on the surface, falling to 0 within four pixels: there only stray gradients would paint."""
    outside = cv2.distanceTransform((~covered).astype(np.uint8), cv2.DIST_L2, 3)
    return np.clip(1 - outside / 4, 0, 1).astype(np.float32)


def _transfers(
    views: ViewSet, covered: Bool[np.ndarray, "n h w"], factor: float, device: torch.device
) -> list[DenseTransfer]:
    """Correspondence of neighbouring views, both ways, at this size (nearest full-size pixel; exact places)."""
    count, height, width = covered.shape
    full_height, full_width = views.regions.shape[1:]
    centre_y, centre_x = ((np.arange(n) + 0.5) / factor - 0.5 for n in (height, width))
    rows = np.clip(np.round(centre_y).astype(int), 0, full_height - 1)
    columns = np.clip(np.round(centre_x).astype(int), 0, full_width - 1)
    # The surface is smooth: half a pixel here is half a pixel there.
    offset = np.stack(np.broadcast_arrays((centre_x - columns)[None, :], (centre_y - rows)[:, None]), -1)
    transfers: list[DenseTransfer] = []
    for a in range(count - 1):
        for here, there in ((a, a + 1), (a + 1, a)):
            full, seen = transfer_map(views, here, there)
            place = (full[np.ix_(rows, columns)] + offset + 0.5) * factor - 0.5
            valid = seen[np.ix_(rows, columns)] & covered[here]
            place = np.where(valid[..., None], place, 0).astype(np.float32)
            transfers.append(
                DenseTransfer(there, here, torch.from_numpy(place).to(device), torch.from_numpy(valid).to(device))
            )
    return transfers
