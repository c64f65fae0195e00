"""What the all-round painter works on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from twinbrush.base.mesh import Mesh


@dataclass(frozen=True)
class StyleCanvas:
    """The style in the pixel frame of the front view, and what of it may be used.

    image (h, w, 3): float32 0..1. usable: pixels that may lend colours and brushwork: those of the style's object, or
    all of a picture without one. unit_px: the figure's size, the unit of all lengths in the picture. regions: `Region`
    of each pixel, of a head; None: one region.
    """

    image: Float32[np.ndarray, "h w 3"]
    usable: Bool[np.ndarray, "h w"]
    unit_px: float
    regions: UInt8[np.ndarray, "h w"] | None = None


@dataclass(frozen=True)
class Subject:
    """The surface to paint.

    mesh: stylized shape, injective uv, with the content's own colours as its texture. normals (v, 3): unit, smooth
    across uv seams; broad (v, 3): averaged widely (see surface_paint). places_xy (v, 2): where each vertex lies in the
    style's canvas, as the front camera sees it at full strength, whether hidden or not. facing (v,): how squarely the
    front camera (or one behind) looks at it, 0 to 1. coloured: False: the content has only form, no colours of its own.
    like: the style shows an object like it, so that places in the canvas mean something. regions (v,): of a head.
    """

    mesh: Mesh
    normals: Float[np.ndarray, "v 3"]
    broad: Float[np.ndarray, "v 3"]
    places_xy: Float[np.ndarray, "v 2"]
    facing: Float[np.ndarray, "v"]
    coloured: bool
    like: bool
    regions: UInt8[np.ndarray, "v"] | None = None
