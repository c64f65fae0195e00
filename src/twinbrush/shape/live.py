"""A figure at several strengths of a style's form and several caricatures, for the viewer's sliders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from twinbrush.config.sculpt import ShapeConfig
from twinbrush.sculpt.values import Figure, Template
from twinbrush.shape.figure import shapes_of
from twinbrush.shape.head import Form

STRENGTHS = (0.0, 0.5, 1.0, 1.5)
CARICATURES = (0.5, 1.0, 1.5, 2.0)
THE_PERSON = (0, 1)  # strength and caricature at which nothing is changed


@dataclass(frozen=True)
class LiveShapes:
    """A figure's vertices (those of `figure_outputs.figure_mesh`, mm) at several strengths and several caricatures.

    strengths (s,) ascending, by_strength (s, n, 3): at the shown caricature.
    caricatures (c,) ascending, by_caricature (c, n, 3): at the shown strength; none: there is no such slider.
    strength, caricature: of the mesh that is shown; they need not be among the others, but lie between them.
    """

    strengths: tuple[float, ...]
    by_strength: Float[np.ndarray, "s n 3"]
    caricatures: tuple[float, ...]
    by_caricature: Float[np.ndarray, "c n 3"]
    strength: float
    caricature: float


def shapes_at(
    model: Template, figure: Figure, form: Form, amounts: list[tuple[float, float]],
    hair_shape: float = ShapeConfig.hair_shape,
) -> list[Float[np.ndarray, "n 3"]]:
    """Returns the figure's vertices (mm, all parts in their order) at each strength and caricature."""
    changed = [both for both in amounts if both != THE_PERSON]
    found = iter(shapes_of(model, figure, form, changed, hair_shape))
    return [vertices_of(figure) if both == THE_PERSON else np.concatenate(next(found).parts).astype(np.float64)
            for both in amounts]


def vertices_of(figure: Figure) -> Float[np.ndarray, "n 3"]:
    """Returns the vertices of all parts in their order, mm."""
    return np.concatenate([part.mesh.vertices for part in figure.parts]).astype(np.float64)
