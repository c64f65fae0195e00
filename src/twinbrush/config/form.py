"""What of a style's form, and of the person's own, a figure has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ShapeConfig:
    """What of a style's form, and of the person's own, the figure has."""

    form: Path | None = None
    """A style portrait (painting, drawing, caricature) whose form the figure takes."""
    strength: float = 1.0
    """How much of the style's deviation from an average head is added to the person (0 to 1.5; 0: none of it)."""
    caricature: float = 1.0
    """How much of the person's own deviation from an average head is kept (0.5 to 2; 1: all, 2: twice as much)."""
    hair_shape: float = 0.3
    """How far the silhouette of the hair follows the style's (0 to 1)."""
    facets: int = 0
    """Cut the figure in planes, as cubists do: about so many on the head (0: none, at most 600; try 140)."""
