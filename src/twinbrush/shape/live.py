"""A figure at several strengths of a style's form and several caricatures, for the viewer's sliders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from twinbrush.config.sculpt import ShapeConfig
from twinbrush.sculpt.values import Figure, Template
from twinbrush.shape.figure import crowned, shape_of, shapes_of
from twinbrush.shape.head import Form

STRENGTHS = (0.0, 0.5, 1.0, 1.5)
CARICATURES = (0.5, 1.0, 1.5, 2.0)
HAIR_SHAPES = (0.0, 0.5, 1.0)
THE_PERSON = (0, 1)  # strength and caricature at which nothing is changed


@dataclass(frozen=True)
class LiveShapes:
    """A figure's vertices (those of `figure_outputs.figure_mesh`, mm) at several strengths and several caricatures.

    strengths (s,) ascending, by_strength (s, n, 3): at the shown caricature.
    caricatures (c,) ascending, by_caricature (c, n, 3): at the shown strength; none: there is no such slider.
    strength, caricature, hair_shape: of the mesh that is shown; they need not be among the others, but lie between
    them.
    hairs (h,) ascending, by_hair (h, n, 3): at the shown strength and caricature; none: there is no such slider.
    """

    strengths: tuple[float, ...]
    by_strength: Float[np.ndarray, "s n 3"]
    caricatures: tuple[float, ...]
    by_caricature: Float[np.ndarray, "c n 3"]
    strength: float
    caricature: float
    hairs: tuple[float, ...] = ()
    by_hair: Float[np.ndarray, "h n 3"] | None = None
    hair_shape: float = ShapeConfig.hair_shape


def shapes_at(
    model: Template, figure: Figure, form: Form, amounts: list[tuple[float, float]],
    hair_shape: float = ShapeConfig.hair_shape,
) -> list[Float[np.ndarray, "n 3"]]:
    """Returns the figure's vertices (mm, all parts in their order) at each strength and caricature."""
    changed = [both for both in amounts if both != THE_PERSON]
    found = iter(shapes_of(model, figure, form, changed, hair_shape))
    return [vertices_of(figure) if both == THE_PERSON else np.concatenate(next(found).parts).astype(np.float64)
            for both in amounts]


def hairs_at(
    model: Template, figure: Figure, form: Form, strength: float, caricature: float, hair_shapes: tuple[float, ...]
) -> list[Float[np.ndarray, "n 3"]]:
    """Returns the figure's vertices (mm, all parts in their order) with hair of several shapes."""
    if (strength, caricature) == THE_PERSON:
        return [vertices_of(figure) for _ in hair_shapes]
    bare = shape_of(model, figure, form, strength, caricature, 0.0)
    outline = form.head.outline
    return [np.concatenate(crowned(figure, bare.parts, bare.vertices, outline, share * strength)).astype(np.float64)
            for share in hair_shapes]


def vertices_of(figure: Figure) -> Float[np.ndarray, "n 3"]:
    """Returns the vertices of all parts in their order, mm."""
    return np.concatenate([part.mesh.vertices for part in figure.parts]).astype(np.float64)
