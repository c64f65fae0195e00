"""Allowed ranges of the options."""

from __future__ import annotations

from pathlib import Path

from twinbrush.config.presets import Config
from twinbrush.errors import BadOption

# Allowed ranges, both ends included: (section, field, lowest, highest).
LIMITS: tuple[tuple[str, str, float, float], ...] = (
    ("views", "size", 128, 2048),
    ("views", "half_angle_degrees", 3, 20),
    ("views", "views", 0, 64),
    ("align", "strength", 0, 1.5),
    ("stylize", "style_strength", 0, 1),
    ("stylize", "identity", 0, 1),
    ("stylize", "threads", 1, 64),
    ("reconstruct", "depth_from_triangulation", 0, 1),
    ("reconstruct", "texture_size", 256, 8192),
    ("portrait", "grid", 64, 1024),
    ("portrait", "min_face_px", 20, 4096),
    ("portrait", "max_yaw_degrees", 0, 60),
    ("portrait", "warn_yaw_degrees", 0, 60),
    ("align", "mirror_from_degrees", 0, 90),
    ("objects", "keypoint_count", 8, 200),
    ("objects", "least_keypoints", 3, 60),
    ("objects", "max_turn_degrees", 0, 180),
    ("objects", "interior_keypoints", 0, 100),
    ("export", "print_height_mm", 10, 1000),
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


def check(config: Config) -> None:
    """Raise BadOption for the first value outside its range (NaN included)."""
    for section, name, lowest, highest in LIMITS:
        value = getattr(getattr(config, section), name)
        if not lowest <= value <= highest:
            option = "--" + name.replace("_", "-")
            raise BadOption(f"{option} {value}: out of range.", f"Give a value from {lowest} to {highest}.")
    if not 0 <= config.seed < 2**31:
        raise BadOption(f"--seed {config.seed}: out of range.", f"Give a whole number from 0 to {2**31 - 1}.")
