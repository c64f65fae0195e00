"""The medium as a surface: brushwork, cuts, stones and grain in relief."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Medium = Literal["oil", "woodcut", "ink", "mosaic", "pastel"]
MOST_MM = 1.5  # of relief: more would close nostrils and lids


@dataclass(frozen=True)
class SurfaceConfig:
    """The medium as a surface (of a photo's figure)."""

    relief: float | None = None
    """Height of the medium's relief in mm (0: none, to 1.5; default: by the medium)."""
    medium: Literal["auto", "oil", "woodcut", "ink", "mosaic", "pastel"] = "auto"
    """What the relief is worked in: impasto, grooves cut into wood, an engraved plate, stones in grout, chalk on rough
    paper (auto: told from the style portrait)."""
