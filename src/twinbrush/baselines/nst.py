"""The floor: Gatys, Ecker & Bethge, Image Style Transfer Using Convolutional Neural Networks, CVPR 2016.

L = |F - P|^2 at the deepest layer + beta sum_l |G_l - A_l|^2 at all layers, F features, G = F F^T / (places of the
layer) (their Eq. 1, 3-7). It knows no regions and no faces. Deviations: the layers are those of `--extractor`, both
terms are relative to the photo's and the style's own size (so that beta does not depend on the network), Adam instead
of L-BFGS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from twinbrush.config.rivals import RivalConfig
from twinbrush.paint.adam import Adam
from twinbrush.paint.features import Extractor

RATE = 0.01  # of Adam, falling to a tenth
Pictures = Float[Tensor, "1 3 h w"]


def gram(features: Float[Tensor, "1 c h w"]) -> Float[Tensor, "c c"]:
    """Returns the mean product of every two channels."""
    rows = features[0].flatten(1)
    return rows @ rows.T / rows.shape[1]


def nst_loss(
    maps: Sequence[Tensor], content: Float[Tensor, "1 c h w"], grams: Sequence[Tensor], beta: float
) -> Float[Tensor, ""]:
    """Returns the loss of a picture's maps. content: the photo's deepest map. grams: the style's, a map."""
    away = (maps[-1] - content).square().mean() / content.square().mean()
    layers = [(gram(m) - g).square().sum() / g.square().sum() for m, g in zip(maps, grams, strict=True)]
    return away + beta * torch.stack(layers).mean()


def paint_nst(
    content: Pictures, style: Pictures, extractor: Extractor, config: RivalConfig,
    report: Callable[[int, int, float], None],
) -> Pictures:
    """Returns the photo in the style. report: called with step, steps and loss."""
    with torch.no_grad():
        goal, grams = extractor(content)[-1], [gram(m) for m in extractor(style)]
    picture = content.clone().requires_grad_()
    optimizer = Adam([picture])
    for step in range(config.nst_steps):
        loss = nst_loss(extractor(picture), goal, grams, config.nst_style)
        gradients = torch.autograd.grad(loss, [picture])
        optimizer.step(gradients, RATE * (1 - 0.9 * step / max(config.nst_steps - 1, 1)))
        with torch.no_grad():
            picture.clamp_(0, 1)
        report(step + 1, config.nst_steps, float(loss.detach()))
    return picture.detach()
