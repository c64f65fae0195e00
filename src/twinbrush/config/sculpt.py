"""How a head is sculpted and what is written of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import tyro

from twinbrush.config.content import FaceConfig


@dataclass(frozen=True)
class SculptConfig:
    """Photo -> sculpted head."""

    texture_size: int = 1536
    """Height of the figure's texture in pixels (256 to 4096); it is twice as wide, the head in the left half."""
    socle: bool = True
    """Set the bust on a round socle (off: it is cut flat)."""
    still_size: int = 512
    """Width and height of the stills in pixels (128 to 2048)."""
    stl: bool = False
    """Also write the figure as one watertight solid for printing, STL."""
    threemf: bool = False
    """Also write the printable solid as 3MF, in colour."""
    print_height_mm: float = 150.0
    """Height of the printed figure in mm."""


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


@dataclass(frozen=True)
class SculptOptions:
    """All options of `twinbrush sculpt`."""

    sculpt: tyro.conf.OmitArgPrefixes[SculptConfig] = field(default_factory=SculptConfig)
    shape: tyro.conf.OmitArgPrefixes[ShapeConfig] = field(default_factory=ShapeConfig)
    art: bool = False
    """The picture is a painting or drawing, to be sculpted with its own proportions, however far from a photo's."""
    face: tyro.conf.OmitArgPrefixes[FaceConfig] = field(default_factory=FaceConfig)
    style: FaceConfig = field(default_factory=FaceConfig)
    """How the face is found in the picture that --form names."""
    cache: bool = True
    """Keep finished stages, so that a second run resumes."""
