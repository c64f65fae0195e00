"""Every option, its default and its help text: the only place where defaults live (the CLI is made from these classes).

The string below a field is its help text.
"""

from twinbrush.config.content import (
    AlignConfig,
    Axis,
    FaceConfig,
    MeshConfig,
    ObjectConfig,
    PortraitConfig,
    ViewsConfig,
)
from twinbrush.config.limits import LIMITS, check, named_files
from twinbrush.config.painting import ObjectiveConfig, PaperConfig, StylizeConfig
from twinbrush.config.presets import DEFAULT, FAST, FINE, PRESETS, Config
from twinbrush.config.results import ExportConfig, ReconstructConfig
from twinbrush.config.roads import check_used

__all__ = [
    "DEFAULT", "FAST", "FINE", "LIMITS", "PRESETS", "AlignConfig", "Axis", "Config", "ExportConfig", "FaceConfig",
    "MeshConfig", "ObjectConfig", "ObjectiveConfig", "PaperConfig", "PortraitConfig", "ReconstructConfig",
    "StylizeConfig", "ViewsConfig", "check", "check_used", "named_files",
]
