"""What the all-round painter works on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from twinbrush.camera import Camera
from twinbrush.mesh import Mesh


@dataclass(frozen=True)
class StyleCanvas:
    """The style in the pixel frame of the front view, and what of it may be used.

    image (h, w, 3): float32 0..1. usable: pixels that may lend colours and brushwork: those of the style's object, or
    all of a picture without one. unit_px: the figure's size, the unit of all lengths in the picture.
    """

    image: Float32[np.ndarray, "h w 3"]
    usable: Bool[np.ndarray, "h w"]
    unit_px: float


@dataclass(frozen=True)
class Subject:
    """The surface to paint.

    mesh: stylized shape, injective uv, with the content's own colours as its texture. normals (v, 3): unit, smooth
    across uv seams; broad (v, 3): averaged widely (see surface_paint). places_xy (v, 2): where each vertex lies in the
    style's canvas, as the front camera sees it at full strength, whether hidden or not. coloured: False: the content
    has only form, no colours of its own.
    """

    mesh: Mesh
    normals: Float[np.ndarray, "v 3"]
    broad: Float[np.ndarray, "v 3"]
    places_xy: Float[np.ndarray, "v 2"]
    coloured: bool


@dataclass(frozen=True)
class Painted:
    """texture (t, t, 3): the painted atlas, complete. views: the views' cameras; order: in which they were painted.
    log: numbers for the manifest."""

    texture: Float32[np.ndarray, "t t 3"]
    cameras: tuple[Camera, ...]
    order: Int[np.ndarray, "n"]
    method: str
    log: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = field(default=())
    weights_sha256: str | None = None
