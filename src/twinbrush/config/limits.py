"""Allowed ranges of the options."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path

from twinbrush.base.errors import BadOption
from twinbrush.config.content import ViewsConfig
from twinbrush.config.painting import PaperConfig
from twinbrush.config.presets import Config
from twinbrush.config.relief import MOST_MM
from twinbrush.config.roads import option_name

MOST_VIEWS = 64
MOST_SIZES, MOST_STEPS = 6, 10_000  # of the paper's optimisation: the coarsest of six sizes is a 32nd of the views'
FARTHEST_DEGREES = 3600  # nobody turns an object more than ten times
# Allowed ranges, both ends included: (section, field, lowest, highest).
LIMITS: tuple[tuple[str, str, float, float], ...] = (
    ("views", "size", 128, 2048),
    ("views", "half_angle_degrees", 3, 20),
    ("views", "views", 0, MOST_VIEWS),
    ("align", "strength", 0, 1.5),
    ("align", "caricature", 0.5, 2),
    ("align", "hair_shape", 0, 1),
    ("align", "facets", 0, 600),
    ("sculpt", "texture_size", 256, 4096),
    ("stylize", "style_strength", 0, 1),
    ("stylize", "identity", 0, 1),
    ("stylize", "threads", 1, 64),
    ("reconstruct", "texture_size", 256, 8192),
    ("stylize.paper", "rate", 1e-9, 1e3),
    ("stylize.paper", "theta_rate", 1e-9, 1e3),
    *(("stylize.paper", weight, 0, 1e6) for weight in ("alpha", "alpha_unit", "beta", "gamma")),
    *(("stylize.paper", f"{what}_samples", 16, 1_000_000) for what in ("content", "style", "similarity")),
    ("stylize.paper", "moment_channels", 0, 1_000_000),
    ("portrait", "min_face_px", 20, 4096),
    ("portrait", "max_yaw_degrees", 0, 60),
    ("portrait", "warn_yaw_degrees", 0, 60),
    ("align", "mirror_from_degrees", 0, 90),
    ("objects", "keypoint_count", 8, 200),
    ("objects", "least_keypoints", 3, 60),
    ("objects", "max_turn_degrees", 0, 180),
    ("objects", "interior_keypoints", 0, 100),
    ("surface", "relief", 0, MOST_MM),
    ("export", "print_height_mm", 10, 2000),
    ("export", "still_size", 128, 2048),
    ("export", "turntable_frames", 4, 360),
)


# Options that name a file to read: (section, field, option).
FILES = (
    ("photo_face", "landmarks", "--landmarks"), ("photo_face", "mask", "--mask"),
    ("photo_face", "regions", "--regions"),
    ("style_face", "landmarks", "--style.landmarks"), ("style_face", "mask", "--style.mask"),
    ("style_face", "regions", "--style.regions"),
    ("objects", "pairs", "--pairs"), ("objects", "keypoint_weights", "--keypoint-weights"),
    ("stylize", "weights", "--weights"),
)  # fmt: skip


def named_files(config: Config) -> dict[Path, str]:
    """{file that an option names: that option}."""
    named = [(getattr(getattr(config, section), name), option) for section, name, option in FILES]
    return {path: option for path, option in named if path is not None}


def check(config: Config, named: Callable[[str, str], str] = option_name) -> None:
    """Raise BadOption for the first value outside its range (NaN included), or that contradicts another. named: what
    the command calls the option of a section and a field."""
    for section, name, lowest, highest in LIMITS:
        value = getattr(attrgetter(section)(config), name)
        if value is not None and not lowest <= value <= highest:
            option = named(section, name)
            raise BadOption(f"{option} {value}: out of range.", f"Give a value from {lowest} to {highest}.")
    if not 0 <= config.seed < 2**31:
        raise BadOption(f"--seed {config.seed}: out of range.", f"Give a whole number from 0 to {2**31 - 1}.")
    _check_paper(config.stylize.paper)
    _check_angles(config.views)


def _check_paper(paper: PaperConfig) -> None:
    if not 1 <= len(paper.steps) <= MOST_SIZES or not all(0 <= steps <= MOST_STEPS for steps in paper.steps):
        raise BadOption(f"--paper.steps {_listed(paper.steps)}: out of range.",
                        f"Give 1 to {MOST_SIZES} numbers from 0 to {MOST_STEPS}, as 60 50 40.")  # fmt: skip
    if not all(0 <= weight <= 1e6 for weight in paper.delta):
        raise BadOption(f"--paper.delta {_listed(paper.delta)}: out of range.", "Give two weights from 0 up.")
    if paper.crop != 0 and not 64 <= paper.crop <= 4096:
        raise BadOption(f"--paper.crop {paper.crop}: out of range.", "Give 0 (the whole picture), or 64 to 4096.")


def _check_angles(views: ViewsConfig) -> None:
    """Finite, all different, not too many, as many as --views says. Raises BadOption."""
    angles = views.angles
    option = f"--angles {_listed(angles)}"
    if not all(math.isfinite(angle) and abs(angle) <= FARTHEST_DEGREES for angle in angles):
        raise BadOption(f"{option}: out of range.", f"Give degrees from {-FARTHEST_DEGREES} to {FARTHEST_DEGREES}.")
    if len(angles) > MOST_VIEWS:
        raise BadOption(f"--angles: {len(angles)} of them; {MOST_VIEWS} are the most.", "Give fewer.")
    if len({round(angle % 360, 6) % 360 for angle in angles}) < len(angles):
        raise BadOption(f"{option}: one of them twice.", "Give each angle once (0 and 360 are the same).")
    if angles and views.views not in (0, len(angles)):
        raise BadOption(f"--views {views.views} --angles: {len(angles)} angles.", "Leave --views out.")


def _listed(values: tuple[float, ...]) -> str:
    """The numbers as they were given, the first few of them."""
    return " ".join([*(f"{value:g}" for value in values[:8]), *(["..."] if len(values) > 8 else [])])
