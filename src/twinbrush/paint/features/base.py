"""What every extractor is."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Extractor = Callable[[Tensor], list[Tensor]]
"""Images (n, 3, h, w), RGB in [0, 1] -> maps (n, c, h', w'), shallow to deep, none larger than the one before."""
