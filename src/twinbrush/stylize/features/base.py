"""What every extractor is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class Extractor(Protocol):
    """Images (n, 3, h, w), RGB in [0, 1] -> maps (n, c, h', w'), each level half the size of the one before."""

    def __call__(self, images: Tensor, /) -> list[Tensor]:
        """The feature maps, shallow to deep."""
        ...
