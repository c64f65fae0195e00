"""A head becomes a whole figure: hair, beard, headwear and bust, dressed in the photo's colours."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from twinbrush.config.sculpt import SculptConfig
from twinbrush.sculpt.bust import sculpt_bust
from twinbrush.sculpt.dressing import dressed
from twinbrush.sculpt.hair.build import sculpt_hair
from twinbrush.sculpt.values import Figure, Solid, Surroundings, Template

ORDER = ("Hair", "Beard", "Headwear", "Bust")  # of the nodes after Teeth


@dataclass(frozen=True)
class Solids:
    """Everything beside the head, in the nodes' order; what is to be told of it."""

    solids: tuple[Solid, ...]
    warnings: tuple[str, ...]


def sculpted_solids(
    model: Template, vertices: Float[np.ndarray, "n 3"], photo: Surroundings, config: SculptConfig
) -> Solids:
    """Returns hair, beard, headwear and bust about the head. vertices: the head's."""
    bust, rest = sculpt_bust(model, vertices, photo, socle=config.socle)
    hair, notes = sculpt_hair(model, vertices, photo, rest)
    return Solids(tuple(sorted((*hair, bust), key=_rank)), notes)


def completed(figure: Figure, found: Solids, photo: Surroundings) -> Figure:
    """Returns the figure with everything beside the head."""
    whole = dressed(figure, found.solids, photo)
    return replace(whole, warnings=(*whole.warnings, *found.warnings))


def _rank(solid: Solid) -> int:
    return next((i for i, name in enumerate(ORDER) if solid.name.startswith(name)), len(ORDER))

