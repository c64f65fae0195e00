"""The stylized mesh and the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ReconstructConfig:
    """Stylized views -> stylized mesh."""

    shape: Literal["blend", "paper", "direct"] = "blend"
    """blend: x, y triangulated, depth mostly from the direct 3D deformation, displacement smoothed; paper: plain
    triangulation and Taubin smoothing; direct: 3D deformation of the landmarks only."""
    depth_from_triangulation: float = 0.25
    """Share of the triangulated depth in `blend`."""
    texture_size: int = 2048
    """Width and height of the texture in pixels (256 to 8192)."""


@dataclass(frozen=True)
class ExportConfig:
    """Which files are written."""

    back: bool = True
    """Give the portrait the back of a whole head, so that it can be seen from every side (off: the open relief)."""
    stl: bool = False
    """Also write a watertight bust as STL (for printing)."""
    threemf: bool = False
    """Also write the watertight bust as 3MF."""
    print_height_mm: float = 100.0
    """Height of the printed bust in mm."""
    still_size: int = 768
    """Width and height of the stills in pixels."""
    turntable: bool = True
    """Write the turntable animation."""
    turntable_frames: int = 24
    """Number of frames of the turntable."""
