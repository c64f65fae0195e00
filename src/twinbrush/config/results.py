"""The stylized mesh and the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ReconstructConfig:
    """Stylized views -> stylized mesh."""

    shape: Literal["steady", "paper"] = "steady"
    """Paper: how the learned warps become a shape. steady: one least squares over both views, steadied by the direct
    deformation of the landmarks; paper: plain triangulation and Taubin smoothing."""
    texture_size: int = 2048
    """Width and height of the texture in pixels (256 to 8192)."""


@dataclass(frozen=True)
class ExportConfig:
    """Which files are written."""

    stl: bool = False
    """Also write one watertight solid for printing, STL (of a photo)."""
    threemf: bool = False
    """Also write the printable solid as 3MF, in colour."""
    print_height_mm: float = 100.0
    """Height of the print in mm."""
    still_size: int = 768
    """Width and height of the stills in pixels."""
    turntable: bool = True
    """Write the turntable animation."""
    turntable_frames: int = 24
    """Number of frames of the turntable."""
