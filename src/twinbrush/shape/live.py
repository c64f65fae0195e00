"""A figure at several strengths of a style's form and several caricatures, for the viewer's sliders."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.config.sculpt import ShapeConfig
from twinbrush.export.viewer.live import LiveShapes
from twinbrush.sculpt.values import Figure, Template
from twinbrush.shape.figure import shape_of
from twinbrush.shape.head import Form

STRENGTHS = (0.0, 0.5, 1.0, 1.5)
CARICATURES = (0.5, 1.0, 1.5, 2.0)


def live_shapes(
    model: Template, figure: Figure, form: Form, strength: float = ShapeConfig.strength,
    caricature: float = ShapeConfig.caricature, hair_shape: float = ShapeConfig.hair_shape,
    shown: Figure | None = None,
) -> LiveShapes:
    """Returns the shapes between which the viewer blends.

    figure: not shaped yet. strength, caricature, hair_shape: of the shape that the viewer shows, `shaped` of the same
    arguments. shown: that very figure, when the caller has it already.
    """
    found: dict[tuple[float, float], Float[np.ndarray, "n 3"]] = {}

    if shown is not None:
        found[strength, caricature] = np.concatenate([part.mesh.vertices for part in shown.parts]).astype(np.float64)

    def at(strength: float, caricature: float) -> Float[np.ndarray, "n 3"]:
        if (strength, caricature) not in found:
            parts = shape_of(model, figure, form, strength, caricature, hair_shape).parts
            found[strength, caricature] = np.concatenate(parts).astype(np.float64)
        return found[strength, caricature]

    return LiveShapes(
        STRENGTHS, np.stack([at(value, caricature) for value in STRENGTHS]),
        CARICATURES, np.stack([at(strength, value) for value in CARICATURES]), strength, caricature)
