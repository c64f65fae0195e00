"""What this room hands on: painted pair, painted texture, learned shape. `reshape` reads them, and no torch with
them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Float32

from twinbrush.align.values import AlignedStyle
from twinbrush.paint.stylization import Stylization


@dataclass(frozen=True)
class WideStyle:
    """The style brought to a figure as `aligned` is, in a larger frame: the clothes and long hair beside the pair's.

    style: its canvas holds the pair's frame, reduced by `scale`, and `margin_px` pixels more on each side.
    """

    style: AlignedStyle
    scale: float
    margin_px: int

    def placed(self, pixels_xy: Float[np.ndarray, "p 2"]) -> Float[np.ndarray, "p 2"]:
        """Returns where pixels of the pair's frame lie in the wide canvas."""
        return (pixels_xy + 0.5) * self.scale - 0.5 + self.margin_px


@dataclass(frozen=True)
class PaintedPair:
    """The stereo pair on a figure: the style as it was brought to the figure, and the painted pictures.

    wide: the same style, for the ring.
    """

    aligned: AlignedStyle
    pair: Stylization
    wide: WideStyle

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know."""
        return (*self.aligned.warnings, *self.pair.warnings)


@dataclass(frozen=True)
class PaintedTexture:
    """texture: (h, w, 3) sRGB 0..1, the figure's, painted. log: numbers for the manifest."""

    texture: Float32[np.ndarray, "h w 3"]
    log: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Triangulated:
    """What the warps of a pair painted by the paper's method tell of a figure's shape.

    displacement: (v, 3) mm, how far each vertex of the figure's surface moves. strength: at which it was learned.
    metrics: numbers for the manifest.
    """

    displacement: Float[np.ndarray, "v 3"]
    strength: float
    metrics: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
