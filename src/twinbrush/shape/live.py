"""A figure at several strengths of a style's form and several caricatures, for the viewer's sliders."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.config.sculpt import ShapeConfig
from twinbrush.export.viewer.live import LiveShapes
from twinbrush.sculpt.values import Figure, Template
from twinbrush.shape.figure import shapes_of
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
    wanted = [(value, caricature) for value in STRENGTHS] + [(strength, value) for value in CARICATURES]
    found: dict[tuple[float, float], Float[np.ndarray, "n 3"]] = {}
    if shown is not None:
        found[strength, caricature] = np.concatenate([part.mesh.vertices for part in shown.parts]).astype(np.float64)
    missing = [both for both in dict.fromkeys(wanted) if both not in found]
    for both, shape in zip(missing, shapes_of(model, figure, form, missing, hair_shape), strict=True):
        found[both] = np.concatenate(shape.parts).astype(np.float64)
    count = len(STRENGTHS)
    return LiveShapes(
        STRENGTHS, np.stack([found[both] for both in wanted[:count]]),
        CARICATURES, np.stack([found[both] for both in wanted[count:]]), strength, caricature)
