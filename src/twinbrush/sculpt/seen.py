"""What the photo shows of the person: THE place where this room asks which pixel is what."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.portrait.crop import Crop, cut_crop
from twinbrush.portrait.segment import segment
from twinbrush.portrait.values import Face


def seen_person(
    image: Float[np.ndarray, "h w 3"], face: Face, *, mask: Float[np.ndarray, "h w"] | None = None,
    others: tuple[Face, ...] = (),
) -> tuple[Crop, tuple[str, ...]]:
    """Returns the square about the person's head with its matte and regions, and warnings.

    image: RGB 0..1. mask: the user's own matte (1 = person). others: faces of other people, left out. Raises BadMask.
    """
    segmentation = segment(image, face, mask=mask, others=others)
    return cut_crop(image, segmentation, face), segmentation.warnings
