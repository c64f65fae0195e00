"""All options together, and the presets: plain Python objects."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated

import tyro

from twinbrush.config.content import AlignConfig, FaceConfig, MeshConfig, ObjectConfig, PortraitConfig, ViewsConfig
from twinbrush.config.painting import StylizeConfig
from twinbrush.config.relief import SurfaceConfig
from twinbrush.config.results import ExportConfig, ReconstructConfig
from twinbrush.config.sculpt import SculptConfig


@dataclass(frozen=True)
class Config:
    """All options of `twinbrush stylize`."""

    photo_face: tyro.conf.OmitArgPrefixes[FaceConfig] = field(default_factory=FaceConfig)
    style_face: Annotated[FaceConfig, tyro.conf.arg(name="style")] = field(default_factory=FaceConfig)
    portrait: tyro.conf.OmitArgPrefixes[PortraitConfig] = field(default_factory=PortraitConfig)
    mesh: tyro.conf.OmitArgPrefixes[MeshConfig] = field(default_factory=MeshConfig)
    sculpt: SculptConfig = field(default_factory=SculptConfig)
    views: tyro.conf.OmitArgPrefixes[ViewsConfig] = field(default_factory=ViewsConfig)
    align: tyro.conf.OmitArgPrefixes[AlignConfig] = field(default_factory=AlignConfig)
    objects: tyro.conf.OmitArgPrefixes[ObjectConfig] = field(default_factory=ObjectConfig)
    stylize: tyro.conf.OmitArgPrefixes[StylizeConfig] = field(default_factory=StylizeConfig)
    reconstruct: tyro.conf.OmitArgPrefixes[ReconstructConfig] = field(default_factory=ReconstructConfig)
    surface: tyro.conf.OmitArgPrefixes[SurfaceConfig] = field(default_factory=SurfaceConfig)
    export: tyro.conf.OmitArgPrefixes[ExportConfig] = field(default_factory=ExportConfig)
    cache: bool = True
    """Keep finished stages in OUT/.twinbrush (they hold your photo), so that a second run and `reshape` go on from
    there."""
    seed: int = 0
    """Seed of every random choice: the same seed on the same machine gives the same bytes."""


DEFAULT = Config()
FAST = replace(
    DEFAULT,
    sculpt=replace(DEFAULT.sculpt, texture_size=1024),
    views=replace(DEFAULT.views, size=256),
    stylize=replace(
        DEFAULT.stylize,
        objective=replace(
            DEFAULT.stylize.objective, sizes=(64, 128), steps=(24, 16), content_samples=512, style_samples=1000,
            similarity_samples=256, refine_steps=0,
        ),
        ring=replace(
            DEFAULT.stylize.ring, waves=(((80, 0), (-80, 0), (0, 62)), ((180, 0),)), lead_sizes=(96,), lead_steps=(20,)
        ),
    ),
    reconstruct=replace(DEFAULT.reconstruct, texture_size=1024),
    surface=replace(DEFAULT.surface, relief=0.0),
    export=replace(DEFAULT.export, turntable=False, still_size=384),
)  # fmt: skip
FINE = replace(
    DEFAULT,
    views=replace(DEFAULT.views, size=1024),
    reconstruct=replace(DEFAULT.reconstruct, texture_size=4096),
)
PRESETS: dict[str, Config] = {"fast": FAST, "default": DEFAULT, "fine": FINE}
