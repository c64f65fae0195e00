"""How a head is sculpted and what is written of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import tyro

from twinbrush.config.content import FaceConfig
from twinbrush.config.form import ShapeConfig
from twinbrush.config.results import ExportConfig

__all__ = ["SCULPT_EXPORT", "SculptConfig", "SculptOptions", "ShapeConfig"]


@dataclass(frozen=True)
class SculptConfig:
    """Photo -> sculpted head."""

    texture_size: int = 1536
    """Height in pixels of the texture with the photo's colours (256 to 4096); it is twice as wide, the head in the left
    half."""
    socle: Annotated[bool, tyro.conf.arg(prefix_name=False)] = True
    """Set the bust on a round socle (off: it is cut flat)."""


SCULPT_EXPORT = ExportConfig(still_size=512, print_height_mm=150.0, turntable=False)
"""Which files `twinbrush sculpt` writes, and how large."""


@dataclass(frozen=True)
class SculptOptions:
    """All options of `twinbrush sculpt`."""

    sculpt: tyro.conf.OmitArgPrefixes[SculptConfig] = field(default_factory=SculptConfig)
    export: tyro.conf.OmitArgPrefixes[ExportConfig] = field(default_factory=lambda: SCULPT_EXPORT)
    shape: tyro.conf.OmitArgPrefixes[ShapeConfig] = field(default_factory=ShapeConfig)
    art: bool = False
    """The picture is a painting or drawing, to be sculpted with its own proportions, however far from a photo's."""
    face: tyro.conf.OmitArgPrefixes[FaceConfig] = field(default_factory=FaceConfig)
    style: FaceConfig = field(default_factory=FaceConfig)
    """How the face is found in the picture that --form names."""
    cache: bool = True
    """Keep finished stages, so that a second run resumes."""
