"""Stylized, warped views of one surface."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from twinbrush.views.values import ViewSet


@dataclass(frozen=True)
class Stylization:
    """images (N, H, W, 3): the stylized views, in the WARPED frame.

    warped: the content's ViewSet rasterized at the warped vertex positions f_k(p_k(v)) (its images are the warped
    content; its face_index/barycentric give the exact correspondence between the stylized views).
    method: which engine ran ("guided", "hybrid", "paper"). log: numbers worth keeping (losses, errors per level).
    """

    images: Float[np.ndarray, "n h w 3"]
    warped: ViewSet
    method: str
    log: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = field(default=())
    weights_sha256: str | None = None  # of the trained weights the engine used; None: it needs none
    compute: str = ""  # where and how exactly the engine's tensors were computed, as "cuda, bfloat16"
    extractor: str = ""  # the feature extractor that the engine saw with; empty: none
