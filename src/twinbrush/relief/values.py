"""What this room hands on: Relief."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32


@dataclass(frozen=True)
class Relief:
    """The medium in relief, in the figure's atlas.

    heights (h, w): in units of the amplitude, about 0 in the mean; 0 where there is no relief.
    medium: its name. amplitude_mm: what the medium asks for. seen: what the medium was told by.
    """

    heights: Float32[np.ndarray, "h w"]
    medium: str
    amplitude_mm: float
    seen: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Worked:
    """A relief at a height: amplitude_mm, 0 where none is wanted."""

    relief: Relief
    amplitude_mm: float

    @property
    def heights_mm(self) -> Float32[np.ndarray, "h w"]:
        """Heights in mm."""
        return self.relief.heights * np.float32(self.amplitude_mm)
