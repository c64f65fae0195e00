"""What the photo shows of the person: THE place where this room asks which pixel is what."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from twinbrush.faces.values import Face
from twinbrush.portrait.crop import Crop, cut_crop
from twinbrush.regions.engine import find_regions

GLASSES = "Glasses are seen: they are left out of the shape, not yet out of the colours."


def seen_person(
    image: Float[np.ndarray, "h w 3"], face: Face, *, mask: Float[np.ndarray, "h w"] | None = None,
    labels: UInt8[np.ndarray, "h w"] | None = None, others: tuple[Face, ...] = (),
) -> tuple[Crop, tuple[str, ...]]:
    """Returns the square about the person's head with its matte and regions, and warnings.

    image: RGB 0..1. mask: the user's own matte (1 = person); labels: the user's own regions. others: faces of other
    people, left out. Raises BadMask.
    """
    found = find_regions(image, face, mask=mask, given=labels, others=others)
    return cut_crop(image, found, face), (*found.warnings, *((GLASSES,) if found.glasses.any() else ()))
