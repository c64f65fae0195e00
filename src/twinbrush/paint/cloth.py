"""A style that shows no clothes: what lies below its chin stands in for them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, UInt8

from twinbrush.base.mesh import Region

_ENOUGH_CLOTH = 0.1  # of the squared face height


def with_cloth(
    regions: UInt8[np.ndarray, "h w"], trusted: Bool[np.ndarray, "h w"], valid: Bool[np.ndarray, "h w"],
    chin_xy: Float[np.ndarray, "2"], unit_px: float,
) -> tuple[UInt8[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]:
    """Where the style shows hardly any sure cloth, whatever of the person lies below its chin and is not surely skin or
    hair counts as cloth: clothes take their paint from there rather than from the face. What the labels call background
    stays background: walls lend nothing. Returns labels and trust."""
    cloth = trusted & (regions == int(Region.CLOTH))
    if cloth.sum() >= _ENOUGH_CLOTH * unit_px**2:
        return regions, trusted
    y, x = np.indices(regions.shape)
    below = (y > chin_xy[1] + 0.12 * unit_px) & (np.abs(x - chin_xy[0]) < 1.3 * unit_px)
    body = trusted & ((regions == int(Region.SKIN)) | (regions == int(Region.HAIR)))
    added = valid & below & ~body & (regions != int(Region.BACKGROUND))
    return np.where(added, np.uint8(Region.CLOTH), regions), trusted | added
