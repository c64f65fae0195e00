"""An extractor as the keypoints of objects take it: a picture -> feature maps, both as arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float

from twinbrush.paint.features.base import Extractor


def as_arrays(extractor: Extractor) -> Callable[[Float[np.ndarray, "h w 3"]], list[Float[np.ndarray, "_ _ _"]]]:
    """A picture (h, w, 3), RGB in [0, 1] -> the extractor's maps (c, h', w'), float32, shallow to deep."""

    def maps(image: Float[np.ndarray, "h w 3"]) -> list[Float[np.ndarray, "_ _ _"]]:
        batch = torch.from_numpy(np.ascontiguousarray(image, np.float32)).permute(2, 0, 1)[None]
        with torch.no_grad():
            return [m[0].float().cpu().numpy() for m in extractor(batch)]

    return maps
