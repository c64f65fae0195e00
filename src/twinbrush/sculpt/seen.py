"""What the photo shows of the person: THE place where this room asks which pixel is what."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from twinbrush.faces.values import Face
from twinbrush.portrait.crop import Crop, cut_crop
from twinbrush.portrait.geometry import make_frame
from twinbrush.regions.engine import find_regions
from twinbrush.sculpt.drawn import looks_drawn
from twinbrush.sculpt.frames import glasses_frames

GLASSES = "Glasses are seen: their frames are left out of shape and colours."
DRAWN = "The picture looks drawn: its lines are taken for the person's own colours and features."


def seen_person(
    image: Float[np.ndarray, "h w 3"], face: Face, *, mask: Float[np.ndarray, "h w"] | None = None,
    labels: UInt8[np.ndarray, "h w"] | None = None, others: tuple[Face, ...] = (),
) -> tuple[Crop, tuple[str, ...]]:
    """Returns the square about the person's head with its matte and regions, and warnings.

    image: RGB 0..1. mask: the user's own matte (1 = person); labels: the user's own regions. others: faces of other
    people, left out. Raises BadMask.
    """
    found = find_regions(image, face, mask=mask, given=labels, others=others)
    crop = cut_crop(image, found, face)
    grey = np.log(np.maximum(crop.image.astype(np.float32).mean(-1), 0.02))
    unit = make_frame(crop.face, len(grey), len(grey)).pixels_per_mm
    glasses = found.glasses.any() or glasses_frames(grey, crop.face.landmarks[:, :2], unit).any()
    notes = [note for note, true in ((GLASSES, glasses), (DRAWN, looks_drawn(image, face.landmarks[:, :2]))) if true]
    return crop, (*found.warnings, *notes)
