"""What this room hands on: a class for every pixel, with its confidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from jaxtyping import Bool, Float, UInt8

from twinbrush.base.mesh import Region


class Label(IntEnum):
    """What a pixel of a portrait shows."""

    GROUND = 0  # wall, other people, hands before the face, frames
    SKIN = 1  # face, ears, neck, shoulders, arms; a bald scalp; stubble
    HAIR = 2
    BEARD = 3  # beard and moustache that hide the skin
    CLOTH = 4
    HEADWEAR = 5  # hats, scarves over the head, flowers and jewels in the hair


COLOURS: dict[Label, tuple[int, int, int]] = {
    Label.GROUND: (64, 64, 64), Label.SKIN: (255, 180, 140), Label.HAIR: (140, 70, 20), Label.BEARD: (230, 200, 0),
    Label.CLOTH: (40, 90, 220), Label.HEADWEAR: (200, 40, 180),
}
"""The legend, RGB: of `inspect`'s picture and of region files."""
GLASSES_COLOUR = (0, 220, 220)

# Where only the four classes of `mesh.Region` are told apart: hats go with the hair, and beards with the skin they grow
# on where it is about shape, with the hair where it is about paint.
COARSE = np.array([Region.BACKGROUND, Region.SKIN, Region.HAIR, Region.SKIN, Region.CLOTH, Region.HAIR], np.uint8)
COARSE_PAINT = np.array([Region.BACKGROUND, Region.SKIN, Region.HAIR, Region.HAIR, Region.CLOTH, Region.HAIR], np.uint8)


@dataclass(frozen=True)
class RegionMap:
    """matte (h, w) 0..1: the person. labels (h, w) of `Label`; confidence (h, w) 0..1 of the label. glasses (h, w): the
    pixels of spectacles, whatever lies below them. warnings: what the user should know."""

    matte: Float[np.ndarray, "h w"]
    labels: UInt8[np.ndarray, "h w"]
    confidence: Float[np.ndarray, "h w"]
    glasses: Bool[np.ndarray, "h w"]
    warnings: tuple[str, ...] = field(default=())

    @property
    def regions(self) -> UInt8[np.ndarray, "h w"]:
        """The labels as the four classes of `mesh.Region`, a beard as skin."""
        return COARSE[self.labels]

    @property
    def painted(self) -> UInt8[np.ndarray, "h w"]:
        """The labels as the four classes of `mesh.Region`, a beard as hair: whose paint each pixel takes or lends."""
        return COARSE_PAINT[self.labels]
