"""A head becomes a whole figure: hair, beard, headwear and bust, dressed in the photo's colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from twinbrush.sculpt.dressing import dressed
from twinbrush.sculpt.hair.build import sculpt_hair
from twinbrush.sculpt.hair.rest import Rest
from twinbrush.sculpt.values import Figure, Solid, Surroundings, Template

ORDER = ("Hair", "Beard", "Headwear", "Bust")  # of the nodes after Teeth


@dataclass(frozen=True)
class Solids:
    """Everything beside the head, in the nodes' order; what is to be told of it."""

    solids: tuple[Solid, ...]
    warnings: tuple[str, ...]


def solids_about(
    model: Template, vertices: Float[np.ndarray, "n 3"], photo: Surroundings, bust: Callable[[], tuple[Solid, Rest]]
) -> Solids:
    """Returns hair, beard, headwear and bust about the head. vertices: the head's. bust: what returns it, and what long
    hair lies on; asked when that is needed."""
    hair, notes = sculpt_hair(model, vertices, photo, lambda: bust()[1])
    return Solids(tuple(sorted((*hair, bust()[0]), key=_rank)), notes)


def completed(figure: Figure, found: Solids, photo: Surroundings) -> Figure:
    """Returns the figure with everything beside the head."""
    whole = dressed(figure, found.solids, photo)
    return replace(whole, warnings=(*whole.warnings, *found.warnings))


def _rank(solid: Solid) -> int:
    return next((i for i, name in enumerate(ORDER) if solid.name.startswith(name)), len(ORDER))

