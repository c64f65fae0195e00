"""How a head is sculpted and what is written of it."""

from __future__ import annotations

from dataclasses import dataclass, field

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
class SculptOptions:
    """All options of `twinbrush sculpt`."""

    sculpt: tyro.conf.OmitArgPrefixes[SculptConfig] = field(default_factory=SculptConfig)
    face: tyro.conf.OmitArgPrefixes[FaceConfig] = field(default_factory=FaceConfig)
    cache: bool = True
    """Keep finished stages, so that a second run resumes."""
