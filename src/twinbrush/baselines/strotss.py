"""STROTSS: Kolkin, Salavon & Shakhnarovich, Style Transfer by Relaxed Optimal Transport and Self-Similarity, CVPR 2019.

Coarse to fine over sizes; a Laplacian pyramid is optimised; the first size starts from the photo's finest band on the
style's mean colour, each finer one from the last, enlarged, with the photo's finest band. Deviation: Adam instead of
RMSprop.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from twinbrush.baselines.terms import make_task, picture_loss
from twinbrush.config.rivals import RivalConfig
from twinbrush.paint.adam import Adam
from twinbrush.paint.features import Extractor
from twinbrush.paint.pyramid import collapse, laplacian_pyramid, resized

RATE, LAST = 0.006, 0.2  # of Adam, and to which share it falls over the steps of a size
LEVELS = 5  # of the pyramid
Pictures = Float[Tensor, "1 3 h w"]
Report = Callable[[int, int, float], None]


def sizes_for(size: int, wanted: tuple[int, ...]) -> list[int]:
    """Returns the sizes below `size`, and it."""
    return [*(s for s in wanted if s < size), size]


def finest(pictures: Pictures) -> Pictures:
    """Returns the finest band of a picture."""
    return laplacian_pyramid(pictures, 1)[0]


def as_parameters(start: Pictures) -> list[Tensor]:
    """Returns a picture's pyramid, to be optimised."""
    return [band.clone().requires_grad_() for band in laplacian_pyramid(start, LEVELS)]


def paint_strotss(
    content: Pictures, style: Pictures, extractor: Extractor, config: RivalConfig, unit: float, *, seed: int,
    report: Report,
) -> Pictures:
    """Returns the photo in the style. unit: of alpha (terms.py). report: called with step, steps and loss."""
    generator = torch.Generator().manual_seed(seed)
    sizes = sizes_for(content.shape[-1], config.strotss_sizes)
    picture, done, total = None, 0, len(sizes) * config.strotss_steps
    counts = config.content_samples, config.style_samples
    for number, size in enumerate(sizes):
        small, art = resized(content, size, size), resized(style, size, size)
        alpha = unit * config.strotss_alpha / 2**number
        task = make_task(extractor, small, art, alpha, counts, generator)
        before = art.mean((2, 3), keepdim=True) if picture is None else resized(picture, size, size)
        bands = as_parameters(before + finest(small))
        optimizer = Adam(bands)
        for step in range(config.strotss_steps):
            loss = picture_loss(collapse(bands), task, generator)
            rate = RATE * (1 - (1 - LAST) * step / max(config.strotss_steps - 1, 1))
            optimizer.step(torch.autograd.grad(loss, bands), rate)
            done += 1
            report(done, total, float(loss.detach()))
        with torch.no_grad():
            picture = collapse(bands).clamp(0, 1)
    assert picture is not None
    return picture
