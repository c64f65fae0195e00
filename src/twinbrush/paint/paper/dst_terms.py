"""The terms of Eq. 6-8 for one picture or pair of pictures, and what of them a step looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from twinbrush.maths.thin_plate import ThinPlateSpline, pixel_grid
from twinbrush.paint.features.hypercolumns import hypercolumns
from twinbrush.paint.losses.colour import colour_loss
from twinbrush.paint.losses.content import content_loss, self_similarity
from twinbrush.paint.losses.matching import Guide
from twinbrush.paint.losses.moments import sampled_moment_loss
from twinbrush.paint.losses.relaxed_emd import relaxed_emd_of_units
from twinbrush.paint.paper.dst_warp import Field, inverse, sample, to_pixels, to_units
from twinbrush.paint.problem import Transfer

_COLOUR_GUIDE = 0.5  # share of the guide in the palette's matching
_EDGE = 8  # pixels next to a window's border are not compared: the network pads there


@dataclass(frozen=True)
class Window:
    """The part of the pictures that the network sees in one step."""

    top: int
    left: int
    height: int
    width: int

    @property
    def rows(self) -> slice:
        """Of the full picture."""
        return slice(self.top, self.top + self.height)

    @property
    def columns(self) -> slice:
        """Of the full picture."""
        return slice(self.left, self.left + self.width)

    def cut(self, pictures: Shaped[Tensor, "*n h w"]) -> Shaped[Tensor, "*n a b"]:
        """The part inside."""
        return pictures[..., self.rows, self.columns]

    def inner(self, height: int, width: int, device: torch.device) -> Bool[Tensor, "a b"]:
        """Pixels of the window that may be compared: all of a whole picture, else those away from its border."""
        whole = (self.height, self.width) == (height, width)
        edge = 0 if whole else _EDGE
        mask = torch.zeros(self.height, self.width, dtype=torch.bool, device=device)
        mask[edge : self.height - edge, edge : self.width - edge] = True
        return mask

    def origin(self, pixels: Int[Tensor, "p"], width: int) -> Int[Tensor, "p"]:
        """Linear indices of the window -> of the full picture, `width` pixels wide."""
        y, x = torch.div(pixels, self.width, rounding_mode="floor"), pixels % self.width
        return (y + self.top) * width + x + self.left


def random_window(covered: Bool[Tensor, "n h w"], side: int, generator: torch.Generator) -> Window:
    """A window of `side` pixels (0: everything) about a random point of the surface, inside the picture, at a multiple
    of 16 pixels (the coarsest cells of the networks)."""
    height, width = covered.shape[-2:]
    if side <= 0 or (side >= height and side >= width):
        return Window(0, 0, height, width)
    side_y, side_x = min(side, height), min(side, width)
    points = torch.nonzero(covered[0])
    y, x = points[int(torch.randint(len(points), (1,), generator=generator))].tolist()
    top = min(max(y - side_y // 2, 0), height - side_y) // 16 * 16
    left = min(max(x - side_x // 2, 0), width - side_x) // 16 * 16
    return Window(top, left, side_y, side_x)


def pick(mask: Bool[Tensor, "h w"], count: int, generator: torch.Generator) -> Int[Tensor, "p"]:
    """Linear indices of `count` random pixels of a mask (all, in random order, where there are fewer)."""
    inside = torch.nonzero(mask.flatten())[:, 0]
    if len(inside) <= count:
        return inside[torch.randperm(len(inside), generator=generator).to(inside.device)]
    return inside[torch.randint(len(inside), (count,), generator=generator).to(inside.device)]


@dataclass(frozen=True)
class StyleDraw:
    """One step's samples of a view's style. channels: whose covariances are compared (None: all)."""

    features: Float[Tensor, "m c"]
    colours: Float[Tensor, "m 3"]
    channels: Int[Tensor, "r"] | None


def style_loss(
    features: Float[Tensor, "p c"], colours: Float[Tensor, "p 3"], style: StyleDraw, guide: Guide | None, alpha: float,
    *, half: bool,
) -> Float[Tensor, ""]:
    """L_style of Eq. 6: relaxed EMD of unit hypercolumns + means and covariances + palette / max(alpha, 1)."""
    loss = relaxed_emd_of_units(features, style.features, guide, half=half)
    loss = loss + sampled_moment_loss(features, style.features, style.channels, half=half)
    palette = colour_loss(colours, style.colours, None if guide is None else guide.scaled(_COLOUR_GUIDE))
    return loss + palette / max(alpha, 1.0)


def content_term(
    features: Float[Tensor, "p c"], content_maps: list[Float[Tensor, "1 _ _ _"]], pixels: Int[Tensor, "p"],
    height: int, width: int, *, half: bool,
) -> Float[Tensor, ""]:
    """L_content of Eq. 6 at the pixels."""
    with torch.no_grad():
        target = self_similarity(hypercolumns(content_maps, pixels, height, width), half=half)
    return content_loss(features, target, half=half)


def unwarped_pixels(
    places: Float[Tensor, "a b 2"], covered: Bool[Tensor, "h w"]
) -> tuple[Bool[Tensor, "a b"], Int[Tensor, "a b"]]:
    """For pixels of the warped picture: does it see the surface, and which pixel of the unwarped one it shows.
    places: f_theta at them; covered: of the whole unwarped picture."""
    height, width = covered.shape
    x = (places[..., 0] * height - 0.5).round().long()
    y = (places[..., 1] * height - 0.5).round().long()
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    index = y.clamp(0, height - 1) * width + x.clamp(0, width - 1)
    return inside & covered.flatten()[index], index


def disparity_term(
    images: Float[Tensor, "n 3 h w"], fields: list[Field], transfer: Transfer
) -> Float[Tensor, ""]:
    """L_disp of Eq. 7 between the WARPED pictures, through T^o of Eq. 5 with the current thetas.

    I^o = I^ou o f (pictures are warped backward): I_l^o(T^o p) = I_l^ou(f_l(f_l^-1(T^c(f_r p)))) = I_l^ou(T^c(f_r p)),
    and I_r^o(p) = I_r^ou(f_r p): f_l and its inverse cancel. In this form both colours are interpolated ONCE, so that
    blur cannot lower the loss (in the other a sample of I_l^o is interpolated twice, a pixel of I_r^o once).
    `composed_transfer` is the form with the inverse; a test compares the two.

    Gradient: taken to both pictures, stopped at theta. A change of theta moves the pixels p over one and the same
    surface: the loss changes only by which of its points are visited. (Stopped at T^o alone, theta would learn to slide
    one picture over the other, which changes no colour of the surface.)
    """
    height, width = images.shape[-2:]
    places = fields[transfer.to_view].detached().places(height, width)
    moved, seen = transferred(transfer, places)
    there = sample(images[transfer.from_view], moved[seen])
    here = sample(images[transfer.to_view], places[seen])
    return (there - here).abs().sum(0).mean() if bool(seen.any()) else images.sum() * 0


def transferred(
    transfer: Transfer, places: Float[Tensor, "*s 2"]
) -> tuple[Float[Tensor, "*s 2"], Bool[Tensor, "*s"]]:
    """T^c of Eq. 2 at places of the unwarped `to_view` (heights; bilinear), and where both views see it."""
    height, width = transfer.valid.shape
    y, x = torch.meshgrid(
        torch.arange(height, device=places.device), torch.arange(width, device=places.device), indexing="ij"
    )
    offset = (transfer.transfer_xy - torch.stack([x, y], -1)) * transfer.valid[..., None] / height
    planes = torch.cat([offset.permute(2, 0, 1), transfer.valid[None].to(offset.dtype)])
    found = sample(planes, places)
    return places + found[:2].movedim(0, -1), found[2] > 0.999


def composed_transfer(
    transfer: Transfer, from_splines: tuple[ThinPlateSpline, ThinPlateSpline], to_backward: ThinPlateSpline
) -> tuple[Float[np.ndarray, "h w 2"], Bool[np.ndarray, "h w"]]:
    """Eq. 5 in the paper's words: T^o = f_l^-1 o T^c o f_r at every pixel of the warped `to_view`; where it is known.

    Readable reference, exact splines in pixels (from_splines: backward, and forward as the inverse's start). Not used
    while optimising: `disparity_term` needs no inverse.
    """
    height, width = transfer.valid.shape
    places = to_units(to_backward.apply(pixel_grid(width, height)), height)
    moved, seen = transferred(transfer, torch.from_numpy(places).float())
    targets = to_pixels(moved.numpy().astype(np.float64), height)
    found = inverse(from_splines[0], targets, from_splines[1].apply(targets))
    valid = seen.numpy() & (found.missed_px < 1e-3)
    return found.points_xy.reshape(height, width, 2), valid.reshape(height, width)
