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
    """Also write a printable bust as STL: the whole head, watertight, on a flat base (of a photo; with --no-back the
    relief with a back of its own)."""
    threemf: bool = False
    """Also write the printable bust as 3MF, in colour."""
    print_height_mm: float = 100.0
    """Height of the printed bust in mm."""
    still_size: int = 768
    """Width and height of the stills in pixels."""
    turntable: bool = True
    """Write the turntable animation."""
    turntable_frames: int = 24
    """Number of frames of the turntable."""
