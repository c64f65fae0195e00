"""Pictures as Laplacian pyramids of parameters: coarse colours and fine strokes move at the same pace."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def resized(images: Float[Tensor, "n c h w"], height: int, width: int) -> Float[Tensor, "n c h1 w1"]:
    """Bilinear, antialiased when shrinking; pixel edges of both sizes coincide (align_corners False)."""
    if images.shape[-2:] == (height, width):
        return images
    shrinking = height < images.shape[-2]
    return functional.interpolate(
        images, (height, width), mode="bilinear", align_corners=False, antialias=shrinking
    )


def laplacian_pyramid(images: Float[Tensor, "n c h w"], levels: int) -> list[Float[Tensor, "n _ _ _"]]:
    """`levels` differences from fine to coarse, and the small rest; `collapse` gives the images back exactly."""
    parts: list[Tensor] = []
    current = images
    for _ in range(levels):
        height, width = current.shape[-2:]
        if min(height, width) < 8:
            break
        smaller = resized(current, height // 2, width // 2)
        parts.append(current - resized(smaller, height, width))
        current = smaller
    return [*parts, current]


def collapse(parts: Sequence[Float[Tensor, "n _ _ _"]]) -> Float[Tensor, "n _ _ _"]:
    """The images of a Laplacian pyramid."""
    images = parts[-1]
    for part in reversed(parts[:-1]):
        images = part + resized(images, part.shape[-2], part.shape[-1])
    return images
