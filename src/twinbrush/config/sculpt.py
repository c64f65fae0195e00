"""How a head is sculpted and what is written of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SculptConfig:
    """Photo -> sculpted head."""

    texture_size: int = 1536
    """Width and height of the figure's texture in pixels (256 to 4096)."""
    still_size: int = 512
    """Width and height of the stills in pixels (128 to 2048)."""
