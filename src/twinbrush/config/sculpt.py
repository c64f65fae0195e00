"""How a head is sculpted and what is written of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import tyro

from twinbrush.config.content import FaceConfig


@dataclass(frozen=True)
class SculptConfig:
    """Photo -> sculpted head."""

    texture_size: int = 1536
    """Width and height of the figure's texture in pixels (256 to 4096)."""
    still_size: int = 512
    """Width and height of the stills in pixels (128 to 2048)."""


@dataclass(frozen=True)
class SculptOptions:
    """All options of `twinbrush sculpt`."""

    sculpt: tyro.conf.OmitArgPrefixes[SculptConfig] = field(default_factory=SculptConfig)
    face: tyro.conf.OmitArgPrefixes[FaceConfig] = field(default_factory=FaceConfig)
    cache: bool = True
    """Keep finished stages, so that a second run resumes."""
