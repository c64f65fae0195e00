"""A head becomes a whole figure: hair, beard, headwear and bust, dressed in the photo's colours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from twinbrush.config.sculpt import SculptConfig
from twinbrush.portrait.crop import Crop
from twinbrush.sculpt.bust import sculpt_bust
from twinbrush.sculpt.dressing import dressed
from twinbrush.sculpt.values import Figure, Solid, Surroundings, Template

ORDER = ("Hair", "Beard", "Headwear", "Bust")  # of the nodes after Teeth


def completed(
    model: Template, figure: Figure, vertices: Float[np.ndarray, "n 3"], crop: Crop, photo: Surroundings,
    config: SculptConfig,
) -> Figure:
    """Returns the figure with everything beside the head. vertices: the head's."""
    hair, notes = sculpt_hair(model, vertices, crop, photo)
    solids = (*hair, sculpt_bust(model, vertices, photo, socle=config.socle))
    whole = dressed(figure, tuple(sorted(solids, key=_rank)), photo)
    return replace(whole, warnings=(*whole.warnings, *notes))


def _rank(solid: Solid) -> int:
    return next((i for i, name in enumerate(ORDER) if solid.name.startswith(name)), len(ORDER))


def sculpt_hair(
    model: Template, vertices: Float[np.ndarray, "n 3"], crop: Crop, photo: Surroundings
) -> tuple[tuple[Solid, ...], tuple[str, ...]]:
    """Hair is not sculpted yet."""
    return (), ()
